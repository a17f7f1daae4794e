import ArgumentParser
import FarmAgent
import FarmLedger
import FarmModel
import Foundation
import KernelScene
import SceneModel

extension LedgerCommand {
  /// `glint ledger replay`
  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay",
      abstract: "Renders entries of the ledger again, and compares.",
      discussion: """
        Draws entries by a seed that it prints, fetches their specs and scenes from the master, renders their units on this
        machine, and compares digest and counters with what was paid for. Entries of private jobs, and of other kernel
        revisions, cannot be rendered here and are counted apart.

          glint ledger replay --sample 20 http://farm.example.org:7878
          glint ledger replay --sample 20 --seed 7 --json
          glint ledger replay --sample 20 /srv/copy/ledger --master http://farm.example.org:7878
        """)

    @OptionGroup var options: LedgerOptions

    @Option(
      help: ArgumentHelp("Entries to render again. Default: 10.", valueName: "count"),
      transform: Quantity.parseInteger(1...1_000_000))
    var sample = 10

    @Option(help: ArgumentHelp("Draws the entries. Default: a new one, which is printed.", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Where specs and scenes are. Default: the log's address.", valueName: "url"))
    var master: String?

    @Option(
      help: ArgumentHelp("Threads that render. Default: all processors.", valueName: "count"),
      transform: Quantity.parseInteger(1...1024))
    var threads: Int?

    @OptionGroup var kernel: KernelOption

    @Flag(help: "Print one JSON document.")
    var json = false

    private struct Finding: Encodable {
      var entry: UInt64
      /// `equal`, `different`, `private`, `otherRevision` or `revocation`.
      var outcome: String
      var found: ContentHash?
      var expected: ContentHash
      var agent: KeyID
    }

    private struct Document: Encodable {
      var origin: String
      var size: UInt64
      var seed: UInt64
      var equal: Int
      var different: Int
      var notRendered: Int
      var entries: [Finding]
    }

    func run() async throws {
      Interruption.leave()
      let kernel = try kernel.build()
      let seed = seed ?? UInt64.random(in: 0...UInt64.max)
      var connection = ConnectionOptions()
      connection.master = try master ?? address()
      connection.tokenFile = nil
      let document = try await options.withLog { log in
        try await connection.withClient { try await replay(log, $0, kernel, seed) }
      }
      if json {
        try Output.json(document)
      } else {
        Output.line("\(document.origin): \(document.entries.count) of \(document.size) entries, seed \(seed)")
        for finding in document.entries where finding.outcome == "different" {
          Terminal.note(
            "entry \(finding.entry): agent \(finding.agent) was paid for \(finding.expected.short), this machine renders \(finding.found?.short ?? "other work")"
          )
        }
        Output.line(
          "\(document.equal) equal, \(document.different) different, \(document.notRendered) that cannot be rendered here"
        )
      }
      if document.different > 0 {
        throw CommandFailure(
          .failedWork,
          "\(document.different) entries differ; `glint agent --self-test` tells whether this machine computes rightly")
      }
    }

    /// The master's, out of the log's.
    private func address() throws -> String? {
      guard let log = options.log, log.contains("://") || log.contains(":") else {
        if let log = options.log, FileManager.default.fileExists(atPath: log) {
          throw CommandFailure(
            .badUsage, "--master: '\(log)' is a folder; say which master has the scenes of its entries")
        }
        return options.log
      }
      for suffix in ["/ledger", "/ledger/"] where log.hasSuffix(suffix) { return String(log.dropLast(suffix.count)) }
      return log
    }

    private func replay(
      _ log: LedgerOptions.Opened, _ client: MasterClient, _ kernel: any KernelBuild, _ seed: UInt64
    ) async throws -> Document {
      let size = log.signed.checkpoint.size
      let reader = TileReader(log.source, size: size)
      let cache = try PartStore(
        directory: GlintFolders.cache.appendingPathComponent("replay", isDirectory: true),
        byteLimit: Limits.partCacheByteCount)
      let replay = UnitReplay(
        client: client, cache: cache, kernel: kernel,
        threadCount: threads ?? ProcessInfo.processInfo.activeProcessorCount)
      var document = Document(
        origin: log.signed.checkpoint.origin, size: size, seed: seed, equal: 0, different: 0, notRendered: 0,
        entries: [])
      let indices = Replay.draw(sample, of: size, seed: seed)
      let bar = ProgressBar("Rendering", total: Double(max(1, indices.count)))
      defer { bar.finish() }
      var specs: [ContentHash: JobSpec?] = [:]
      for index in indices {
        let bytes = try await reader.entry(index)
        _ = try await reader.receipt(of: index, in: log.signed).verify(entry: bytes, key: log.key)
        let entry = try LedgerEntry(bytes)
        var finding = Finding(entry: index, outcome: "private", expected: entry.digest, agent: entry.agent.id)
        if specs[entry.spec] == nil { specs[entry.spec] = try await spec(entry.spec, client) }
        if entry.revocation != nil {
          finding.outcome = "revocation"
        } else if entry.kernelRevision != UInt32(kernelRevision) {
          finding.outcome = "otherRevision"
        } else if let spec = specs[entry.spec] ?? nil {
          let outcome = try await replay.render(
            spec, frame: Int(entry.frame), tile: entry.tile, samples: entry.samples)
          finding.found = outcome.digest
          let isEqual = outcome.digest == entry.digest && outcome.counters == entry.counters
          finding.outcome = isEqual ? "equal" : "different"
        }
        switch finding.outcome {
        case "equal": document.equal += 1
        case "different": document.different += 1
        default: document.notRendered += 1
        }
        document.entries.append(finding)
        bar.advance(by: 1)
      }
      return document
    }

    /// Nil: private, or of another master.
    private func spec(_ hash: ContentHash, _ client: MasterClient) async throws -> JobSpec? {
      do {
        let spec = try await client.spec(hash)
        guard spec.hash == hash, spec.fault == nil else {
          throw CommandFailure(
            .failedWork, "spec \(hash.short): the master gives one that hashes to \(spec.hash.short)")
        }
        return spec
      } catch let error as MasterError where error.kind == .notFound || error.kind == .forbidden {
        return nil
      }
    }

    /// Different indices below `size`, ascending: the same from the same seed.
    static func draw(_ count: Int, of size: UInt64, seed: UInt64) -> [UInt64] {
      if UInt64(count) >= size { return Array(0..<size) }
      var state = seed
      var drawn: Set<UInt64> = []
      while drawn.count < count {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        drawn.insert((z ^ (z >> 31)).multipliedFullWidth(by: size).high)
      }
      return drawn.sorted()
    }
  }
}
