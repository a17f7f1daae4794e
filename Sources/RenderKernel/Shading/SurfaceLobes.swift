import LaneMath

/// The surface of glTF 2.0 (appendix B): GGX over Lambert, mixed with GGX metal. What the dielectric coat reflects is missing
/// below it, so that nothing is gained or lost in the white furnace.
///
/// Metal and coat share facets, so they are one lobe with the sum of their factors. Where further lobes go is written in
/// docs/kernel.md, "The surface".
struct SurfaceLobes<F: LaneFloat> {
  var facets: FacetReflection<F>
  /// Factors of the facets' lobe: `specular + schlickWeight·grazing`.
  var specular: Vector<F>
  var grazing: Vector<F>
  /// Diffuse albedo below the coat, already scaled by what the coat lets through.
  var diffuse: Vector<F>
  /// Probability of sampling the facets' lobe.
  var specularProbability: F

  /// - Parameters:
  ///   - dielectric: Reflectance of the coat seen from the front.
  ///   - table: `AlbedoTables.values`.
  @inline(__always)
  init(
    baseColor: Vector<F>, dielectric f0: Vector<F>, metallic: F, roughness: F, cosO: F, table: UnsafePointer<Float>
  ) {
    let facets = FacetReflection<F>(roughness: roughness, cosO: cosO, table: table)
    self.facets = facets
    let one = Vector<F>(lane: SIMD3(1, 1, 1))
    let dielectric = 1 - metallic

    let coat = Vector(facets.gain(f0.x), facets.gain(f0.y), facets.gain(f0.z))
    let (coatFront, coatGrazing) = (coat * f0, coat * (one - f0))
    func passed(_ front: F, _ grazing: F) -> F {
      (1 - facets.directionalAlbedo(specular: front, grazing: grazing)).atLeast(0)
    }
    diffuse =
      baseColor
      * (Vector(
        passed(coatFront.x, coatGrazing.x), passed(coatFront.y, coatGrazing.y), passed(coatFront.z, coatGrazing.z))
        * dielectric)

    let metal = Vector(facets.gain(baseColor.x), facets.gain(baseColor.y), facets.gain(baseColor.z)) * metallic
    let coatShare = coat * dielectric
    specular = coatShare * f0 + baseColor * metal
    grazing = coatShare * (one - f0) + (one - baseColor) * metal

    let specularWeight = facets.directionalAlbedo(specular: luminance(specular), grazing: luminance(grazing))
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
    let lobe = facets.evaluate(wo, Vector(wi.x, wi.y, F.select(isAbove, wi.z, F(lane: 1))), m)
    let fresnel = specular.addingProduct(grazing, FacetReflection.schlickWeight(dot(wo, m)))
    let cosine = wi.z * (1 / Float.pi)
    let value = (fresnel * lobe.value).addingProduct(diffuse, cosine)
    let density = (specularProbability * lobe.density).addingProduct(1 - specularProbability, cosine)
    return (Vector.select(isAbove, value, Vector(zero, zero, zero)), F.select(isAbove, density, zero))
  }

  /// A direction with the density that `evaluate` reports; it may lie below the surface.
  ///
  /// - Parameters:
  ///   - u: The angle about the normal, in turns.
  ///   - v: Chooses between the lobes, in [0, 1); what is left of it is the angle from the normal, so that the points of one
  ///     lobe stay as evenly spread as those that come in, and rows of them evenly spaced about it.
  @inline(__always)
  func sample(_ wo: Vector<F>, _ u: F, _ v: F) -> Vector<F> {
    let isSpecular = v .< specularProbability
    let left = F.select(isSpecular, v, v - specularProbability)
    let chance = F.select(isSpecular, specularProbability, 1 - specularProbability)
    let rest = (left / chance).atMost(0x1.fffffep-1)
    let (sinPhi, cosPhi) = laneSinCosTurns(u)
    let reflected = facets.sample(wo, sinPhi: sinPhi, cosPhi: cosPhi, rest)
    let scattered = Self.sampleCosine(sinPhi: sinPhi, cosPhi: cosPhi, rest)
    return Vector.select(isSpecular, reflected, scattered)
  }

  /// A direction with density cosine / π.
  @inline(__always)
  static func sampleCosine(sinPhi: F, cosPhi: F, _ v: F) -> Vector<F> {
    let radius = v.root
    return Vector(radius * cosPhi, radius * sinPhi, (1 - v).root)
  }
}
