import LaneMath

/// Reflection off GGX facets with Schlick's Fresnel term, and what they pass on to each other (docs/kernel.md, "The
/// surface"). Its density is that of visible normals.
///
/// Light that facets throw at each other leaves with the shape of the first reflection (Turquin, "Practical multiple
/// scattering compensation for microfacet models", 2019). Its amount is the sum over all further reflections, each at the
/// mean of the Fresnel term (Kulla and Conty, "Revisiting physically based shading at Imageworks", 2017, with the first
/// reflection's own term in place of one mean).
struct FacetReflection<F: LaneFloat> {
  private static var smallestAlpha: Float { 1e-3 }

  var alpha: F
  /// Smith's Λ of the viewing direction.
  private var lambdaO: F
  /// Directional albedo for Schlick's two terms, and the mean of their sum.
  private var albedo: (scale: F, bias: F, mean: F)
  /// What facets keep from the viewer at first, by what they show.
  private var missing: F

  @inline(__always)
  static func alpha(_ roughness: F) -> F { (roughness * roughness).atLeast(smallestAlpha) }

  /// (1 − cosine)⁵.
  @inline(__always)
  static func schlickWeight(_ cosine: F) -> F {
    let x = (1 - cosine).clampedToUnit
    let x2 = x * x
    return x2 * x2 * x
  }

  /// - Parameter table: `AlbedoTables.values`.
  @inline(__always)
  init(roughness: F, cosO: F, table: UnsafePointer<Float>) {
    alpha = Self.alpha(roughness)
    lambdaO = MicrofacetLobe.lambda(cosO, alpha)
    albedo = AlbedoTables.lookup(table, cosine: cosO, roughness: roughness)
    let single = (albedo.scale + albedo.bias).atLeast(1e-3)
    missing = ((1 - single) / single).atLeast(0)
  }

  /// What the lobe is multiplied by for everything after the first reflection.
  ///
  /// - Parameter f0: Reflectance of a facet seen from the front.
  @inline(__always)
  func gain(_ f0: F) -> F {
    // Schlick's term over directions that arrive evenly.
    let mean = f0 * (20.0 / 21) + (1.0 / 21)
    return 1 + missing * (mean * albedo.mean / (1 - mean * (1 - albedo.mean)))
  }

  /// Part of the light that leaves again, for the factors `specular + schlickWeight·grazing`.
  @inline(__always)
  func directionalAlbedo(specular: F, grazing: F) -> F {
    (specular * (albedo.scale + albedo.bias)).addingProduct(grazing, albedo.bias)
  }

  /// D·G₂ / (4·cosO) and the density of `sample`, for directions above the surface.
  @inline(__always)
  func evaluate(_ wo: Vector<F>, _ wi: Vector<F>, _ m: Vector<F>) -> (value: F, density: F) {
    let lobe = MicrofacetLobe.distribution(m.z, alpha) / (wo.z * 4)
    let seen = 1 + lambdaO
    return (lobe / (seen + MicrofacetLobe.lambda(wi.z, alpha)), lobe / seen)
  }

  /// The viewing direction mirrored at a visible normal; it may lie below the surface.
  @inline(__always)
  func sample(_ wo: Vector<F>, sinPhi: F, cosPhi: F, _ v: F) -> Vector<F> {
    let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: sinPhi, cosPhi: cosPhi, v)
    return m * (dot(wo, m) * 2) - wo
  }
}
