import LaneMath

// Work lists of the path loop: structures of arrays, `capacity` long, that live as long as their `PathMemory`. Arrays start
// at multiples of 64 bytes and are read and written in whole lane groups, past `count` too.

/// Hands out the arrays of one tracer and frees them together.
final class PathMemory {
  let capacity: Int
  private var blocks: [UnsafeMutableRawPointer] = []

  /// - Parameter capacity: A multiple of 16.
  init(capacity: Int) {
    precondition(capacity > 0 && capacity % 16 == 0)
    self.capacity = capacity
  }

  func floats() -> UnsafeMutablePointer<Float> { array() }
  func words() -> UnsafeMutablePointer<UInt32> { array() }

  private func array<T>() -> UnsafeMutablePointer<T> {
    let raw = FlatMemory.allocateZeroed(byteCount: capacity * 4)
    blocks.append(raw)
    return raw.bindMemory(to: T.self, capacity: capacity)
  }

  deinit { for block in blocks { block.deallocate() } }
}

/// Three numbers a slot.
struct VectorArray {
  let x: UnsafeMutablePointer<Float>
  let y: UnsafeMutablePointer<Float>
  let z: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    x = memory.floats()
    y = memory.floats()
    z = memory.floats()
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
  let metallic: UnsafeMutablePointer<Float>
  let roughness: UnsafeMutablePointer<Float>
  /// How far off the surface rays start.
  let clearance: UnsafeMutablePointer<Float>
  /// Row, coarse column and second random number of the environment's sample; then its coordinates and density.
  let environment: VectorArray
  let environmentX: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    ray = memory.words()
    path = memory.words()
    position = VectorArray(memory)
    geometricNormal = VectorArray(memory)
    shadingNormal = VectorArray(memory)
    baseColor = VectorArray(memory)
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
    path = memory.words()
    origin = VectorArray(memory)
    direction = VectorArray(memory)
    distance = memory.floats()
    contribution = VectorArray(memory)
  }
}

/// What a path keeps from its camera ray to its end, by its slot in the batch.
struct PathStates {
  let pixelKey: UnsafeMutablePointer<UInt32>
  let reversedIndex: UnsafeMutablePointer<UInt32>
  let pixelX: UnsafeMutablePointer<Float>
  let pixelY: UnsafeMutablePointer<Float>
  let radiance: VectorArray
  /// Of the path's cone at its last vertex.
  let coneWidth: UnsafeMutablePointer<Float>
  let coneSpread: UnsafeMutablePointer<Float>

  init(_ memory: PathMemory) {
    pixelKey = memory.words()
    reversedIndex = memory.words()
    pixelX = memory.floats()
    pixelY = memory.floats()
    radiance = VectorArray(memory)
    coneWidth = memory.floats()
    coneSpread = memory.floats()
  }
}
