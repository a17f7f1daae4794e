import LaneMath

/// What rendering cost, in numbers that are the same on every machine and with every acceleration structure.
public struct WorkCounters: Sendable, Hashable {
  public var paths: UInt64 = 0
  /// Closest-hit queries.
  public var rays: UInt64 = 0
  /// Any-hit queries.
  public var shadowRays: UInt64 = 0
  /// Surface points at which a material was evaluated.
  public var shadingEvaluations: UInt64 = 0
  /// Samples that were not finite, or beyond 2⁵⁰, and became zero.
  public var nonFiniteSamples: UInt64 = 0

  public init() {}

  public static func + (a: WorkCounters, b: WorkCounters) -> WorkCounters {
    var sum = a
    sum.paths += b.paths
    sum.rays += b.rays
    sum.shadowRays += b.shadowRays
    sum.shadingEvaluations += b.shadingEvaluations
    sum.nonFiniteSamples += b.nonFiniteSamples
    return sum
  }
}

/// The pixels of one tile over one range of samples: sums in the order of `SampleTree`, of which the range is a node.
public final class UnitPlanes: @unchecked Sendable {
  // Sendable because the one renderer that fills it hands it on and keeps no reference.

  public static let planeCount = 6

  public let tile: TileRectangle
  public let samples: Range<Int>
  /// `planeCount × height × width`, planar: sums of R, G, B, then sums of R², G², B². Linear, top row first.
  public let values: FlatBuffer<Float>

  public init(tile: TileRectangle, samples: Range<Int>) {
    self.tile = tile
    self.samples = samples
    values = FlatBuffer(count: UnitPlanes.planeCount * tile.pixelCount)
  }
}
