import LaneMath
import Testing

@testable import RenderKernel

@Suite("Watertightness")
struct AccelWatertightTests {
  @Test(
    "Rays from inside a closed surface never escape",
    arguments: [
      ([1, 1, 1], [0, 0, 0]), ([1e-3, 1e-3, 1e-3], [0, 0, 0]), ([1e6, 1e6, 1e6], [0, 0, 0]),
      ([1, 1, 1], [1000, -2000, 500]), ([100, 1, 0.01], [0, 0, 0]), ([1, 1, 1], [0, 1e5, 0]),
    ] as [(SIMD3<Float>, SIMD3<Float>)])
  func closed(scale: SIMD3<Float>, offset: SIMD3<Float>) {
    let mesh = AccelShapes.closed(levels: 3, scale: scale, offset: offset)
    let scene = AccelScene(mesh)
    var random = AccelRandom(state: 77)
    var escapes = 0
    for i in 0..<60_000 {
      let origin = offset + (i % 3 == 0 ? .zero : random.vector() * scale * 0.3)
      var direction = random.vector() * scale
      if i % 4 != 0 {
        // At a vertex, or a point of an edge.
        let triangle = random.index(mesh.triangleCount)
        let (a, b) = (accelVertex(mesh, triangle, 0), accelVertex(mesh, triangle, 1))
        direction = (i % 4 == 1 ? a : a + (b - a) * random.unit()) - origin
      } else if i % 8 == 0 {
        direction[random.index(3)] = 0
      }
      if scene.closest(Ray(origin: origin, direction: direction, tMax: .infinity)).isMiss { escapes += 1 }
    }
    #expect(escapes == 0)
  }

  @Test("Rays from inside a room of two triangles a wall never escape, at its edges and corners")
  func room() {
    for offset in [SIMD3<Float>.zero, [12.3, 4.5, -78.9], [3000, 0, 1]] {
      var positions: [Float] = []
      for corner in 0..<8 {
        positions += (0..<3).map { offset[$0] + (corner >> $0 & 1 == 0 ? -3.1 : 2.7) }
      }
      let quads: [[UInt32]] = [
        [0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5],
      ]
      let mesh = MeshArrays(
        positions: FlatBuffer(positions),
        indices: FlatBuffer(quads.flatMap { [$0[0], $0[1], $0[2], $0[0], $0[2], $0[3]] }))
      let scene = AccelScene(mesh)
      var random = AccelRandom(state: 5)
      var escapes = 0
      for i in 0..<60_000 {
        let origin = offset + random.vector() * 2.6
        let triangle = random.index(12)
        let a = accelVertex(mesh, triangle, i % 3)
        let b = accelVertex(mesh, triangle, (i + 1) % 3)
        let target = i % 2 == 0 ? a : a + (b - a) * random.unit()
        if scene.closest(Ray(origin: origin, direction: target - origin, tMax: .infinity)).isMiss { escapes += 1 }
      }
      #expect(escapes == 0)
    }
  }
}
