import LaneMath

/// Triangles of one object space, as flat arrays. Immutable once made; shared by frames and instances.
///
/// Makers guarantee: every index is below the vertex count, every material index is below the material count of the
/// scene it is used in, every array has the stated length, positions are finite and within ±`MeshArrays.coordinateLimit`.
public final class MeshArrays: Sendable {
  /// Larger coordinates would overflow in products of the intersection test.
  public static let coordinateLimit: Float = 1e9
  /// Sets of texture coordinates that a mesh can have. A material has no more textures than this.
  public static let uvSetCount = 4

  public let vertexCount: Int
  public let triangleCount: Int
  /// `vertexCount × 3`, object space, scene units.
  public let positions: FlatBuffer<Float>
  /// `vertexCount × 3`, unit length, or empty: flat shading.
  public let normals: FlatBuffer<Float>
  /// `vertexCount × 4`, unit tangent and handedness ±1, or empty: no normal mapping.
  public let tangents: FlatBuffer<Float>
  /// `vertexCount × 2`, or empty: (0, 0). glTF convention: (0, 0) is the image's top left.
  public let uv0: FlatBuffer<Float>
  public let uv1: FlatBuffer<Float>
  public let uv2: FlatBuffer<Float>
  public let uv3: FlatBuffer<Float>
  /// `vertexCount × 4`, linear RGBA in [0, 1], or empty: white.
  public let colors: FlatBuffer<Float>
  /// `triangleCount × 3`, counter-clockwise seen from the front.
  public let indices: FlatBuffer<UInt32>
  /// `triangleCount`, or empty: material 0 for all.
  public let materials: FlatBuffer<UInt16>

  public init(
    positions: FlatBuffer<Float>, normals: FlatBuffer<Float> = FlatBuffer(count: 0),
    tangents: FlatBuffer<Float> = FlatBuffer(count: 0), uv0: FlatBuffer<Float> = FlatBuffer(count: 0),
    uv1: FlatBuffer<Float> = FlatBuffer(count: 0), uv2: FlatBuffer<Float> = FlatBuffer(count: 0),
    uv3: FlatBuffer<Float> = FlatBuffer(count: 0), colors: FlatBuffer<Float> = FlatBuffer(count: 0),
    indices: FlatBuffer<UInt32>, materials: FlatBuffer<UInt16> = FlatBuffer(count: 0)
  ) {
    vertexCount = positions.count / 3
    triangleCount = indices.count / 3
    precondition(positions.count == vertexCount * 3 && indices.count == triangleCount * 3)
    precondition(normals.isEmpty || normals.count == vertexCount * 3)
    precondition(tangents.isEmpty || tangents.count == vertexCount * 4)
    precondition(uv0.isEmpty || uv0.count == vertexCount * 2)
    precondition(uv1.isEmpty || uv1.count == vertexCount * 2)
    precondition(uv2.isEmpty || uv2.count == vertexCount * 2)
    precondition(uv3.isEmpty || uv3.count == vertexCount * 2)
    precondition(colors.isEmpty || colors.count == vertexCount * 4)
    precondition(materials.isEmpty || materials.count == triangleCount)
    self.positions = positions
    self.normals = normals
    self.tangents = tangents
    self.uv0 = uv0
    self.uv1 = uv1
    self.uv2 = uv2
    self.uv3 = uv3
    self.colors = colors
    self.indices = indices
    self.materials = materials
  }
}

/// One placement of a mesh. Instance space belongs to the scene: no builder ever flattens it.
public struct MeshInstance: Sendable {
  /// Index into the scene's meshes.
  public var mesh: Int
  public var objectToWorld: Affine
  /// The inverse of `objectToWorld`.
  public var worldToObject: Affine

  /// Returns nil where the transform has no inverse: such an instance has no volume and is left out.
  public init?(mesh: Int, objectToWorld: Affine) {
    guard let inverse = objectToWorld.inverse else { return nil }
    self.mesh = mesh
    self.objectToWorld = objectToWorld
    worldToObject = inverse
  }
}
