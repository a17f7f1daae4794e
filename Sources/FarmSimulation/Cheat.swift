/// How an agent of the simulation cheats.
public enum Cheat: String, Sendable, CaseIterable, Codable {
  /// Every result is wrong.
  case always
  /// A result is wrong with the probability that gets most through.
  case rarely
  /// A hundred good results, then only wrong ones.
  case late
  /// The same, but wrong with the probability that gets most of the rest through.
  case lateRarely = "late-rarely"
  /// Renders a quarter of the samples and scales them up, now and then.
  case fewerSamples = "fewer-samples"
  /// Sends an earlier result of its own again.
  case replayed
  /// Sends what it saw of another agent's result, and delivers on others' leases.
  case stolen
  /// Sends the result of another unit.
  case otherUnit = "other-unit"
  /// Owners that agree on their lies, cover up for each other in checks, and ask for work more often than others.
  case colluding
  /// Comes back with a new key and a new owner after every ban, and lies as `rarely` does.
  case manyIdentities = "many-identities"

  /// Kinds whose results are found by exactly the same draws whatever other cheats there are, so that one run may hold
  /// some of each.
  public static let independent: [Cheat] = [
    .always, .rarely, .late, .lateRarely, .fewerSamples, .replayed, .stolen, .otherUnit, .manyIdentities,
  ]

  /// Of these, the ones that keep to a small rate of lies.
  public static let steady: [Cheat] = [.rarely, .lateRarely, .fewerSamples, .manyIdentities]

  /// Good results before the first lie of those that are late.
  static let lateCount = 100

  /// Whether it has the benefit of the doubt: it knows when everything of it is checked, and which of its tasks are checks
  /// of others' units, and is honest then. A real one can but guess.
  var knowsChecks: Bool { Cheat.steady.contains(self) || self == .colluding }

  /// Probability that a result is wrong.
  ///
  /// - Parameters:
  ///   - delivered: Results that the agent has delivered before.
  ///   - worst: The rate with which a cheat that is never seen gets most through.
  func lieRate(delivered: Int, worst: Double) -> Double {
    switch self {
    case .always, .replayed, .stolen, .otherUnit: 1
    case .rarely, .fewerSamples, .manyIdentities, .colluding: worst
    case .late: delivered < Cheat.lateCount ? 0 : 1
    case .lateRarely: delivered < Cheat.lateCount ? 0 : worst
    }
  }

  /// The rate with which a cheat of this kind gets most through: 1/(q·n) with the units that it may lie about.
  ///
  /// - Parameters:
  ///   - found: Probability that a lie is found, at least.
  ///   - unitCount: Of each agent.
  func worstRate(found: Double, unitCount: Int) -> Double {
    let count = self == .lateRarely ? max(1, unitCount - Cheat.lateCount) : unitCount
    return min(1, 1 / (found * Double(count)))
  }
}
