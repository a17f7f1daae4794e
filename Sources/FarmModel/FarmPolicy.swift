/// The numbers by which a farm is run.
public struct FarmPolicy: Sendable, Equatable {
  /// An agent that is silent for so long has lost its units.
  public var leaseSeconds: Double = 30
  /// Units handed out in one answer at most.
  public var leasesInAnswer = 32
  /// Units in one agent's hands at most.
  public var leasesOfAgent = 256
  /// Share of a proven agent's units that are rendered twice; with 0 nothing is checked, new agents' units neither.
  public var checkRate = 0.05
  /// So many correct checks make a new agent a proven one; until then all its units are checked.
  public var probationCount = 10
  /// An agent that was not heard of for so long does not count as one who could check others.
  public var presenceSeconds: Double = 40
  /// Agents that are remembered at most: keys cost nothing.
  public var agentLimit = 100_000
  /// Different agents that fail on a unit before its job fails.
  public var failuresOfUnit = 3

  public init() {}
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
