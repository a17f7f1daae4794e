import Foundation
import LaneMath
import Testing

@testable import RenderKernel

private var albedoTable: UnsafePointer<Float> { UnsafePointer(AlbedoTables.shared.values.pointer) }

private func surface(
  _ color: Vector<Float>, _ metallic: Float, _ roughness: Float, _ cosine: Float
) -> SurfaceLobes<Float> {
  SurfaceLobes(
    baseColor: color, dielectric: grey(MaterialView.dielectricF0), metallic: metallic, roughness: roughness,
    cosO: cosine, table: albedoTable)
}

private func grey(_ value: Float) -> Vector<Float> { Vector(value, value, value) }

private func direction(_ cosine: Float, turn: Float = 0) -> Vector<Float> {
  let (s, c) = laneSinCosTurns(turn)
  let sine = (1 - cosine * cosine).squareRoot()
  return Vector(sine * c, sine * s, cosine)
}

private let roughnesses: [Float] = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1]
private let cosines: [Float] = [0.02, 0.1, 0.3, 0.6, 0.9, 1]

/// Mean weight of samples: the directional albedo, of each channel.
private func albedo(_ lobes: SurfaceLobes<Float>, _ wo: Vector<Float>, count: Int = 4096) -> SIMD3<Double> {
  var sum = SIMD3<Double>.zero
  let net = SampleNet(sampleCount: count)
  for i in 0..<count {
    let (u, v) = Sampler<Float>(pixelKey: 99, index: UInt32(i), net: net).pair(1)
    let (value, density) = lobes.evaluate(wo, lobes.sample(wo, u, v))
    if density > 0 { sum += SIMD3(Double(value.x / density), Double(value.y / density), Double(value.z / density)) }
  }
  return sum / Double(count)
}

@Suite("Surface: energy")
struct SurfaceEnergyTests {
  @Test(
    "White surfaces reflect everything and create nothing, at any angle (white furnace)",
    arguments: [Float(0), 0.25, 0.5, 0.75, 1], roughnesses)
  func whiteFurnace(metallic: Float, roughness: Float) {
    for cosine in cosines {
      let reflected = albedo(surface(grey(1), metallic, roughness, cosine), direction(cosine)).x
      // The table's resolution at grazing angles, and this test's own samples.
      let tolerance = cosine < 0.1 ? 0.01 : 0.004
      #expect((reflected - 1).magnitude < tolerance, "cosine \(cosine): \(reflected)")
    }
  }

  @Test("No colour reflects more than it is given, none becomes brighter than a lighter one", arguments: roughnesses)
  func passive(roughness: Float) {
    for metallic: Float in [0, 0.5, 1] {
      for cosine in cosines {
        let wo = direction(cosine)
        var last = -1.0
        for color: Float in [0, 0.04, 0.25, 0.5, 0.75, 1] {
          let reflected = albedo(surface(grey(color), metallic, roughness, cosine), wo, count: 1024).x
          #expect(reflected < 1.01 && reflected > last - 0.002, "\(color), cosine \(cosine): \(reflected)")
          last = reflected
        }
      }
    }
  }

  /// A random walk over facets: what rough metal reflects, every reflection at its own angle.
  ///
  /// Heights are Gaussian by rank, so that a ray leaves with the chance that Smith's Λ says: from height h, a fraction H,
  /// upwards with H^Λ. Source: Heitz et al., "Multiple-Scattering Microfacet BSDFs with the Smith Model", 2016.
  private func walk(_ f0: Float, _ roughness: Float, _ cosine: Float, count: Int) -> Double {
    let alpha = Double(roughness * roughness)
    var generator = SeededGenerator(seed: 21)
    func uniform() -> Double { Double.random(in: 0..<1, using: &generator) }
    /// Λ of any direction but the horizontal, by the cosine of its angle with +z.
    func lambda(_ z: Double) -> Double {
      let root = (1 + alpha * alpha * (1 - z * z) / (z * z)).squareRoot()
      return z > 0 ? (root - 1) / 2 : (-root - 1) / 2
    }
    var sum = 0.0
    for _ in 0..<count {
      let wo = direction(cosine)
      // Towards the surface, from above; `height` is the share of the surface below the ray.
      var ray = SIMD3(-Double(wo.x), -Double(wo.y), -Double(wo.z))
      var (height, weight) = (1.0, 1.0)
      for bounce in 0..<64 {
        if ray.z > 0.9999999 { break }
        let l = lambda(ray.z)
        let u = uniform()
        if ray.z > 0 {
          // Out, if no facet is met up to the top.
          if u < pow(height, l) { break }
          height = height / pow(u, 1 / l)
        } else {
          // Downwards: chance to come as deep as share h is (h / height)^(−Λ… ), with Λ(ω) = −1 − Λ(−ω).
          height = min(1, height * pow(u, 1 / (-l)))
        }
        height = min(1, max(1e-12, height))
        let view = Vector<Float>(Float(-ray.x), Float(-ray.y), Float(-ray.z))
        let m = Self.visibleNormal(view, Float(alpha), Float(uniform()), Float(uniform()))
        let cosM = Double(dot(view, m))
        guard cosM > 0 else { break }
        weight *= Double(f0) + (1 - Double(f0)) * pow(1 - cosM, 5)
        ray = ray + 2 * cosM * SIMD3(Double(m.x), Double(m.y), Double(m.z))
        let size = (ray.x * ray.x + ray.y * ray.y + ray.z * ray.z).squareRoot()
        ray /= size
        if bounce == 63 { weight = 0 }
      }
      if ray.z > 0 { sum += weight }
    }
    return sum / Double(count)
  }

