import FarmLedger
import ArgumentParser
import FarmAgent
import Foundation

/// `glint key`
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Makes and shows contributor keys.",
    discussion: """
      Credit goes to a key. Its private half signs the keys of your agents and stays on your machines: copy the file to each
      of them, or let `glint agent` make one on first use.

        glint key new
        glint key show
        glint key new studio.key
        glint agent --contributor studio.key
      """,
    subcommands: [New.self, Show.self])

  struct KeyDocument: Encodable {
    var file: String
    /// What the master calls the contributor.
    var publicKey: String
  }

  static func url(_ path: String?) -> URL { path.map { URL(fileURLWithPath: $0) } ?? GlintFolders.contributorKey }

  static func document(_ key: SigningKeyFile) -> KeyDocument {
    KeyDocument(file: key.url.path, publicKey: key.publicKeyText)
  }

  private static func make(_ url: URL) throws -> SigningKeyFile {
    if FileManager.default.fileExists(atPath: url.path) {
      throw CommandFailure(
        .badInput, "key file \(url.path) exists already; `glint key show` shows it, another name makes another key")
    }
    return try SigningKeyFile(creating: url)
  }

  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a key; an existing file is never overwritten.")

    @Argument(
      help: ArgumentHelp(
        "Where to write it. Default: glint/contributor.key in the folder of settings.", valueName: "file"),
      completion: .file())
    var file: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
      let url = KeyCommand.url(file)
      let key = try KeyCommand.make(url)
      if json { return try Output.json(KeyCommand.document(key)) }
      Output.line(key.publicKeyText)
      Terminal.note("Written to \(url.path). Keep it: who has the file has the credit.")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows the public half of a key.")

    @Argument(
      help: ArgumentHelp(
        "The key's file. Default: glint/contributor.key in the folder of settings.", valueName: "file"),
      completion: .file())
    var file: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
      let url = KeyCommand.url(file)
      if file == nil, !FileManager.default.fileExists(atPath: url.path) {
        throw CommandFailure(.badInput, "no contributor key yet (\(url.path)); `glint key new` makes one")
      }
      let key = try SigningKeyFile(reading: url)
      if json { return try Output.json(KeyCommand.document(key)) }
      Output.line(key.publicKeyText)
    }
  }
}
