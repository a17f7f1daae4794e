import FarmModel
import KernelScene
import SceneModel
import Testing

@testable import FarmLedger

@Suite("Auditing a log")
struct AuditTests {
  /// A log with these entries.
  static func log(_ entries: [LedgerEntry]) throws -> (folder: MemoryLogFolder, checkpoint: Checkpoint) {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    return (folder, try log.append(entries.map(\.encoded), at: 0).checkpoint)
  }

  static func audit(
    _ entries: [LedgerEntry], signatures: Bool = false
  ) async throws -> LedgerAudit.Report {
    let (folder, checkpoint) = try log(entries)
    var audit = LedgerAudit(folder)
    audit.checksSignatures = signatures
    return try await audit.run(checkpoint)
  }

  @Test("Balances of an audit are the fold over the entries")
  func balances() async throws {
    var entries: [LedgerEntry] = []
    for unit in 0..<300 {
      entries.append(signedEntry(unit, contributor: UInt8(2 + unit % 3), agent: UInt8(10 + unit % 6)))
    }
    entries.append(signedEntry(0, contributor: 3, agent: 11, work: .checked))
    entries.append(entries[7].revoked(index: 7, reason: .banned, at: 1_900_000_000))
    entries.append(signedEntry(7, contributor: 4, agent: 11))
    let report = try await AuditTests.audit(entries, signatures: true)
    var expected = LedgerBalances()
    for entry in entries { try expected.apply(entry) }
    #expect(report.balances == expected)
    #expect(report.findingCount == 0, "\(report.findings)")
    #expect(report.revocationCount == 1 && report.jobs.count == 1)
    #expect(report.balances.credit == 301 * signedEntryCredit)
  }

