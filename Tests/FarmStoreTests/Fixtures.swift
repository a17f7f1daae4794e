import FarmModel
import FarmStore
import Foundation
import KernelScene
import SceneModel
import Testing

/// The stores that must meet the contract of `FarmStore`.
enum StoreKind: CaseIterable, CustomTestStringConvertible {
  case memory, sqlite

  var testDescription: String {
    switch self {
    case .memory: "MemoryStore"
    case .sqlite: "SQLiteStore"
    }
  }

  /// Hands an empty store to `body`, and removes what it left on the disk.
  func withStore(_ body: (any FarmStore) async throws -> Void) async throws {
    switch self {
    case .memory: try await body(MemoryStore())
    case .sqlite:
      try await withTemporaryFile { path in
        let store = try SQLiteStore(path: path)
        try await body(store)
        try store.close()
      }
    }
  }
}

/// Hands the path of a file that does not exist yet, in a folder of its own.
func withTemporaryFile(_ body: (String) async throws -> Void) async throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "farm-store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try await body(folder.appending(path: "farm.sqlite").path)
}

/// A number in `digits` hexadecimal digits.
func hexadecimal(_ value: Int, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: digits - text.count) + text
}

func jobID(_ number: Int) -> JobID { JobID(hexadecimal(number, digits: 16)) }
func leaseID(_ number: Int) -> LeaseID { LeaseID(hexadecimal(number, digits: 32)) }
func keyID(_ number: Int) -> KeyID { KeyID(hexadecimal(number, digits: 64)) }
func contentHash(_ number: Int) -> ContentHash { ContentHash(hashing: Array(hexadecimal(number, digits: 16).utf8)) }

/// Counters of which some need all 64 bits.
func counters(_ number: Int) -> WorkCounters {
  var counters = WorkCounters()
  counters.paths = UInt64(number)
  counters.rays = .max - UInt64(number)
  counters.shadowRays = 1 << 63
  counters.shadingEvaluations = 1 << 53 + 1
  counters.nonFiniteSamples = 7
  return counters
}

func job(_ number: Int) -> JobRecord {
  let spec = JobSpec(
    bundle: contentHash(number), camera: 2, width: 1920, height: 1080, samples: 256, bounces: 8, seed: .max,
    filter: "blackman-harris", kernelRevision: 3)
  return JobRecord(
    id: jobID(number), name: "Küche, \"abends\" 'spät' \\ 夜\n🌙", spec: spec,
    picture: PictureSpec(view: "agx", exposure: -0.1, depth: 16), frames: FrameNumbers([-3, -2, 1, 4, 9, 48]), tile: 64,
    priority: -5,
    trust: 1e-6, createdAt: 1_790_000_000.123_456, requestID: "request \(number)")
}

/// With every optional field.
func endedJob(_ number: Int) -> JobRecord {
  var record = job(number)
  record.state = .failed
  record.reason = "camera 2 is missing"
  record.endedAt = 1_790_000_001.1
  record.isPrivate = true
  record.budget = .max
  record.estimatedCredit = 1 << 63
  return record
}

func unitResult(_ number: Int) -> UnitRecord.Result {
  UnitRecord.Result(
    agent: keyID(10), contributor: keyID(20), digest: contentHash(number), counters: counters(number),
    signature: String(repeating: "ab", count: 64), lease: leaseID(number), seconds: 0.1, sequence: number)
}

/// With every optional field.
func unit(_ number: Int, job: Int = 1, frame: Int = 1) -> UnitRecord {
  var record = UnitRecord(UnitRef(job: jobID(job), frame: frame, unit: number))
  record.state = .settled
  record.result = unitResult(number)
  record.check = .passed
  record.draw = .sampled
  record.checker = checker
  record.opinions = [
    UnitRecord.Opinion(checker: checker, digest: contentHash(7), counters: counters(8)),
    UnitRecord.Opinion(checker: nil, digest: contentHash(9), counters: counters(10)),
  ]
  record.witnesses = [checker]
  record.entry = UInt64(number)
  record.failures = [
    UnitRecord.Failure(agent: keyID(12), reason: "out of memory: \"8 GB\""),
    UnitRecord.Failure(agent: keyID(13), reason: ""),
  ]
  return record
}

