import LaneMath
import Testing

@testable import RenderKernel

@Suite("Acceleration structures")
struct AccelStructureTests {
  @Test(
    "Wide and reference structures find the hits that trying every triangle finds",
    arguments: [1e-3, 1, 1e6] as [Float])
  func soup(scale: Float) {
    let mesh = AccelShapes.soup(700, scale: scale, seed: 7)
    let (wrong, hits) = AccelScene(mesh).disagreements(
      AccelRays.adversarial(mesh, count: 6000, scale: scale, seed: 11))
    #expect(wrong == 0)
    #expect(hits > 1500)
  }

  @Test("Boxes without thickness change no hit", arguments: [1, 0.1, 1e4] as [Float])
  func grid(scale: Float) {
    for offset in [SIMD3<Float>.zero, SIMD3(1, -3, 7) * (scale * 0.37)] {
      let mesh = AccelShapes.grid(8, scale: scale, offset: offset)
      let (wrong, hits) = AccelScene(mesh).disagreements(
        AccelRays.adversarial(mesh, count: 5000, scale: 8 * scale, seed: 5))
      #expect(wrong == 0)
      #expect(hits > 1000)
    }
  }

  @Test(
    "Trees cut large triangles, and find the hits that trying every triangle finds",
    arguments: [1e-3, 1, 1e5] as [Float])
  func cuts(scale: Float) {
    for (seed, offset) in [(41, .zero), (42, SIMD3(repeating: 30 * scale))] as [(UInt64, SIMD3<Float>)] {
      let mesh = AccelShapes.struts(800, scale: scale, offset: offset, seed: seed)
      let scene = AccelScene(mesh)
      #expect(scene.wide.meshes[0].partCount > 20)
      var rays = AccelRays.grazing(mesh, count: 4000, scale: scale, seed: seed + 10)
      rays += AccelRays.adversarial(mesh, count: 2000, scale: scale, seed: seed + 20)
      rays += AccelRays.beside(mesh, count: 4000, seed: seed + 30)
      let (wrong, hits) = scene.disagreements(rays)
      #expect(wrong == 0)
      #expect(hits > 1500)
    }
  }

  @Test("Rays that travel together find what each finds alone")
  func packets() {
    for mesh in [
      AccelShapes.soup(500, scale: 1, seed: 51), AccelShapes.struts(400, scale: 1, seed: 52),
      AccelShapes.grid(6, scale: 0.3),
    ] {
      let (wrong, hits) = AccelScene(mesh).disagreements(AccelRays.bundles(mesh, count: 600, scale: 1.5, seed: 53))
      #expect(wrong == 0)
      #expect(hits > 800)
    }
  }

