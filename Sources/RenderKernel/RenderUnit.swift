import CLaneIntrinsics
import LaneMath

/// The work was no longer wanted.
public struct Cancelled: Error {
  public init() {}
}

/// Renders one tile over one dyadic range of samples.
///
/// Bits and counters of the result depend on frame, settings, frame number, pixel and range alone.
///
/// - Parameters:
///   - frameNumber: Goes into the random numbers, as seed and pixel do.
///   - tile: Inside the frame.
///   - samples: See `DyadicRange`.
///   - isCancelled: Asked between rows of pixels.
public func renderUnit(
  _ frame: PreparedFrame, settings: RenderSettings, frameNumber: Int, tile: TileRectangle, samples: Range<Int>,
  options: ExecutionOptions = ExecutionOptions(), isCancelled: () -> Bool = { false }
) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters) {
  precondition(DyadicRange.isDyadic(samples))
  precondition(tile.x >= 0 && tile.y >= 0 && tile.width > 0 && tile.height > 0)
  precondition(tile.x + tile.width <= settings.width && tile.y + tile.height <= settings.height)
  glint_set_float_environment()
  return switch options.laneWidth {
  case .eight: try renderPixels(frame, settings, frameNumber, tile, samples, EightLanes.self, isCancelled)
  case .scalar: try renderPixels(frame, settings, frameNumber, tile, samples, OneLane.self, isCancelled)
  }
}

@inline(__always)
private func renderPixels<L: TraversalLanes>(
  _ frame: PreparedFrame, _ settings: RenderSettings, _ frameNumber: Int, _ tile: TileRectangle, _ samples: Range<Int>,
  _ lanes: L.Type, _ isCancelled: () -> Bool
) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters) {
  let unit = UnitPlanes(tile: tile, samples: samples)
  let stack = UnsafeMutablePointer<SceneStructure.StackEntry>.allocate(capacity: SceneStructure.stackSize)
  // One open node for each level of the binary tree over samples.
  let sums = UnsafeMutablePointer<SIMD8<Float>>.allocate(capacity: 64)
  defer {
    stack.deallocate()
    sums.deallocate()
  }
  var tracer = PathTracer<L>(frame, settings, stack: stack)
  let camera = CameraRays(frame.description.camera, settings)
  let frameKey = Sampler.frameKey(seed: settings.seed, frame: frameNumber)
  let values = unit.values.pointer
  let planeStride = tile.pixelCount
  for y in 0..<tile.height {
    if isCancelled() { throw Cancelled() }
    for x in 0..<tile.width {
      var open = 0
      for (count, sample) in samples.enumerated() {
        let sampler = Sampler(frameKey: frameKey, x: tile.x + x, y: tile.y + y, sample: sample)
        var color = tracer.radiance(camera.ray(x: tile.x + x, y: tile.y + y, sampler), sampler)
        if !(color.x.isFinite && color.y.isFinite && color.z.isFinite) {
          color = .zero
          tracer.counters.nonFiniteSamples &+= 1
        }
        let square = color * color
        var node = SIMD8(color.x, color.y, color.z, square.x, square.y, square.z, 0, 0)
        // As many merges as the count ends in ones: the binary tree, depth first.
        var ones = count
        while ones & 1 == 1 {
          open &-= 1
          node = sums[open] + node
          ones >>= 1
        }
        sums[open] = node
        open &+= 1
      }
      let total = sums[0]
      for plane in 0..<UnitPlanes.planeCount { values[plane * planeStride + y * tile.width + x] = total[plane] }
    }
  }
  return (unit, tracer.counters)
}

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

  @inline(__always)
  func ray(x: Int, y: Int, _ sampler: borrowing Sampler) -> Ray {
    var u = sampler.pair(0)
    if filter == .blackmanHarris {
      u = SIMD2(FilterTable.offset(filterTable, u.x), FilterTable.offset(filterTable, u.y)) + 0.5
    }
    let sx = 2 * (Float(x) + u.x) / width - 1
    let sy = 1 - 2 * (Float(y) + u.y) / height
    let across = (right * sx).addingProduct(up, SIMD3(repeating: sy))
    if isPerspective {
      return Ray(origin: origin, direction: normalized(forward + across, or: forward), tMax: .infinity)
    }
    return Ray(origin: origin + across, direction: forward, tMax: .infinity)
  }
}

/// Inverse of a filter's cumulative distribution: samples land where the filter weighs, and all weigh the same.
final class FilterTable: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let size = 256
  /// 1.5 pixels wide.
  static let blackmanHarris = FilterTable(width: 1.5)

  /// `size + 1` offsets from the pixel's centre, in pixels.
  let values: FlatBuffer<Float>

  private init(width: Float) {
    let steps = 4096
    var sums: [Double] = [0]
    for i in 0..<steps {
      let phase = 2 * Float.pi * (Float(i) + 0.5) / Float(steps)
      let weight = 0.35875 - 0.48829 * laneCos(phase) + 0.14128 * laneCos(2 * phase) - 0.01168 * laneCos(3 * phase)
      sums.append(sums[i] + Double(max(0, weight)))
    }
    let total = sums[steps]
    values = FlatBuffer(count: FilterTable.size + 1) { values in
      var i = 0
      for k in 0...FilterTable.size {
        let target = total * Double(k) / Double(FilterTable.size)
        while i < steps - 1, sums[i + 1] < target { i += 1 }
        let part = (target - sums[i]) / max(1e-300, sums[i + 1] - sums[i])
        values[k] = Float((Double(i) + min(1, max(0, part))) / Double(steps) - 0.5) * width
      }
    }
  }

  @inline(__always)
  static func offset(_ table: UnsafePointer<Float>, _ u: Float) -> Float {
    let x = u * Float(size)
    let i = min(size - 1, Int(x))
    return table[i].addingProduct(x - Float(i), table[i + 1] - table[i])
  }
}
