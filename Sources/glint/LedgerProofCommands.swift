import ArgumentParser
import FarmLedger
import FarmModel
import FarmWire
import Foundation
import KernelScene
import SceneModel

extension LedgerCommand {
  /// `glint ledger prove`
  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "prove",
      abstract: "Makes the receipt of an entry: a proof that holds without the log.",
      discussion: """
          glint ledger prove 12345
          glint ledger prove 12345 http://farm.example.org:7878 -o unit.tlog-proof

        The receipt (c2sp.org/tlog-proof) carries the entry itself, so that `glint ledger receipt` needs nothing else.
        """)

    @Argument(help: ArgumentHelp("Which entry, from 0.", valueName: "index"))
    var index: UInt64

    @OptionGroup var options: LedgerOptions

    @Option(
      name: .shortAndLong, help: ArgumentHelp("Where to write it. Default: standard output.", valueName: "file"),
      completion: .file())
    var output: String?

    func run() async throws {
      Interruption.leave()
      let receipt = try await options.withLog { log in
        let reader = TileReader(log.source, size: log.signed.checkpoint.size)
        var receipt = try await reader.receipt(of: index, in: log.signed)
        let entry = try await reader.entry(index)
        _ = try receipt.verify(entry: entry, key: log.key)
        receipt.extra = entry
        return receipt
      }
      guard let output else { return Output.lines(String(receipt.encoded.dropLast())) }
      do {
        try DurableFile.replace(URL(fileURLWithPath: output), with: Array(receipt.encoded.utf8))
      } catch {
        throw CommandFailure(.failedWork, "--output: \(error)")
      }
      Terminal.note("Written to \(output). `glint ledger receipt \(output)` checks it.")
    }
  }

  /// `glint ledger receipt`
  struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "receipt",
      abstract: "Checks a receipt, without any network.",
      discussion: """
          glint ledger receipt unit.tlog-proof
          glint ledger receipt unit.tlog-proof --key farm.example.org/glint+1234abcd+AY… --json
        """)

    @Argument(help: ArgumentHelp("The receipt.", valueName: "file"), completion: .file())
    var file: String

    @Option(
      help: ArgumentHelp(
        "The log's verifier key. Default: the one that `glint ledger verify` has remembered.", valueName: "key"))
    var key: String?

    @OptionGroup var witnesses: WitnessOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    private struct Document: Encodable {
      var origin: String
      var index: UInt64
      var size: UInt64
      var revokes: UInt64?
      var work: String
      var settledAt: UInt64
      var settledAtISO: String
      var job: JobID
      var spec: ContentHash
      var kernelRevision: UInt32
      var frame: Int32
      /// x, y, width, height
      var tile: [Int]
      var firstSample: Int
      var sampleCount: Int
      var digest: ContentHash
      var counters: WorkCounters
      var credit: String?
      var agent: KeyID
      var contributor: KeyID
      var isSignedByAgent: Bool
      var isSignedByContributor: Bool
    }

    func run() async throws {
      let folder = DiskLogFolder(URL(fileURLWithPath: file).deletingLastPathComponent())
      guard
        let bytes = try folder.read(
          URL(fileURLWithPath: file).lastPathComponent, limit: LedgerLimits.noteByteCount)
      else { throw CommandFailure(.badInput, "\(file): there is no such file") }
      let receipt = try Receipt(bytes)
      guard let raw = receipt.extra else {
        throw CommandFailure(.badInput, "\(file): carries no entry; `glint ledger prove` makes receipts that do")
      }
      let origin = try Checkpoint(text: receipt.note.text).origin
      guard let text = try key ?? LedgerMemory(origin: origin).read()?.key else {
        throw CommandFailure(
          .badInput, "the key of '\(origin)' is not known here; give it with --key, or run `glint ledger verify` first")
      }
      let keys = try witnesses.keys()
      let verified = try receipt.verify(
        entry: raw, key: VerifierKey(text), witnesses: keys, quorum: keys.count)
      let entry = try LedgerEntry(raw)
      let document = Document(
        origin: origin, index: receipt.index, size: verified.checkpoint.size, revokes: entry.revocation?.entry,
        work: entry.work == .rendered ? "rendered" : "checked", settledAt: entry.settledAt,
        settledAtISO: ISOTime.text(Double(entry.settledAt)), job: entry.job.id,
        spec: entry.spec, kernelRevision: entry.kernelRevision, frame: entry.frame,
        tile: [entry.tile.x, entry.tile.y, entry.tile.width, entry.tile.height],
        firstSample: entry.samples.lowerBound, sampleCount: entry.samples.count, digest: entry.digest,
        counters: entry.counters,
        credit: CreditWeights.published(entry.weightsVersion).map { "\($0.credit(entry.counters))" },
        agent: entry.agent.id, contributor: entry.contributor.id,
        isSignedByAgent: Statements.isValid(
          signature: entry.agentSignature.hexadecimal, of: entry.statement, by: entry.agent.id),
        isSignedByContributor: Statements.isValid(
          signature: entry.contributorSignature.hexadecimal, of: Statements.agentKey(entry.agent.bytes),
          by: entry.contributor.id))
      if json { return try Output.json(document) }
      Output.line("\(origin): entry \(receipt.index) of \(verified.checkpoint.size)")
      if let revoked = document.revokes { Output.line("takes back entry \(revoked)") }
      Output.line(
        "\(document.work) frame \(entry.frame) of job \(document.job), tile \(entry.tile.x),\(entry.tile.y) "
          + "\(entry.tile.width)x\(entry.tile.height), samples \(entry.samples.lowerBound) to \(entry.samples.upperBound - 1)"
      )
      Output.line("credit \(document.credit ?? "unknown") to \(document.contributor)")
      Output.line("agent \(document.agent), which \(document.isSignedByAgent ? "signed" : "did not sign") the result")
      for (witness, time) in verified.cosignatures {
        Output.line("seen by \(witness) at \(Date(timeIntervalSince1970: Double(time)).formatted(.iso8601))")
      }
      guard document.isSignedByAgent, document.isSignedByContributor else {
        throw CommandFailure(.failedWork, "\(file): the entry is in the log, but its signatures do not hold")
      }
    }
  }
}
