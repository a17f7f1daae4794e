import Testing

@testable import FarmSimulation

@Suite("Simulated farm with cheats")
struct FarmSimulationTests {
  /// The first is the slice of 20,000 units: every kind of cheat, losses, deaths and crashes, everything settled in the end,
  /// invariants asserted with every event, and as a whole every 10,000 events.
  @Test(
    "Nobody honest is banned, nothing settles for the banned, and no wrong unit of a lone cheat is final",
    arguments: [(1, 200), (2, 50)] as [(seed: UInt64, agentCount: Int)])
  func slice(seed: UInt64, agentCount: Int) throws {
    var configuration = SimulationConfiguration(
      seed: seed, agentCount: agentCount, unitsPerAgent: 100, cheatingFraction: 0.2)
    #expect(configuration.sweepInterval == 10_000)
    configuration.runsUntilFinal = true
    configuration.keepsRecords = true
    configuration.crashRate = 1e-4
    var simulation = FarmSimulation(configuration)
    let report = try simulation.run()
    #expect(report.settledUnits == report.unitCount && report.finalUnits == report.unitCount)
    #expect(simulation.sweepCount == report.events / 10_000 + 1)
    #expect(report.bannedHonestAgents == 0)
    #expect(report.creditAfterBan == 0)
    // Idle checks are exact: only accomplices could cover up for each other.
    #expect(report.wrongUnits == 0)
    #expect(report.kinds["always"]?.bans == report.kinds["always"]?.agentCount)
    #expect(report.restarts > 0)
  }

  @Test("Owners that cover up for each other get hardly anything through, and honest ones are not banned with them")
  func collusion() throws {
    var configuration = SimulationConfiguration(
      seed: 3, agentCount: 100, unitsPerAgent: 60, cheatingFraction: 0.2, cheats: [.colluding])
    configuration.runsUntilFinal = true
    var simulation = FarmSimulation(configuration)
    let report = try simulation.run()
    #expect(report.bannedHonestAgents == 0)
    #expect(report.creditAfterBan == 0)
    #expect(report.settledUnits == report.unitCount)
    #expect(Double(report.wrongUnits) <= 0.002 * Double(report.unitCount), "\(report.wrongUnits)")
  }

  @Test("Before idle checks the share of wrong units is below the bound, also for who comes back after every ban")
  func bound() throws {
    let line = SimulationTable.Line(cheatingFraction: 0.2, unitsPerAgent: 200, cheats: Cheat.steady)
    var reports: [SimulationReport] = []
    for seed in 1...4 as ClosedRange<UInt64> {
      var simulation = FarmSimulation(SimulationTable.configuration(line, seed: seed, agentCount: 100))
      reports.append(try simulation.run())
    }
    for row in SimulationTable.rows(line, reports) { #expect(row.mean <= row.bound, "\(row)") }
    #expect(reports.allSatisfy { $0.bannedHonestAgents == 0 && $0.creditAfterBan == 0 })
  }

  @Test("The same seed gives the same run")
  func repeatable() throws {
    let configuration = SimulationConfiguration(seed: 5, agentCount: 40, unitsPerAgent: 50, cheatingFraction: 0.2)
    var (first, second) = (FarmSimulation(configuration), FarmSimulation(configuration))
    #expect(try first.run() == second.run())
  }

  @Test("Limits of means follow Student's distribution")
  func statistics() {
    #expect(SimulationTable.upperLimit([1], oneUnit: 1) == .infinity)
    let values = (1...20).map { Double($0 % 2) }
    // Nothing wrong in 1,000 runs: with a mean of 0.003 that happens one time in twenty.
    #expect(abs(SimulationTable.upperLimit(Array(repeating: 0, count: 1000), oneUnit: 1) - 0.003) < 1e-5)
    // Mean 0.5, standard deviation 0.513, 19 degrees of freedom.
    #expect(abs(SimulationTable.upperLimit(values, oneUnit: 1) - (0.5 + 1.729 * 0.51299 / 20.0.squareRoot())) < 1e-3)
  }
}
