import Crypto
import FarmLedger
import FarmModel
import Foundation
import KernelScene
import SceneModel
import Testing

@Suite("What `glint ledger export` writes", .timeLimit(.minutes(1)))
struct LedgerExportTests {
  private static let week: UInt64 = 604_800

  private struct Export: Decodable {
    struct Payout: Decodable {
      var address: String
      var amount: String
    }

    var epoch: UInt64
    var entries: UInt64
    var payouts: [Payout]
  }

  /// A unit of 100 closest-hit rays, paid at `time`.
  private func entry(_ unit: Int, at time: UInt64, by owner: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
    let agent = Curve25519.Signing.PrivateKey()
    let agentBytes = try #require(KeyBytes(Array(agent.publicKey.rawRepresentation)))
    var counters = WorkCounters()
    counters.rays = 100
    var entry = LedgerEntry(
      work: .rendered, settledAt: time, job: JobNumber(7), spec: ContentHash(hashing: [1]),
      kernelRevision: UInt32(kernelRevision), frame: 0, tile: TileRectangle(x: 16 * unit, y: 0, width: 16, height: 16),
      samples: 0..<1, digest: ContentHash(hashing: [2]), counters: counters, lease: LeaseNumber(1, UInt64(unit)),
      agent: agentBytes, contributor: try #require(KeyBytes(Array(owner.publicKey.rawRepresentation))),
      contributorSignature: try #require(
        SignatureBytes(Array(try owner.signature(for: Statements.agentKey(agentBytes.bytes))))),
      agentSignature: try #require(SignatureBytes([UInt8](repeating: 0, count: 64))))
    entry.agentSignature = try #require(SignatureBytes(Array(try agent.signature(for: entry.statement))))
    return entry.encoded
  }

  @Test(
    "A week is exported once the log has an entry from after it; before, only where one asks for it, with a warning")
  func unsettledWeek() async throws {
    let folder = try TemporaryFolder()
    let owner = Curve25519.Signing.PrivateKey()
    let signer = try #require(NoteSigner(name: "farm.example/ledger", key: Curve25519.Signing.PrivateKey()))
    let place = folder.folder("ledger")
    var log = TileLog(DiskLogFolder(place), signer: signer)
    let thisWeek = UInt64(Date().timeIntervalSince1970) / LedgerExportTests.week * LedgerExportTests.week
    try log.append(try (0..<2).map { try entry($0, at: thisWeek - 10 + UInt64($0), by: owner) }, at: 0)
    let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    let statement = try PayoutStatement(
      address: try #require(PayoutAddress(address)), registeredAt: thisWeek, key: owner)
    let addresses = folder.url.appendingPathComponent("addresses.jsonl")
    try JSONEncoder().encode(statement).write(to: addresses)

    func export(_ name: String, _ more: String...) async throws -> (status: Int32, tree: Data?, GlintProcess) {
      let file = folder.url.appendingPathComponent(name)
      let arguments = ["ledger", "export", place.path, "--key", signer.verifier.description]
      let process = try GlintProcess(
        arguments + ["--addresses", addresses.path, "--json", "-o", file.path] + more, home: folder.url)
      return (await process.end(), try? Data(contentsOf: file), process)
    }

    let refused = try await export("refused.json")
    #expect(refused.status == 70 && refused.tree == nil)
    #expect(refused.2.errors.contains("entries of that epoch may still come"), "\(refused.2.errors)")
    #expect(refused.2.errors.contains("--allow-unsettled"))

    let early = try await export("early.json", "--allow-unsettled")
    #expect(early.status == 0 && early.2.errors.contains("do not pay by it yet"), "\(early.2.errors)")

    // The first entry of the next week ends this one; it is not part of it.
    try log.append([try entry(2, at: thisWeek, by: owner)], at: 2)
    let settled = try await export("settled.json")
    #expect(settled.status == 0 && !settled.2.errors.contains("do not pay"), "\(settled.2.errors)")
    #expect(settled.tree != nil && settled.tree == early.tree)
    let document = try JSONDecoder().decode(Export.self, from: Data(settled.2.output.utf8))
    var counters = WorkCounters()
    counters.rays = 100
    #expect(document.epoch == thisWeek / LedgerExportTests.week - 1 && document.entries == 2)
    #expect(document.payouts.map(\.address) == [address])
    #expect(document.payouts.map(\.amount) == ["\(2 * CreditWeights.current.credit(counters))"])
  }
}
