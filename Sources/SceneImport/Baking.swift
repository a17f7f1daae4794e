import LaneMath
import KernelScene
import SceneModel

/// Static geometry in world space, to become one mesh: what stands still is hit faster in one structure than in many.
struct BakedGeometry {
  private(set) var parts: [PrimitiveData] = []
  private var triangleCount = 0

  /// Whether a mesh of that many triangles can still be taken.
  func hasRoom(for count: Int) -> Bool { triangleCount + count <= ImportLimits.bakedTriangleCount }

  /// Takes the primitives of one mesh.
  ///
  /// - Returns: False, and nothing is taken, where they would be too many, too far out or already deform.
  mutating func add(_ primitives: [PrimitiveData], _ transform: Affine) -> Bool {
    let count = primitives.reduce(0) { $0 + $1.triangleCount }
    guard hasRoom(for: count) else { return false }
    var placed: [PrimitiveData] = []
    for primitive in primitives {
      guard let baked = primitive.baked(transform) else { return false }
      placed.append(baked)
    }
    parts += placed
    triangleCount += count
    return true
  }

  /// The parts, all with normals if one has them.
  func joined() -> SceneMesh? {
    var parts = parts
    if parts.contains(where: { !$0.normals.isEmpty }) {
      for i in parts.indices where parts[i].normals.isEmpty { parts[i].makeFlat() }
    }
    return MeshAssembly(parts)?.mesh(jointCount: 0)
  }
}

extension PrimitiveData {
  /// In world space, without skin and morph targets; nil where a coordinate would be too large.
  func baked(_ transform: Affine) -> PrimitiveData? {
    var result = self
    (result.influences, result.joints, result.weights, result.targets) = (0, [], [], [])
    guard !transform.isIdentity else { return result }
    let limit = MeshArrays.coordinateLimit
    for vertex in 0..<vertexCount {
      let p = transform.point(position(vertex))
      guard p.x.magnitude <= limit, p.y.magnitude <= limit, p.z.magnitude <= limit else { return nil }
      result.positions.setVector(vertex, 3, p)
    }
    let isMirrored = transform.determinant < 0
    if isMirrored {
      for triangle in 0..<triangleCount { result.indices.swapAt(triangle * 3 + 1, triangle * 3 + 2) }
    }
    if !normals.isEmpty {
      if let inverse = transform.inverse {
        for vertex in 0..<vertexCount {
          let n = Vector.normalized(inverse.transposedVector(normals.vector(vertex, 3)))
          result.normals.setVector(vertex, 3, n ?? .zero)
        }
        result.repairNormals()
      } else {
        // Squeezed flat: only the triangles themselves know where they face.
        result.makeFlat()
      }
    }
    if !result.tangents.isEmpty {
      for vertex in 0..<vertexCount {
        result.tangents.setVector(vertex, 4, transform.vector(tangents.vector(vertex, 4)))
        if isMirrored { result.tangents[vertex * 4 + 3] *= -1 }
      }
      result.repairTangents()
    }
    return result
  }
}
