import ArgumentParser
import FarmAgent
import FarmLedger
import FarmModel
import FarmWire
import Foundation

/// `glint agents`
struct AgentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "Lists the machines that work for the master.",
    discussion: """
        glint agents
        glint agents --json
      """)

  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    let answer = try await connection.withClient { try await $0.agents() }
    if json { return try Output.json(answer) }
    if answer.agents.isEmpty { return Terminal.note("No agents. `glint agent` starts one.") }
    Output.table(FarmTables.agentHeader, answer.agents.map(FarmTables.row), rightAligned: [3, 4])
  }
}

/// `glint credits`
struct CreditsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "credits", abstract: "Lists what contributors have earned.",
    discussion: """
      Credit is what the public ledger says: rays and shading evaluations of settled units and of checks that agreed, each
      once. Pending is what waits for evidence; it is paid when that is there, and never for a result that was wrong.

        glint credits
        glint credits --mine
        glint credits --job 5f0c --json
        glint ledger verify http://127.0.0.1:7878/ledger
      """)

  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Only your own, by the key that `glint key show` shows.")
  var mine = false

  @Option(
    help: ArgumentHelp("Only this contributor's, by its key file. Default: all.", valueName: "file"),
    completion: .file())
  var contributor: String?

  @Option(help: ArgumentHelp("Only from this job; its first digits will do. Default: all.", valueName: "id"))
  var job: String?

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    var answer = try await connection.withClient { client in
      try await client.credits(of: try await job.asyncMap { try await client.jobID(beginning: $0) })
    }
    if mine || contributor != nil {
      let key = try SigningKeyFile(reading: KeyCommand.url(contributor)).publicKeyText
      answer.credits.removeAll { $0.contributor != key }
    }
    if json { return try Output.json(answer) }
    if answer.credits.isEmpty { return Terminal.note("No credit yet.") }
    Output.table(FarmTables.creditHeader, answer.credits.map(FarmTables.row), rightAligned: [1, 2, 3, 4, 5])
  }
}

extension Optional {
  fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
    if let self { try await transform(self) } else { nil }
  }
}
