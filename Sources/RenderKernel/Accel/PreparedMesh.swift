import LaneMath

/// A mesh with its acceleration structure. Immutable; shared by frames.
public final class PreparedMesh: Sendable {
  public let mesh: MeshArrays
  public let kind: AccelerationKind
  /// Bytes that the structure takes, besides the mesh.
  public let structureByteCount: Int

  /// Encloses the own boxes of the triangles that can be hit; empty without any.
  let bounds: Box
  let wide: OwnedWideTree?
  let reference: ReferenceTree?
  /// Leaves' entries beyond one for each triangle that can be hit: parts of large triangles.
  var partCount: Int { wide.map { $0.entryCount - $0.primitiveCount } ?? 0 }
  /// By material index.
  let alphaTested: [Bool]

  /// - Parameters:
  ///   - alphaTested: By material index: whether hits are put to the alpha filter. Missing ones are not.
  ///   - threadCount: Threads to build with; the result does not depend on it.
  public init(_ mesh: MeshArrays, alphaTested: [Bool], kind: AccelerationKind = .wide, threadCount: Int = 1) {
    precondition(mesh.triangleCount <= TriangleBlock.triangleLimit)
    self.mesh = mesh
    self.kind = kind
    self.alphaTested = alphaTested
    switch kind {
    case .wide:
      let primitives = PrimitiveList.triangles(of: mesh, threadCount: threadCount)
      bounds = primitives.bounds
      let tree = OwnedWideTree(
        primitives: primitives, mesh: mesh, alphaTested: alphaTested, threadCount: threadCount)
      wide = tree
      reference = nil
      structureByteCount = tree.byteCount
    case .reference:
      let boxes = (0..<mesh.triangleCount).map { mesh.hittableBox($0) ?? .empty }
      let tree = ReferenceTree(boxes: boxes)
      bounds = tree.nodes.first?.box ?? .empty
      wide = nil
      reference = tree
      structureByteCount = tree.nodes.count * MemoryLayout<ReferenceTree.Node>.stride + tree.order.count * 4
    }
  }
}

extension MeshArrays {
  /// A triangle's own box; nil where nothing can hit it.
  @inline(__always)
  func hittableBox(_ triangle: Int) -> Box? {
    let (v0, v1, v2) = corners(triangle)
    return TriangleTest.isHittable(v0, v1, v2) ? TriangleTest.ownBox(v0, v1, v2) : nil
  }
}
