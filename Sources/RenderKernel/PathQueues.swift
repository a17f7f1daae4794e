import LaneMath

// Work lists of the path loop: structures of arrays, `capacity` long, that live as long as their `PathMemory`. Arrays start
// at multiples of 64 bytes and are read and written in whole lane groups, past `count` too.

/// Hands out the arrays of one tracer; after `reset`, the same ones to the next. See `PathMemoryPool`.
final class PathMemory: @unchecked Sendable {
  // Sendable because it has one user at a time: who took it from the pool.

  let capacity: Int
  private(set) lazy var traversal = TraversalMemory()
  private var blocks: [Block] = []
  private var used = 0

  /// - Parameter capacity: A multiple of 16.
  init(capacity: Int) {
    precondition(capacity > 0 && capacity % 16 == 0)
    self.capacity = capacity
  }

  /// - Parameter times: Of the capacity.
  func floats(times: Int = 1) -> UnsafeMutablePointer<Float> { array(times) }
  func words(times: Int = 1) -> UnsafeMutablePointer<UInt32> { array(times) }

  /// Takes all arrays back. What they hold stays: lanes past a queue's end may be read, but decide nothing.
  func reset() { used = 0 }

  private func array<T>(_ times: Int) -> UnsafeMutablePointer<T> {
    if used == blocks.count { blocks.append(Block(byteCount: times * capacity * 4)) }
    defer { used += 1 }
    // Tracers ask for the same arrays in the same order.
    precondition(blocks[used].byteCount == times * capacity * 4)
    return blocks[used].memory.bindMemory(to: T.self, capacity: times * capacity)
  }

  private struct Block {
    let memory: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
      memory = FlatMemory.allocateZeroed(byteCount: byteCount)
      self.byteCount = byteCount
    }
  }

  deinit { for block in blocks { block.memory.deallocate() } }
}

/// Three numbers a slot.
struct VectorArray {
  let x: UnsafeMutablePointer<Float>
  let y: UnsafeMutablePointer<Float>
  let z: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory, times: Int = 1) {
    x = memory.floats(times: times)
    y = memory.floats(times: times)
    z = memory.floats(times: times)
  }

  @inline(__always)
  subscript(index: Int) -> SIMD3<Float> {
    get { SIMD3(x[index], y[index], z[index]) }
    nonmutating set {
      x[index] = newValue.x
      y[index] = newValue.y
      z[index] = newValue.z
    }
  }

  /// The lane group that starts at `index`.
  @inline(__always)
  func lanes<F: LaneFloat>(_ type: F.Type, at index: Int) -> Vector<F> {
    Vector(F.load(x + index), F.load(y + index), F.load(z + index))
  }

  @inline(__always)
  func store<F: LaneFloat>(_ v: Vector<F>, at index: Int) {
    v.x.store(x + index)
    v.y.store(y + index)
    v.z.store(z + index)
  }

  @inline(__always)
  func gather<F: LaneFloat>(_ index: F.Bits) -> Vector<F> {
    Vector(F.gather(x, index), F.gather(y, index), F.gather(z, index))
  }
}

/// Paths whose next segment is to be traced.
struct RayQueue {
  var count = 0
  /// Slot of the path in its batch.
  let path: UnsafeMutablePointer<UInt32>
  let origin: VectorArray
  let direction: VectorArray
  let throughput: VectorArray
  /// With which the direction was sampled, per steradian; −1 for camera rays.
  let density: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    path = memory.words()
    origin = VectorArray(memory)
    direction = VectorArray(memory)
    throughput = VectorArray(memory)
    density = memory.floats()
  }
}

/// What the rays of a queue met, by their slots.
struct HitQueue {
  let u: UnsafeMutablePointer<Float>
  let v: UnsafeMutablePointer<Float>
  /// As in `Hit`.
  let instance: UnsafeMutablePointer<UInt32>
  let triangle: UnsafeMutablePointer<UInt32>

  init(_ memory: PathMemory) {
    u = memory.floats()
    v = memory.floats()
    instance = memory.words()
    triangle = memory.words()
  }
}

