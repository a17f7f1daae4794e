import LaneMath

/// A material as the kernel reads it.
struct MaterialView {
  var material: MaterialConstants
  var baseColorTexture: TextureView?
  var surfaceTexture: TextureView?
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
    /// Seen by camera rays from the front only.
    var isSingleSided: Bool
    /// Whether `specular` and `roughness` come from specular colour and glossiness. `roughness` then holds the glossiness.
    var isSpecularGlossiness: Bool
    var specular: SIMD3<Float>
  }

  /// Whether a texture has more than one level.
  var hasLevels: Bool

  /// - Parameter textures: Made for this material among others; they outlive the view.
  init(_ source: Material, _ textures: TexturePyramids, _ tables: UnsafePointer<Float>) {
    material = MaterialConstants(
      baseColor: source.baseColor, metallic: clamp01(source.metallic),
      roughness: clamp01(source.specularGlossiness?.glossiness ?? source.roughness),
      emissive: source.emissive, normalScale: source.normalScale, alphaCutoff: source.alphaCutoff,
      alphaMode: source.alphaMode, isUnlit: source.isUnlit, isSingleSided: !source.isDoubleSided,
      isSpecularGlossiness: source.specularGlossiness != nil,
      specular: source.specularGlossiness?.specular ?? SIMD3(repeating: MaterialView.dielectricF0))
    func view(_ reference: TextureReference?, isWeightedByAlpha: Bool = false) -> TextureView? {
      reference.map {
        TextureView(textures.pyramid($0.texture, isWeightedByAlpha: isWeightedByAlpha), $0, tables)
      }
    }
    baseColorTexture = view(source.baseColorTexture, isWeightedByAlpha: source.alphaMode != .opaque)
    surfaceTexture = view(source.surfaceTexture)
    normalTexture = view(source.normalTexture)
    emissiveTexture = view(source.emissiveTexture)
    hasLevels = [baseColorTexture, surfaceTexture, normalTexture, emissiveTexture].contains {
      ($0?.levelCount ?? 0) > 1
    }
    isEmissive = !source.isUnlit && (source.emissive.x > 0 || source.emissive.y > 0 || source.emissive.z > 0)
  }

  /// Reflectance of dielectrics seen from the front (glTF 2.0, appendix B.2.2).
  static let dielectricF0: Float = 0.04

  /// What a surface is made of at one point.
  struct Surface {
    /// Albedo of the diffuse base, and reflectance of metal.
    var baseColor: SIMD3<Float>
    /// Reflectance of the dielectric coat seen from the front.
    var specular: SIMD3<Float>
    var metallic: Float
    var roughness: Float
  }

  /// - Parameter color: Result of `baseColor`, within [0, 1].
  @inline(__always)
  func surface(_ color: SIMD3<Float>, _ point: SurfaceCoordinates, _ footprint: TextureFootprint?) -> Surface {
    if material.isSpecularGlossiness { return specularSurface(color, point, footprint) }
    var surface = Surface(
      baseColor: color, specular: material.specular, metallic: material.metallic, roughness: material.roughness)
    if let texture = surfaceTexture {
      let texel = texture.sample(point, level: footprint?.level(of: texture) ?? 0)
      surface.metallic *= texel.z
      surface.roughness *= texel.y
    }
    return surface
  }

  /// Source: KHR_materials_pbrSpecularGlossiness, "Specular - Glossiness".
  @inline(never)
  private func specularSurface(
    _ color: SIMD3<Float>, _ point: SurfaceCoordinates, _ footprint: TextureFootprint?
  ) -> Surface {
    var (specular, glossiness) = (material.specular, material.roughness)
    if let texture = surfaceTexture {
      let texel = texture.sample(point, level: footprint?.level(of: texture) ?? 0)
      specular *= SIMD3(texel.x, texel.y, texel.z)
      glossiness *= texel.w
    }
    specular = SIMD3(clamp01(specular.x), clamp01(specular.y), clamp01(specular.z))
    return Surface(
      baseColor: color * (1 - max(specular.x, max(specular.y, specular.z))), specular: specular, metallic: 0,
      roughness: 1 - clamp01(glossiness))
  }

  /// Base colour with texture and vertex colour.
  ///
  /// - Parameter footprint: Chooses the texture's level; without one it is level 0.
  @inline(__always)
  func baseColor(
    _ point: SurfaceCoordinates, _ vertexColor: SIMD4<Float>, _ footprint: TextureFootprint? = nil
  ) -> SIMD4<Float> {
    var color = material.baseColor * vertexColor
    if let texture = baseColorTexture {
      color *= texture.sample(point, level: footprint?.level(of: texture) ?? 0)
    }
    return color
  }

  /// Share of rays that the surface stops. Always of level 0: traversal knows no footprint, and hits must not depend on any.
  @inline(__always)
  func coverage(_ point: SurfaceCoordinates, _ vertexColor: SIMD4<Float>) -> Float {
    if material.alphaMode == .opaque { return 1 }
    let alpha = baseColor(point, vertexColor).w
    if material.alphaMode == .mask { return alpha >= material.alphaCutoff ? 1 : 0 }
    return clamp01(alpha)
  }

  @inline(__always)
  func emission(
    _ point: SurfaceCoordinates, _ footprint: TextureFootprint? = nil
  ) -> SIMD3<Float> {
    guard isEmissive else { return .zero }
    guard let texture = emissiveTexture else { return material.emissive }
    let texel = texture.sample(point, level: footprint?.level(of: texture) ?? 0)
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
      SurfaceCoordinates(geometry, corners, u, v), geometry.pointee.color(corners, u, v))
    return SampleHash.unit(Float.self, SampleHash.mix(SampleHash.mix(key, instance), triangle)) < coverage
  }
}
