import LaneMath
import Testing

@testable import RenderKernel

private var albedoTable: UnsafePointer<Float> { UnsafePointer(AlbedoTables.shared.values.pointer) }

private func lobes(_ color: Float, _ metallic: Float, _ roughness: Float, _ cosine: Float) -> SurfaceLobes<Float> {
  SurfaceLobes(
    baseColor: Vector(color, color, color), metallic: metallic, roughness: roughness, cosO: cosine, table: albedoTable)
}

private func direction(_ cosine: Float) -> Vector<Float> { Vector((1 - cosine * cosine).squareRoot(), 0, cosine) }

@Suite("Surface")
struct SurfaceLobesTests {
  /// Mean weight of samples: the directional albedo.
  private func albedo(_ color: Float, _ metallic: Float, _ roughness: Float, _ cosine: Float) -> Double {
    let surface = lobes(color, metallic, roughness, cosine)
    let wo = direction(cosine)
    var sum = 0.0
    let count = 4096
    for i in 0..<count {
      let sampler = Sampler<Float>(pixelKey: 99, reversedIndex: SampleHash.reversed(UInt32(i)))
      let (u, v) = sampler.pair(1)
      let wi = surface.sample(wo, u, v)
      let (value, density) = surface.evaluate(wo, wi)
      if density > 0 { sum += Double(value.x / density) }
    }
    return sum / Double(count)
  }

  @Test(
    "White surfaces reflect everything and create nothing (white furnace)",
    arguments: [Float(0), 0.25, 0.5, 0.75, 1], [Float(0.05), 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1])
  func whiteFurnace(metallic: Float, roughness: Float) {
    for cosine: Float in [0.1, 0.3, 0.6, 0.9, 1] {
      let reflected = albedo(1, metallic, roughness, cosine)
      // One per cent: the tables' resolution and this test's samples.
      #expect((0.985...1.01).contains(reflected), "cosine \(cosine): \(reflected)")
    }
  }

  @Test("Coloured surfaces reflect less, black dielectrics their coat only")
  func darkSurfaces() {
    #expect((0.035...0.06).contains(albedo(0, 0, 0.3, 1)))
    #expect((0.4...0.56).contains(albedo(0.5, 0, 0.5, 0.8)))
    #expect(albedo(0, 1, 0.5, 0.8) < 0.02)
  }

  @Test(
    "Directions are sampled with the stated density (chi-square)",
    arguments: [(Float(0), Float(0.5)), (1, 0.3), (1, 0.8), (0.5, 0.6)], [Float(0.95), 0.5, 0.2])
  func densityMatches(material: (Float, Float), cosine: Float) {
    let surface = lobes(0.7, material.0, material.1, cosine)
    let wo = direction(cosine)
    // Bins over cos θ and φ; what lies below the surface is a bin of its own.
    let (rows, columns, count) = (12, 16, 200_000)
    var observed = [Double](repeating: 0, count: rows * columns + 1)
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<count {
      let wi = surface.sample(
        wo, Float.random(in: 0..<1, using: &generator), Float.random(in: 0..<1, using: &generator))
      if wi.z <= 0 {
        observed[rows * columns] += 1
        continue
      }
      let phi = laneAtan2Turns(wi.y, wi.x) + 0.5
      observed[min(rows - 1, Int(wi.z * Float(rows))) * columns + min(columns - 1, Int(phi * Float(columns)))] += 1
    }
    var expected = [Double](repeating: 0, count: rows * columns + 1)
    let fine = 24
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = 0.0
        for i in 0..<fine {
          for j in 0..<fine {
            let z = (Float(row) + (Float(i) + 0.5) / Float(fine)) / Float(rows)
            let turn = (Float(column) + (Float(j) + 0.5) / Float(fine)) / Float(columns) - 0.5
            let (s, c) = laneSinCosTurns(turn)
            let radius = (1 - z * z).squareRoot()
            sum += Double(surface.evaluate(wo, Vector(radius * c, radius * s, z)).density)
          }
        }
        // cos θ and φ measure solid angle.
        expected[row * columns + column] =
          sum / Double(fine * fine) * 2 * .pi / Double(rows * columns) * Double(count)
      }
    }
    expected[rows * columns] = Double(count) - expected.reduce(0, +)
    #expect(expected[rows * columns] > -0.01 * Double(count), "density integrates to more than one")
    var (chi, freedom) = (0.0, 0.0)
    for (o, e) in zip(observed, expected) where e > 20 {
      chi += (o - e) * (o - e) / e
      freedom += 1
    }
    // Five standard deviations, and room for the numerical integral.
    #expect(chi < freedom + 5 * (2 * freedom).squareRoot() + 0.002 * Double(count) * 0.1, "chi² \(chi) of \(freedom)")
  }

  @Test("Swapping directions changes nothing but the cosine (metal)")
  func isReciprocal() {
    // The compensation depends on one direction only (Turquin), so it is compared at equal cosines.
    let surface = lobes(0.7, 1, 0.5, 0.6)
    let a = direction(0.6)
    let b = Vector<Float>(0, 0.8, 0.6)
    let (ab, ba) = (surface.evaluate(a, b).value.x, surface.evaluate(b, a).value.x)
    #expect((ab - ba).magnitude < 1e-5 * ab)
  }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