func frame(_ number: Int, job: Int = 1) -> FrameRecord {
  FrameRecord(
    job: jobID(job), number: number, state: .provisional, revision: 3, digest: contentHash(number), rays: .max,
    seconds: 1234.5)
}

func agent(_ number: Int) -> AgentRecord {
  AgentRecord(
    key: keyID(number), contributor: keyID(20), contributorSignature: String(repeating: "ab", count: 64),
    name: "bär-\(number)", threadCount: 64, kernelRevision: 3,
    instance: "instance \(number)")
}

let checker = UnitRecord.Checker(
  agent: keyID(11), contributor: keyID(21), lease: leaseID(77),
  commitment: LeaseRecord.Commitment(
    digest: contentHash(77), counters: counters(77), signature: String(repeating: "ef", count: 64)))

func outboxEntry(_ number: Int) -> OutboxEntry {
  OutboxEntry(index: UInt64(number), bytes: (0..<388).map { UInt8(truncatingIfNeeded: $0 + number) })
}

/// With sums wider than 64 bits.
func balance(_ job: Int, contributor: Int) -> BalanceRecord {
  var record = BalanceRecord(job: jobID(job), contributor: keyID(contributor), balance: LedgerBalance())
  record.balance.rendered.unitCount = .max
  record.balance.rendered.rays = .max
  record.balance.checked.credit = UInt128(job) << 70
  record.balance.revoked.paths = UInt128(contributor)
  return record
}

/// With every optional field.
func bannedAgent(_ number: Int) -> AgentRecord {
  var record = agent(number)
  record.correctCount = 41
  record.unitCount = 42
  record.banReason = "a wrong result"
  record.banKind = .brokenMachine
  record.isNewcomer = true
  return record
}

func lease(_ number: Int) -> LeaseRecord {
  LeaseRecord(
    id: leaseID(number), ref: UnitRef(job: jobID(1), frame: -3, unit: 9), agent: keyID(10), isCheck: false,
    grantedAt: 1_790_000_000.25, deadline: 1_790_000_060.7)
}

/// With every optional field.
func committedLease(_ number: Int) -> LeaseRecord {
  var record = lease(number)
  record.isCheck = true
  record.commitment = LeaseRecord.Commitment(
    digest: contentHash(number), counters: counters(number), signature: String(repeating: "cd", count: 64))
  return record
}

extension StoredFarm {
  /// The changes that write it.
  var changes: [Change] {
    jobs.map(Change.job) + units.map(Change.unit) + frames.map(Change.frame) + agents.map(Change.agent)
      + leases.map(Change.lease) + (publishedEntryCount > 0 ? [.ledgerPublished(upTo: publishedEntryCount)] : [])
      + outbox.map(Change.ledgerEntry) + balances.map(Change.balance)
  }

  var isEmpty: Bool { changes.isEmpty }

  /// At least two records of each kind, in the order of their keys.
  static var example: StoredFarm {
    var farm = StoredFarm()
    farm.jobs = [job(1), endedJob(2)]
    farm.units = [
      unit(0, frame: -1), unit(2, frame: 9), unit(10, frame: 9), unit(1, frame: 10), unit(0, job: 2, frame: 1),
    ]
    farm.frames = [frame(-1), frame(9), frame(10), frame(1, job: 2)]
    farm.agents = [agent(10), bannedAgent(11)]
    farm.leases = [lease(1), committedLease(2)]
    farm.publishedEntryCount = 7
    farm.outbox = [outboxEntry(7), outboxEntry(8)]
    farm.balances = [balance(1, contributor: 20), balance(1, contributor: 21), balance(2, contributor: 20)]
    return farm
  }
}
