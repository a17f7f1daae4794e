import Synchronization

/// Where a kernel's time goes, summed over the units that were rendered with it; any number of threads may share one.
public final class StageTimes: Sendable {
  /// What a batch of paths goes through, once for each of its vertices, but for the first and the last.
  public enum Stage: Int, CaseIterable, Sendable {
    /// Camera rays: the samples of pixel and lens.
    case camera
    /// The nearest hit of every ray.
    case traversal
    /// Geometry, textures and emission where rays met something, and light from where they met nothing.
    case surfaces
    /// Samples of lights and lobes, and what they carry.
    case shading
    /// Whether anything is between a surface and a light's sample.
    case shadows
    /// Sums over a pixel's samples.
    case film
  }

  private let sums = Mutex([Duration](repeating: .zero, count: Stage.allCases.count))

  public init() {}

  public subscript(stage: Stage) -> Duration { sums.withLock { $0[stage.rawValue] } }

  public func add(_ clock: StageClock) {
    sums.withLock { sums in
      for stage in Stage.allCases { sums[stage.rawValue] += clock.totals[stage.rawValue] }
    }
  }
}

/// One thread's clock of stages: each `end` adds the time since the one before. Without being asked for it costs a branch a stage
/// and batch.
public struct StageClock {
  fileprivate var totals = InlineArray<6, Duration>(repeating: .zero)
  private var last: ContinuousClock.Instant?

  /// - Parameter isRunning: Whether anybody wants to know.
  public init(isRunning: Bool) { last = isRunning ? .now : nil }

  public mutating func end(_ stage: StageTimes.Stage) {
    guard let start = last else { return }
    let now = ContinuousClock.now
    totals[stage.rawValue] += now - start
    last = now
  }
}
