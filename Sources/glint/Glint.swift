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
      Exit codes: 0 done, 64 bad usage, 65 bad input, 69 master unreachable, 70 failed work, 130 interrupted.
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
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// Prints the error and leaves with its exit code.
  static func end(with error: any Error) -> Never {
    if let status = ErrorText.status(of: error) {
      let text = ErrorText.describe(error)
      if !text.isEmpty {
        Terminal.note(Terminal.tint("glint: error:", .red, when: Terminal.showsErrorColour) + " " + text)
      }
      Foundation.exit(status.rawValue)
    }
    // The parser's own: help, version, bad usage.
    exit(withError: error)
  }
}
