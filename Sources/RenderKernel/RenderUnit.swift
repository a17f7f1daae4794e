import CLaneIntrinsics
import LaneMath

/// Renders one tile over one node of the tree of samples.
///
/// Bits and counters of the result depend on frame, settings, frame number, pixel and range alone.
///
/// - Parameters:
///   - frameNumber: Goes into the random numbers, as seed and pixel do.
///   - tile: Inside the frame.
///   - samples: See `SampleTree`.
///   - times: Gets the time that each stage took.
///   - isCancelled: Asked before every batch of a thousand paths.
public func renderUnit(
  _ frame: PreparedFrame, settings: RenderSettings, frameNumber: Int, tile: TileRectangle, samples: Range<Int>,
  options: ExecutionOptions = ExecutionOptions(), times: StageTimes? = nil, isCancelled: () -> Bool = { false }
) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters) {
  precondition(SampleTree.isNode(samples))
  precondition(tile.x >= 0 && tile.y >= 0 && tile.width > 0 && tile.height > 0)
  precondition(tile.x + tile.width <= settings.width && tile.y + tile.height <= settings.height)
  glint_set_float_environment()
  return switch options.laneWidth {
  case .wide:
    try renderPaths(frame, settings, frameNumber, tile, samples, EightLanes.self, WideFloat.self, times, isCancelled)
  case .scalar:
    try renderPaths(frame, settings, frameNumber, tile, samples, OneLane.self, Float.self, times, isCancelled)
  }
}

/// Takes the paths of a unit in batches: pixels row by row, of each pixel all samples in order.
@inline(__always)
private func renderPaths<L: TraversalLanes, F: LaneFloat>(
  _ frame: PreparedFrame, _ settings: RenderSettings, _ frameNumber: Int, _ tile: TileRectangle, _ samples: Range<Int>,
  _ traversal: L.Type, _ lanes: F.Type, _ times: StageTimes?, _ isCancelled: () -> Bool
) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters) {
  let unit = UnitPlanes(tile: tile, samples: samples)
  let memory = PathMemoryPool.take(capacity: PathTracer<L, F>.batchSize)
  defer { PathMemoryPool.give(memory) }
  var tracer = PathTracer<L, F>(
    frame, settings, memory: memory, traversalMemory: memory.traversal, isTimed: times != nil)
  let camera = CameraRays(frame.description.camera, settings)
  let frameKey = SampleHash.frameKey(seed: settings.seed, frame: frameNumber)
  var sums = SampleSums(samples)
  var nonFiniteSamples: UInt64 = 0
  let pathCount = tile.pixelCount * samples.count
  var first = 0
  while first < pathCount {
    if isCancelled() { throw Cancelled() }
    let count = min(PathTracer<L, F>.batchSize, pathCount - first)
    for slot in 0..<count {
      let (pixel, sample) = (first + slot).quotientAndRemainder(dividingBy: samples.count)
      let (y, x) = pixel.quotientAndRemainder(dividingBy: tile.width)
      tracer.states.pixelKey[slot] = SampleHash.pixelKey(frameKey, x: tile.x + x, y: tile.y + y)
      tracer.states.index[slot] = UInt32(truncatingIfNeeded: samples.lowerBound + sample)
      tracer.states.pixelX[slot] = Float(tile.x + x)
      tracer.states.pixelY[slot] = Float(tile.y + y)
      tracer.states.radiance[slot] = .zero
    }
    tracer.trace(camera, count: count)
    for slot in 0..<count {
      var color = tracer.states.radiance[slot]
      // Beyond this the sums of 2¹⁶ squares would overflow; NaN fails as well.
      if !(color.x.magnitude < 0x1p50 && color.y.magnitude < 0x1p50 && color.z.magnitude < 0x1p50) {
        color = .zero
        nonFiniteSamples += 1
      }
      let (pixel, sample) = (first + slot).quotientAndRemainder(dividingBy: samples.count)
      sums.append(color, sample)
      if sample == samples.count - 1 { sums.write(unit, pixel) }
    }
    tracer.clock.end(.film)
    first += count
  }
  tracer.counters.nonFiniteSamples = nonFiniteSamples
  times?.add(tracer.clock)
  return (unit, tracer.counters)
}

/// The sum over the samples of one pixel in the order of `SampleTree`, depth first: one open node for each level.
private struct SampleSums {
  private var open = InlineArray<64, SIMD8<Float>>(repeating: .zero)
  private var count = 0
  /// Whether sample 0 of several is at the bottom of `open`: it stands apart from the tree over the others.
  private let hasFirst: Bool

  init(_ samples: Range<Int>) { hasFirst = samples.lowerBound == 0 && samples.count > 1 }

  /// - Parameter sample: Number of the sample in its range; 0 starts a new pixel.
  @inline(__always)
  mutating func append(_ color: SIMD3<Float>, _ sample: Int) {
    if sample == 0 { count = 0 }
    let square = color * color
    var node = SIMD8(color.x, color.y, color.z, square.x, square.y, square.z, 0, 0)
    // As many merges as the sample's number in the tree ends in ones; none with sample 0.
    var ones = hasFirst ? max(0, sample &- 1) : sample
    while ones & 1 == 1 {
      count &-= 1
      node = open[count] + node
      ones >>= 1
    }
    open[count] = node
    count &+= 1
  }

  @inline(__always)
  mutating func write(_ unit: UnitPlanes, _ pixel: Int) {
    // Nodes that were cut off: each is the right half of the one before it.
    while count > 1 {
      count &-= 1
      open[count &- 1] = open[count &- 1] + open[count]
    }
    for plane in 0..<UnitPlanes.planeCount {
      unit.values.pointer[plane &* unit.tile.pixelCount &+ pixel] = open[0][plane]
    }
  }
}
