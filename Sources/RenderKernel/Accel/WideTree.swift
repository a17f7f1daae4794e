/// An eight-wide tree of boxes in raw memory.
///
/// A reference is one of three things. Bit 31 clear: a node, as its place from `base` in units of 64 bytes. Bit 31 set and
/// bit 30 clear: a leaf; of triangles the place of a block in the same units, of instances the instance's number. Both set:
/// what a traversal puts on its stack besides.
struct WideTree: BitwiseCopyable, @unchecked Sendable {
  static let leafFlag: UInt32 = 1 << 31
  static let placeMask: UInt32 = (1 << 30) - 1
  static let unitByteCount = 64

  /// Nothing: the root of an empty tree, and lanes of a node without a child.
  static let none = UInt32.max
  /// Under a ray's stack: all was seen.
  static let done = UInt32.max - 1
  /// Under an instance's entries: back to the world.
  static let leave = UInt32.max - 2

  // Sendable because the memory is only read.
  var base: UnsafeRawPointer
  var root: UInt32

  static let empty = WideTree(base: UnsafeRawPointer(bitPattern: 64)!, root: none)
}

/// Layout of a node, in bytes: four cache lines.
///
/// Children fill the lanes from the first on. Lanes without a child hold an empty box and the reference `none`.
enum WideNode {
  static let byteCount = 256
  /// Six rows of eight numbers: lower x, y, z, upper x, y, z.
  static let rowByteCount = 32
  static let upperOffset = 3 * rowByteCount
  /// Eight words.
  static let referenceOffset = 6 * rowByteCount

  /// The row of upper bounds for that of lower bounds of an axis, and the other way round.
  @inline(__always)
  static func oppositeRow(_ row: Int, axis: Int) -> Int { upperOffset + 2 * axis * rowByteCount - row }
}

/// Layout of a block of eight triangles, in bytes. Nine rows of eight floats: x, y, z of the first vertices, then of the second
/// and third; then eight triangle indices. Unused lanes hold three equal vertices, which no ray hits.
enum TriangleBlock {
  static let width = 8
  static let byteCount = 320
  static let rowByteCount = 32
  static let vertexByteCount = 3 * rowByteCount
  static let indexOffset = 9 * rowByteCount
  /// Set in the index of a triangle that the alpha filter is asked about.
  static let alphaFlag: UInt32 = 1 << 31
  /// Set in the index of a triangle that trees may cut; see `TriangleTest.isLarge`.
  static let largeFlag: UInt32 = 1 << 30
  static let triangleLimit = 1 << 29

  @inline(__always) static func triangle(_ tagged: UInt32) -> UInt32 { tagged & ~(alphaFlag | largeFlag) }
}
