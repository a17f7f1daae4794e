import FarmModel

/// The runs behind the table of docs/verification.md, and what they say.
public enum SimulationTable {
  /// One line of runs with different seeds.
  public struct Line: Sendable, Hashable {
    public var cheatingFraction: Double
    public var unitsPerAgent: Int
    /// In equal numbers; a kind may be there more than once.
    public var cheats: [Cheat]

    public var isColluding: Bool { cheats == [.colluding] }
    public var percent: Int { Int((cheatingFraction * 100).rounded()) }

    /// Names its results.
    public var name: String { "\(percent)% \(unitsPerAgent) \(title)" }
    /// For people.
    var title: String { cheats == SimulationTable.mixed ? "mixed" : cheats.map(\.rawValue).joined(separator: ", ") }
  }

  /// All independent kinds in one run. Of those that lie all the time none gets anything through, which few of them show;
  /// for a steady one it is all or nothing, so that there are five of it for each of the others.
  static let mixed = Cheat.independent + (1..<5).flatMap { _ in Cheat.steady }

  /// Cheating fractions 1 to 35 %: once with all independent kinds, once with owners that collude. One percent of 2,000
  /// agents are so few that each steady kind has runs of its own: their noise would hide the bound. There `fewerSamples` is
  /// left out, which lies at the rate of `rarely`: the same seed gives the same run.
  public static let lines: [Line] = [0.01, 0.05, 0.1, 0.2, 0.35].flatMap { fraction in
    let steady = Cheat.steady.filter { $0 != .fewerSamples }.map { [$0] }
    let groups =
      fraction < 0.05 ? [Cheat.independent.filter { !Cheat.steady.contains($0) }] + steady : [mixed]
    return (groups + [[.colluding]]).map {
      Line(cheatingFraction: fraction, unitsPerAgent: fraction == 0.1 ? 2000 : 500, cheats: $0)
    }
  }

  public static func configuration(_ line: Line, seed: UInt64, agentCount: Int) -> SimulationConfiguration {
    var configuration = SimulationConfiguration(
      seed: seed, agentCount: agentCount, unitsPerAgent: line.unitsPerAgent, cheatingFraction: line.cheatingFraction,
      cheats: line.cheats)
    // What is in delivered pictures counts, before any check that nobody waits for.
    configuration.policy.checksWhenIdle = false
    configuration.sweepInterval = 2_000_000
    return configuration
  }

  /// What the runs of a line say of one kind of cheat, as if all cheats were of this kind.
  public struct Row: Sendable {
    public var line: Line
    public var kind: String
    public var runCount: Int
    /// q, as drawn.
    public var checkRate: Double
    /// Mean share of wrong units in delivered pictures.
    public var mean: Double
    /// Upper 95 % limit of that mean.
    public var upper: Double
    /// f/(1−f) · 1/(q·n·e), times 1/(1−f) for colluding owners.
    public var bound: Double
    /// Of each run, and what one wrong unit of a run is.
    var shares: [Double]
    var oneUnit: Double
    public var unitsToCatch: Double
    public var caughtShare: Double
    public var finalWrongUnits: Int
  }

  public static func rows(_ line: Line, _ reports: [SimulationReport]) -> [Row] {
    let kinds = Set(reports.flatMap { $0.kinds.keys }).sorted()
    let f = line.cheatingFraction
    let q = Double(reports.reduce(0) { $0 + $1.sampledChecks }) / Double(reports.reduce(0) { $0 + $1.sampledUnits })
    let bound = f / (1 - f) / (q * Double(line.unitsPerAgent) * 2.718281828459045) / (line.isColluding ? 1 - f : 1)
    return kinds.map { kind in
      let (shares, oneUnit) = wrongShares(kind, reports)
      let found = reports.compactMap { $0.kinds[kind] }
      let bans = found.reduce(0) { $0 + $1.bans }
      return Row(
        line: line, kind: kind, runCount: shares.count, checkRate: q, mean: mean(shares),
        upper: upperLimit(shares, oneUnit: oneUnit), bound: bound, shares: shares, oneUnit: oneUnit,
        unitsToCatch: Double(found.reduce(0) { $0 + $1.unitsToCatch }) / Double(max(1, bans)),
        caughtShare: Double(bans) / Double(max(1, found.reduce(0) { $0 + $1.agentCount })),
        finalWrongUnits: found.reduce(0) { $0 + $1.wrongFinalUnits })
    }
  }

