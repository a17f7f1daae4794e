import LaneMath

/// Bits belong to a revision: whatever changes a pixel or a work counter raises it (`GoldenDigestTests`).
public let kernelRevision = 1

/// A frame with everything that rays need. Immutable; shared by threads.
public final class PreparedFrame: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  public let description: FrameDescription
  let structure: SceneStructure
  let materials: FlatBuffer<MaterialView>
  let instances: FlatBuffer<InstanceGeometry>
  let lights: LightTables
  let environmentTables: EnvironmentTables?
  private let meshes: [PreparedMesh]

  /// - Parameters:
  ///   - meshes: One for each of the description's meshes, of structure `kind`.
  ///   - environmentTables: Of the description's environment; made here if nil.
  public init(
    _ description: FrameDescription, meshes: [PreparedMesh], kind: AccelerationKind = .wide,
    environmentTables: EnvironmentTables? = nil
  ) {
    precondition(meshes.count == description.meshes.count)
    self.description = description
    self.meshes = meshes
    structure = SceneStructure(meshes: meshes, instances: description.instances, kind: kind)
    let texelTables = TexelTables.shared.values
    materials = FlatBuffer(count: description.materials.count) { views in
      for (i, material) in description.materials.enumerated() {
        views[i] = MaterialView(material, description.textures, texelTables.pointer)
      }
    }
    instances = FlatBuffer(count: description.instances.count) { views in
      for (i, instance) in description.instances.enumerated() {
        views[i] = InstanceGeometry(meshes[instance.mesh].mesh, instance)
      }
    }
    self.environmentTables = description.environment.map { environmentTables ?? EnvironmentTables($0) }
    lights = LightTables(
      description, materials: materials, instances: instances, hasEnvironment: self.environmentTables != nil)
  }

  /// For each material, whether rays can pass through parts of it.
  public static func alphaTested(_ materials: [Material]) -> [Bool] { materials.map { $0.alphaMode != .opaque } }

  var environment: EnvironmentView? {
    guard let tables = environmentTables else { return nil }
    let r = description.worldToEnvironment
    return EnvironmentView(
      texels: tables.environment.texels.pointer, rows: tables.rows.pointer, columns: tables.columns.pointer,
      density: tables.density.pointer, width: tables.environment.width, height: tables.environment.height,
      scale: description.environmentScale, worldToEnvironment: r,
      environmentToWorld: Affine(
        x: SIMD4(r.x.x, r.y.x, r.z.x, 0), y: SIMD4(r.x.y, r.y.y, r.z.y, 0), z: SIMD4(r.x.z, r.y.z, r.z.z, 0)))
  }
}

/// A material as the kernel reads it.
struct MaterialView {
  var material: MaterialConstants
  var baseColorTexture: TextureView?
  var metallicRoughnessTexture: TextureView?
  var normalTexture: TextureView?
  var emissiveTexture: TextureView?
  var isEmissive: Bool

  struct MaterialConstants {
    var baseColor: SIMD4<Float>
    var metallic: Float
    var roughness: Float
    var emissive: SIMD3<Float>
    var normalScale: Float
    var alphaCutoff: Float
    var alphaMode: Material.AlphaMode
    var isUnlit: Bool
  }

  init(_ source: Material, _ textures: [Texture], _ tables: UnsafePointer<Float>) {
    material = MaterialConstants(
      baseColor: source.baseColor, metallic: clamp01(source.metallic), roughness: clamp01(source.roughness),
      emissive: source.emissive, normalScale: source.normalScale, alphaCutoff: source.alphaCutoff,
      alphaMode: source.alphaMode, isUnlit: source.isUnlit)
    func view(_ reference: TextureReference?) -> TextureView? {
      guard let reference else { return nil }
      let texture = textures[reference.texture]
      return TextureView(
        texels: texture.texels.pointer, decode: texture.encoding == .srgb ? tables : tables + 256,
        width: Int32(texture.width), height: Int32(texture.height), wrapU: texture.wrapU, wrapV: texture.wrapV,
        isNearest: texture.filter == .nearest, uvSet: UInt8(reference.uvSet), transformU: reference.transformU,
        transformV: reference.transformV)
    }
    baseColorTexture = view(source.baseColorTexture)
    metallicRoughnessTexture = view(source.metallicRoughnessTexture)
    normalTexture = view(source.normalTexture)
    emissiveTexture = view(source.emissiveTexture)
    isEmissive = !source.isUnlit && (source.emissive.x > 0 || source.emissive.y > 0 || source.emissive.z > 0)
  }

  /// Base colour with texture and vertex colour.
  @inline(__always)
  func baseColor(_ uv0: SIMD2<Float>, _ uv1: SIMD2<Float>, _ vertexColor: SIMD4<Float>) -> SIMD4<Float> {
    var color = material.baseColor * vertexColor
    if let baseColorTexture { color *= baseColorTexture.sample(uv0: uv0, uv1: uv1) }
    return color
  }

  @inline(__always)
  func emission(_ uv0: SIMD2<Float>, _ uv1: SIMD2<Float>) -> SIMD3<Float> {
    guard isEmissive else { return .zero }
    guard let emissiveTexture else { return material.emissive }
    let texel = emissiveTexture.sample(uv0: uv0, uv1: uv1)
    return material.emissive * SIMD3(texel.x, texel.y, texel.z)
  }
}

