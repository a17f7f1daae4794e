import LaneMath

/// Follows batches of paths, one segment of all of them at a time: trace, look up surfaces, shade in lanes, trace shadows.
///
/// Next-event estimation at every vertex is combined with the material's own samples by the power heuristic (Veach 1997);
/// Russian roulette starts at the second vertex, on `rouletteScale` times the root of the throughput. Every path's contributions are added in the order of its vertices, so the
/// batch that a path is in does not matter.
///
/// Dimensions of the sampler: pair 0 is the place in the pixel; vertex n uses pairs 5n + 1 (lobe and direction),
/// 5n + 2 (roulette) and from 5n + 3 on one for each kind of light (which, and the place on it).
struct PathTracer<L: TraversalLanes, F: LaneFloat> {
  /// Paths of a batch: enough to fill lanes to the last bounce, few enough for the second-level cache.
  static var batchSize: Int { 1024 }
  static var rouletteStart: Int { 1 }
  /// A path goes on with this times the root of its throughput: surely while that is 0.64 or more.
  static var rouletteScale: Float { 1.25 }

  var counters = WorkCounters()
  var clock: StageClock
  let states: PathStates
  var rays: RayQueue
  var nextRays: RayQueue
  let hits: HitQueue
  var culled: CulledQueue
  var surfaces: SurfaceQueue
  var shadows: ShadowQueue
  /// Slots of the ray queue that met nothing.
  let misses: UnsafeMutablePointer<UInt32>
  var missCount = 0
  /// What the alpha filter gets for each ray, and what came of shadow rays.
  let keys: UnsafeMutablePointer<UInt32>
  let isBlocked: UnsafeMutablePointer<UInt32>
  /// Lane groups of up to thirteen values, to take them apart and put them together.
  let scratch: UnsafeMutablePointer<Float>

  let structure: SceneStructure
  let traversalMemory: TraversalMemory
  let filter: MaterialAlphaFilter
  let materials: UnsafePointer<MaterialView>
  let instances: UnsafePointer<InstanceGeometry>
  let lights: LightView
  let hasEnvironment: Bool
  let environment: EnvironmentView
  let albedo: UnsafePointer<Float>
  let bounces: Int
  let net: SampleNet
  let cone: RayCone
  /// Whether a texture has levels to choose from: otherwise nobody asks how wide cones are.
  let hasLevels: Bool

  /// `frame` and `memory` must outlive the tracer.
  init(
    _ frame: PreparedFrame, _ settings: RenderSettings, memory: PathMemory, traversalMemory: TraversalMemory,
    isTimed: Bool
  ) {
    clock = StageClock(isRunning: isTimed)
    states = PathStates(memory)
    rays = RayQueue(memory)
    nextRays = RayQueue(memory)
    hits = HitQueue(memory)
    culled = CulledQueue(memory)
    surfaces = SurfaceQueue(memory)
    shadows = ShadowQueue(memory)
    misses = memory.words()
    scratch = memory.floats()
    structure = frame.structure
    self.traversalMemory = traversalMemory
    keys = memory.words(times: LightTables.largestKindCount)
    isBlocked = memory.words(times: LightTables.largestKindCount)
    materials = UnsafePointer(frame.materials.pointer)
    instances = UnsafePointer(frame.instances.pointer)
    filter = MaterialAlphaFilter(materials: materials, instances: instances)
    lights = LightView(frame.lights)
    albedo = UnsafePointer(AlbedoTables.shared.values.pointer)
    hasEnvironment = frame.environment != nil
    environment =
      frame.environment
      ?? EnvironmentView(
        texels: albedo, rows: albedo, columns: albedo, coarseColumns: albedo, rowDensity: albedo, width: 1, height: 1,
        scale: 0,
        worldToEnvironment: .identity, environmentToWorld: .identity)
    bounces = settings.bounces
    net = SampleNet(sampleCount: settings.sampleCount)
    cone = RayCone(frame.description.camera, settings)
    hasLevels = frame.hasTextureLevels
  }

