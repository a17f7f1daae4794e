import Crypto
import FarmLedger
import FarmModel
import FarmSimulation
import Foundation
import KernelScene
import SceneModel

/// A ledger as a large farm would write it, and the times that writing, proving and verifying take.
struct LedgerBench {
  var entryCount: Int
  /// Entries of one durable append.
  var batchCount = 16_384
  /// Let agents sign what they did: some 50 µs an entry, before the clock starts.
  var isSigned = false
  var folder: URL

  static let contributorCount = 100
  static let agentCount = 400
  static let proofCount = 2000

  struct Agent {
    var key: Curve25519.Signing.PrivateKey
    var bytes: KeyBytes
    var contributor: KeyBytes
    var signature: SignatureBytes
  }

  let agents: [Agent]
  let signer: NoteSigner

  init(entryCount: Int, folder: URL) throws {
    self.entryCount = entryCount
    self.folder = folder
    func key(_ index: Int) throws -> Curve25519.Signing.PrivateKey {
      try Curve25519.Signing.PrivateKey(rawRepresentation: SHA256.hash(data: Array("bench key \(index)".utf8)))
    }
    func bytes(_ key: Curve25519.Signing.PrivateKey) -> KeyBytes { KeyBytes(Array(key.publicKey.rawRepresentation))! }
    signer = NoteSigner(name: "bench.example/ledger", key: try key(0))!
    agents = try (0..<LedgerBench.agentCount).map { index in
      let contributor = try key(1 + index % LedgerBench.contributorCount)
      let agent = try key(1 + LedgerBench.contributorCount + index)
      let signature = try contributor.signature(for: Statements.agentKey(bytes(agent).bytes))
      return Agent(
        key: agent, bytes: bytes(agent), contributor: bytes(contributor), signature: SignatureBytes(Array(signature))!)
    }
  }

  /// The entry with an index: units of frames of 1920×1080 in 64 tiles and 16 passes; every twentieth is a check of the one
  /// before, every ten thousandth takes the one before it back.
  func entry(_ index: Int) throws -> LedgerEntry {
    if index % 10_000 == 9_999 {
      return try entry(index - 1).revoked(index: UInt64(index - 1), reason: .banned, at: 1_900_000_000)
    }
    let isCheck = index % 20 == 19
    let unit = isCheck ? index - 1 : index
    let agent = agents[(unit &* 7 + (isCheck ? 1 : 0)) % agents.count]
    var words = SeededGenerator(seed: UInt64(unit))
    func hash() -> ContentHash {
      let raw = (words.next(), words.next(), words.next(), words.next())
      return withUnsafeBytes(of: raw) { ContentHash(loading: $0.baseAddress!) }
    }
    var counters = WorkCounters()
    counters.paths = 65_536
    counters.rays = 300_000 + UInt64(unit % 1000)
    counters.shadowRays = 200_000
    counters.shadingEvaluations = 250_000
    let spec = ContentHash(hashing: [UInt8(unit / 1_000_000 % 256)])
    let digest = hash()
    let lease = LeaseNumber(words.next(), UInt64(index))
    var signature = (hash(), hash())
    var signed = withUnsafeBytes(of: &signature) { SignatureBytes(loading: $0.baseAddress!) }
    let frame = unit / 1024 % 1000
    if isSigned {
      signed = SignatureBytes(
        Array(
          try agent.key.signature(
            for: Statements.result(lease: lease.id, spec: spec, frame: frame, digest: digest))))!
    }
    return LedgerEntry(
      work: isCheck ? .checked : .rendered, settledAt: 1_800_000_000 + UInt64(index / 10_000),
      job: JobNumber(UInt64(unit / 1_024_000)), spec: spec, kernelRevision: 4, frame: Int32(frame),
      tile: TileRectangle(x: unit % 8 * 240, y: unit / 8 % 8 * 135, width: 240, height: 135),
      samples: unit / 64 % 16..<unit / 64 % 16 + 1, digest: digest, counters: counters, lease: lease,
      agent: agent.bytes, contributor: agent.contributor, contributorSignature: agent.signature,
      agentSignature: signed)
  }

  struct Result: Encodable {
    var entries: Int
    var bytes: Int
    /// Durable, in batches.
    var appendedPerSecond: Double
    var slowestBatchSeconds: Double
    /// Milliseconds a proof, with nothing read before: the median and the slowest in a hundred of those that were drawn, and
    /// the slowest of all.
    var proofMilliseconds: Double
    var proofMilliseconds99: Double
    var slowestProofMilliseconds: Double
    var verifySeconds: Double
    var verifiedPerSecond: Double
    var findings: UInt64
    /// Agents' signatures, in an audit of their own.
    var signaturesPerSecond: Double?
    var root: String
  }

  func run(progress: @escaping @Sendable (_ what: String, _ done: Double) -> Void) async throws -> Result {
    var log = TileLog(DiskLogFolder(folder), signer: signer)
    guard try log.checkpoint().checkpoint.size == 0 else {
      throw CommandFailure(.badInput, "--folder: \(folder.path) holds a log already; name an empty folder")
    }
    var (spent, slowest) = (0.0, 0.0)
    for start in stride(from: 0, to: entryCount, by: batchCount) {
      let entries = try (start..<min(entryCount, start + batchCount)).map { try entry($0) }
      let begin = ContinuousClock.now
      try log.append(entries.map(\.encoded), at: UInt64(start))
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      spent += seconds
      slowest = max(slowest, seconds)
      progress("Appending", Double(start + entries.count) / Double(entryCount))
    }
    let signed = try log.checkpoint()
    let source = DiskLogFolder(folder)
    var proofs: [Double] = []
    var words = SeededGenerator(seed: 42)
    for _ in 0..<LedgerBench.proofCount {
      let index = words.next() % UInt64(entryCount)
      let begin = ContinuousClock.now
      _ = try await TileReader(source, size: signed.checkpoint.size).receipt(of: index, in: signed)
      proofs.append((ContinuousClock.now - begin) / .milliseconds(1))
    }
    proofs.sort()
    func audit(signatures: Bool) async throws -> (report: LedgerAudit.Report, seconds: Double) {
      var audit = LedgerAudit(source)
      audit.checksSignatures = signatures
      let count = Double(entryCount)
      let what = signatures ? "Signatures" : "Verifying"
      let begin = ContinuousClock.now
      audit.progress = { progress(what, Double($0) / count) }
      let report = try await audit.run(signed.checkpoint)
      return (report, (ContinuousClock.now - begin) / .seconds(1))
    }
    let (report, seconds) = try await audit(signatures: false)
    var signatureRate: Double?
    var findings = report.findingCount
    if isSigned {
      let (report, seconds) = try await audit(signatures: true)
      findings += report.findingCount
      signatureRate = Double(entryCount) / seconds
    }
    return Result(
      entries: entryCount, bytes: entryCount * (LedgerEntry.byteCount + 2 + 32),
      appendedPerSecond: Double(entryCount) / spent, slowestBatchSeconds: slowest,
      proofMilliseconds: proofs[proofs.count / 2], proofMilliseconds99: proofs[proofs.count * 99 / 100],
      slowestProofMilliseconds: proofs.last ?? 0,
      verifySeconds: seconds, verifiedPerSecond: Double(entryCount) / seconds, findings: findings,
      signaturesPerSecond: signatureRate, root: signed.checkpoint.root.hex)
  }
}
