import CLaneIntrinsics

/// Raw aligned memory for flat buffers and acceleration structures.
public enum FlatMemory {
  /// Sizes from here on are aligned to and advised for 2 MiB pages: scattered reads of large structures miss the TLB otherwise.
  static let hugePageThreshold = 8 << 20

  /// Memory of any content, at least 64-byte aligned; free it with `deallocate()`.
  public static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let isHuge = byteCount >= hugePageThreshold
    let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: isHuge ? 2 << 20 : 64)
    if isHuge { glint_advise_huge_pages(raw, byteCount) }
    return raw
  }

  /// As `allocate`, but zeroed.
  public static func allocateZeroed(byteCount: Int) -> UnsafeMutableRawPointer {
    let raw = allocate(byteCount: byteCount)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return raw
  }
}
