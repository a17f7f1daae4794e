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
  private let stack = FlatBuffer<SceneStructure.StackEntry>(count: SceneStructure.stackSize)

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

  func closest(_ ray: Ray, key: UInt32 = 0) -> Hit {
    wide.closestHit(ray, key: key, filter: HashFilter(), lanes: EightLanes.self, stack: stack.pointer)
  }

  /// Hits of every structure and lane width, closest first of all; then whether any.
  func answers(_ ray: Ray, key: UInt32) -> (hits: [Hit], any: [Bool]) {
    let (f, s) = (HashFilter(), stack.pointer)
    return (
      [
        wide.closestHit(ray, key: key, filter: f, lanes: EightLanes.self, stack: s),
        wide.closestHit(ray, key: key, filter: f, lanes: OneLane.self, stack: s),
        reference.closestHit(ray, key: key, filter: f, lanes: EightLanes.self, stack: s),
      ],
      [
        wide.anyHit(ray, key: key, filter: f, lanes: EightLanes.self, stack: s),
        wide.anyHit(ray, key: key, filter: f, lanes: OneLane.self, stack: s),
        reference.anyHit(ray, key: key, filter: f, lanes: EightLanes.self, stack: s),
      ]
    )
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
          let hit = TriangleTest.complete(local, entry: entry, v0, v1, v2, depths: depths, edges: edges),
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
    for (i, ray) in rays.enumerated() {
      let key = UInt32(i)
      let expected = bruteForce(ray, key: key)
      let (found, any) = answers(ray, key: key)
      if !found.allSatisfy({ sameHit($0, expected) }) || any.contains(expected.isMiss) { wrong += 1 }
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
