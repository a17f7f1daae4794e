import LaneMath

/// The surface of glTF 2.0 (appendix B): GGX over Lambert, mixed with GGX metal, with multiple scattering between facets
/// made up for (Turquin, "Practical multiple scattering compensation for microfacet models", 2019). What the dielectric
/// coat reflects is missing below it, so that nothing is gained or lost in the white furnace.
struct SurfaceLobes<F: LaneFloat> {
  static var dielectricF0: Float { 0.04 }
  private static var smallestAlpha: Float { 1e-3 }

  var alpha: F
  /// Diffuse albedo below the coat, already scaled by what the coat lets through.
  var diffuse: Vector<F>
  /// Factors of the lobe: `specular + schlick·grazing`, where schlick = (1 − cos)⁵.
  var specular: Vector<F>
  var grazing: Vector<F>
  /// Probability of sampling the specular lobe.
  var specularProbability: F
  private var lambdaO: F

  @inline(__always)
  static func alpha(_ roughness: F) -> F { (roughness * roughness).atLeast(smallestAlpha) }

  @inline(__always)
  static func schlickWeight(_ cosine: F) -> F {
    let x = (1 - cosine).clampedToUnit
    let x2 = x * x
    return x2 * x2 * x
  }

  /// - Parameter table: `AlbedoTables.values`.
  @inline(__always)
  init(baseColor: Vector<F>, metallic: F, roughness: F, cosO: F, table: UnsafePointer<Float>) {
    alpha = Self.alpha(roughness)
    lambdaO = MicrofacetLobe.lambda(cosO, alpha)
    let albedo = AlbedoTables.lookup(table, cosine: cosO, roughness: roughness)
    let single = (albedo.scale + albedo.bias).atLeast(1e-3)
    let missing = ((1 - single) / single).atLeast(0)
    let coat = Self.dielectricF0
    let coatGain = missing * coat + 1
    let coatAlbedo = ((albedo.scale * coat + albedo.bias) * coatGain).atMost(1)
    let dielectric = 1 - metallic
    let one = Vector<F>(lane: SIMD3(1, 1, 1))
    let metalGain = (one + baseColor * missing) * metallic
    diffuse = baseColor * (dielectric * (1 - coatAlbedo))
    let coatPart = coatGain * dielectric
    specular = baseColor * metalGain
    specular = Vector(
      specular.x.adding(coatPart, times: coat), specular.y.adding(coatPart, times: coat),
      specular.z.adding(coatPart, times: coat))
    grazing = (one - baseColor) * metalGain
    grazing = Vector(
      grazing.x.adding(coatPart, times: 1 - coat), grazing.y.adding(coatPart, times: 1 - coat),
      grazing.z.adding(coatPart, times: 1 - coat))
    let specularWeight = luminance(specular) * albedo.scale + luminance(specular + grazing) * albedo.bias
    let diffuseWeight = luminance(diffuse)
    let sum = specularWeight + diffuseWeight
    let part = (specularWeight / sum).atMost(1).atLeast(0.1)
    specularProbability = F.select((diffuseWeight .> 0) .& (sum .> 0), part, F(lane: 1))
  }

  /// Reflected radiance per radiance from `wi`, with its cosine; and the density that `sample` has there. Zero below the
  /// surface.
  @inline(__always)
  func evaluate(_ wo: Vector<F>, _ wi: Vector<F>) -> (value: Vector<F>, density: F) {
    let zero = F(lane: 0)
    let isAbove = (wi.z .> 0) .& (wo.z .> 0)
    let m = (wo + wi).normalized(or: Vector(lane: SIMD3(0, 0, 1)))
    let d = MicrofacetLobe.distribution(m.z, alpha)
    let lobe = d / (wo.z * 4)
    let lambdaI = MicrofacetLobe.lambda(F.select(isAbove, wi.z, F(lane: 1)), alpha)
    let seen = 1 + lambdaO
    let fresnel = Vector(lane: .zero).addingProduct(grazing, Self.schlickWeight(dot(wo, m))) + specular
    let cosine = wi.z * (1 / Float.pi)
    let value = (fresnel * (lobe / (seen + lambdaI))).addingProduct(diffuse, cosine)
    let density = (specularProbability * (lobe / seen)).addingProduct(1 - specularProbability, cosine)
    return (Vector.select(isAbove, value, Vector(zero, zero, zero)), F.select(isAbove, density, zero))
  }

  /// A direction with the density that `evaluate` reports; it may lie below the surface.
  ///
  /// - Parameters:
  ///   - u: Chooses between the lobes, in [0, 1); what is left of it is the angle, so that the points of one lobe stay as
  ///     evenly spread as those that come in.
  ///   - v: In [0, 1).
  @inline(__always)
  func sample(_ wo: Vector<F>, _ u: F, _ v: F) -> Vector<F> {
    let isSpecular = u .< specularProbability
    let rest = F.select(isSpecular, u, u - specularProbability)
    let chance = F.select(isSpecular, specularProbability, 1 - specularProbability)
    let (sinPhi, cosPhi) = laneSinCosTurns((rest / chance).atMost(0x1.fffffep-1))
    let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: sinPhi, cosPhi: cosPhi, v)
    let reflected = m * (dot(wo, m) * 2) - wo
    let radius = v.root
    let scattered = Vector(radius * cosPhi, radius * sinPhi, (1 - v).root)
    return Vector.select(isSpecular, reflected, scattered)
  }
}
