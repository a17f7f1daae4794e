import LaneMath

/// Rays of a camera through pixels.
struct CameraRays {
  private let origin: SIMD3<Float>
  private let right: SIMD3<Float>
  private let up: SIMD3<Float>
  private let forward: SIMD3<Float>
  private let isPerspective: Bool
  private let width: Float
  private let height: Float
  private let filter: RenderSettings.Filter
  private let filterTable: UnsafePointer<Float>

  init(_ camera: Camera, _ settings: RenderSettings) {
    width = Float(settings.width)
    height = Float(settings.height)
    filter = settings.filter
    filterTable = UnsafePointer(FilterTable.blackmanHarris.values.pointer)
    let m = camera.cameraToWorld
    // A scaled camera node does not scale the view.
    let x = normalized(SIMD3(m.x.x, m.y.x, m.z.x), or: [1, 0, 0])
    let y = normalized(SIMD3(m.x.y, m.y.y, m.z.y), or: [0, 1, 0])
    let z = normalized(SIMD3(m.x.z, m.y.z, m.z.z), or: [0, 0, 1])
    origin = SIMD3(m.x.w, m.y.w, m.z.w)
    let half: Float
    switch camera.projection {
    case .perspective(let tangent):
      half = tangent
      isPerspective = true
    case .orthographic(let halfHeight):
      half = halfHeight
      isPerspective = false
    }
    right = x * (half * (width / height))
    up = y * half
    forward = -z
  }

  /// Origin and unit direction through a place in pixel (x, y).
  @inline(__always)
  func ray<F: LaneFloat>(x: F, y: F, _ sampler: Sampler<F>) -> (origin: Vector<F>, direction: Vector<F>) {
    var (u, v) = sampler.pair(0)
    if filter == .blackmanHarris {
      u = FilterTable.offset(filterTable, u) + 0.5
      v = FilterTable.offset(filterTable, v) + 0.5
    }
    let sx = (x + u) * 2 / width - 1
    let sy = 1 - (y + v) * 2 / height
    let ahead = Vector<F>(lane: forward)
    let across = (Vector<F>(lane: right) * sx).addingProduct(Vector(lane: up), sy)
    if isPerspective { return (Vector(lane: origin), (ahead + across).normalized(or: ahead)) }
    return (Vector(lane: origin) + across, ahead)
  }
}
