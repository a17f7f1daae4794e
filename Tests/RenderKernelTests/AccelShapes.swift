import LaneMath

@testable import RenderKernel

enum AccelShapes {
  /// Random triangles of very different sizes.
  static func soup(_ count: Int, scale: Float, seed: UInt64, materials: Int = 0) -> MeshArrays {
    var random = AccelRandom(state: seed)
    let triangles = (0..<count).map { _ in
      let center = random.vector() * scale
      let size = scale * (random.index(4) == 0 ? 0.5 : 0.02)
      return (0..<3).map { _ in center + random.vector() * size }
    }
    return accelMesh(
      triangles, materials: materials == 0 ? [] : triangles.indices.map { UInt16($0 % materials) })
  }

  /// Long thin triangles across a room, among small ones, and walls: what trees like to cut.
  static func struts(_ count: Int, scale: Float, offset: SIMD3<Float> = .zero, seed: UInt64) -> MeshArrays {
    var random = AccelRandom(state: seed)
    var triangles: [[SIMD3<Float>]] = []
    for i in 0..<count {
      let a = random.vector() * scale
      let width = scale * [0.1, 0.01, 0.001][i % 3]
      let end = a + (i % 2 == 0 ? SIMD3(1.2, 1.1, -1.3) : random.vector() * 0.02) * scale
      triangles.append([a, end, a + random.vector() * width])
    }
    for axis in 0..<3 {
      var corners = [SIMD3<Float>](repeating: SIMD3(repeating: -scale), count: 4)
      corners[1][(axis + 1) % 3] = scale
      corners[2][(axis + 1) % 3] = scale
      corners[2][(axis + 2) % 3] = scale
      corners[3][(axis + 2) % 3] = scale
      triangles += [[corners[0], corners[1], corners[2]], [corners[0], corners[2], corners[3]]]
    }
    return accelMesh(triangles.map { $0.map { $0 + offset } })
  }

  /// A grid of flat squares on three axis-aligned planes: boxes without thickness, coplanar, edge to edge.
  static func grid(_ n: Int, scale: Float, offset: SIMD3<Float> = .zero) -> MeshArrays {
    var triangles: [[SIMD3<Float>]] = []
    for axis in 0..<3 {
      for i in 0..<n {
        for j in 0..<n {
          func point(_ a: Int, _ b: Int) -> SIMD3<Float> {
            var p = SIMD3<Float>.zero
            p[(axis + 1) % 3] = Float(a) * scale
            p[(axis + 2) % 3] = Float(b) * scale
            return p + offset
          }
          triangles.append([point(i, j), point(i + 1, j), point(i + 1, j + 1)])
          triangles.append([point(i, j), point(i + 1, j + 1), point(i, j + 1)])
        }
      }
    }
    return accelMesh(triangles)
  }

  /// A closed surface round the origin, its vertices shared by bits: an icosahedron cut `levels` times, bent at random.
  static func closed(levels: Int, scale: SIMD3<Float>, offset: SIMD3<Float> = .zero, seed: UInt64 = 1) -> MeshArrays {
    let g: Float = 1.618034
    var vertices: [SIMD3<Float>] = [
      [-1, g, 0], [1, g, 0], [-1, -g, 0], [1, -g, 0], [0, -1, g], [0, 1, g], [0, -1, -g], [0, 1, -g], [g, 0, -1],
      [g, 0, 1], [-g, 0, -1], [-g, 0, 1],
    ]
    var faces: [SIMD3<Int>] = [
      [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6],
      [7, 1, 8], [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7],
      [9, 8, 1],
    ]
    for _ in 0..<levels {
      var middles: [SIMD2<Int>: Int] = [:]
      func middle(_ a: Int, _ b: Int) -> Int {
        let key = SIMD2(min(a, b), max(a, b))
        if let known = middles[key] { return known }
        vertices.append((vertices[a] + vertices[b]) * 0.5)
        middles[key] = vertices.count - 1
        return vertices.count - 1
      }
      faces = faces.flatMap { f -> [SIMD3<Int>] in
        let (a, b, c) = (middle(f.x, f.y), middle(f.y, f.z), middle(f.z, f.x))
        return [[f.x, a, c], [f.y, b, a], [f.z, c, b], [a, b, c]]
      }
    }
    var random = AccelRandom(state: seed)
    let points = vertices.map { v -> SIMD3<Float> in
      let length = (v * v).sum().squareRoot()
      return v / length * (0.9 + 0.1 * random.unit()) * scale + offset
    }
    return MeshArrays(
      positions: FlatBuffer(points.flatMap { [$0.x, $0.y, $0.z] }),
      indices: FlatBuffer(faces.flatMap { [UInt32($0.x), UInt32($0.y), UInt32($0.z)] }))
  }
}

