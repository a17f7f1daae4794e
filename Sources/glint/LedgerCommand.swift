import ArgumentParser
import FarmLedger
import FarmModel
import FarmWire
import Foundation
import SceneModel

/// `glint ledger`
struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Checks a farm's public ledger, proves entries, exports payouts.",
    discussion: """
      Everything is recomputed from the log's public files: nothing that the master says is believed.

        glint ledger verify http://farm.example.org:7878
        glint ledger replay --sample 20 http://farm.example.org:7878
        glint ledger prove 12345 -o unit.tlog-proof
        glint ledger receipt unit.tlog-proof --key farm.example.org/glint+1234abcd+AY…
        glint ledger export --addresses addresses.jsonl -o payout.json
      """,
    subcommands: [Verify.self, Prove.self, ReceiptCommand.self, Replay.self, Export.self, Register.self])

  /// `glint ledger verify`
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Recomputes hashes, signatures, history and balances of a log.",
      discussion: """
          glint ledger verify http://farm.example.org:7878
          glint ledger verify /srv/glint/ledger --signatures
          glint ledger verify --json

        Every entry is hashed, every tile compared, the checkpoint's signature checked with the log's key. The key and the
        last checkpoint are remembered in the folder of settings: the log may only have grown since. Payments for one thing
        twice, revocations of nothing, checks of own units are found. --signatures also checks what every agent signed.
        """)

    @OptionGroup var options: LedgerOptions

    @Flag(help: "Check the agent's signature of every entry as well: some hundred times the work.")
    var signatures = false

    @OptionGroup var witnesses: WitnessOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
      Interruption.leave()
      let keys = try witnesses.keys()
      try await options.withLog { log in
        let cosignatures = try log.signed.cosignatures(by: keys)
        guard cosignatures.count == keys.count else {
          throw CommandFailure(
            .failedWork, "checkpoint: \(cosignatures.count) of \(keys.count) witnesses have signed it")
        }
        let report = try await audit(log)
        if report.findingCount == 0 { try log.memory.write(report.checkpoint, key: log.key) }
        if json {
          try Output.json(LedgerDocument(report, log, cosignatures, checkedSignatures: signatures))
        } else {
          show(report, log, cosignatures)
        }
        if report.findingCount > 0 {
          throw CommandFailure(
            .failedWork, "log '\(report.checkpoint.origin)': \(report.findingCount) entries are wrong")
        }
      }
    }

    private func audit(_ log: LedgerOptions.Opened) async throws -> LedgerAudit.Report {
      var audit = LedgerAudit(log.source)
      audit.checksSignatures = signatures
      // A folder needs the processors, a server has its round trips to hide.
      audit.pieceCount = log.isOnDisk ? ProcessInfo.processInfo.activeProcessorCount + 1 : 16
      let size = log.signed.checkpoint.size
      let bar = ProgressBar("Verifying", total: Double(max(1, size)))
      defer { bar.finish() }
      audit.progress = { done in
        let rate = Double(done) / max(0.001, bar.elapsedSeconds)
        bar.update(Double(done), detail: CountText.short(UInt64(rate)) + " entries/s")
      }
      return try await audit.run(log.signed.checkpoint, seen: log.memory.read()?.checkpoint)
    }

    private func show(
      _ report: LedgerAudit.Report, _ log: LedgerOptions.Opened, _ cosignatures: [(witness: String, time: UInt64)]
    ) {
      let size = report.checkpoint.size
      Output.line("\(report.checkpoint.origin): \(size) entries, root \(report.checkpoint.root.hex)")
      Output.line(
        "\(report.jobs.count) jobs, \(report.agentCount) agents, \(report.revocationCount) revocations, "
          + "credit \(report.balances.credit)")
      for (witness, time) in cosignatures {
        Output.line("seen by \(witness) at \(Date(timeIntervalSince1970: Double(time)).formatted(.iso8601))")
      }
      if !report.balances.contributors.isEmpty {
        Output.table(
          ["contributor", "units", "checks", "revoked", "credit"],
          report.balances.contributors.sorted { $0.key < $1.key }.map { key, balance in
            [
              key.id.description, "\(balance.rendered.unitCount)", "\(balance.checked.unitCount)",
              "\(balance.revoked.unitCount)", "\(balance.credit)",
            ]
          }, rightAligned: [1, 2, 3, 4])
      }
      for finding in report.findings {
        Terminal.note(finding.description, label: Terminal.Label(text: "entry \(finding.entry):", colour: .red))
      }
      if report.findingCount == 0 {
        Output.line(
          "All of it holds" + (signatures ? ", the agents' signatures too." : "; agents' signatures: --signatures."),
          colour: .green)
      }
    }
  }
}

/// What `glint ledger verify --json` says. Sums are strings: they may not fit into the numbers of JSON's readers.
private struct LedgerDocument: Encodable {
  struct Contributor: Encodable {
    var contributor: KeyID
    var credit: String
    var units: UInt64
    var checks: UInt64
    var revoked: UInt64
    var rays: String
    var shadowRays: String
    var shadingEvaluations: String
  }

  struct Finding: Encodable {
    var entry: UInt64
    var kind: String
    var message: String
  }

  struct Cosignature: Encodable {
    var witness: String
    /// Seconds since 1970.
    var time: UInt64
    var timeISO: String
  }

  var origin: String
  var key: String
  var size: UInt64
  var root: ContentHash
  var holds: Bool
  var checkedSignatures: Bool
  var jobs: Int
  var agents: Int
  var revocations: UInt64
  var credit: String
  var contributors: [Contributor]
  var cosignatures: [Cosignature]
  var findingCount: UInt64
  /// The first hundred.
  var findings: [Finding]

  init(
    _ report: LedgerAudit.Report, _ log: LedgerOptions.Opened, _ cosignatures: [(witness: String, time: UInt64)],
    checkedSignatures: Bool
  ) {
    origin = report.checkpoint.origin
    key = log.key.description
    size = report.checkpoint.size
    root = report.checkpoint.root
    holds = report.findingCount == 0
    self.checkedSignatures = checkedSignatures
    jobs = report.jobs.count
    agents = report.agentCount
    revocations = report.revocationCount
    credit = "\(report.balances.credit)"
    contributors = report.balances.contributors.sorted { $0.key < $1.key }.map { key, balance in
      let (rendered, checked) = (balance.rendered, balance.checked)
      return Contributor(
        contributor: key.id, credit: "\(balance.credit)", units: rendered.unitCount, checks: checked.unitCount,
        revoked: balance.revoked.unitCount, rays: "\(rendered.rays + checked.rays)",
        shadowRays: "\(rendered.shadowRays + checked.shadowRays)",
        shadingEvaluations: "\(rendered.shadingEvaluations + checked.shadingEvaluations)")
    }
    self.cosignatures = cosignatures.map {
      Cosignature(witness: $0.witness, time: $0.time, timeISO: ISOTime.text(Double($0.time)))
    }
    findingCount = report.findingCount
    findings = report.findings.map {
      Finding(entry: $0.entry, kind: $0.kind.rawValue, message: $0.description)
    }
  }
}
