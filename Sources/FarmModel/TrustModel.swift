/// How checks become a probability of error. Derived in docs/verification.md; after Sarmenta, "Sabotage-Tolerance
/// Mechanisms for Volunteer Computing Systems" (2001), for cheats that see the farm's log and choose when to lie.
public struct TrustModel: Sendable, Equatable {
  /// f: assumed share of agents that cheat, 0 ..< 1.
  public var assumedCheating: Double
  /// c: assumed probability that a checker drawn at random covers up for the author, 0 ..< 1.
  public var assumedCollusion: Double

  public init(assumedCheating: Double, assumedCollusion: Double) {
    self.assumedCheating = min(max(assumedCheating, 0), 0.99)
    self.assumedCollusion = min(max(assumedCollusion, 0), 0.99)
  }

  /// f/(1−f): how many results of cheats there are for one of an honest agent.
  public var odds: Double { assumedCheating / (1 - assumedCheating) }

  /// Checks that agreed, of one agent in one job.
  public struct Evidence: Sendable, Equatable {
    /// By the master, or by agents of contributors that it trusts.
    public var trustedCount: Int
    public var peerCount: Int

    public init(trustedCount: Int = 0, peerCount: Int = 0) {
      self.trustedCount = trustedCount
      self.peerCount = peerCount
    }
  }

  /// What the evidence is worth in trusted checks: a peer finds a lie with probability 1−c.
  public func weight(_ evidence: Evidence) -> Double {
    Double(evidence.trustedCount) + (1 - assumedCollusion) * Double(evidence.peerCount)
  }

  /// Weight of drawn checks, on results that were committed after a unit, with which the unit settles: a cheat gets
  /// 1/q units of a job through in its whole life, whatever its strategy, and has 1/q units waiting for each drawn check.
  ///
  /// - Parameter threshold: Largest share of wrong units, above 0; with 0 no number suffices.
  public func requiredWeight(threshold: Double) -> Double { threshold > 0 ? odds / threshold : .infinity }

  /// Units of an agent in a job, each checked by a peer that agreed, with which these units settle: a cheat gets
  /// c/(1−c) of them through in its whole life.
  public func requiredPeerChecks(threshold: Double) -> Double {
    threshold > 0 ? odds * assumedCollusion / (1 - assumedCollusion) / threshold : .infinity
  }

  /// Whether a threshold is out of reach of agents' checks: few agents have a thousand units of a job.
  public func needsTrusted(threshold: Double) -> Bool { requiredPeerChecks(threshold: threshold) > 1000 }

  /// Upper limit of the share of wrong units among those for which this evidence speaks: f/(1−f) · max s(1−s)^m.
  public func error(after evidence: Evidence) -> Double {
    let m = weight(evidence)
    // s = 1/(m+1) is the worst rate for whole m; e·m bounds it for all.
    return min(assumedCheating, m > 0 ? odds / (2.718281828459045 * m) : assumedCheating)
  }

  // MARK: - Cost

  /// What a job's threshold costs, before it is submitted.
  public struct Cost: Sendable, Equatable {
    /// Second renderings for each unit while the job runs.
    public var runningShare: Double
    /// Second renderings for each unit until every unit of the job is final.
    public var finalShare: Double
    /// Whether agents' checks suffice; if not, the master's verifier (or trusted contributors) renders the rest.
    public var needsTrustedVerifier: Bool
  }

  /// - Parameters:
  ///   - unitCount: Of the job.
  ///   - agentCount: Among which the units are spread evenly.
  ///   - rate: Share of units checked while the job runs, 0 to 1.
  public func cost(threshold: Double, unitCount: Int, agentCount: Int, rate: Double) -> Cost {
    guard rate > 0, unitCount > 0 else { return Cost(runningShare: 0, finalShare: 0, needsTrustedVerifier: false) }
    let perAgent = Double(unitCount) / Double(max(1, agentCount))
    let drawn = min(1, rate)
    // The first of an agent's units settle by later checks; the last ones need checks of their own.
    let waiting = min(perAgent, requiredWeight(threshold: threshold) / (drawn * (1 - assumedCollusion)))
    let finalShare = drawn + (1 - drawn) * waiting / perAgent
    return Cost(
      runningShare: drawn, finalShare: finalShare,
      needsTrustedVerifier: agentCount < 2 || perAgent * finalShare < requiredPeerChecks(threshold: threshold))
  }
}
