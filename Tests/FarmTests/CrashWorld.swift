import Crypto
import FarmModel
import FarmStore
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Synchronization

@testable import FarmAgent
@testable import FarmLedger
@testable import FarmMaster

/// One thing that goes wrong in a run.
struct CrashPoint: Sendable, CustomStringConvertible {
  /// Store transactions and plane files that were written before.
  var operation: Int
  /// Whether it took effect all the same.
  var isAfter: Bool
  /// Whether the master's process dies of it. Otherwise only this operation fails.
  var isDeath: Bool

  var description: String {
    "operation \(operation) \(isAfter ? "fails after persisting" : "fails")\(isDeath ? ", and the master dies" : "")"
  }
}

struct Planned: Error {}

/// Counts what is made durable outside of the log, and fails where it was told to.
final class CrashPlan: Sendable {
  private struct State {
    var count = 0
    var point: CrashPoint?
    var isDead = false
  }

  private let state: Mutex<State>

  init(_ point: CrashPoint?) { state = Mutex(State(point: point)) }

  var operationCount: Int { state.withLock { $0.count } }
  var isDead: Bool { state.withLock { $0.isDead } }

  func revive() { state.withLock { $0.isDead = false } }

  func checkAlive() throws { if isDead { throw Planned() } }

  func perform<Result>(_ body: () throws -> Result) throws -> Result {
    try checkAlive()
    let point = state.withLock { state -> CrashPoint? in
      defer { state.count += 1 }
      guard let point = state.point, point.operation == state.count else { return nil }
      state.point = nil
      state.isDead = point.isDeath
      return point
    }
    guard let point else { return try body() }
    if point.isAfter { _ = try body() }
    throw Planned()
  }
}

/// What outlives a master: its store, its planes, its log; and the plan by which they fail.
final class CrashWorld: Sendable {
  let plan: CrashPlan
  let log = MemoryLogFolder()
  let store = MemoryStore()
  private let planes = Mutex<[String: [UInt8]]>([:])
  let logKey = Curve25519.Signing.PrivateKey()

  init(_ point: CrashPoint? = nil) { plan = CrashPlan(point) }

  func hasPlanes(_ ref: UnitRef, lease: LeaseID) -> Bool { planes.withLock { $0[key(ref, lease)] != nil } }

  /// Whether the log's machine is down.
  var isLogDead: Bool { (try? log.exists("checkpoint")) == nil }

  /// The published log, every signature and hash of it checked.
  func entries() async throws -> [LedgerEntry] {
    let key = NoteSigner(name: "crash.test", key: logKey)!.verifier
    let signed = try SignedCheckpoint(try await log.checkpointBytes(), key: key)
    var audit = LedgerAudit(log)
    audit.checksSignatures = true
    let report = try await audit.run(signed.checkpoint)
    guard report.findingCount == 0 else { throw Overdue(description: "\(report.findings)") }
    var entries: [LedgerEntry] = []
    try await log.forEachEntry(in: 0..<signed.checkpoint.size) { entries.append(try LedgerEntry($1)) }
    return entries
  }

  private func key(_ ref: UnitRef, _ lease: LeaseID) -> String { "\(ref.frame)/\(ref.unit).\(lease)" }
}

extension CrashWorld: PlaneStore {
  func keepResult(_ ref: UnitRef, lease: LeaseID, payload: [UInt8]) throws {
    try plan.perform { planes.withLock { $0[key(ref, lease)] = payload } }
  }

  func removeResult(_ ref: UnitRef, lease: LeaseID) {
    _ = try? plan.perform { planes.withLock { $0[key(ref, lease)] = nil } }
  }
}

extension CrashWorld: FarmStore {
  func load() async throws -> StoredFarm {
    try plan.checkAlive()
    return store.stored
  }

  func write(_ changes: [Change]) async throws {
    try plan.perform { try store.apply(changes) }
  }
}

/// What a correct kernel would say of a unit of the crash tests, or somebody who lies.
func crashOutcome(_ ref: UnitRef, _ unit: FramePlan.Unit, lie: Bool = false) -> UnitOutcome {
  let planes = UnitPlanes(tile: unit.tile, samples: unit.samples)
  for index in 0..<planes.values.count {
    planes.values.pointer[index] = Float((index * 7 + ref.frame * 31 + ref.unit * 17) % 251) / 16
  }
  if lie { planes.values.pointer[5] += 1 }
  var counters = WorkCounters()
  counters.paths = UInt64(unit.tile.pixelCount * unit.samples.count)
  counters.rays = counters.paths * UInt64(2 + ref.unit)
  counters.shadowRays = counters.paths
  counters.shadingEvaluations = counters.paths + UInt64(ref.frame)
  return UnitOutcome(
    planes: planes, counters: counters, digest: ResultPayload.digest(planes, counters), seconds: 0.1)
}
