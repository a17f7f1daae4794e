import Foundation
import LaneMath
import Testing

@testable import RenderKernel

@Suite("Emissive triangles")
struct TriangleLightTests {
  /// Three quads of two brightnesses, under a transform that scales its axes differently.
  private struct Lamps {
    let frame: PreparedFrame
    let lights: LightView
    /// World corners and relative chance per area, by emitter.
    let triangles: [(SIMD3<Float>, SIMD3<Float>, SIMD3<Float>, weight: Double)]

    init() {
      var builder = SceneBuilder()
      builder.quad([-1, 0.2, -1], [0.7, 0, 0], [0, 0.1, 0.9])
      builder.quad([0.4, -0.6, -0.8], [0.3, 0.2, 0], [0, 0.5, 0.4], material: 1)
      builder.quad([-0.3, -0.9, 1.1], [0.9, 0, 0.1], [0.2, 0.3, 0], material: 1)
      let mesh = builder.mesh()
      var (dim, bright) = (Material(), Material())
      dim.emissive = [0.5, 0.5, 0.5]
      bright.emissive = [3, 3, 3]
      var description = RenderKernelTests.frame(mesh, [dim, bright], camera: camera(distance: 3))
      let transform = Affine(x: [1.5, 0.2, 0, 0.3], y: [0, 0.8, 0.1, -0.2], z: [0.3, 0, 2, 0.1])
      description.instances = [MeshInstance(mesh: 0, objectToWorld: transform)!]
      frame = prepared(description)
      lights = LightView(frame.lights)
      triangles = (0..<mesh.triangleCount).map { triangle in
        let corners = (0..<3).map { corner in
          let p = mesh.positions.pointer + 3 * Int(mesh.indices[3 * triangle + corner])
          return transform.point(SIMD3(p[0], p[1], p[2]))
        }
        return (corners[0], corners[1], corners[2], weight: mesh.materials[triangle] == 0 ? 0.5 : 3)
      }
    }

    func sample(_ origin: SIMD3<Float>, _ choice: Float, _ v: Float) -> LightSample {
      lights.sampleTriangle(
        from: origin, choice: choice, v: v, instances: UnsafePointer(frame.instances.pointer),
        materials: UnsafePointer(frame.materials.pointer))
    }
  }

  private static func area(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>) -> Double {
    let n = cross(b - a, c - a)
    return 0.5 * Double(dot(n, n)).squareRoot()
  }

  @Test("Directions are sampled in proportion to area and brightness (chi-square)")
  func chiSquare() {
    let lamps = Lamps()
    let origin: SIMD3<Float> = [0.1, 0, 0.2]
    let (rows, columns, count, fine) = (12, 24, 200_000, 160)
    func bin(_ d: SIMD3<Float>) -> Int {
      min(rows - 1, Int((d.y * 0.5 + 0.5) * Float(rows))) * columns
        + min(columns - 1, Int((laneAtan2Turns(d.z, d.x) + 0.5) * Float(columns)))
    }
    var chi = ChiSquare(binCount: rows * columns)
    var source = PointSource(key: 5)
    for _ in 0..<count {
      let (choice, v) = source.next()
      chi.count(bin(lamps.sample(origin, choice, v).direction))
    }
    // Every triangle in fine² triangles of equal area.
    let total = lamps.triangles.reduce(0) { $0 + Self.area($1.0, $1.1, $1.2) * $1.weight }
    for (a, b, c, weight) in lamps.triangles {
      let share = Self.area(a, b, c) * weight / total * Double(count) / Double(fine * fine)
      for i in 0..<fine {
        for j in 0..<fine - i {
          for third in [Float(1) / 3, Float(2) / 3] where third < 0.5 || j < fine - i - 1 {
            let (u, v) = ((Float(i) + third) / Float(fine), (Float(j) + third) / Float(fine))
            let point = a + (b - a) * u + (c - a) * v
            chi.expected[bin(normalized(point - origin, or: .zero))] += share
          }
        }
      }
    }
    #expect((chi.expected.reduce(0, +) / Double(count) - 1).magnitude < 1e-6)
    #expect(chi.pValue > 1e-4, "p \(chi.pValue)")
  }

  @Test("The mean of one over the density is the solid angle of the lamps")
  func solidAngle() {
    let lamps = Lamps()
    var generator = SeededGenerator(seed: 8)
    for origin in [SIMD3<Float>(0, 2.5, 0.5), [-2.5, 1.5, -1], [1.5, -2.5, 2.5], [0.5, 0.5, 4]] {
      // Van Oosterom and Strackee 1983.
      let expected = lamps.triangles.reduce(0.0) { sum, triangle in
        let (a, b, c) = (triangle.0 - origin, triangle.1 - origin, triangle.2 - origin)
        func length(_ x: SIMD3<Float>) -> Double { Double(dot(x, x)).squareRoot() }
        let volume = Double(dot(a, cross(b, c))).magnitude
        let denominator =
          length(a) * length(b) * length(c) + Double(dot(a, b)) * length(c) + Double(dot(a, c)) * length(b)
          + Double(dot(b, c)) * length(a)
        let half = atan2(volume, denominator)
        return sum + 2 * half
      }
      var (sum, squares) = (0.0, 0.0)
      let count = 100_000
      for _ in 0..<count {
        let sample = lamps.sample(
          origin, .random(in: 0..<1, using: &generator), .random(in: 0..<1, using: &generator))
        let value = sample.density > 0 ? 1 / Double(sample.density) : 0
        sum += value
        squares += value * value
      }
      let mean = sum / Double(count)
      let deviation = ((squares / Double(count) - mean * mean) / Double(count)).squareRoot()
      #expect((mean - expected).magnitude < 5 * deviation, "\(mean) for \(expected), deviation \(deviation)")
      #expect(deviation < 0.02 * expected)
    }
  }
}
