import ArgumentParser
import FarmAgent
import FarmLedger
import FarmModel
import Foundation
import SceneModel

/// A log served over HTTP.
struct HTTPLogSource: LogSource {
  let client: MasterClient
  /// Before every path; empty or with a slash at its end.
  let prefix: String

  func read(_ path: String, limit: Int) async throws -> [UInt8]? {
    try await client.logFile(prefix + path, limit: limit)
  }
}

/// Which log, and by which key. Shared by the commands that read one.
struct LedgerOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The log's address or folder: that of a master will do. Default: $GLINT_MASTER, or the master on this machine.",
      valueName: "url or folder"),
    completion: .directory)
  var log: String?

  @Option(
    help: ArgumentHelp(
      "The log's verifier key, name+hash+base64. Default: the one that was seen first, then remembered.",
      valueName: "key"))
  var key: String?

  /// A log whose checkpoint holds.
  struct Opened: Sendable {
    var source: any LogSource
    /// For people.
    var place: String
    var signed: SignedCheckpoint
    var key: VerifierKey
    var memory: LedgerMemory
    var isOnDisk: Bool
  }

  /// Opens the log, runs `body`, closes the connection.
  func withLog<Result>(_ body: (Opened) async throws -> Result) async throws -> Result {
    if let log, !log.contains("://"), FileManager.default.fileExists(atPath: log) {
      return try await body(opened(DiskLogFolder(URL(fileURLWithPath: log)), place: log, isOnDisk: true))
    }
    var connection = ConnectionOptions()
    connection.master = log
    connection.tokenFile = nil
    if let log, !log.contains("://"), !log.contains(":") {
      throw CommandFailure(
        .badInput, "'\(log)': there is no such folder; expected one, or an address such as http://host/ledger")
    }
    return try await connection.withClient { client in
      // Somebody may name the master itself.
      for prefix in ["", "ledger/"] {
        let source = HTTPLogSource(client: client, prefix: prefix)
        guard try await source.read("checkpoint", limit: LedgerLimits.noteByteCount) != nil else { continue }
        return try await body(opened(source, place: client.url.absoluteString, isOnDisk: false))
      }
      throw CommandFailure(
        .badInput, "\(client.url.absoluteString): no checkpoint here nor under /ledger; is this the address of a log?")
    }
  }

  private func opened(_ source: any LogSource, place: String, isOnDisk: Bool) async throws -> Opened {
    let bytes = try await source.checkpointBytes()
    let origin = try Checkpoint(text: SignedNote(bytes).text).origin
    let memory = LedgerMemory(origin: origin)
    let known = try memory.read()
    let trusted: VerifierKey
    if let key {
      trusted = try VerifierKey(key)
    } else if let known {
      trusted = try VerifierKey(known.key)
    } else if let published = try await source.publishedKey() {
      trusted = published
      Terminal.warn(
        "the key of '\(origin)' is taken from the log itself, this first time; compare it with what its operator says: \(published)"
      )
    } else {
      throw CommandFailure(.badInput, "\(place): names no key; give the log's verifier key with --key")
    }
    if let known, known.key != trusted.description {
      throw CommandFailure(
        .badInput,
        "log '\(origin)': the key is \(trusted), but was \(known.key) before (\(memory.url.path)); remove that file if its operator says that the key was changed"
      )
    }
    return Opened(
      source: source, place: place, signed: try SignedCheckpoint(bytes, key: trusted), key: trusted, memory: memory,
      isOnDisk: isOnDisk)
  }
}

/// Who must have signed a checkpoint beside the log itself. Shared by the commands that look at one.
struct WitnessOptions: ParsableArguments {
  @Option(
    name: .customLong("witness"),
    help: ArgumentHelp(
      "Verifier key of a witness that must have signed; may be given several times. Default: none.", valueName: "key"))
  var witnesses: [String] = []

  func keys() throws -> [VerifierKey] { try witnesses.map { try Witness(key: VerifierKey($0)).key } }
}

/// What this user knows of a log: its key, and the last checkpoint that was verified. A log may only grow from there.
struct LedgerMemory: Sendable {
  struct Record: Codable, Sendable {
    var origin: String
    /// name+hash+base64
    var key: String
    var size: UInt64
    var root: ContentHash

    var checkpoint: Checkpoint { Checkpoint(origin: origin, size: size, root: root) }
  }

  let url: URL

  /// A file for each log, in the folder of settings.
  init(origin: String) {
    let name = ContentHash(hashing: Array(origin.utf8)).short
    url = GlintFolders.configuration.appendingPathComponent("ledgers/\(name).json")
  }

  /// Nil if the log was never verified.
  func read() throws -> Record? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    do {
      return try JSONDecoder().decode(Record.self, from: Data(contentsOf: url))
    } catch {
      throw CommandFailure(
        .badInput,
        "\(url.path): cannot be read (\(error)); without it the log's past is unknown. Remove it to begin anew")
    }
  }

  /// Remembers a checkpoint that holds. An older one does not take the place of a newer.
  func write(_ checkpoint: Checkpoint, key: VerifierKey) throws {
    if let known = try read(), known.size >= checkpoint.size { return }
    let record = Record(
      origin: checkpoint.origin, key: key.description, size: checkpoint.size, root: checkpoint.root)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try DurableFile.replace(url, with: Array(try encoder.encode(record)))
    } catch {
      throw CommandFailure(.failedWork, "\(url.path): cannot be written (\(error))")
    }
  }
}
