/// Waiting times between tries: they double up to a limit, and each is drawn at random from its upper half, so that a
/// thousand agents do not come back to a restarted master in the same moment.
public struct Backoff: Sendable {
  public var first: Duration
  public var limit: Duration
  public private(set) var failureCount = 0

  public init(first: Duration = Limits.firstRetryDelay, limit: Duration = Limits.retryDelay) {
    self.first = first
    self.limit = limit
  }

  /// The wait before the next try.
  ///
  /// - Parameter random: From [0, 1).
  public mutating func next(random: Double) -> Duration {
    // 2^20 first delays are beyond any limit.
    let longest = min(limit, first * (1 << min(failureCount, 20)))
    failureCount += 1
    return longest * (0.5 + 0.5 * random)
  }

  public mutating func reset() { failureCount = 0 }
}
