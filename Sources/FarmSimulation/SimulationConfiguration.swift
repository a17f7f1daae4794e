import FarmModel

/// One simulated farm.
public struct SimulationConfiguration: Sendable {
  public var seed: UInt64
  public var agentCount: Int
  public var unitsPerAgent: Int
  /// Share of agents that cheat, 0 to 1, spread evenly over `cheats`.
  public var cheatingFraction: Double
  public var cheats: [Cheat]
  public var policy = FarmPolicy()
  public var trust = JobRecord.defaultTrust

  // The network and the machines; probabilities for each message.
  public var lossRate = 0.01
  public var repeatRate = 0.01
  /// For each batch of units.
  public var deathRate = 0.002
  /// Share of agents that take ten times as long.
  public var slowShare = 0.05
  /// Share of agents whose clock is so wrong that they renew too late.
  public var skewedShare = 0.02
  /// Master kills, for each event; needs `keepsRecords`.
  public var crashRate = 0.0
  /// Whether a store is kept, from which a killed master starts again.
  public var keepsRecords = false
  /// Events between two full sweeps of the invariants; 0: only at the end.
  public var sweepInterval = 10_000
  /// Whether the run goes on until every unit has settled.
  public var runsUntilFinal = false

  public init(
    seed: UInt64, agentCount: Int, unitsPerAgent: Int, cheatingFraction: Double, cheats: [Cheat] = Cheat.independent
  ) {
    self.seed = seed
    self.agentCount = agentCount
    self.unitsPerAgent = unitsPerAgent
    self.cheatingFraction = cheatingFraction
    self.cheats = cheats
  }

  /// The command that repeats it.
  public var command: String {
    "glint simulate --seed \(seed) --agents \(agentCount) --units \(unitsPerAgent) --cheating \(cheatingFraction) --cheats \(cheats.map(\.rawValue).joined(separator: ",")) --check-rate \(policy.checkRate)\(runsUntilFinal ? " --until-final" : "")\(keepsRecords ? " --crashes" : "")"
  }
}

/// An invariant does not hold.
public struct SimulationFault: Error, Sendable, CustomStringConvertible {
  public var description: String

  init(_ text: String, _ configuration: SimulationConfiguration) {
    description = "\(text)\nRepeat it with: \(configuration.command)"
  }
}
