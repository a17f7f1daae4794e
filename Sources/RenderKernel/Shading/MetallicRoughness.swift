import LaneMath

/// Directional albedo of the GGX lobe, by cosine and roughness.
///
/// For Schlick's Fresnel term the albedo is `F0·scale + bias` (Karis 2013); with F = 1 it is `scale + bias`.
final class AlbedoTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let size = 32
  private static let sampleCount = 512
  static let shared = AlbedoTables()

  /// `size × size` pairs (scale, bias): rows by roughness from 0 to 1, columns by cosine, at the centres.
  let values: FlatBuffer<SIMD2<Float>>

  private init() {
    let size = AlbedoTables.size
    values = FlatBuffer(count: size * size) { values in
      for row in 0..<size {
        let roughness = Float(row) / Float(size - 1)
        let alpha = MetallicRoughness.alpha(roughness)
        for column in 0..<size {
          let cosine = (Float(column) + 0.5) / Float(size)
          let wo = SIMD3((1 - cosine * cosine).squareRoot(), 0, cosine)
          var (scale, bias) = (0.0, 0.0)
          for i in 0..<AlbedoTables.sampleCount {
            let u = SIMD2(
              (Float(i) + 0.5) / Float(AlbedoTables.sampleCount),
              Sampler.unit(Sampler.reversed(UInt32(i))))
            let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, u)
            let cosM = dot(wo, m)
            let wi = m * (2 * cosM) - wo
            guard wi.z > 0, cosM > 0 else { continue }
            let weight = Double(MicrofacetLobe.visibility(wi.z, alpha))
            let fresnel = Double(MetallicRoughness.schlickWeight(cosM))
            scale += weight * (1 - fresnel)
            bias += weight * fresnel
          }
          let count = Double(AlbedoTables.sampleCount)
          values[row * size + column] = SIMD2(Float(scale / count), Float(bias / count))
        }
      }
    }
  }

  /// (scale, bias), bilinear.
  @inline(__always)
  static func lookup(_ table: UnsafePointer<SIMD2<Float>>, cosine: Float, roughness: Float) -> SIMD2<Float> {
    let limit = Float(size - 1)
    let x = max(0, min(limit, cosine * Float(size) - 0.5))
    let y = max(0, min(limit, roughness * limit))
    let (column, row) = (min(Int(x), size - 2), min(Int(y), size - 2))
    let (fx, fy) = (x - Float(column), y - Float(row))
    let p = table + row * size + column
    let top = p[0] + (p[1] - p[0]) * fx
    let bottom = p[size] + (p[size + 1] - p[size]) * fx
    return top + (bottom - top) * fy
  }
}

/// GGX distribution of microfacet normals with Smith's separable masking and shadowing. Directions are local: z is the normal.
enum MicrofacetLobe {
  @inline(__always)
  static func distribution(_ cosM: Float, _ alpha: Float) -> Float {
    let a2 = alpha * alpha
    // Written as sin² + a²·cos²: no cancellation near the normal.
    let c2 = cosM * cosM
    let d = (1 - c2) + a2 * c2
    return a2 / (Float.pi * d * d)
  }

  /// Smith's Λ.
  @inline(__always)
  private static func lambda(_ cosine: Float, _ alpha: Float) -> Float {
    let c2 = cosine * cosine
    return (((1 - c2) * alpha * alpha / c2 + 1).squareRoot() - 1) * 0.5
  }

  /// Part of the facets that is seen from a direction.
  @inline(__always)
  static func visibility(_ cosine: Float, _ alpha: Float) -> Float { 1 / (1 + lambda(cosine, alpha)) }

  /// A normal with density proportional to its visible area.
  ///
  /// - Parameter u: Two independent numbers in [0, 1).
  /// Source: Dupuy and Benyoub, "Sampling Visible GGX Normals with Spherical Caps", HPG 2023.
  @inline(__always)
  static func sampleVisibleNormal(_ wo: SIMD3<Float>, _ alpha: Float, _ u: SIMD2<Float>) -> SIMD3<Float> {
    let stretched = normalized(SIMD3(wo.x * alpha, wo.y * alpha, wo.z), or: [0, 0, 1])
    let (sinPhi, cosPhi) = laneSinCos(2 * Float.pi * u.x)
    let z = (1 - u.y).addingProduct(-stretched.z, u.y)
    let radius = max(0, 1 - z * z).squareRoot()
    let half = SIMD3(radius * cosPhi, radius * sinPhi, z) + stretched
    return normalized(SIMD3(half.x * alpha, half.y * alpha, max(0, half.z)), or: [0, 0, 1])
  }

