import ArgumentParser
import FarmAgent
import FarmLedger
import FarmModel
import Foundation
import SceneModel

extension LedgerCommand {
  /// `glint ledger export`
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Writes what each address has earned as a tree that contracts can pay by.",
      discussion: """
          glint ledger export --addresses addresses.jsonl -o payout.json
          glint ledger export --addresses addresses.jsonl --epoch 2969 -o payout.json http://farm.example.org:7878

        The file is OpenZeppelin's standard-v1: a Merkle tree over (address, uint256), the number being all credit that was
        ever earned. Epochs are weeks since 1970-01-01 00:00 UTC; one that has ended gives the same tree for ever. The log is
        verified first. Addresses come from statements of `glint ledger register`, one a line.
        """)

    @OptionGroup var options: LedgerOptions

    @Option(
      help: ArgumentHelp("Statements of `glint ledger register`, one a line.", valueName: "file"), completion: .file())
    var addresses: String

    @Option(
      help: ArgumentHelp("Credit up to the end of this week. Default: the last one that has ended.", valueName: "N"))
    var epoch: UInt64?

    @Option(
      name: .shortAndLong, help: ArgumentHelp("Where to write the tree.", valueName: "file"), completion: .file())
    var output: String

    @Flag(help: "Export an epoch of which entries may still come; the tree may change.")
    var allowUnsettled = false

    @Flag(help: "Print one JSON document, with every address's proof.")
    var json = false

    private static let epochSeconds: UInt64 = 604_800
    /// Statements of a registry: some 300 bytes each.
    private static let addressesByteCount = 1 << 28

    private struct Document: Encodable {
      struct Payout: Encodable {
        var address: String
        var amount: String
        var proof: [String]
      }

      struct Unregistered: Encodable {
        var contributor: KeyID
        var credit: String
      }

      var origin: String
      var epoch: UInt64
      /// Of the log, that the amounts cover.
      var entries: UInt64
      var root: String
      var file: String
      var payouts: [Payout]
      var unregistered: [Unregistered]
    }

    func run() async throws {
      Interruption.leave()
      let now = UInt64(max(0, Date().timeIntervalSince1970))
      let current = now / Export.epochSeconds
      let epoch = epoch ?? current - 1
      guard epoch < current else {
        throw CommandFailure(.badInput, "--epoch: \(epoch) has not ended; the last one that has is \(current - 1)")
      }
      let registry = try PayoutRegistry(statements())
      let report = try await options.withLog { log in
        var audit = LedgerAudit(log.source)
        audit.balancesUntil = (epoch + 1) * Export.epochSeconds
        let bar = ProgressBar("Verifying", total: Double(max(1, log.signed.checkpoint.size)))
        defer { bar.finish() }
        audit.progress = { bar.update(Double($0)) }
        let report = try await audit.run(log.signed.checkpoint, seen: log.memory.read()?.checkpoint)
        guard report.findingCount == 0 else {
          throw CommandFailure(
            .failedWork, "the log has \(report.findingCount) wrong entries; `glint ledger verify` names them")
        }
        return report
      }
      if !report.isPastBalances {
        let text = "the log has no entry from after epoch \(epoch) yet, so entries of that epoch may still come"
        guard allowUnsettled else {
          throw CommandFailure(
            .failedWork,
            "\(text), and the tree would change: export again when there is one, or an earlier epoch (--epoch); --allow-unsettled writes it all the same"
          )
        }
        Terminal.warn("\(text), and the tree may change: do not pay by it yet")
      }
      let (values, unregistered) = registry.payouts(of: report.balances)
      for (contributor, credit) in unregistered {
        Terminal.warn("\(contributor.id) has registered no address; its credit of \(credit) is not in the tree")
      }
      guard let tree = PayoutTree(values) else {
        throw CommandFailure(.badInput, "nobody with an address has earned anything by the end of epoch \(epoch)")
      }
      try write(tree)
      func digits(_ bytes: [UInt8]) -> String { "0x" + Statements.hexadecimal(bytes) }
      let document = Document(
        origin: report.checkpoint.origin, epoch: epoch, entries: report.balances.entryCount, root: digits(tree.root),
        file: output,
        payouts: tree.values.enumerated().map { index, item in
          Document.Payout(
            address: item.value.address.description, amount: "\(item.value.amount)",
            proof: tree.proof(of: index).map(digits))
        },
        unregistered: unregistered.map { Document.Unregistered(contributor: $0.contributor.id, credit: "\($0.credit)") }
      )
      if json { return try Output.json(document) }
      Output.line("\(document.origin), epoch \(epoch): \(document.entries) entries, root \(document.root)")
      Output.table(
        ["address", "amount"], document.payouts.map { [$0.address, $0.amount] }, rightAligned: [1])
    }

    private func statements() throws -> [PayoutStatement] {
      let url = URL(fileURLWithPath: addresses)
      guard
        let bytes = try DiskLogFolder(url.deletingLastPathComponent()).read(
          url.lastPathComponent, limit: Export.addressesByteCount)
      else { throw CommandFailure(.badInput, "--addresses: \(addresses): there is no such file") }
      return try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
        do {
          return try JSONDecoder().decode(PayoutStatement.self, from: Data(line))
        } catch {
          throw CommandFailure(
            .badInput,
            "--addresses: \(addresses), line \(index + 1): is no statement of `glint ledger register` (\(error))")
        }
      }
    }

    private func write(_ tree: PayoutTree) throws {
      do {
        try DurableFile.replace(URL(fileURLWithPath: output), with: Array(tree.standardJSON.utf8))
      } catch {
        throw CommandFailure(.failedWork, "--output: \(error)")
      }
    }
  }

  /// `glint ledger register`
  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "register",
      abstract: "Signs where your credit is to be paid out.",
      discussion: """
          glint ledger register 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed >> addresses.jsonl

        Prints one line for the operator of the farm. A later statement takes the place of an earlier one.
        """)

    @Argument(help: "An Ethereum address: 0x and 40 digits.")
    var address: String

    @Option(
      help: ArgumentHelp("Your key. Default: glint/contributor.key in the folder of settings.", valueName: "file"),
      completion: .file())
    var contributor: String?

    func run() async throws {
      guard let address = PayoutAddress(address) else {
        throw CommandFailure(
          .badInput, "'\(address)': no address, or its checksum (EIP-55) is wrong; expected 0x and 40 digits")
      }
      let key = try SigningKeyFile(reading: KeyCommand.url(contributor))
      let statement = try PayoutStatement(
        address: address, registeredAt: UInt64(max(0, Date().timeIntervalSince1970)), key: key.key)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      Output.lines(String(decoding: try encoder.encode(statement), as: UTF8.self))
    }
  }
}