/// Vertices of an instance as the kernel reads them. Null pointers stand for arrays that the mesh lacks.
struct InstanceGeometry {
  var positions: UnsafePointer<Float>
  var normals: UnsafePointer<Float>?
  var tangents: UnsafePointer<Float>?
  var uv0: UnsafePointer<Float>?
  var uv1: UnsafePointer<Float>?
  var colors: UnsafePointer<Float>?
  var indices: UnsafePointer<UInt32>
  var materials: UnsafePointer<UInt16>?
  var objectToWorld: Affine
  var worldToObject: Affine
  var isMirrored: Bool

  init(_ mesh: MeshArrays, _ instance: MeshInstance) {
    func pointer<T>(_ buffer: FlatBuffer<T>) -> UnsafePointer<T>? {
      buffer.isEmpty ? nil : UnsafePointer(buffer.pointer)
    }
    positions = UnsafePointer(mesh.positions.pointer)
    normals = pointer(mesh.normals)
    tangents = pointer(mesh.tangents)
    uv0 = pointer(mesh.uv0)
    uv1 = pointer(mesh.uv1)
    colors = pointer(mesh.colors)
    indices = UnsafePointer(mesh.indices.pointer)
    materials = pointer(mesh.materials)
    objectToWorld = instance.objectToWorld
    worldToObject = instance.worldToObject
    isMirrored = instance.objectToWorld.determinant < 0
  }

  @inline(__always)
  func materialIndex(_ triangle: Int) -> Int { materials.map { Int($0[triangle]) } ?? 0 }

  @inline(__always)
  func corners(_ triangle: Int) -> (Int, Int, Int) {
    let p = indices + 3 * triangle
    return (Int(p[0]), Int(p[1]), Int(p[2]))
  }

  @inline(__always)
  func position(_ vertex: Int) -> SIMD3<Float> {
    let p = positions + 3 * vertex
    return SIMD3(p[0], p[1], p[2])
  }

  @inline(__always)
  static func blend(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>, _ u: Float, _ v: Float) -> SIMD3<Float> {
    a.addingProduct(b - a, SIMD3(repeating: u)).addingProduct(c - a, SIMD3(repeating: v))
  }

  @inline(__always)
  private func vector3(_ array: UnsafePointer<Float>, _ stride: Int, _ i: (Int, Int, Int), _ u: Float, _ v: Float)
    -> SIMD3<Float>
  {
    func at(_ k: Int) -> SIMD3<Float> {
      let p = array + stride * k
      return SIMD3(p[0], p[1], p[2])
    }
    return InstanceGeometry.blend(at(i.0), at(i.1), at(i.2), u, v)
  }

  @inline(__always)
  func normal(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD3<Float>? {
    guard let normals else { return nil }
    return vector3(normals, 3, i, u, v)
  }

  /// Direction and handedness.
  @inline(__always)
  func tangent(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> (SIMD3<Float>, Float)? {
    guard let tangents else { return nil }
    return (vector3(tangents, 4, i, u, v), tangents[4 * i.0 + 3])
  }

  @inline(__always)
  func coordinates(_ array: UnsafePointer<Float>?, _ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD2<Float> {
    guard let array else { return .zero }
    func at(_ k: Int) -> SIMD2<Float> { SIMD2(array[2 * k], array[2 * k + 1]) }
    let a = at(i.0)
    return a.addingProduct(at(i.1) - a, SIMD2(repeating: u)).addingProduct(at(i.2) - a, SIMD2(repeating: v))
  }

  @inline(__always)
  func color(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD4<Float> {
    guard let colors else { return SIMD4(repeating: 1) }
    func at(_ k: Int) -> SIMD4<Float> {
      let p = colors + 4 * k
      return SIMD4(p[0], p[1], p[2], p[3])
    }
    let a = at(i.0)
    return a.addingProduct(at(i.1) - a, SIMD4(repeating: u)).addingProduct(at(i.2) - a, SIMD4(repeating: v))
  }
}

/// Stops rays at see-through materials by chance: with probability alpha (BLEND), or where alpha reaches the cutoff (MASK).
struct MaterialAlphaFilter: AlphaFilter {
  var materials: UnsafePointer<MaterialView>
  var instances: UnsafePointer<InstanceGeometry>

  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool {
    let geometry = instances + Int(instance)
    let material = materials + geometry.pointee.materialIndex(Int(triangle))
    let corners = geometry.pointee.corners(Int(triangle))
    let alpha = material.pointee.baseColor(
      geometry.pointee.coordinates(geometry.pointee.uv0, corners, u, v),
      geometry.pointee.coordinates(geometry.pointee.uv1, corners, u, v), geometry.pointee.color(corners, u, v)
    ).w
    switch material.pointee.material.alphaMode {
    case .opaque: return true
    case .mask: return alpha >= material.pointee.material.alphaCutoff
    case .blend: return Sampler.unit(Sampler.mix(Sampler.mix(key, instance), triangle)) < alpha
    }
  }
}