  @Test("Mirrored, stretched, nested and equal instances agree, alpha included")
  func instances() {
    let a = AccelShapes.soup(150, scale: 1, seed: 3, materials: 2)
    let b = AccelShapes.grid(3, scale: 0.4)
    func at(_ mesh: Int, _ x: SIMD4<Float>, _ y: SIMD4<Float>, _ z: SIMD4<Float>) -> MeshInstance {
      MeshInstance(mesh: mesh, objectToWorld: Affine(x: x, y: y, z: z))!
    }
    let scene = AccelScene(
      [a, b, accelMesh([])],
      [
        at(0, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
        at(0, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
        at(0, [-1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0]),
        at(1, [0.6, -0.8, 0, 1], [0.8, 0.6, 0, 0], [0, 0, 1, -0.3]),
        at(1, [100, 0, 0, 1], [0, 0.01, 0, 0], [0, 0, 1, 0]),
        at(2, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
        at(1, [1e-4, 2e-5, 0, 0], [0, 1e-4, 0, 0], [0, 3e-5, 1e-4, 0]),
        at(0, [0.3, 0.1, 0, 3], [-0.1, 0.3, 0.2, 1], [0, 0.2, -0.5, -2]),
      ], alphaTested: [false, true])
    var random = AccelRandom(state: 21)
    var rays = AccelRays.adversarial(a, count: 3000, scale: 2, seed: 1)
    rays += AccelRays.adversarial(b, count: 2000, scale: 2, seed: 2)
    rays += AccelRays.bundles(a, count: 200, scale: 2, seed: 4)
    rays += (0..<2000).map { _ in
      Ray(origin: random.vector() * 4, direction: random.vector(), tMax: .infinity)
    }
    let (wrong, hits) = scene.disagreements(rays)
    #expect(wrong == 0)
    #expect(hits > 2000)
  }

  @Test("Of equal triangles the one with the smallest numbers is hit")
  func ties() {
    let triangle: [SIMD3<Float>] = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    let mesh = accelMesh([[[5, 5, 5], [6, 5, 5], [5, 6, 5]]] + Array(repeating: triangle, count: 40))
    let identity = MeshInstance(mesh: 0, objectToWorld: .identity)!
    let scene = AccelScene([mesh], Array(repeating: identity, count: 20))
    let ray = Ray(origin: [0.2, 0.2, 3], direction: [0, 0, -1], tMax: .infinity)
    for hit in scene.answers(ray, key: 0).hits {
      #expect(hit.instance == 0 && hit.triangle == 1 && abs(hit.t - 3) < 1e-6)
    }
  }

  @Test("A hit counts only before the ray's limit, and only ahead of its origin")
  func limits() {
    let scene = AccelScene(accelMesh([[[-1, -1, 0], [1, -1, 0], [0, 1, 0]]]))
    func hits(_ z: Float, _ tMax: Float) -> [Bool] {
      scene.answers(Ray(origin: [0, 0, z], direction: [0, 0, -1], tMax: tMax), key: 0).any
    }
    #expect(hits(2, .infinity) == [true, true, true])
    #expect(hits(2, Float(2).nextUp) == [true, true, true])
    for (z, tMax) in [(2, 2), (2, 0), (2, -1), (2, .nan), (0, .infinity), (-1, .infinity)] as [(Float, Float)] {
      #expect(hits(z, tMax) == [false, false, false])
    }
  }

  @Test("Rays out of range hit nothing, in any structure")
  func invalidRays() {
    let mesh = AccelShapes.grid(4, scale: 1)
    let bad: [Float] = [.nan, .infinity, -.infinity, 1e30]
    var rays: [Ray] = [Ray(origin: [0.5, 0.5, 3], direction: .zero, tMax: .infinity)]
    for value in bad {
      for axis in 0..<3 {
        var ray = Ray(origin: [0.5, 0.5, 3], direction: [0, 0, -1], tMax: .infinity)
        ray.origin[axis] = value
        rays.append(ray)
        ray = Ray(origin: [0.5, 0.5, 3], direction: [0, 0, -1], tMax: .infinity)
        ray.direction[axis] = value
        rays.append(ray)
      }
    }
    let (wrong, hits) = AccelScene(mesh).disagreements(rays)
    #expect(wrong == 0 && hits == 0)
  }

  @Test("Nothing to hit: no meshes, no instances, no triangles, only degenerate triangles")
  func empty() {
    let degenerate = accelMesh([
      [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 1, 1], [2, 2, 2]], [[1, 0, 0], [1, 0, 0], [3, 1, 1]],
    ])
    let identity = MeshInstance(mesh: 0, objectToWorld: .identity)!
    let scenes = [
      AccelScene([], []), AccelScene([degenerate], []), AccelScene(accelMesh([])),
      AccelScene([degenerate], [identity, identity]),
    ]
    for scene in scenes {
      #expect(scene.wide.bounds.isEmpty && scene.reference.bounds.isEmpty)
      for direction in [[0, 0, 1], [1, 1, 1], [-1, 0, 0]] as [SIMD3<Float>] {
        let (hits, any) = scene.answers(Ray(origin: [-1, -1, -1], direction: direction, tMax: .infinity), key: 0)
        #expect(hits.allSatisfy(\.isMiss) && any == [false, false, false])
      }
    }
  }

  @Test("The structure has the same bytes for any number of threads")
  func threads() {
    let mesh = AccelShapes.soup(20_000, scale: 1, seed: 9)
    let trees = [1, 2, 5].map { PreparedMesh(mesh, alphaTested: [], kind: .wide, threadCount: $0).wide! }
    for tree in trees.dropFirst() { #expect(tree.bytes.elementsEqual(trees[0].bytes)) }
    #expect(trees[0].bytes.count > 20_000 * 36)
  }

  @Test("Thousands of triangles in one place make a tree of bounded depth")
  func stacked() {
    let triangle: [SIMD3<Float>] = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    // Centres in geometric progression defeat splitting in the middle.
    let series = (0..<120).map { i -> [SIMD3<Float>] in
      let x = Float(sign: .plus, exponent: -i / 2, significand: 1)
      return [[x, 0, 0], [x * 1.01, x, 0], [x, 0, x]]
    }
    let mesh = accelMesh(Array(repeating: triangle, count: 5000) + series)
    let (wrong, _) = AccelScene(mesh).disagreements(AccelRays.adversarial(mesh, count: 100, scale: 1, seed: 2))
    #expect(wrong == 0)
  }
}
