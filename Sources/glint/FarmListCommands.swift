import ArgumentParser
import FarmAgent
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
    commandName: "credits", abstract: "Lists what each contributor has done.",
    discussion: """
      Credit counts the rays of results that the farm took, each unit once.

        glint credits
        glint credits --json
      """)

  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    let answer = try await connection.withClient { try await $0.credits() }
    if json { return try Output.json(answer) }
    if answer.credits.isEmpty { return Terminal.note("No credit yet: nothing has been rendered.") }
    Output.table(FarmTables.creditHeader, answer.credits.map(FarmTables.row), rightAligned: [1, 2, 3])
  }
}
