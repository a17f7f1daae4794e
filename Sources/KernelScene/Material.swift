/// Metallic-roughness material of glTF 2.0 (section 3.9 of the specification), textures by index; or a specular-glossiness
/// material of KHR_materials_pbrSpecularGlossiness.
public struct Material: Sendable, Equatable {
  public enum AlphaMode: UInt8, Sendable, BitwiseCopyable { case opaque, mask, blend }

  /// Factors of KHR_materials_pbrSpecularGlossiness.
  public struct SpecularGlossiness: Sendable, Equatable {
    /// Linear reflectance seen from the front; multiplied by the colour of `surfaceTexture`.
    public var specular: SIMD3<Float>
    /// Perceptual: roughness is 1 − glossiness. Multiplied by the alpha of `surfaceTexture`.
    public var glossiness: Float

    public init(specular: SIMD3<Float> = [1, 1, 1], glossiness: Float = 1) {
      self.specular = specular
      self.glossiness = glossiness
    }
  }

  /// In place of `metallic` and `roughness` if set; `baseColor` is then the diffuse colour.
  public var specularGlossiness: SpecularGlossiness?

  /// Linear RGB and alpha, multiplied by texture and vertex colour.
  public var baseColor: SIMD4<Float> = [1, 1, 1, 1]
  public var metallic: Float = 1
  /// Perceptual roughness; GGX α is its square.
  public var roughness: Float = 1
  /// Linear RGB radiance, already multiplied by the emissive strength.
  public var emissive: SIMD3<Float> = .zero
  public var normalScale: Float = 1
  public var alphaMode: AlphaMode = .opaque
  public var alphaCutoff: Float = 0.5
  /// If false, camera rays and their straight continuations pass through the surface from behind. Shadow rays and
  /// scattered rays always see both sides.
  public var isDoubleSided = false
  /// Shown as plain base colour: neither lit nor lighting (KHR_materials_unlit).
  public var isUnlit = false

  public var baseColorTexture: TextureReference?
  /// Roughness in green, metallic in blue, linear. With `specularGlossiness`: specular colour (sRGB) and glossiness in alpha.
  public var surfaceTexture: TextureReference?
  public var normalTexture: TextureReference?
  public var emissiveTexture: TextureReference?

  public init() {}
}

/// A use of a texture: which one, by which coordinates.
public struct TextureReference: Sendable, Equatable {
  /// Index into the scene's textures.
  public var texture: Int
  /// Which of the mesh's sets of coordinates, below `MeshArrays.uvSetCount`.
  public var uvSet: Int
  /// Rows of the 2×3 map of coordinates (KHR_texture_transform): u' = u·x + v·y + z.
  public var transformU: SIMD3<Float> = [1, 0, 0]
  public var transformV: SIMD3<Float> = [0, 1, 0]

  public init(texture: Int, uvSet: Int = 0) {
    self.texture = texture
    self.uvSet = uvSet
  }
}
