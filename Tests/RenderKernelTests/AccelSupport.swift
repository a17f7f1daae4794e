import LaneMath

@testable import RenderKernel

/// SplitMix64.
struct AccelRandom {
  var state: UInt64

  mutating func bits() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func index(_ count: Int) -> Int { Int(bits() % UInt64(count)) }
  /// In [0, 1).
  mutating func unit() -> Float { Float(bits() >> 40) * 0x1p-24 }
  mutating func signed() -> Float { 2 * unit() - 1 }
  mutating func vector() -> SIMD3<Float> { SIMD3(signed(), signed(), signed()) }
}

func accelMesh(_ triangles: [[SIMD3<Float>]], materials: [UInt16] = []) -> MeshArrays {
  MeshArrays(
    positions: FlatBuffer(triangles.flatMap { $0.flatMap { [$0.x, $0.y, $0.z] } }),
    indices: FlatBuffer((0..<UInt32(3 * triangles.count)).map { $0 }), materials: FlatBuffer(materials))
}

func accelVertex(_ mesh: MeshArrays, _ triangle: Int, _ corner: Int) -> SIMD3<Float> {
  let v = mesh.corners(triangle)
  let p = corner == 0 ? v.0 : corner == 1 ? v.1 : v.2
  return SIMD3(p.x, p.y, p.z)
}

/// Sees some triangles and not others, by hash.
struct HashFilter: AlphaFilter {
  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool {
    var random = AccelRandom(state: UInt64(instance) << 40 ^ UInt64(triangle) << 8 ^ UInt64(key))
    return random.unit() + 0.1 * u < 0.5
  }
}

/// The same scene in all structures, and every triangle tried.
struct AccelScene {
  let meshes: [MeshArrays]
  let instances: [MeshInstance]
  let alphaTested: [Bool]
  let wide: SceneStructure
  let reference: SceneStructure
  private let memory = TraversalMemory()

  init(_ meshes: [MeshArrays], _ instances: [MeshInstance], alphaTested: [Bool] = []) {
    self.meshes = meshes
    self.instances = instances
    self.alphaTested = alphaTested
    func structure(_ kind: AccelerationKind) -> SceneStructure {
      SceneStructure(
        meshes: meshes.map { PreparedMesh($0, alphaTested: alphaTested, kind: kind, threadCount: 2) },
        instances: instances, kind: kind)
    }
    wide = structure(.wide)
    reference = structure(.reference)
  }

  init(_ mesh: MeshArrays) { self.init([mesh], [MeshInstance(mesh: 0, objectToWorld: .identity)!]) }

  func closest(_ ray: Ray, key: UInt32 = 0) -> Hit { closest([ray], keys: [key], wide, EightLanes.self)[0] }

  private func withStream<Result>(_ rays: [Ray], keys: [UInt32], _ body: (RayStream) -> Result) -> Result {
    let numbers = FlatBuffer<Float>(count: 7 * max(1, rays.count)) { target in
      for (i, ray) in rays.enumerated() {
        for axis in 0..<3 {
          target[axis * rays.count + i] = ray.origin[axis]
          target[(3 + axis) * rays.count + i] = ray.direction[axis]
        }
        target[6 * rays.count + i] = ray.tMax
      }
    }
    let flatKeys = FlatBuffer(keys)
    let p = UnsafePointer(numbers.pointer)
    let n = rays.count
    return withExtendedLifetime((numbers, flatKeys)) {
      body(
        RayStream(
          count: n, originX: p, originY: p + n, originZ: p + 2 * n, directionX: p + 3 * n, directionY: p + 4 * n,
          directionZ: p + 5 * n, limits: p + 6 * n, keys: UnsafePointer(flatKeys.pointer)))
    }
  }

  private func closest<L: TraversalLanes>(
    _ rays: [Ray], keys: [UInt32], _ structure: SceneStructure, _ lanes: L.Type
  ) -> [Hit] {
    let (t, u, v) = (
      FlatBuffer<Float>(count: rays.count), FlatBuffer<Float>(count: rays.count), FlatBuffer<Float>(count: rays.count)
    )
    let (instance, triangle) = (FlatBuffer<UInt32>(count: rays.count), FlatBuffer<UInt32>(count: rays.count))
    withStream(rays, keys: keys) { stream in
      let sink = ClosestHitSink(
        t: t.pointer, u: u.pointer, v: v.pointer, instance: instance.pointer, triangle: triangle.pointer)
      structure.trace(stream, filter: HashFilter(), lanes: lanes, sink: sink, memory: memory)
    }
    return rays.indices.map { Hit(t: t[$0], u: u[$0], v: v[$0], instance: instance[$0], triangle: triangle[$0]) }
  }

