import ArgumentParser
import Foundation

/// The one command: `glint SUBCOMMAND`.
@main
struct Glint: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "glint",
    abstract: "Renders glTF scenes, on one machine or on a farm.",
    discussion: """
      A picture on this machine:
        glint render scene.glb -o frame.####.png --frames 1-48

      A farm on this machine: each line in its own terminal.
        glint master
        glint agent
        glint submit scene.glb --frames 1-48 --wait -o out/frame.####.png

      Equal options give equal bytes, whoever renders. GLINT_MASTER and GLINT_TOKEN stand for --master and the token.
      Exit codes: 0 done, 64 bad usage, 65 bad input, 69 master unreachable, 70 failed work, 75 not finished yet, 130 interrupted.
      """,
    version: "glint 0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Rendering",
        subcommands: [
          RenderCommand.self, InspectCommand.self, BundleCommand.self, SheetCommand.self, BenchCommand.self,
        ]),
      CommandGroup(
        name: "Running a farm",
        subcommands: [MasterCommand.self, AgentCommand.self, KeyCommand.self, SimulateCommand.self]),
      CommandGroup(
        name: "Using a farm",
        subcommands: [
          SubmitCommand.self, JobsCommand.self, JobCommand.self, WatchCommand.self, FetchCommand.self,
          PauseCommand.self,
          ResumeCommand.self, CancelCommand.self, RetryCommand.self, PriorityCommand.self, BudgetCommand.self,
          AgentsCommand.self,
          CreditsCommand.self, LedgerCommand.self,
        ]),
    ])

  static func main() async {
    var type: ParsableCommand.Type = Glint.self
    do {
      try CommandNames.check(CommandLine.arguments.dropFirst())
      var command = try parseAsRoot()
      type = Swift.type(of: command)
      if var asynchronous = command as? AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error, in: type)
    }
  }

  /// Prints the error and leaves with its exit code.
  ///
  /// - Parameter command: Whose usage goes with the error.
  static func end(with error: any Error, in command: ParsableCommand.Type) -> Never {
    if let status = ErrorText.status(of: error) {
      let text = ErrorText.describe(error)
      if !text.isEmpty { Terminal.note(text, label: .error) }
      if status == .badUsage {
        Terminal.note(lines: "Usage: " + ((error as? UnknownCommand)?.usage ?? usageString(for: command)))
      }
      Foundation.exit(status.rawValue)
    }
    // The parser's own: help and version, or bad usage.
    if exitCode(for: error) == .validationFailure {
      var lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let message = lines.removeFirst()
      Terminal.note(message.replacing("Error: ", with: "", maxReplacements: 1), label: .error)
      Terminal.note(lines: lines.joined(separator: "\n"))
      Foundation.exit(ExitStatus.badUsage.rawValue)
    }
    exit(withError: error)
  }
}
