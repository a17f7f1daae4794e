import ArgumentParser
import FrameRenderer
import KernelScene

/// `--kernel v3`
struct KernelOption: ParsableArguments {
  static let automatic = "auto"

  @Option(
    name: .customLong("kernel"),
    help: ArgumentHelp(
      "Build of the kernel: \(names.joined(separator: ", ")). Changes no pixel. Default: the fastest that this processor can run.",
      valueName: "name"),
    completion: .list(names), transform: parse)
  var name = automatic

  private static var names: [String] { [automatic] + KernelChoice.names }

  private static func parse(_ text: String) throws -> String {
    guard names.contains(text) else { throw OptionError("expected one of \(names.joined(separator: ", "))") }
    return text
  }

  /// The build to render with.
  func build() throws -> any KernelBuild {
    if name == KernelOption.automatic { return KernelChoice.fastest }
    do {
      return try KernelChoice.named(name)
    } catch {
      throw CommandFailure(.badUsage, "--kernel: \(error.description)")
    }
  }
}