  /// Traces the paths in slots 0 ..< `count` of `states`, whose radiance must be zero.
  @inline(__always)
  mutating func trace(_ camera: CameraRays, count: Int) {
    counters.paths &+= UInt64(count)
    generate(camera, count: count)
    clock.end(.camera)
    var vertex = 0
    while rays.count > 0 {
      traceRays(vertex)
      clock.end(.traversal)
      lookUpSurfaces(vertex)
      shadeMisses()
      clock.end(.surfaces)
      nextRays.count = 0
      shadows.count = 0
      shade(vertex)
      clock.end(.shading)
      traceShadows(vertex)
      clock.end(.shadows)
      swap(&rays, &nextRays)
      vertex &+= 1
    }
  }

  @inline(never)
  private mutating func generate(_ camera: CameraRays, count: Int) {
    var slot = 0
    while slot < count {
      let sampler = Sampler<F>(
        pixelKey: .load(states.pixelKey + slot), index: .load(states.index + slot), net: net)
      let (origin, direction) = camera.ray(x: F.load(states.pixelX + slot), y: F.load(states.pixelY + slot), sampler)
      rays.origin.store(origin, at: slot)
      rays.direction.store(direction, at: slot)
      rays.throughput.store(Vector<F>(lane: SIMD3(1, 1, 1)), at: slot)
      F(lane: -1).store(rays.density + slot)
      slot &+= F.laneCount
    }
    for slot in 0..<count { rays.path[slot] = UInt32(truncatingIfNeeded: slot) }
    rays.count = count
  }

  /// The key that the alpha filter gets for one segment of a path.
  @inline(__always)
  private func alphaKey(_ path: UInt32, _ segment: Int) -> UInt32 {
    Sampler<Float>(
      pixelKey: states.pixelKey[Int(path)], index: states.index[Int(path)], net: net
    )
    .alphaKey(segment)
  }

  @inline(never)
  private mutating func traceRays(_ vertex: Int) {
    counters.rays &+= UInt64(rays.count)
    for slot in 0..<rays.count { keys[slot] = alphaKey(rays.path[slot], 2 &* vertex) }
    structure.trace(
      RayStream(rays.origin, rays.direction, limits: nil, keys: keys, count: rays.count), filter: filter, lanes: L.self,
      sink: ClosestHitSink(t: nil, u: hits.u, v: hits.v, instance: hits.instance, triangle: hits.triangle),
      memory: traversalMemory)
  }

  /// Traces the camera rays that met a back which they do not see once more, this time past all such backs.
  @inline(never)
  mutating func traceCulled() {
    for place in 0..<culled.count {
      let slot = Int(culled.ray[place])
      culled.origin[place] = rays.origin[slot]
      culled.direction[place] = rays.direction[slot]
      culled.keys[place] = keys[slot]
      culled.number[place] = UInt32(truncatingIfNeeded: place)
    }
    let hits = culled.hits
    structure.trace(
      RayStream(culled.origin, culled.direction, limits: nil, keys: culled.number, count: culled.count),
      filter: CullingFilter(alpha: filter, direction: culled.direction, keys: culled.keys), lanes: L.self,
      sink: ClosestHitSink(t: nil, u: hits.u, v: hits.v, instance: hits.instance, triangle: hits.triangle),
      memory: traversalMemory)
    for place in 0..<culled.count {
      let slot = Int(culled.ray[place])
      self.hits.u[slot] = hits.u[place]
      self.hits.v[slot] = hits.v[place]
      self.hits.instance[slot] = hits.instance[place]
      self.hits.triangle[slot] = hits.triangle[place]
    }
  }

  @inline(never)
  private mutating func traceShadows(_ vertex: Int) {
    counters.shadowRays &+= UInt64(shadows.count)
    for slot in 0..<shadows.count { keys[slot] = alphaKey(shadows.path[slot], 2 &* vertex &+ 1) }
    structure.trace(
      RayStream(shadows.origin, shadows.direction, limits: shadows.distance, keys: keys, count: shadows.count),
      filter: filter, lanes: L.self, sink: AnyHitSink(isBlocked: isBlocked), memory: traversalMemory)
    for slot in 0..<shadows.count where isBlocked[slot] == 0 {
      states.radiance[Int(shadows.path[slot])] += shadows.contribution[slot]
    }
  }

  /// One over one plus the square of b / a: ratios, because squares of large densities overflow.
  @inline(__always)
  static func powerHeuristic(_ a: Float, _ b: Float) -> Float {
    let r = b / a
    return a > 0 ? 1 / (1 + r * r) : 0
  }
}