  @Test("What a master must not write is found")
  func findings() async throws {
    let good = (0..<6).map { signedEntry($0, contributor: 2, agent: 10) }
    var unknownWeights = signedEntry(20, contributor: 2, agent: 10)
    unknownWeights.weightsVersion = 9
    var forged = signedEntry(21, contributor: 2, agent: 10)
    forged.digest = ContentHash(hashing: [])
    var stolen = signedEntry(22, contributor: 2, agent: 10)
    stolen.contributor = signedEntry(0, contributor: 3, agent: 11).contributor
    var changed = good[3].revoked(index: 3, reason: .fault, at: 1)
    changed.counters.rays += 1
    let revoked = good[4].revoked(index: 4, reason: .fault, at: 1)
    func kinds(_ more: [LedgerEntry]) async throws -> [LedgerFinding.Kind] {
      let report = try await AuditTests.audit(good + more, signatures: true)
      #expect(report.findings.count == Int(report.findingCount))
      return report.findings.map(\.kind)
    }
    #expect(try await kinds([]) == [])
    // Paid twice, to the same and to another.
    #expect(try await kinds([good[1]]) == [.doubleCredit])
    #expect(try await kinds([signedEntry(1, contributor: 3, agent: 11)]) == [.doubleCredit])
    #expect(try await kinds([revoked, signedEntry(4, contributor: 3, agent: 11)]) == [])
    #expect(try await kinds([revoked, good[4], good[4]]) == [.doubleCredit])
    // Revocations of nothing.
    #expect(try await kinds([revoked, revoked]) == [.revocation])
    #expect(try await kinds([good[4].revoked(index: 3, reason: .fault, at: 1)]) == [.revocation])
    #expect(try await kinds([good[4].revoked(index: 6, reason: .fault, at: 1)]) == [.revocation])
    #expect(try await kinds([good[4].revoked(index: 1 << 63, reason: .fault, at: 1)]) == [.revocation])
    #expect(try await kinds([changed]).contains(.revocation))
    // Checks.
    #expect(try await kinds([signedEntry(1, contributor: 3, agent: 11, work: .checked)]) == [])
    #expect(try await kinds([signedEntry(1, contributor: 2, agent: 12, work: .checked)]) == [.ownCheck])
    #expect(
      try await kinds([
        signedEntry(30, contributor: 2, agent: 12, work: .checked), signedEntry(30, contributor: 2, agent: 10),
      ]) == [.ownCheck])
    #expect(
      try await kinds([signedEntry(1, contributor: 3, agent: 11, work: .checked, digest: 1)]) == [.disagreement])
    let check = signedEntry(1, contributor: 3, agent: 11, work: .checked)
    #expect(try await kinds([check, check]) == [.doubleCredit])
    // Signatures and weights.
    #expect(try await kinds([unknownWeights]) == [.weights])
    #expect(try await kinds([forged]) == [.agentSignature])
    #expect(try await kinds([stolen]) == [.contributorSignature])
  }

  @Test("The same spec in two jobs, other samples and other tiles are other units")
  func units() async throws {
    let entry = signedEntry(1, contributor: 2, agent: 10)
    var (job, samples, tile, frame) = (entry, entry, entry, entry)
    job.job.value += 1
    samples.samples = 1..<2
    tile.tile.height = 8
    frame.frame += 1
    #expect(try await AuditTests.audit([entry, job, samples, tile, frame]).findingCount == 0)
  }

  @Test("Bytes that are no entry are told, and the rest is still followed")
  func malformed() async throws {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    let entry = signedEntry(1, contributor: 2, agent: 10)
    let checkpoint = try log.append([[], [1, 2, 3], entry.encoded, entry.encoded], at: 0).checkpoint
    let report = try await LedgerAudit(folder).run(checkpoint)
    #expect(report.findings.map(\.kind) == [.malformed, .malformed, .doubleCredit])
    #expect(report.findings.map(\.entry) == [0, 1, 3])
  }

  @Test("A log that only grew is the same log; one that was rewritten is not", arguments: [0, 1, 5, 256, 299, 300])
  func history(size: Int) async throws {
    let entries = (0..<300).map { signedEntry($0, contributor: 2, agent: 10) }
    let (folder, checkpoint) = try AuditTests.log(entries)
    let seen = Checkpoint(
      origin: checkpoint.origin, size: UInt64(size), root: referenceRoot(entries.prefix(size).map(\.encoded)[...]))
    _ = try await LedgerAudit(folder).run(checkpoint, seen: seen)
    guard size > 0 else { return }
    var other = seen
    other.root = ContentHash(hashing: [])
    await #expect(throws: LedgerError.self) { try await LedgerAudit(folder).run(checkpoint, seen: other) }
    let shorter = try AuditTests.log(Array(entries.prefix(size - 1)))
    await #expect(throws: LedgerError.self) {
      try await LedgerAudit(shorter.folder).run(shorter.checkpoint, seen: seen)
    }
  }

  @Test("One flipped bit in any file of a log is found")
  func tampering() async throws {
    let entries = (0..<600).map { signedEntry($0, contributor: 2, agent: 10) }
    let (folder, _) = try AuditTests.log(entries)
    func verify() async throws {
      guard let key = try await folder.publishedKey(), key == logSigner.verifier else {
        throw LedgerError(.damaged, "another key")
      }
      let signed = try SignedCheckpoint(try await folder.checkpointBytes(), key: key)
      _ = try await LedgerAudit(folder).run(signed.checkpoint)
    }
    try await verify()
    var random = SeededGenerator(seed: 3)
    let files = folder.files
    #expect(files.count == 9)
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
      for _ in 0..<4 {
        var changed = bytes
        changed[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        folder.tamper(path, changed)
        await #expect(throws: (any Error).self, "\(path)") { try await verify() }
      }
      folder.tamper(path, nil)
      await #expect(throws: (any Error).self, "\(path) removed") { try await verify() }
      folder.tamper(path, bytes)
    }
    try await verify()
  }

  @Test("Balances of an epoch end before the first entry that is past it")
  func epochs() async throws {
    let entries = (0..<300).map { signedEntry($0, contributor: 2, agent: 10) }
    let (folder, checkpoint) = try AuditTests.log(entries)
    var audit = LedgerAudit(folder)
    audit.balancesUntil = entries[100].settledAt
    let report = try await audit.run(checkpoint)
    #expect(report.balances.entryCount == 100 && report.isPastBalances)
    audit.balancesUntil = entries[299].settledAt + 1
    let whole = try await audit.run(checkpoint)
    #expect(whole.balances.entryCount == 300 && !whole.isPastBalances)
  }

  @Test("A table of fingerprints keeps what it was told")
  func fingerprints() {
    var table = FingerprintTable()
    var random = SeededGenerator(seed: 4)
    let prints = (0..<5000).map { _ in max(1, random.next() % 100_000) }
    var expected: [UInt64: UInt32] = [:]
    var wrongCount = 0
    for (index, print) in prints.enumerated() {
      if table[print] != expected[print] { wrongCount += 1 }
      table.set(print, UInt32(index))
      expected[print] = UInt32(index)
    }
    for print in UInt64(1)..<100_000 where table[print] != expected[print] { wrongCount += 1 }
    #expect(wrongCount == 0)
  }
}
