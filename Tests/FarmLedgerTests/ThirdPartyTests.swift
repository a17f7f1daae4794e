import FarmModel
import Foundation
import Testing

@testable import FarmLedger

/// What other people's code says of what we wrote (Tools/ledger/third_party.py).
@Suite("Third parties")
struct ThirdPartyTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  /// `Tools/check-ledger` installs it.
  static let python = root.appendingPathComponent(".cache/ledger-check/bin/python")
  static let isInstalled = FileManager.default.isExecutableFile(atPath: python.path)

  @Test(
    "aics-tlog accepts a log of 70,112 entries and refuses any file with a changed byte; multiproof makes the same payout tree",
    .enabled(
      if: isInstalled, "skipped: no Python 3.12 with aics-tlog and multiproof; Tools/check-ledger installs them"))
  func verdict() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "glint-third-\(UUID())", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let heads = folder.appendingPathComponent("heads", isDirectory: true)
    try FileManager.default.createDirectory(at: heads, withIntermediateDirectories: true)
    var log = TileLog(DiskLogFolder(folder.appendingPathComponent("log")), signer: logSigner)
    let entry = signedEntry(0, contributor: 2, agent: 10)
    var next: UInt64 = 0
    for size in [1, 256, 300, 65_537, 70_000, 70_112] as [UInt64] {
      // Valid in all but the agent's signature, which would take longer than all the rest.
      let entries = (next..<size).map { index in
        var entry = entry
        entry.frame = Int32(index)
        entry.lease.low = index
        return entry.encoded
      }
      let signed = try log.append(entries, at: next)
      next = size
      if size < 70_112 { try Data(signed.bytes).write(to: heads.appendingPathComponent("\(size)")) }
    }
    try Data("\(log.verifier)\n".utf8).write(to: folder.appendingPathComponent("key"))
    try writePayouts(to: folder)

    let process = Process()
    process.executableURL = ThirdPartyTests.python
    process.arguments = [ThirdPartyTests.root.appendingPathComponent("Tools/ledger/third_party.py").path, folder.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    print(text, terminator: "")
  }

  private func writePayouts(to folder: URL) throws {
    var random = SeededGenerator(seed: 8)
    let values = (0..<1000).map { _ in
      PayoutTree.Value(
        address: PayoutAddress((0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })!,
        amount: UInt128(random.next()) * UInt128(random.next()))
    }
    let tree = try #require(PayoutTree(values))
    func digits(_ bytes: [UInt8]) -> String { "0x" + Statements.hexadecimal(bytes) }
    try Data(tree.standardJSON.utf8).write(to: folder.appendingPathComponent("payout.json"))
    try JSONEncoder().encode(values.indices.map { tree.proof(of: $0).map(digits) })
      .write(to: folder.appendingPathComponent("proofs.json"))
  }
}
