/// The numbers by which a farm is run.
public struct FarmPolicy: Sendable, Equatable {
  /// An agent that is silent for so long has lost its units.
  public var leaseSeconds: Double = 30
  /// A lease lasts so long at most, however often it is renewed: nobody sits on others' work for ever.
  public var leaseLimitSeconds: Double = 900
  /// Units handed out in one answer at most.
  public var leasesInAnswer = 32
  /// What an agent has in hand is at most so much work, by the speed of its self-test; but two units a thread.
  public var workInHandSeconds: Double = 60
  /// Units in one agent's hands at most.
  public var leasesOfAgent = 256
  /// An agent that was not heard of for so long does not count as one who could check others.
  public var presenceSeconds: Double = 40
  /// Agents that are remembered at most: keys cost nothing.
  public var agentLimit = 100_000
  /// Different agents that fail on a unit before its job fails.
  public var failuresOfUnit = 3

  // MARK: - Standing

  /// So many correct checks make a new agent a proven one; until then all its units are checked.
  public var probationCount = 10
  /// The same for keys that a farm with proven agents hears of for the first time after it has banned somebody, who may be
  /// coming back. Who comes back after every ban gets through what one agent of so many units can
  /// (docs/verification.md). Not for contributors that are trusted.
  public var newcomerProbationCount = 2000
  /// Share of a proven agent's units that are rendered twice, drawn after commitment; with 0 nothing is checked, new
  /// agents' units neither.
  public var checkRate = 0.05
  /// So many correct checks after its probation make an agent a veteran.
  public var veteranCount = 200
  /// A veteran's check rate is `checkRate` times this.
  public var veteranFactor = 0.6

  // MARK: - Evidence (docs/verification.md)

  /// Assumed share of agents that cheat.
  public var assumedCheating = 0.1
  /// Assumed probability that a checker drawn at random covers up for the author.
  public var assumedCollusion = 0.1
  /// Contributors whose agents' checks count as the master's own: the operator's machines, say.
  public var trustedContributors: Set<KeyID> = []
  /// Whether agents and the master's verifier, when nothing else is to do, check what lacks evidence.
  public var checksWhenIdle = true
  /// Such checks handed out in one answer at most: new work must not wait long for them.
  public var idleChecksInAnswer = 4
  /// Share of a job's units for which screening may ask for a check, and so many in any case: noise must not flood a farm.
  public var screeningShare = 0.01
  public var screeningAllowance = 8
  /// An agent that was drawn to check and does not ask for work for so long is replaced by another.
  public var checkPatienceSeconds: Double = 20

  public init() {}

  /// How results become believable under this policy.
  public var trust: TrustModel {
    TrustModel(assumedCheating: assumedCheating, assumedCollusion: assumedCollusion)
  }

  /// Checks of an agent that must agree, or have agreed, before it is proven.
  public func probationCount(of agent: AgentRecord) -> Int {
    agent.isNewcomer ? max(probationCount, newcomerProbationCount) : probationCount
  }

  /// Whether an agent has passed its probation.
  public func isProven(_ agent: AgentRecord) -> Bool { agent.correctCount >= probationCount(of: agent) }

  /// Probability that a result of an agent is checked, 0 to 1.
  public func checkRate(of agent: AgentRecord) -> Double {
    if checkRate <= 0 { return 0 }
    let count = agent.correctCount - probationCount(of: agent)
    if count < 0 { return 1 }
    return count < veteranCount ? checkRate : checkRate * veteranFactor
  }
}

/// Why the farm does not do what was asked.
public struct FarmFault: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    case notFound, conflict, refused, forbidden
  }

  public var kind: Kind
  /// For programs.
  public var code: String
  /// For people: what, where, found, expected, what to do.
  public var description: String

  public init(_ kind: Kind, _ code: String, _ description: String) {
    self.kind = kind
    self.code = code
    self.description = description
  }
}
