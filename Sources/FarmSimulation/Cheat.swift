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
  /// Comes back with a new key and a new owner after every ban.
  case manyIdentities = "many-identities"

  /// Kinds whose results are found by exactly the same draws whatever other cheats there are, so that one run may hold
  /// some of each.
  public static let independent: [Cheat] = [
    .always, .rarely, .late, .lateRarely, .fewerSamples, .replayed, .stolen, .otherUnit, .manyIdentities,
  ]

  /// Probability that a result is wrong.
  ///
  /// - Parameters:
  ///   - delivered: Results that the agent has delivered before.
  ///   - worst: 1/(q·n): the rate with which a cheat that is never seen gets most through.
  func lieRate(delivered: Int, worst: Double) -> Double {
    switch self {
    case .always, .replayed, .stolen, .otherUnit: 1
    // Not while everything is checked.
    case .rarely, .fewerSamples, .manyIdentities, .colluding: delivered < 20 ? 0 : worst
    case .late: delivered < 100 ? 0 : 1
    case .lateRarely: delivered < 100 ? 0 : worst
    }
  }
}
