import LaneMath

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

  /// Whether a texture has more than one level.
  var hasLevels: Bool

  /// - Parameter textures: Made for this material among others; they outlive the view.
  init(_ source: Material, _ textures: TexturePyramids, _ tables: UnsafePointer<Float>) {
    material = MaterialConstants(
      baseColor: source.baseColor, metallic: clamp01(source.metallic), roughness: clamp01(source.roughness),
      emissive: source.emissive, normalScale: source.normalScale, alphaCutoff: source.alphaCutoff,
      alphaMode: source.alphaMode, isUnlit: source.isUnlit)
    func view(_ reference: TextureReference?, isWeightedByAlpha: Bool = false) -> TextureView? {
      reference.map {
        TextureView(textures.pyramid($0.texture, isWeightedByAlpha: isWeightedByAlpha), $0, tables)
      }
    }
    baseColorTexture = view(source.baseColorTexture, isWeightedByAlpha: source.alphaMode != .opaque)
    metallicRoughnessTexture = view(source.metallicRoughnessTexture)
    normalTexture = view(source.normalTexture)
    emissiveTexture = view(source.emissiveTexture)
    hasLevels = [baseColorTexture, metallicRoughnessTexture, normalTexture, emissiveTexture].contains {
      ($0?.levelCount ?? 0) > 1
    }
    isEmissive = !source.isUnlit && (source.emissive.x > 0 || source.emissive.y > 0 || source.emissive.z > 0)
  }

  /// Base colour with texture and vertex colour.
  ///
  /// - Parameter footprint: Chooses the texture's level; without one it is level 0.
  @inline(__always)
  func baseColor(
    _ uv0: SIMD2<Float>, _ uv1: SIMD2<Float>, _ vertexColor: SIMD4<Float>, _ footprint: TextureFootprint? = nil
  ) -> SIMD4<Float> {
    var color = material.baseColor * vertexColor
    if let texture = baseColorTexture {
      color *= texture.sample(uv0: uv0, uv1: uv1, level: footprint?.level(of: texture) ?? 0)
    }
    return color
  }

  /// Share of rays that the surface stops. Always of level 0: traversal knows no footprint, and hits must not depend on any.
  @inline(__always)
  func coverage(_ uv0: SIMD2<Float>, _ uv1: SIMD2<Float>, _ vertexColor: SIMD4<Float>) -> Float {
    if material.alphaMode == .opaque { return 1 }
    let alpha = baseColor(uv0, uv1, vertexColor).w
    if material.alphaMode == .mask { return alpha >= material.alphaCutoff ? 1 : 0 }
    return clamp01(alpha)
  }

  @inline(__always)
  func emission(
    _ uv0: SIMD2<Float>, _ uv1: SIMD2<Float>, _ footprint: TextureFootprint? = nil
  ) -> SIMD3<Float> {
    guard isEmissive else { return .zero }
    guard let texture = emissiveTexture else { return material.emissive }
    let texel = texture.sample(uv0: uv0, uv1: uv1, level: footprint?.level(of: texture) ?? 0)
    return material.emissive * SIMD3(texel.x, texel.y, texel.z)
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
    let coverage = material.pointee.coverage(
      geometry.pointee.coordinates(geometry.pointee.uv0, corners, u, v),
      geometry.pointee.coordinates(geometry.pointee.uv1, corners, u, v), geometry.pointee.color(corners, u, v))
    return SampleHash.unit(Float.self, SampleHash.mix(SampleHash.mix(key, instance), triangle)) < coverage
  }
}
