import LaneMath

/// Aligned raw memory of one owner, written whole while a structure is built and only read after.
final class OwnedMemory: @unchecked Sendable {
  // Sendable because builders hand it on only when they no longer write to it.
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = FlatMemory.allocate(byteCount: max(64, byteCount))
  }

  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: pointer, count: byteCount)) }

  deinit { pointer.deallocate() }
}

/// Raw memory that grows by doubling; for builders, whose output has no size known before.
struct GrowingMemory: ~Copyable {
  private(set) var pointer: UnsafeMutableRawPointer
  private(set) var byteCount = 0
  private var capacity: Int

  /// - Parameter capacity: Bytes up to which it need not move. Pages that are never written to are never there.
  init(capacity: Int) {
    self.capacity = max(1 << 12, capacity)
    pointer = .allocate(byteCount: self.capacity, alignment: 64)
  }

  deinit { pointer.deallocate() }

  /// Adds bytes of any content; pointers from before are invalid.
  mutating func append(byteCount added: Int) -> UnsafeMutableRawPointer {
    if byteCount + added > capacity {
      capacity = max(2 * capacity, byteCount + added)
      let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
      larger.copyMemory(from: pointer, byteCount: byteCount)
      pointer.deallocate()
      pointer = larger
    }
    defer { byteCount += added }
    return pointer + byteCount
  }
}
