import Testing

@testable import FarmSimulation

@Suite("Simulated farm with cheats")
struct FarmSimulationTests {
  /// 20,000 units in all: every kind of cheat, losses, deaths and crashes, and everything settled in the end.
  @Test(
    "Nobody honest is banned, nothing settles for the banned, and no wrong unit of a lone cheat is final",
    arguments: [1, 2] as [UInt64])
  func slice(seed: UInt64) throws {
    var configuration = SimulationConfiguration(
      seed: seed, agentCount: 100, unitsPerAgent: 100, cheatingFraction: 0.2)
    configuration.runsUntilFinal = true
    configuration.keepsRecords = true
    configuration.crashRate = 1e-4
    var simulation = FarmSimulation(configuration)
    let report = try simulation.run()
    #expect(report.settledUnits == report.unitCount)
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

  @Test("Before idle checks the share of wrong units is below the bound")
  func bound() throws {
    let line = SimulationTable.Line(cheatingFraction: 0.2, unitsPerAgent: 200, isColluding: false)
    var reports: [SimulationReport] = []
    for seed in 1...3 as ClosedRange<UInt64> {
      var simulation = FarmSimulation(SimulationTable.configuration(line, seed: seed, agentCount: 90))
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
    #expect(SimulationTable.upperLimit([1]) == .infinity)
    let values = (1...20).map { Double($0 % 2) }
    // Mean 0.5, standard deviation 0.513, 19 degrees of freedom.
    #expect(abs(SimulationTable.upperLimit(values) - (0.5 + 1.729 * 0.51299 / 20.0.squareRoot())) < 1e-3)
  }
}