enum AccelRays {
  /// Rays meant to fall between chairs: through vertices and along edges, along axes, in planes, with zeros and tiny
  /// components, from surfaces, from far away, with limits.
  static func adversarial(_ mesh: MeshArrays, count: Int, scale: Float, seed: UInt64) -> [Ray] {
    var random = AccelRandom(state: seed)
    return (0..<count).map { i in
      let triangle = random.index(mesh.triangleCount)
      let k = random.index(3)
      let a = accelVertex(mesh, triangle, k)
      let b = accelVertex(mesh, triangle, (k + 1) % 3)
      let c = accelVertex(mesh, triangle, (k + 2) % 3)
      let onEdge = a + (b - a) * random.unit()
      let inside = a + (b - a) * (0.5 * random.unit()) + (c - a) * (0.5 * random.unit())
      let target = [a, onEdge, inside, (a + b) * 0.5][random.index(4)]
      var origin = random.vector() * scale * [1.5, 1.5, 100][random.index(3)]
      var direction = target - origin
      switch i % 8 {
      case 0:  // through a point, along an axis
        let axis = random.index(3)
        direction = .zero
        direction[axis] = random.index(2) == 0 ? 1 : -1
        origin = target - direction * scale * 2
      case 1:  // along an edge, in the triangle's plane
        direction = b - a
        origin = a - direction * (random.unit() * 3 - 1)
      case 2:  // from a vertex or a point on the surface
        origin = target
        direction = random.vector()
      case 3:  // two coordinates equal to the target's
        origin[random.index(3)] = target.x
        let axis = random.index(3)
        origin[axis] = target[axis]
        direction = target - origin
      case 4:  // components next to nothing
        direction[random.index(3)] = [0, -0.0, 1e-30, -1e-38, 1e-20, -1e-12][random.index(6)]
      case 5:  // any length
        direction *= [1e-6, 1e-3, 1e3, 1e6][random.index(4)]
      default: break
      }
      let tMax: Float = [.infinity, .infinity, 1, random.unit() * 2][random.index(4)]
      return Ray(origin: origin, direction: direction, tMax: tMax)
    }
  }

  /// Rays that all but lie in a triangle's plane, from near and from very far.
  static func grazing(_ mesh: MeshArrays, count: Int, scale: Float, seed: UInt64) -> [Ray] {
    var random = AccelRandom(state: seed)
    return (0..<count).map { _ in
      let triangle = random.index(mesh.triangleCount)
      let (a, b, c) = (
        accelVertex(mesh, triangle, 0), accelVertex(mesh, triangle, 1), accelVertex(mesh, triangle, 2)
      )
      let (first, second) = (random.unit(), random.unit())
      let target = a + (b - a) * min(first, second) + (c - a) * (1 - max(first, second))
      var along = (b - a) * random.signed() + (c - a) * random.signed()
      along += random.vector() * scale * [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 0][random.index(6)]
      let length = (along * along).sum().squareRoot()
      if length > 0 { along /= length }
      let distance = scale * [0.1, 1, 3, 100, 1e5][random.index(5)] * random.unit()
      return Ray(origin: target - along * distance, direction: along, tMax: .infinity)
    }
  }

  /// Rays in a triangle's plane that pass beside it, mostly through its own box.
  static func beside(_ mesh: MeshArrays, count: Int, seed: UInt64) -> [Ray] {
    var random = AccelRandom(state: seed)
    return (0..<count).map { _ in
      let triangle = random.index(mesh.triangleCount)
      let k = random.index(3)
      let (a, b, c) = (
        accelVertex(mesh, triangle, k), accelVertex(mesh, triangle, (k + 1) % 3),
        accelVertex(mesh, triangle, (k + 2) % 3)
      )
      let target = b + c - a - (b - a) * (0.48 * random.unit()) - (c - a) * (0.48 * random.unit())
      let direction = (b - c) + (b - a) * (random.signed() * 0.3)
      return Ray(origin: target - direction * (random.unit() * 4 - 1), direction: direction, tMax: .infinity)
    }
  }

  /// Groups of eight that go nearly the same way, as camera rays do.
  static func bundles(_ mesh: MeshArrays, count: Int, scale: Float, seed: UInt64) -> [Ray] {
    var random = AccelRandom(state: seed)
    return (0..<count).flatMap { _ in
      let target = accelVertex(mesh, random.index(mesh.triangleCount), random.index(3))
      let origin = random.vector() * scale * [1, 3][random.index(2)]
      let spread = [0, 1e-3, 2e-2][random.index(3)] as Float
      let tMax: Float = [.infinity, 0.9, 1][random.index(3)]
      return (0..<8).map { _ in
        Ray(origin: origin, direction: target - origin + random.vector() * scale * spread, tMax: tMax)
      }
    }
  }
}
