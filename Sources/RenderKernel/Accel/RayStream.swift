import CLaneIntrinsics

/// Rays of a traversal: arrays that the caller owns.
struct RayStream {
  var count: Int
  var originX: UnsafePointer<Float>
  var originY: UnsafePointer<Float>
  var originZ: UnsafePointer<Float>
  var directionX: UnsafePointer<Float>
  var directionY: UnsafePointer<Float>
  var directionZ: UnsafePointer<Float>
  /// Rays end before these parameters; nil: nowhere.
  var limits: UnsafePointer<Float>?
  /// Handed to the alpha filter; nil: zeros.
  var keys: UnsafePointer<UInt32>?
}

/// Where a traversal's answers go: what it is asked for decides what it looks for.
protocol HitSink {
  /// Whether any hit will do.
  static var stopsAtFirst: Bool { get }
  /// - Parameter hit: The nearest hit or a miss; of sinks that stop at the first, any.
  func put(_ ray: Int, _ hit: Hit)
  /// Asks for the memory of the ray's answer.
  func prepare(_ ray: Int)
}

/// Nearest hits, by ray.
struct ClosestHitSink: HitSink {
  @inline(__always) static var stopsAtFirst: Bool { false }
  /// Nil where nobody asks; infinite for a miss.
  var t: UnsafeMutablePointer<Float>?
  var u: UnsafeMutablePointer<Float>
  var v: UnsafeMutablePointer<Float>
  var instance: UnsafeMutablePointer<UInt32>
  var triangle: UnsafeMutablePointer<UInt32>

  @inline(__always)
  func put(_ ray: Int, _ hit: Hit) {
    if let t { t[ray] = hit.isMiss ? .infinity : hit.t }
    u[ray] = hit.u
    v[ray] = hit.v
    instance[ray] = hit.instance
    triangle[ray] = hit.triangle
  }

  @inline(__always)
  func prepare(_ ray: Int) {
    if let t { glint_prefetch(t + ray) }
    glint_prefetch(u + ray)
    glint_prefetch(v + ray)
    glint_prefetch(instance + ray)
    glint_prefetch(triangle + ray)
  }
}

/// 1 where a ray hits anything, else 0.
struct AnyHitSink: HitSink {
  @inline(__always) static var stopsAtFirst: Bool { true }
  var isBlocked: UnsafeMutablePointer<UInt32>

  @inline(__always)
  func put(_ ray: Int, _ hit: Hit) { isBlocked[ray] = hit.isMiss ? 0 : 1 }

  @inline(__always)
  func prepare(_ ray: Int) { glint_prefetch(isBlocked + ray) }
}
