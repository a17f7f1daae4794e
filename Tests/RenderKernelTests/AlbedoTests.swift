import Foundation
import LaneMath
import Testing

@testable import RenderKernel

@Suite("Albedo table")
struct AlbedoTests {
  private var table: UnsafePointer<Float> { UnsafePointer(AlbedoTables.shared.values.pointer) }

  /// By quadrature over stretched half vectors, in double precision: not by visible normals, as the table is.
  private func integral(cosine: Double, roughness: Double) -> (scale: Double, bias: Double) {
    let alpha = max(roughness * roughness, 1e-3)
    let a2 = alpha * alpha
    let sine = (1 - cosine * cosine).squareRoot()
    func lambda(_ z: Double) -> Double { ((1 + a2 * (1 - z * z) / (z * z)).squareRoot() - 1) / 2 }
    let (rows, columns) = (600, 256)
    var (scale, bias) = (0.0, 0.0)
    for i in 0..<rows {
      // r = 1 − t³: most of what is lost lies in the tail.
      let t = (Double(i) + 0.5) / Double(rows)
      let q = t * t * t
      let tan2 = a2 * (1 - q) / q
      let z = 1 / (1 + tan2).squareRoot()
      let radius = (1 - z * z).squareRoot()
      let weight = 3 * t * t
      for j in 0..<columns {
        let phi = Double.pi * (Double(j) + 0.5) / Double(columns)
        let cosM = sine * radius * cos(phi) + cosine * z
        let out = 2 * cosM * z - cosine
        guard cosM > 0, out > 0 else { continue }
        // D·cos θ dω is even in r and φ.
        let value = weight * cosM / (z * cosine) / (1 + lambda(cosine) + lambda(out))
        let fresnel = pow(1 - cosM, 5)
        scale += value * (1 - fresnel)
        bias += value * fresnel
      }
    }
    return (scale / Double(rows * columns), bias / Double(rows * columns))
  }

  @Test("Every cell's corners are right within 0.001", arguments: [0, 9, 20, 33, 48, 63])
  func corners(row: Int) {
    for column in [4, 12, 22, 31] {
      let cosine = Float(column * column) / Float((AlbedoTables.columns - 1) * (AlbedoTables.columns - 1))
      let roughness = Float(row) / Float(AlbedoTables.rows - 1)
      let found = AlbedoTables.lookup(table, cosine: cosine, roughness: roughness)
      let truth = integral(cosine: Double(cosine), roughness: Double(roughness))
      #expect((Double(found.scale) - truth.scale).magnitude < 1e-3, "\(cosine): \(found.scale), \(truth.scale)")
      #expect((Double(found.bias) - truth.bias).magnitude < 1e-3, "\(cosine): \(found.bias), \(truth.bias)")
    }
  }

  @Test("Between corners the error stays within 0.0015, for directions within 84° of the normal")
  func interpolation() {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<60 {
      let cosine = Float.random(in: 0.1...1, using: &generator)
      let roughness = Float.random(in: 0...1, using: &generator)
      let found = AlbedoTables.lookup(table, cosine: cosine, roughness: roughness)
      let truth = integral(cosine: Double(cosine), roughness: Double(roughness))
      #expect((Double(found.scale + found.bias) - truth.scale - truth.bias).magnitude < 1.5e-3)
    }
  }

  @Test("The table reaches the normal and the horizon")
  func ends() {
    // Closed form for α = 1 seen from the front: 1 − ln 2.
    let front = AlbedoTables.lookup(table, cosine: 1 as Float, roughness: 1)
    #expect((front.scale + front.bias - 0.30685282).magnitude < 1e-3)
    let horizon = AlbedoTables.lookup(table, cosine: 0 as Float, roughness: 1)
    #expect(horizon.scale + horizon.bias > 0.98)
  }

  @Test("Means over directions are right within 0.002", arguments: [Float(0.2), 0.5, 0.8, 1])
  func means(roughness: Float) {
    var sum = 0.0
    let count = 40
    for i in 0..<count {
      let cosine = (Double(i) + 0.5) / Double(count)
      let (scale, bias) = integral(cosine: cosine, roughness: Double(roughness))
      sum += 2 * cosine * (scale + bias) / Double(count)
    }
    let found = AlbedoTables.lookup(table, cosine: 0.5 as Float, roughness: roughness).mean
    #expect((Double(found) - sum).magnitude < 2e-3, "\(found), \(sum)")
  }
}