  /// Density of a reflected direction, per steradian, for `sampleVisibleNormal`.
  @inline(__always)
  static func reflectionDensity(_ cosO: Float, _ cosM: Float, _ alpha: Float) -> Float {
    distribution(cosM, alpha) * visibility(cosO, alpha) / (4 * cosO)
  }
}

/// The surface of glTF 2.0 (appendix B): GGX over Lambert, mixed with GGX metal, with multiple scattering between facets
/// made up for (Turquin, "Practical multiple scattering compensation for microfacet models", 2019). What the dielectric
/// coat reflects is missing below it, so that nothing is gained or lost in the white furnace.
struct MetallicRoughness {
  static let dielectricF0: Float = 0.04
  private static let smallestAlpha: Float = 1e-3

  var alpha: Float
  /// Diffuse albedo below the coat, already scaled by what the coat lets through.
  var diffuse: SIMD3<Float>
  /// Factors of the lobe: `specular + schlick·grazing`, where schlick = (1 − cos)⁵.
  var specular: SIMD3<Float>
  var grazing: SIMD3<Float>
  /// Probability of sampling the specular lobe.
  var specularProbability: Float

  @inline(__always)
  static func alpha(_ roughness: Float) -> Float { max(smallestAlpha, roughness * roughness) }

  @inline(__always)
  static func schlickWeight(_ cosine: Float) -> Float {
    let x = clamp01(1 - cosine)
    let x2 = x * x
    return x2 * x2 * x
  }

  @inline(__always)
  init(
    baseColor: SIMD3<Float>, metallic: Float, roughness: Float, cosO: Float, tables: UnsafePointer<SIMD2<Float>>
  ) {
    alpha = MetallicRoughness.alpha(roughness)
    let albedo = AlbedoTables.lookup(tables, cosine: cosO, roughness: roughness)
    let single = max(1e-3, albedo.x + albedo.y)
    let missing = (1 - single) / single
    let coat = MetallicRoughness.dielectricF0
    let coatGain = 1 + coat * missing
    let metalGain = SIMD3<Float>(repeating: 1) + baseColor * missing
    let coatAlbedo = min(1, (coat * albedo.x + albedo.y) * coatGain)
    let metalAlbedo = (baseColor * albedo.x + albedo.y) * metalGain
    let dielectric = 1 - metallic
    diffuse = baseColor * (dielectric * (1 - coatAlbedo))
    let metalPart = metalGain * metallic
    specular = baseColor * metalPart + coat * coatGain * dielectric
    grazing = (SIMD3(repeating: 1) - baseColor) * metalPart + (1 - coat) * coatGain * dielectric
    let specularWeight = luminance(metalAlbedo) * metallic + coatAlbedo * dielectric
    let diffuseWeight = luminance(diffuse)
    let sum = specularWeight + diffuseWeight
    specularProbability = sum > 0 ? max(0.1, min(1, specularWeight / sum)) : 1
    if diffuseWeight <= 0 { specularProbability = 1 }
  }

  /// Reflected radiance per radiance from `wi`, with its cosine; and the density that `sample` has there.
  @inline(__always)
  func evaluate(_ wo: SIMD3<Float>, _ wi: SIMD3<Float>) -> (value: SIMD3<Float>, density: Float) {
    guard wi.z > 0, wo.z > 0 else { return (.zero, 0) }
    let m = normalized(wo + wi, or: [0, 0, 1])
    let cosOM = dot(wo, m)
    let d = MicrofacetLobe.distribution(m.z, alpha)
    let g1 = MicrofacetLobe.visibility(wo.z, alpha)
    // Separable masking: what the albedo table integrates.
    let g2 = g1 * MicrofacetLobe.visibility(wi.z, alpha)
    let lobe = d / (4 * wo.z)
    let fresnel = specular + grazing * MetallicRoughness.schlickWeight(cosOM)
    let value = fresnel * (lobe * g2) + diffuse * (wi.z / Float.pi)
    let density =
      specularProbability * (lobe * g1) + (1 - specularProbability) * (wi.z / Float.pi)
    return (value, density)
  }

  /// A direction with the density that `evaluate` reports.
  ///
  /// - Parameters:
  ///   - u: Direction, two numbers in [0, 1).
  ///   - lobe: Chooses between the lobes, in [0, 1).
  @inline(__always)
  func sample(_ wo: SIMD3<Float>, _ u: SIMD2<Float>, lobe: Float) -> SIMD3<Float> {
    if lobe < specularProbability {
      let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, u)
      return m * (2 * dot(wo, m)) - wo
    }
    let radius = u.x.squareRoot()
    let (s, c) = laneSinCos(2 * Float.pi * u.y)
    return SIMD3(radius * c, radius * s, max(0, 1 - u.x).squareRoot())
  }
}
