/// A fixed-length, 64-byte-aligned run of trivial elements: how vertices, texels and pixels are held and shared.
///
/// It is filled by one owner, then handed on and only read. Large buffers ask for huge pages.
public final class FlatBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  // Sendable because `pointer` is written only before the buffer is shared; see `init(count:fill:)`.

  public let count: Int
  /// Valid for `count` elements as long as the buffer lives. Read only, once the buffer is shared.
  public let pointer: UnsafeMutablePointer<Element>

  public var byteCount: Int { count * MemoryLayout<Element>.stride }

  /// A buffer of zeros.
  public convenience init(count: Int) {
    self.init(count: count, fill: { _ in })
  }

  /// Makes a buffer that `fill` initialises; the memory is zero when `fill` starts.
  public init(count: Int, fill: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
    precondition(count >= 0)
    self.count = count
    let size = max(64, count * MemoryLayout<Element>.stride)
    let raw = FlatMemory.allocateZeroed(byteCount: size)
    pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
    try fill(UnsafeMutableBufferPointer(start: pointer, count: count))
  }

  public convenience init(_ elements: some Collection<Element>) {
    self.init(count: elements.count) { target in
      _ = target.initialize(from: elements)
    }
  }

  deinit { pointer.deallocate() }

  @inlinable public var isEmpty: Bool { count == 0 }
  @inlinable public var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: pointer, count: count) }
  @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(elements) }

  /// Element `index`, unchecked in the kernel's own build; callers validate indices when a scene is made.
  @inlinable public subscript(index: Int) -> Element {
    assert(index >= 0 && index < count)
    return pointer[index]
  }
}