  /// Of facets seen from above or below. Source: Dupuy and Benyoub 2023.
  private static func visibleNormal(_ wo: Vector<Float>, _ alpha: Float, _ u: Float, _ v: Float) -> Vector<Float> {
    let stretched = Vector(wo.x * alpha, wo.y * alpha, wo.z).normalized(or: Vector(lane: [0, 0, 1]))
    let z = (1 - v) * (1 + stretched.z) - stretched.z
    let radius = max(0, 1 - z * z).squareRoot()
    let (s, c) = laneSinCosTurns(u)
    let half = Vector(radius * c, radius * s, z) + stretched
    return Vector(half.x * alpha, half.y * alpha, max(0, half.z)).normalized(or: Vector(lane: [0, 0, 1]))
  }

  @Test(
    "Rough metal is at most 1 % brighter and 10 % darker than a random walk over its facets",
    arguments: [Float(0.2), 0.5, 0.8],
    [Float(0.5), 0.8, 1])
  func matchesRandomWalk(f0: Float, roughness: Float) {
    for cosine: Float in [0.4, 0.9] {
      let reflected = albedo(surface(grey(f0), 1, roughness, cosine), direction(cosine)).x
      let truth = walk(f0, roughness, cosine, count: 40_000)
      #expect((0.9...1.015).contains(reflected / truth), "cosine \(cosine): \(reflected), by a walk \(truth)")
    }
  }

  @Test("A black dielectric reflects its coat only, a black metal only at grazing angles")
  func darkSurfaces() {
    #expect((0.039...0.043).contains(albedo(surface(grey(0), 0, 0.3, 1), direction(1)).x))
    #expect(albedo(surface(grey(0), 1, 0.5, 0.8), direction(0.8)).x < 0.02)
    #expect(albedo(surface(grey(0), 1, 0.2, 0.02), direction(0.02)).x > 0.5)
  }
}

@Suite("Surface: reciprocity")
struct SurfaceReciprocityTests {
  private func bothWays(_ color: Float, _ metallic: Float, _ roughness: Float, _ a: Vector<Float>, _ b: Vector<Float>)
    -> (Double, Double)
  {
    let there = surface(grey(color), metallic, roughness, a.z).evaluate(a, b).value.x / b.z
    let back = surface(grey(color), metallic, roughness, b.z).evaluate(b, a).value.x / a.z
    return (Double(there), Double(back))
  }

  @Test("Without what facets pass on, the facets' lobe is the same both ways", arguments: roughnesses)
  func facets(roughness: Float) {
    for (i, cosO) in cosines.enumerated() {
      for cosI in cosines {
        let (a, b) = (direction(cosO), direction(cosI, turn: 0.1 * Float(i)))
        let m = (a + b).normalized(or: a)
        let there = FacetReflection(roughness: roughness, cosO: a.z, table: albedoTable).evaluate(a, b, m).value / b.z
        let back = FacetReflection(roughness: roughness, cosO: b.z, table: albedoTable).evaluate(b, a, m).value / a.z
        #expect((there - back).magnitude <= 1e-4 * max(there, back))
      }
    }
  }

  @Test("Metal is off by the ratio of its two gains and by nothing else", arguments: roughnesses)
  func metal(roughness: Float) {
    for color: Float in [0.2, 0.7, 1] {
      for cosO in cosines {
        for cosI in cosines {
          let (a, b) = (direction(cosO), direction(cosI, turn: 0.3))
          let (there, back) = bothWays(color, 1, roughness, a, b)
          let gains = [a.z, b.z].map {
            Double(FacetReflection(roughness: roughness, cosO: $0, table: albedoTable).gain(color))
          }
          #expect((there / gains[0] - back / gains[1]).magnitude <= 2e-4 * max(there, back))
        }
      }
    }
  }

  @Test("For directions within 70° of the normal all surfaces are off by less than the stated factor")
  func bound() {
    // docs/kernel.md states these.
    for (metallic, color, limit) in [(Float(1), Float(1), 1.95), (1, 0.5, 1.4), (0, 0.8, 1.16), (0, 0, 1.05)] {
      var worst = 1.0
      for roughness in roughnesses {
        for cosO in stride(from: Float(0.342), through: 1, by: 0.047) {
          for cosI in stride(from: Float(0.342), through: 1, by: 0.047) {
            let (there, back) = bothWays(color, metallic, roughness, direction(cosO), direction(cosI, turn: 0.2))
            worst = max(worst, there / back, back / there)
          }
        }
      }
      #expect(worst < limit && worst > 1 + (limit - 1) / 2, "metallic \(metallic), colour \(color): \(worst)")
    }
  }
}
