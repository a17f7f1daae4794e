import LaneMath
import KernelScene

/// Bytes of a mesh part. Format: docs/bundle.md, section "Mesh".
enum MeshPart {
  private static let tag: StaticString = "glint mesh 2\n\0\0\0"

  static func encoded(_ mesh: SceneMesh) -> [UInt8] {
    let arrays = mesh.arrays
    var writer = ByteWriter()
    let floatCount =
      arrays.positions.count + arrays.normals.count + arrays.tangents.count + arrays.uv0.count + arrays.uv1.count
      + arrays.uv2.count + arrays.uv3.count
      + arrays.colors.count + arrays.indices.count
    writer.reserve(4 * floatCount + 2 * arrays.materials.count + 256)
    writer.tag(tag)
    writer.integer(UInt32(arrays.vertexCount))
    writer.integer(UInt32(arrays.triangleCount))
    writer.buffer(arrays.positions)
    writer.buffer(arrays.normals)
    writer.buffer(arrays.tangents)
    writer.buffer(arrays.uv0)
    writer.buffer(arrays.uv1)
    writer.buffer(arrays.uv2)
    writer.buffer(arrays.uv3)
    writer.buffer(arrays.colors)
    writer.buffer(arrays.indices)
    writer.buffer(arrays.materials)
    writer.flag(mesh.deformation != nil)
    if let deformation = mesh.deformation {
      writer.integer(UInt32(deformation.influencesPerVertex))
      writer.integer(UInt32(deformation.jointCount))
      writer.buffer(deformation.joints)
      writer.buffer(deformation.weights)
      writer.integer(UInt32(deformation.morphTargets.count))
      for target in deformation.morphTargets {
        writer.buffer(target.positions)
        writer.buffer(target.normals)
        writer.buffer(target.tangents)
        writer.buffer(target.colors)
      }
    }
    return writer.bytes
  }

  /// - Parameter materialCount: Of the scene that the mesh belongs to.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, materialCount: Int
  ) throws(BundleError) -> SceneMesh {
    var reader = ByteReader(bytes, what: name)
    try reader.expect(tag: tag)
    let vertexCount = Int(try reader.integer(UInt32.self))
    let triangleCount = Int(try reader.integer(UInt32.self))
    let positions = try reader.buffer(of: Float.self, count: vertexCount * 3, "positions")
    let normals = try reader.buffer(of: Float.self, count: vertexCount * 3, isOptional: true, "normals")
    let tangents = try reader.buffer(of: Float.self, count: vertexCount * 4, isOptional: true, "tangents")
    let uv0 = try reader.buffer(of: Float.self, count: vertexCount * 2, isOptional: true, "first coordinates")
    let uv1 = try reader.buffer(of: Float.self, count: vertexCount * 2, isOptional: true, "second coordinates")
    let uv2 = try reader.buffer(of: Float.self, count: vertexCount * 2, isOptional: true, "third coordinates")
    let uv3 = try reader.buffer(of: Float.self, count: vertexCount * 2, isOptional: true, "fourth coordinates")
    let colors = try reader.buffer(of: Float.self, count: vertexCount * 4, isOptional: true, "colours")
    let indices = try reader.buffer(of: UInt32.self, count: triangleCount * 3, "indices")
    let materials = try reader.buffer(of: UInt16.self, count: triangleCount, isOptional: true, "materials")
    guard positions.allWithin(MeshArrays.coordinateLimit) else {
      throw reader.fault("a position is not finite or beyond ±\(MeshArrays.coordinateLimit)")
    }
    for (array, what) in [
      (normals, "normal"), (tangents, "tangent"), (uv0, "coordinate"), (uv1, "coordinate"),
      (uv2, "coordinate"), (uv3, "coordinate"),
      (colors, "colour"),
    ]
    where !array.allWithin(.greatestFiniteMagnitude) {
      throw reader.fault("a \(what) is not finite")
    }
    guard indices.elements.allSatisfy({ $0 < UInt32(vertexCount) }) else {
      throw reader.fault("an index is not below the vertex count \(vertexCount)")
    }
    guard materials.elements.allSatisfy({ Int($0) < materialCount }) else {
      throw reader.fault("a material index is not below the material count \(materialCount)")
    }
    var mesh = SceneMesh(
      arrays: MeshArrays(
        positions: positions, normals: normals, tangents: tangents, uv0: uv0, uv1: uv1, uv2: uv2, uv3: uv3,
        colors: colors,
        indices: indices, materials: materials))
    if try reader.flag() { mesh.deformation = try deformation(&reader, vertexCount: vertexCount) }
    try reader.expectEnd()
    return mesh
  }

  private static func deformation(_ reader: inout ByteReader, vertexCount: Int) throws(BundleError) -> Deformation {
    let influences = Int(try reader.integer(UInt32.self))
    guard influences % 4 == 0, influences <= BundleLimits.influenceCount else {
      throw reader.fault(
        "\(influences) joints a vertex, expected a multiple of 4 up to \(BundleLimits.influenceCount)")
    }
    let jointCount = Int(try reader.integer(UInt32.self))
    guard jointCount <= BundleLimits.jointCount else { throw reader.fault("\(jointCount) joints are too many") }
    let joints = try reader.buffer(of: UInt16.self, count: vertexCount * influences, "joints")
    let weights = try reader.buffer(of: Float.self, count: vertexCount * influences, "weights")
    guard joints.elements.allSatisfy({ Int($0) < jointCount }) else {
      throw reader.fault("a joint index is not below the joint count \(jointCount)")
    }
    guard weights.allWithin(1e6) else { throw reader.fault("a joint weight is not finite or absurdly large") }
    let targetCount = try reader.count(limit: BundleLimits.morphTargetCount, minimumByteCount: 32, of: "morph targets")
    var targets: [Deformation.MorphTarget] = []
    for _ in 0..<targetCount {
      let positions = try reader.buffer(of: Float.self, count: vertexCount * 3, isOptional: true, "morph positions")
      let normals = try reader.buffer(of: Float.self, count: vertexCount * 3, isOptional: true, "morph normals")
      let tangents = try reader.buffer(of: Float.self, count: vertexCount * 3, isOptional: true, "morph tangents")
      let colors = try reader.buffer(of: Float.self, count: vertexCount * 4, isOptional: true, "morph colours")
      for array in [positions, normals, tangents, colors] where !array.allWithin(MeshArrays.coordinateLimit) {
        throw reader.fault("a morph displacement is not finite or absurdly large")
      }
      targets.append(
        Deformation.MorphTarget(positions: positions, normals: normals, tangents: tangents, colors: colors))
    }
    return Deformation(
      influencesPerVertex: influences, joints: joints, weights: weights, jointCount: jointCount, morphTargets: targets)
  }
}

extension FlatBuffer where Element == Float {
  /// Whether every element is a number from −limit through limit.
  func allWithin(_ limit: Float) -> Bool {
    // Written so that NaN fails, and without an early exit so that it runs in lanes.
    var failures = 0
    for value in elements { failures &+= value.magnitude <= limit ? 0 : 1 }
    return failures == 0
  }
}
