import ArgumentParser
import Foundation

extension BenchCommand {
  /// `glint bench ledger`
  struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ledger",
      abstract: "Entries a second that a ledger takes and verifies; time of a proof.",
      discussion: """
          glint bench ledger --folder /tmp/log --entries 10000000
          glint bench ledger --folder /tmp/log --entries 20000 --signed --json

        Writes a log of valid entries into an empty folder (422 bytes an entry) and leaves it there. Every batch is durable
        before the next one begins.
        """)

    @Option(help: ArgumentHelp("An empty folder for the log.", valueName: "folder"), completion: .directory)
    var folder: String

    @Option(help: "Entries of the log.")
    var entries = 1_000_000

    @Option(help: "Entries of one durable append.")
    var batch = 16_384

    @Flag(help: "Sign every entry as its agent would, and verify that too.")
    var signed = false

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
      guard (1...1_000_000_000).contains(entries) else {
        throw ValidationError("--entries: expected 1 to 1000000000, found \(entries)")
      }
      guard (1...65_536).contains(batch) else { throw ValidationError("--batch: expected 1 to 65536, found \(batch)") }
    }

    func run() async throws {
      Interruption.leave()
      var bench = try LedgerBench(entryCount: entries, folder: URL(fileURLWithPath: folder))
      bench.batchCount = batch
      bench.isSigned = signed
      let bar = ProgressBar("Ledger", total: 1)
      defer { bar.finish() }
      let result = try await bench.run { what, done in bar.update(done, detail: what) }
      if json { return try Output.json(result) }
      func number(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
      Output.line(
        "\(result.entries) entries: \(number(result.appendedPerSecond, 0)) appended a second, durable, "
          + "slowest batch \(number(result.slowestBatchSeconds)) s")
      Output.line(
        "proof: \(number(result.proofMilliseconds)) ms, 99 of 100 within \(number(result.proofMilliseconds99)) ms, "
          + "slowest \(number(result.slowestProofMilliseconds)) ms")
      Output.line(
        "verified in \(number(result.verifySeconds)) s, \(number(result.verifiedPerSecond, 0)) entries a second, "
          + "\(result.findings) findings")
      if let rate = result.signaturesPerSecond {
        Output.line("with agents' signatures: \(number(rate, 0)) entries a second")
      }
    }
  }
}
