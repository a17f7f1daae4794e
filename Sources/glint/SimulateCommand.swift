import ArgumentParser
import FarmModel
import FarmSimulation
import Foundation
import Synchronization

/// `glint simulate`
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs a farm of cheats and honest agents on a virtual clock.",
    discussion: """
      The farm is the one that `glint master` runs: scheduler, checks, referee, settlement. Network and machines lose, repeat
      and reorder messages, die, are slow. The same seed gives the same run; a run in which an invariant fails ends with 70
      and the command that repeats it.

        glint simulate --agents 2000 --units 500 --cheating 0.1
        glint simulate --cheats colluding --until-final --seed 7
        glint simulate --table --seeds 20 --results table.jsonl    (the table of docs/verification.md)
      """)

  @Option(help: ArgumentHelp("Repeats a run.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: "Agents. Default: 500.", transform: Quantity.parseInteger(1...100_000))
  var agents = 500

  @Option(help: "Units for each agent. Default: 200.", transform: Quantity.parseInteger(1...10_000))
  var units = 200

  @Option(help: ArgumentHelp("Share of agents that cheat, 0 to 1.", valueName: "share"))
  var cheating = 0.1

  @Option(
    help: ArgumentHelp(
      "Kinds of cheats, in equal numbers: \(Cheat.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "list"))
  var cheats = Cheat.independent.map(\.rawValue).joined(separator: ",")

  @Option(
    name: .customLong("check-rate"), help: ArgumentHelp("Share of a proven agent's units checked.", valueName: "share"))
  var checkRate = FarmPolicy().checkRate

  @Flag(name: .customLong("until-final"), help: "Go on until idle agents and the master have settled every unit.")
  var untilFinal = false

  @Flag(help: "Kill the master now and then; it starts again from its store.")
  var crashes = false

  @Flag(help: "All runs of the table in docs/verification.md.")
  var table = false

  @Option(help: "With --table: runs of each line. Default: 20.", transform: Quantity.parseInteger(1...1000))
  var seeds = 20

  @Option(
    help: ArgumentHelp(
      "With --table: keeps each run as a line of JSON; runs that are there already are not repeated.", valueName: "file"
    ),
    completion: .file())
  var results: String?

  @Option(help: "With --table: runs at a time. Default: 2.", transform: Quantity.parseInteger(1...256))
  var threads = 2

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    guard cheating >= 0, cheating < 1 else { throw ValidationError("--cheating is \(cheating), expected 0 to below 1") }
    guard checkRate > 0, checkRate <= 1 else {
      throw ValidationError("--check-rate is \(checkRate), expected above 0 to 1")
    }
    if try kinds().isEmpty { throw ValidationError("--cheats is empty, expected kinds of cheats") }
    // A run is one job, whose units are limited.
    guard agents * units <= 20_000_000 else {
      throw ValidationError(
        "--agents \(agents) times --units \(units) is \(agents * units), expected at most 20000000 units")
    }
    if results != nil, !table { throw ValidationError("--results goes with --table") }
  }

  private func kinds() throws -> [Cheat] {
    try cheats.split(separator: ",").map { name in
      guard let cheat = Cheat(rawValue: String(name)) else {
        throw ValidationError(
          "--cheats: '\(name)' is none, expected \(Cheat.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return cheat
    }
  }

  func run() async throws {
    Interruption.leave()
    if table {
      try await makeTable()
      return
    }
    var configuration = SimulationConfiguration(
      seed: seed, agentCount: agents, unitsPerAgent: units, cheatingFraction: cheating, cheats: try kinds())
    configuration.policy.checkRate = checkRate
    configuration.policy.checksWhenIdle = untilFinal
    configuration.runsUntilFinal = untilFinal
    configuration.keepsRecords = crashes
    configuration.crashRate = crashes ? 1e-4 : 0
    var simulation = FarmSimulation(configuration)
    let report: SimulationReport
    do {
      report = try simulation.run()
    } catch {
      throw CommandFailure(.failedWork, error.description)
    }
    if json { try Output.json(report) } else { show(report) }
    if report.bannedHonestAgents > 0 || report.creditAfterBan > 0 {
      throw CommandFailure(
        .failedWork,
        "\(report.bannedHonestAgents) honest agents banned, \(report.creditAfterBan) units credited after a ban\nRepeat it with: \(configuration.command)"
      )
    }
  }

  private func show(_ report: SimulationReport) {
    Output.line("units        \(report.unitCount), \(report.renderedUnits) rendered")
    Output.line("checks       \(report.checks) by agents, \(report.masterRenderings) renderings by the master")
    Output.line("check rate   \(report.checkRate) after probation")
    Output.line("overhead     \(report.overhead), \(SimulationTable.warmOverhead([report])) after probation")
    Output.line("settled      \(report.settledUnits)")
    Output.line("wrong        \(report.wrongUnits) in delivered pictures")
    Output.line("banned       \(report.bannedHonestAgents) honest agents")
    Output.line("late credit  \(report.creditAfterBan) units credited after their agent's ban")
    Output.line("reopened     \(report.reopenedFrames) frames; \(report.pauses) pauses, \(report.restarts) restarts")
    for (name, kind) in report.kinds.sorted(by: { $0.key < $1.key }) {
      let bans = Double(max(1, kind.bans))
      Output.line(
        "\(name): \(kind.agentCount) agents, \(kind.lies) lies, \(kind.bans) bans after \(Double(kind.unitsToCatch) / bans) results and \(Int(kind.secondsToCatch / bans)) s, \(kind.wrongUnits) wrong units in pictures (\(kind.wrongSettledUnits) settled), \(kind.creditedUnits) units credited"
      )
    }
  }

  // MARK: - The table

  private struct Done: Codable {
    /// `SimulationTable.Line.name`.
    var line: String
    var report: SimulationReport
  }

  private func makeTable() async throws {
    var done: [Done] = []
    if let results, let text = try? String(contentsOfFile: results, encoding: .utf8) {
      done = text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Done.self, from: Data($0.utf8)) }
    }
    let known = Set(done.map { "\($0.line) \($0.report.seed)" })
    let wanted = (1...UInt64(seeds)).flatMap { seed in SimulationTable.lines.map { ($0, seed) } }
      .filter { !known.contains("\($0.0.name) \($0.1)") }
    let bar = ProgressBar("Simulating", total: Double(wanted.count))
    let agents = 2000
    try await withThrowingTaskGroup(of: Done.self) { group in
      var next = wanted.makeIterator()
      @Sendable func simulate(_ line: SimulationTable.Line, _ seed: UInt64) throws -> Done {
        var simulation = FarmSimulation(SimulationTable.configuration(line, seed: seed, agentCount: agents))
        do {
          return Done(line: line.name, report: try simulation.run())
        } catch {
          throw CommandFailure(.failedWork, error.description)
        }
      }
      for _ in 0..<threads {
        if let (line, seed) = next.next() { group.addTask { try simulate(line, seed) } }
      }
      while let one = try await group.next() {
        done.append(one)
        bar.advance(by: 1)
        if let results { try keep(one, results) }
        if let (line, seed) = next.next() { group.addTask { try simulate(line, seed) } }
      }
    }
    bar.finish()
    var reports: [SimulationTable.Line: [SimulationReport]] = [:]
    for line in SimulationTable.lines {
      reports[line] = done.filter { $0.line == line.name }.map(\.report).sorted { $0.seed < $1.seed }
    }
    Output.lines(SimulationTable.markdown(reports))
  }

  private func keep(_ one: Done, _ path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let line = try encoder.encode(one) + Data("\n".utf8)
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw CommandFailure(.badInput, "--results: \(path) cannot be written")
    }
    file.seekToEndOfFile()
    file.write(line)
    try file.close()
  }
}
