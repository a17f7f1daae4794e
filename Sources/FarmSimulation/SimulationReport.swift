/// What happened in a simulated farm.
public struct SimulationReport: Sendable, Codable, Equatable {
  public struct Kind: Sendable, Codable, Equatable {
    /// Agents of this kind at the start.
    public var agentCount = 0
    /// Wrong units in delivered pictures at the end, provisional ones included.
    public var wrongUnits = 0
    /// Of those, the ones that had settled.
    public var wrongSettledUnits = 0
    /// Of those, the ones in frames of which all units had settled.
    public var wrongFinalUnits = 0
    /// Wrong results that the farm took.
    public var lies = 0
    public var bans = 0
    /// Results from the first lie to the ban, summed over bans.
    public var unitsToCatch = 0
    /// Virtual seconds from the first lie to the ban, summed over bans.
    public var secondsToCatch = 0.0
    /// Settled units, right and wrong.
    public var creditedUnits = 0

    public init() {}
  }

  public var seed: UInt64 = 0
  public var agentCount = 0
  public var cheatCount = 0
  /// Of the job: each is in one delivered picture at the end.
  public var unitCount = 0
  /// Results that the farm took, void ones included.
  public var renderedUnits = 0
  public var checks = 0
  /// Checks made of results that came after their agents' probation, and those results.
  public var sampledChecks = 0
  public var sampledUnits = 0
  /// Renderings by the master's kernel.
  public var masterRenderings = 0
  public var settledUnits = 0
  /// Units of frames of which all units had settled.
  public var finalUnits = 0
  public var bannedHonestAgents = 0
  /// Units of banned agents that settled after their ban.
  public var creditAfterBan = 0
  public var reopenedFrames = 0
  public var pauses = 0
  public var refusedResults = 0
  public var restarts = 0
  public var events = 0
  public var virtualSeconds = 0.0
  public var kinds: [String: Kind] = [:]

  public init() {}

  /// q: share of results drawn for a check after probation.
  public var checkRate: Double { sampledUnits > 0 ? Double(sampledChecks) / Double(sampledUnits) : 0 }
  /// Second renderings for each unit, those of probation included.
  public var overhead: Double { Double(checks + masterRenderings) / Double(max(1, unitCount)) }
  public var wrongUnits: Int { kinds.values.reduce(0) { $0 + $1.wrongUnits } }
}
