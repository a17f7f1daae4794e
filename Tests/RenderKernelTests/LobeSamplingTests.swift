import Foundation
import LaneMath
import Testing

@testable import RenderKernel

private var albedoTable: UnsafePointer<Float> { UnsafePointer(AlbedoTables.shared.values.pointer) }

private func view(_ cosine: Float) -> Vector<Float> { Vector((1 - cosine * cosine).squareRoot(), 0, cosine) }

/// Equal steps of the cosine and of the angle about z.
private struct SphereBins {
  let rows = 12
  let columns = 16
  let fine = 32

  var count: Int { rows * columns }

  func bin(_ w: Vector<Float>) -> Int {
    let turn = laneAtan2Turns(w.y, w.x) + 0.5
    return min(rows - 1, Int(w.z * Float(rows))) * columns + min(columns - 1, Int(turn * Float(columns)))
  }

  /// Integral of a density per steradian over each bin of the upper half.
  func integrals(_ density: (Vector<Float>) -> Float) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    for i in 0..<rows * fine {
      let z = (Float(i) + 0.5) / Float(rows * fine)
      let radius = (1 - z * z).squareRoot()
      for j in 0..<columns * fine {
        let (s, c) = laneSinCosTurns((Float(j) + 0.5) / Float(columns * fine) - 0.5)
        sums[i / fine * columns + j / fine] += Double(density(Vector(radius * c, radius * s, z)))
      }
    }
    let cell = 2 * Double.pi / Double(count * fine * fine)
    return sums.map { $0 * cell }
  }
}

@Suite("Lobes: sampling")
struct LobeSamplingTests {
  private let sampleCount = 100_000

