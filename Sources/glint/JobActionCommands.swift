import ArgumentParser
import FarmAgent
import FarmModel
import FarmWire
import Foundation

/// Options of the commands that change a job.
struct JobActionOptions: ParsableArguments {
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var job: JobArgument

  @Flag(help: "Print the job as one JSON document.")
  var json = false

  /// - Parameter change: Returns the job as it is afterwards.
  func run(_ change: (MasterClient, JobID) async throws -> JobSummary) async throws {
    let changed = try await connection.withClient { try await change($0, job.resolve($0)) }
    if json { return try Output.json(changed) }
    Output.line("\(changed.id.short)  \(changed.stateText)  priority \(changed.priority)")
  }
}

/// `glint pause`
struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Stops handing out a job's units; those in work are finished.",
    discussion: "  glint pause 5f0c")
  @OptionGroup var options: JobActionOptions

  func run() async throws { try await options.run { try await $0.change($1, .pause) } }
}

/// `glint resume`
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Goes on with a paused job.", discussion: "  glint resume 5f0c")
  @OptionGroup var options: JobActionOptions

  func run() async throws { try await options.run { try await $0.change($1, .resume) } }
}

/// `glint cancel`
struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Ends a job; finished frames stay.", discussion: "  glint cancel 5f0c")
  @OptionGroup var options: JobActionOptions

  func run() async throws { try await options.run { try await $0.change($1, .cancel) } }
}

/// `glint retry`
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Tries a failed or cancelled job's unfinished units again.",
    discussion: "  glint retry 5f0c")
  @OptionGroup var options: JobActionOptions

  func run() async throws { try await options.run { try await $0.change($1, .retry) } }
}

/// `glint budget`
struct BudgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget", abstract: "Changes the credit at which a job pauses.",
    discussion: """
      A job that has paused for its budget goes on if there is room again.

        glint budget 5f0c 8e9
        glint budget 5f0c none
      """)
  @OptionGroup var options: JobActionOptions

  @Argument(
    help: ArgumentHelp("Credit, or none.", valueName: "credit"),
    transform: { $0 == "none" ? nil : try Quantity.parseCredit($0) })
  var budget: UInt64?

  func run() async throws { try await options.run { try await $0.setBudget($1, budget) } }
}

/// `glint priority`
struct PriorityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "priority", abstract: "Changes a job's priority; the highest goes first, and 0 is usual.",
    discussion: """
        glint priority 5f0c 10
        glint priority 5f0c -- -5
      """)
  @OptionGroup var options: JobActionOptions

  @Argument(
    help: ArgumentHelp("From -100 to 100.", valueName: "number"), transform: Quantity.parseInteger(-100...100))
  var priority: Int

  func run() async throws { try await options.run { try await $0.setPriority($1, priority) } }
}
