/// Bounds that a file is held to before memory is given to it.
enum ImportLimits {
  static let fileByteCount = 4 << 30
  static let jsonByteCount = 256 << 20
  static let nodeCount = 2_000_000
  static let nodeDepth = 1000
  static let accessorElementCount = 200_000_000
  /// Elements of an accessor that no bytes back.
  static let emptyAccessorElementCount = 4_000_000
  /// Vertices and indices of all primitives.
  static let geometryElementCount = 400_000_000
  /// Texels of all pictures together; decoding stops beyond this.
  static let texelCount = 1 << 30
  static let instanceCount = 20_000_000
  /// Triangles in baked, static geometry; beyond, meshes are kept apart.
  static let bakedTriangleCount = 8_000_000
  static let frameCount = 100_000
  static let warningCount = 200
}
