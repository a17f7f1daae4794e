import KernelScene
import LaneMath
import RenderKernel

/// Rays like those of a path tracer, made from a mesh and a seed.
struct BenchRays {
  struct Set {
    var name: String
    var rays: RayBatch
    var isAnyHit: Bool
  }

  private struct Ray {
    var origin: SIMD3<Float>
    var direction: SIMD3<Float>
    var limit: Float
  }

  private(set) var sets: [Set] = []
  private let mesh: MeshArrays
  private let lower: SIMD3<Float>
  private let upper: SIMD3<Float>
  private var state: UInt64 = 42

  /// Camera rays in order of pixels; scattered rays of the first three bounces, shuffled; shadow rays from the points of each
  /// towards a light above the scene and towards the sky by turns, in the order of the points.
  init(mesh: MeshArrays, query: RayQuery, camera: Camera, width: Int, height: Int) {
    self.mesh = mesh
    var (lower, upper) = (SIMD3<Float>(repeating: .infinity), SIMD3<Float>(repeating: -.infinity))
    for vertex in 0..<mesh.vertexCount {
      let p = BenchRays.position(mesh, vertex)
      lower = pointwiseMin(lower, p)
      upper = pointwiseMax(upper, p)
    }
    (self.lower, self.upper) = (lower, upper)

    var current = BenchRays.batch(cameraRays(camera, width, height))
    query.closestHits(current)
    sets.append(Set(name: "primary", rays: current, isAnyHit: false))
    for bounce in 0...3 {
      let shadows = scattered(current, isShadow: true)
      if !shadows.isEmpty {
        sets.append(Set(name: "shadow \(bounce)", rays: BenchRays.batch(shadows), isAnyHit: true))
      }
      guard bounce < 3 else { break }
      var next = scattered(current, isShadow: false)
      guard !next.isEmpty else { break }
      for i in stride(from: next.count - 1, to: 0, by: -1) { next.swapAt(i, Int(bits() % UInt64(i + 1))) }
      current = BenchRays.batch(next)
      query.closestHits(current)
      sets.append(Set(name: "diffuse \(bounce + 1)", rays: current, isAnyHit: false))
    }
  }

  /// SplitMix64.
  private mutating func bits() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private mutating func unit() -> Float { Float(bits() >> 40) * 0x1p-24 }

  private mutating func onSphere() -> SIMD3<Float> {
    while true {
      let v = SIMD3(2 * unit() - 1, 2 * unit() - 1, 2 * unit() - 1)
      let square = (v * v).sum()
      if square > 1e-4, square <= 1 { return v / square.squareRoot() }
    }
  }

  private static func position(_ mesh: MeshArrays, _ vertex: Int) -> SIMD3<Float> {
    let p = mesh.positions.pointer + 3 * vertex
    return SIMD3(p[0], p[1], p[2])
  }

  private static func batch(_ rays: [Ray]) -> RayBatch {
    let batch = RayBatch(count: rays.count)
    for (i, ray) in rays.enumerated() {
      for axis in 0..<3 {
        batch.origins.pointer[axis * rays.count + i] = ray.origin[axis]
        batch.directions.pointer[axis * rays.count + i] = ray.direction[axis]
      }
      batch.limits.pointer[i] = ray.limit
    }
    return batch
  }

  private mutating func cameraRays(_ camera: Camera, _ width: Int, _ height: Int) -> [Ray] {
    let m = camera.cameraToWorld
    let origin = SIMD3(m.x.w, m.y.w, m.z.w)
    let half: Float
    var isPerspective = true
    switch camera.projection {
    case .perspective(let tangent): half = tangent
    case .orthographic(let halfHeight): (half, isPerspective) = (halfHeight, false)
    }
    var rays: [Ray] = []
    for y in 0..<height {
      for x in 0..<width {
        let sx = (2 * (Float(x) + unit()) / Float(width) - 1) * half * Float(width) / Float(height)
        let sy = (1 - 2 * (Float(y) + unit()) / Float(height)) * half
        let start = isPerspective ? origin : origin + m.vector([sx, sy, 0])
        let direction = m.vector(isPerspective ? [sx, sy, -1] : [0, 0, -1])
        rays.append(
          Ray(origin: start, direction: direction / (direction * direction).sum().squareRoot(), limit: .infinity))
      }
    }
    return rays
  }

  private mutating func scattered(_ batch: RayBatch, isShadow: Bool) -> [Ray] {
    var rays: [Ray] = []
    let n = batch.count
    let extent = upper - lower
    let clearance = (extent * extent).sum().squareRoot() * 1e-5
    for i in 0..<n where batch.triangles[i] != .max {
      let corner = mesh.indices.pointer + 3 * Int(batch.triangles[i])
      let p = BenchRays.position(mesh, Int(corner[0]))
      let e1 = BenchRays.position(mesh, Int(corner[1])) - p
      let e2 = BenchRays.position(mesh, Int(corner[2])) - p
      var normal = SIMD3(e1.y * e2.z - e1.z * e2.y, e1.z * e2.x - e1.x * e2.z, e1.x * e2.y - e1.y * e2.x)
      normal /= (normal * normal).sum().squareRoot()
      let direction = SIMD3(batch.directions[i], batch.directions[n + i], batch.directions[2 * n + i])
      if (normal * direction).sum() > 0 { normal = -normal }
      let point = p + e1 * batch.barycentrics[i] + e2 * batch.barycentrics[n + i] + normal * clearance
      if !isShadow {
        let towards = normal + onSphere()
        let length = (towards * towards).sum().squareRoot()
        if length > 1e-3 { rays.append(Ray(origin: point, direction: towards / length, limit: .infinity)) }
      } else if i % 2 == 0 {
        let sky = onSphere()
        rays.append(
          Ray(origin: point, direction: (sky * normal).sum() < 0 ? -sky : sky, limit: .infinity))
      } else {
        let light = SIMD3(
          lower.x + extent.x * unit(), upper.y + 0.1 * extent.y, lower.z + extent.z * unit())
        rays.append(Ray(origin: point, direction: light - point, limit: 0.999))
      }
    }
    return rays
  }
}
