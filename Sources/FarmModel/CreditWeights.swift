import KernelScene

/// How work counters become credit: published numbers, the same for everybody, never changed once published.
///
/// Counters are the same on every machine and are confirmed by every check, so credit is as well: a faster machine earns
/// more in a day, not more for a unit.
public struct CreditWeights: Sendable, Hashable {
  public let version: UInt32
  /// Credit of one of each.
  public let ray: UInt64
  public let shadowRay: UInt64
  public let shadingEvaluation: UInt64

  /// No weight is larger: with `LedgerEntry.counterLimit` an entry's credit stays below 2⁶⁴.
  static let weightLimit: UInt64 = 1 << 12

  /// Credit counted in rays.
  public static let version1 = CreditWeights(version: 1, ray: 1, shadowRay: 1, shadingEvaluation: 1)
  /// What new entries are paid by.
  public static let current = version1

  /// Nil if there is no such version (yet).
  public static func published(_ version: UInt32) -> CreditWeights? { version == 1 ? version1 : nil }

  /// - Parameter counters: Of one unit, each at most `LedgerEntry.counterLimit`.
  public func credit(_ counters: WorkCounters) -> UInt64 {
    ray * counters.rays + shadowRay * counters.shadowRays + shadingEvaluation * counters.shadingEvaluations
  }
}