  /// The share of wrong units in each run, as if all its cheats were of one kind; and what one wrong unit is of it, at most.
  private static func wrongShares(_ kind: String, _ reports: [SimulationReport]) -> ([Double], oneUnit: Double) {
    var shares: [Double] = []
    var oneUnit = 0.0
    for report in reports {
      guard let found = report.kinds[kind], found.agentCount > 0 else { continue }
      let scale = Double(report.cheatCount) / Double(found.agentCount) / Double(report.unitCount)
      shares.append(Double(found.wrongUnits) * scale)
      oneUnit = max(oneUnit, scale)
    }
    return (shares, oneUnit)
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// 95 %, one-sided, by Student's distribution; infinite for fewer than two runs. Where all values are 0, that says
  /// nothing: then it is the mean with which as many runs have no wrong unit one time in twenty (of Poisson's distribution:
  /// 3.0 units in all).
  ///
  /// - Parameter oneUnit: The share that one wrong unit of a run is.
  static func upperLimit(_ values: [Double], oneUnit: Double) -> Double {
    guard values.count > 1 else { return .infinity }
    let mean = mean(values)
    if mean == 0 { return 2.996 * oneUnit / Double(values.count) }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    // 95 % quantiles for 1, 2, … degrees of freedom; from 30 on the normal one is within 4 %.
    let quantiles = [
      6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746,
      1.74,
      1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
    ]
    return mean + quantiles[min(values.count - 2, 29)] * (variance / Double(values.count)).squareRoot()
  }

  /// Second renderings for each unit once probation is over: draws, and the renderings that decide disputes.
  public static func warmOverhead(_ reports: [SimulationReport]) -> Double {
    let checks = reports.reduce(0) { $0 + $1.sampledChecks + $1.masterRenderings }
    return Double(checks) / Double(max(1, reports.reduce(0) { $0 + $1.sampledUnits }))
  }

  public static func markdown(_ reports: [Line: [SimulationReport]]) -> String {
    func percent(_ value: Double) -> String { number(value * 100, 2) + " %" }
    var text = """
      | f | units an agent | cheat | runs | q | wrong units, mean | 95 % limit | bound | limit / bound | in final frames | caught | results to catch |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |

      """
    for line in lines {
      guard let found = reports[line], !found.isEmpty else { continue }
      for row in rows(line, found) {
        text +=
          "| \(line.percent) % | \(line.unitsPerAgent) | \(row.kind) | \(row.runCount) | \(number(row.checkRate, 4)) | \(scientific(row.mean)) | \(scientific(row.upper)) | \(scientific(row.bound)) | \(number(row.upper / row.bound, 2)) | \(row.finalWrongUnits) | \(percent(row.caughtShare)) | \(number(row.unitsToCatch, 1)) |\n"
      }
    }
    text += """

      | cheat, in all runs | runs | wrong units / bound, mean | 95 % limit |
      | --- | --- | --- | --- |

      """
    let all = lines.flatMap { rows($0, reports[$0] ?? []) }
    for kind in Set(all.map(\.kind)).sorted() {
      let found = all.filter { $0.kind == kind }
      let values = found.flatMap { row in row.shares.map { $0 / row.bound } }
      let oneUnit = found.map { $0.oneUnit / $0.bound }.max() ?? 0
      text +=
        "| \(kind) | \(values.count) | \(number(mean(values), 2)) | \(number(upperLimit(values, oneUnit: oneUnit), 2)) |\n"
    }
    text += """

      | f | units an agent | cheats | runs | units | warm overhead | overhead with probation | honest agents banned | units of banned agents credited after the ban | wrong units credited | units in final frames | reopened frames | pauses |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |

      """
    for line in lines {
      guard let found = reports[line], !found.isEmpty else { continue }
      func sum(_ value: (SimulationReport) -> Int) -> Int { found.reduce(0) { $0 + value($1) } }
      let wrong = found.reduce(0) { $0 + $1.kinds.values.reduce(0) { $0 + $1.wrongSettledUnits } }
      text +=
        "| \(line.percent) % | \(line.unitsPerAgent) | \(line.title) | \(found.count) | \(sum(\.unitCount)) | \(percent(warmOverhead(found))) | \(percent(mean(found.map(\.overhead)))) | \(sum(\.bannedHonestAgents)) | \(sum(\.creditAfterBan)) | \(wrong) | \(sum(\.finalUnits)) | \(sum(\.reopenedFrames)) | \(sum(\.pauses)) |\n"
    }
    return text
  }

  static func number(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "–" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    if digits == 0 { return "\(Int(rounded))" }
    var text = "\(rounded)"
    if let dot = text.firstIndex(of: ".") {
      let have = text.distance(from: dot, to: text.endIndex) - 1
      text += String(repeating: "0", count: max(0, digits - have))
    }
    return text
  }

  static func scientific(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    guard value > 0 else { return "0" }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return "\(number(mantissa, 2))e\(exponent)"
  }
}