  @Test(
    "Visible normals are sampled with their density (chi-square)", arguments: [Float(0.001), 0.05, 0.3, 1],
    [Float(1), 0.7, 0.15])
  func visibleNormals(alpha: Float, cosine: Float) {
    // Bins in t, where D·cos is even in 1 − t², and in the angle about z.
    let (rows, columns, fine) = (16, 16, 24)
    let wo = view(cosine)
    var chi = ChiSquare(binCount: rows * columns)
    var points = PointSource(key: 7)
    let a2 = Double(alpha) * Double(alpha)
    for _ in 0..<sampleCount {
      let (u, v) = points.next()
      let (s, c) = laneSinCosTurns(u)
      let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: s, cosPhi: c, v)
      let tan2 = Double(m.x * m.x + m.y * m.y) / Double(m.z * m.z)
      let t = (a2 / (tan2 + a2)).squareRoot()
      let turn = laneAtan2Turns(m.y, m.x) + 0.5
      chi.count(min(rows - 1, Int(t * Double(rows))) * columns + min(columns - 1, Int(turn * Float(columns))))
    }
    let masking = 1 / (1 + Double(MicrofacetLobe.lambda(cosine, alpha)))
    for i in 0..<rows * fine {
      let t = (Double(i) + 0.5) / Double(rows * fine)
      let tan2 = a2 * (1 - t * t) / (t * t)
      let z = 1 / (1 + tan2).squareRoot()
      // dω = d(cos θ) dφ, cos θ as a function of t.
      let jacobian = z * z * z * a2 / (t * t * t) * 2 * Double.pi
      let radius = (tan2 / (1 + tan2)).squareRoot()
      let density = Double(MicrofacetLobe.distribution(Float(z), alpha))
      for j in 0..<columns * fine {
        let phi = 2 * Double.pi * ((Double(j) + 0.5) / Double(columns * fine) - 0.5)
        let cosM = Double(wo.x) * radius * cos(phi) + Double(wo.z) * z
        chi.expected[i / fine * columns + j / fine] +=
          max(0, cosM) * density * masking / Double(cosine) * jacobian * Double(sampleCount)
          / Double(rows * columns * fine * fine)
      }
    }
    #expect((chi.expected.reduce(0, +) / Double(sampleCount) - 1).magnitude < 0.004)
    #expect(chi.pValue > 1e-4, "p \(chi.pValue)")
  }

  @Test(
    "The mixed lobe is sampled with the stated density (chi-square)",
    arguments: [(Float(0), Float(0.5)), (1, 0.45), (1, 0.9), (0.5, 0.6)], [Float(0.95), 0.5, 0.2])
  func mixture(material: (Float, Float), cosine: Float) {
    let bins = SphereBins()
    let surface = SurfaceLobes(
      baseColor: Vector<Float>(0.7, 0.5, 0.2), dielectric: Vector<Float>(0.04, 0.04, 0.04), metallic: material.0,
      roughness: material.1, cosO: cosine,
      table: albedoTable)
    let wo = view(cosine)
    // What lies below the surface is a bin of its own.
    var chi = ChiSquare(binCount: bins.count + 1)
    var points = PointSource(key: 3)
    for _ in 0..<sampleCount {
      let (u, v) = points.next()
      let wi = surface.sample(wo, u, v)
      chi.count(wi.z > 0 ? bins.bin(wi) : bins.count)
    }
    let inside = bins.integrals { surface.evaluate(wo, $0).density }
    let below = 1 - inside.reduce(0, +)
    #expect(below > -0.002, "the density integrates to more than one")
    chi.expected = (inside + [max(0, below)]).map { $0 * Double(sampleCount) }
    #expect(chi.pValue > 1e-4, "p \(chi.pValue)")
  }

  @Test("Cosine directions are sampled with their density (chi-square)")
  func cosine() {
    let bins = SphereBins()
    var chi = ChiSquare(binCount: bins.count)
    var points = PointSource(key: 11)
    for _ in 0..<sampleCount {
      let (u, v) = points.next()
      let (s, c) = laneSinCosTurns(u)
      chi.count(bins.bin(SurfaceLobes<Float>.sampleCosine(sinPhi: s, cosPhi: c, v)))
    }
    chi.expected = bins.integrals { $0.z / .pi }.map { $0 * Double(sampleCount) }
    #expect(chi.pValue > 1e-4, "p \(chi.pValue)")
  }

  @Test("A visible normal gives back the numbers that it was sampled from", arguments: [Float(0.01), 0.2, 1])
  func invertsVisibleNormals(alpha: Float) {
    var points = PointSource(key: 5)
    for cosine: Float in [0.1, 0.6, 1] {
      let wo = view(cosine)
      for _ in 0..<2000 {
        let (u, v) = points.next()
        // The tail is stretched so far that single precision does not lead back.
        guard v < 0.99 else { continue }
        let (s, c) = laneSinCosTurns(u)
        let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: s, cosPhi: c, v)
        let up = Vector<Float>(0, 0, 1)
        let half = Vector(m.x / alpha, m.y / alpha, m.z).normalized(or: up)
        let stretched = Vector(wo.x * alpha, wo.y * alpha, wo.z).normalized(or: up)
        let cap = half * (2 * dot(half, stretched)) - stretched
        let back = (laneAtan2Turns(cap.y, cap.x) - u)
        #expect(((1 - cap.z) / (1 + stretched.z) - v).magnitude < 1e-4)
        // Near the pole of the cap every angle is the same.
        if 1 - cap.z * cap.z > 1e-3 { #expect((back - back.rounded()).magnitude < 1e-4) }
      }
    }
  }

  @Test("A cosine direction gives back the numbers that it was sampled from")
  func invertsCosine() {
    var points = PointSource(key: 6)
    for _ in 0..<5000 {
      let (u, v) = points.next()
      let (s, c) = laneSinCosTurns(u)
      let w = SurfaceLobes<Float>.sampleCosine(sinPhi: s, cosPhi: c, v)
      #expect((w.x * w.x + w.y * w.y - v).magnitude < 1e-6)
      let turn = laneAtan2Turns(w.y, w.x) - u
      if v > 1e-6 { #expect((turn - turn.rounded()).magnitude < 1e-5) }
    }
  }
}