  private func any<L: TraversalLanes>(
    _ rays: [Ray], keys: [UInt32], _ structure: SceneStructure, _ lanes: L.Type
  ) -> [Bool] {
    let isBlocked = FlatBuffer<UInt32>(count: rays.count)
    withStream(rays, keys: keys) { stream in
      structure.trace(
        stream, filter: HashFilter(), lanes: lanes, sink: AnyHitSink(isBlocked: isBlocked.pointer), memory: memory)
    }
    return isBlocked.elements.map { $0 == 1 }
  }

  /// Hits of every structure and lane width, in streams of all rays; then whether any.
  func answers(_ rays: [Ray], keys: [UInt32]) -> (hits: [[Hit]], any: [[Bool]]) {
    (
      [
        closest(rays, keys: keys, wide, EightLanes.self), closest(rays, keys: keys, wide, OneLane.self),
        closest(rays, keys: keys, reference, EightLanes.self),
      ],
      [
        any(rays, keys: keys, wide, EightLanes.self), any(rays, keys: keys, wide, OneLane.self),
        any(rays, keys: keys, reference, EightLanes.self),
      ]
    )
  }

  /// One ray's answers.
  func answers(_ ray: Ray, key: UInt32) -> (hits: [Hit], any: [Bool]) {
    let (hits, any) = answers([ray], keys: [key])
    return (hits.map { $0[0] }, any.map { $0[0] })
  }

  /// The definition: every triangle of every instance, no tree.
  func bruteForce(_ ray: Ray, key: UInt32) -> Hit {
    var best = Hit.miss
    guard let world = RayFrame(origin: ray.origin, direction: ray.direction) else { return best }
    for (i, instance) in instances.enumerated() {
      let mesh = meshes[instance.mesh]
      var bounds = Box.empty
      for triangle in 0..<mesh.triangleCount {
        if let box = mesh.hittableBox(triangle) { bounds.formUnion(box) }
      }
      let box = Box.ofInstance(bounds, objectToWorld: instance.objectToWorld)
      let (entry, exit) = world.interval(box)
      guard !box.isEmpty, entry <= exit,
        let local = RayFrame(
          origin: instance.worldToObject.point(ray.origin), direction: instance.worldToObject.vector(ray.direction))
      else { continue }
      for triangle in 0..<mesh.triangleCount where mesh.hittableBox(triangle) != nil {
        let (v0, v1, v2) = mesh.corners(triangle)
        let (depths, edges) = TriangleTest.edges(local, v0, v1, v2)
        guard TriangleTest.isInside(edges),
          let hit = TriangleTest.complete(
            local, entry: entry, v0, v1, v2, depths: depths, edges: edges,
            isLarge: TriangleTest.isLarge(v0, v1, v2, surface: bounds.halfArea)),
          hit.x < ray.tMax
        else { continue }
        let material = mesh.materials.isEmpty ? 0 : Int(mesh.materials[triangle])
        if material < alphaTested.count, alphaTested[material],
          !HashFilter().accepts(
            instance: UInt32(i), triangle: UInt32(triangle), u: hit.y, v: hit.z, key: key)
        {
          continue
        }
        let id = (UInt32(i), UInt32(triangle))
        if hit.x < best.t || hit.x == best.t && id < (best.instance, best.triangle) {
          best = Hit(t: hit.x, u: hit.y, v: hit.z, instance: id.0, triangle: id.1)
        }
      }
    }
    return best
  }

  /// How many of the rays get different answers from different structures, and how many hit.
  func disagreements(_ rays: [Ray]) -> (wrong: Int, hits: Int) {
    var (wrong, hits) = (0, 0)
    let keys = rays.indices.map { UInt32($0) }
    let (found, any) = answers(rays, keys: keys)
    for (i, ray) in rays.enumerated() {
      let expected = bruteForce(ray, key: keys[i])
      if !found.allSatisfy({ sameHit($0[i], expected) }) || any.contains(where: { $0[i] == expected.isMiss }) {
        wrong += 1
      }
      if !expected.isMiss { hits += 1 }
    }
    return (wrong, hits)
  }
}

/// Bit for bit.
func sameHit(_ a: Hit, _ b: Hit) -> Bool {
  a.t.bitPattern == b.t.bitPattern && a.u.bitPattern == b.u.bitPattern && a.v.bitPattern == b.v.bitPattern
    && a.instance == b.instance && a.triangle == b.triangle
}