/// Camera rays that met the back of a single-sided surface, and what they meet behind it.
struct CulledQueue {
  var count = 0
  /// Slots in the ray queue.
  let ray: UnsafeMutablePointer<UInt32>
  let origin: VectorArray
  let direction: VectorArray
  /// Keys of their alpha filter.
  let keys: UnsafeMutablePointer<UInt32>
  /// Place in this queue: what traversal hands to the filter.
  let number: UnsafeMutablePointer<UInt32>
  let hits: HitQueue

  init(_ memory: PathMemory) {
    ray = memory.words()
    origin = VectorArray(memory)
    direction = VectorArray(memory)
    keys = memory.words()
    number = memory.words()
    hits = HitQueue(memory)
  }
}

/// Surface points to be shaded.
struct SurfaceQueue {
  var count = 0
  /// Slot in the ray queue that led here.
  let ray: UnsafeMutablePointer<UInt32>
  let path: UnsafeMutablePointer<UInt32>
  let position: VectorArray
  /// Geometric and shading normals in world space; any length, either side.
  let geometricNormal: VectorArray
  let shadingNormal: VectorArray
  let baseColor: VectorArray
  /// Reflectance of the dielectric coat seen from the front.
  let dielectric: VectorArray
  let metallic: UnsafeMutablePointer<Float>
  let roughness: UnsafeMutablePointer<Float>
  /// How far off the surface rays start.
  let clearance: UnsafeMutablePointer<Float>
  /// Row, coarse column and second random number of the environment's sample; then row, column and what is left of that
  /// number.
  let environment: VectorArray
  /// First random number of the environment's sample; then what is left of it.
  let environmentX: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    ray = memory.words()
    path = memory.words()
    position = VectorArray(memory)
    geometricNormal = VectorArray(memory)
    shadingNormal = VectorArray(memory)
    baseColor = VectorArray(memory)
    dielectric = VectorArray(memory)
    metallic = memory.floats()
    roughness = memory.floats()
    clearance = memory.floats()
    environment = VectorArray(memory)
    environmentX = memory.floats()
  }
}

/// Light that reaches a path's vertex if nothing is in between.
struct ShadowQueue {
  var count = 0
  let path: UnsafeMutablePointer<UInt32>
  let origin: VectorArray
  let direction: VectorArray
  let distance: UnsafeMutablePointer<Float>
  let contribution: VectorArray

  init(_ memory: PathMemory) {
    let times = LightTables.largestKindCount
    path = memory.words(times: times)
    origin = VectorArray(memory, times: times)
    direction = VectorArray(memory, times: times)
    distance = memory.floats(times: times)
    contribution = VectorArray(memory, times: times)
  }
}

/// What a path keeps from its camera ray to its end, by its slot in the batch.
struct PathStates {
  let pixelKey: UnsafeMutablePointer<UInt32>
  let index: UnsafeMutablePointer<UInt32>
  let pixelX: UnsafeMutablePointer<Float>
  let pixelY: UnsafeMutablePointer<Float>
  let radiance: VectorArray
  /// Of the path's cone at its last vertex.
  let coneWidth: UnsafeMutablePointer<Float>
  let coneSpread: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    pixelKey = memory.words()
    index = memory.words()
    pixelX = memory.floats()
    pixelY = memory.floats()
    radiance = VectorArray(memory)
    coneWidth = memory.floats()
    coneSpread = memory.floats()
  }
}

extension RayStream {
  init(
    _ origin: VectorArray, _ direction: VectorArray, limits: UnsafeMutablePointer<Float>?,
    keys: UnsafeMutablePointer<UInt32>, count: Int
  ) {
    self.init(
      count: count, originX: UnsafePointer(origin.x), originY: UnsafePointer(origin.y),
      originZ: UnsafePointer(origin.z), directionX: UnsafePointer(direction.x),
      directionY: UnsafePointer(direction.y), directionZ: UnsafePointer(direction.z),
      limits: limits.map { UnsafePointer($0) }, keys: UnsafePointer(keys))
  }
}
