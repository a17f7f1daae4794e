/// An eight-wide tree of boxes in raw memory.
///
/// A reference is a node's index, or a leaf with `leafFlag` set: for triangles the index of a block of up to four, for
/// instances the instance.
struct WideTree: BitwiseCopyable, @unchecked Sendable {
  static let leafFlag: UInt32 = 1 << 31

  /// Root of a tree of nothing.
  static let none = UInt32.max

  // Sendable because the memory is only read.
  var nodes: UnsafeRawPointer
  var root: UInt32
}

/// Node layout, in bytes. Six rows of eight floats: lower x, y, z, upper x, y, z of the children; then eight references.
/// Lanes without a child hold an inverted box, which no ray enters.
enum WideNode {
  static let byteCount = 256
  static let rowByteCount = 32
  static let upperOffset = 3 * rowByteCount
  static let referenceOffset = 6 * rowByteCount

  /// The row of upper bounds for that of lower bounds of an axis, and the other way round.
  @inline(__always)
  static func oppositeRow(_ row: Int, axis: Int) -> Int { upperOffset + 2 * axis * rowByteCount - row }
}

/// Layout of a block of four triangles, in bytes. Nine rows of four floats: x, y, z of the first vertices, then of the
/// second and third; then four triangle indices. Unused lanes hold three equal vertices, which no ray hits.
enum TriangleBlock {
  static let byteCount = 160
  static let rowByteCount = 16
  static let vertexByteCount = 3 * rowByteCount
  static let indexOffset = 9 * rowByteCount
  /// Set in the index of a triangle that the alpha filter is asked about.
  static let alphaFlag: UInt32 = 1 << 31
  static let triangleLimit = 1 << 29
}
