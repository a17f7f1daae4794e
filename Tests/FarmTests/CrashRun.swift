import Crypto
import FarmModel
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Synchronization

@testable import FarmAgent
@testable import FarmLedger
@testable import FarmMaster

/// A small job from submission to ledger, by the master's own code over a world that fails once.
///
/// What agents and workers do stands here, step by step and with their tries, so that every run takes the same way.
struct CrashRun: ~Copyable {
  struct Worker {
    let key = Curve25519.Signing.PrivateKey()
    let contributor = Curve25519.Signing.PrivateKey()
    let name: String
    let isLiar: Bool
    var instance = 0
    var isBanned = false

    var id: KeyID { KeyID(Hex.text(key.publicKey.rawRepresentation)) }

    func record() throws -> AgentRecord {
      let statement = Statements.agentKey(Array(key.publicKey.rawRepresentation))
      return AgentRecord(
        key: id, contributor: KeyID(Hex.text(contributor.publicKey.rawRepresentation)),
        contributorSignature: Hex.text(try contributor.signature(for: statement)), name: name, threadCount: 1,
        kernelRevision: kernelRevision, instance: "\(instance)")
    }
  }

  /// A master's process.
  private struct Master {
    var keeper: FarmKeeper
    var log: LedgerLog
    let index = EntryIndex()
    var intake: ResultIntake
  }

  let world: CrashWorld
  /// What a crash of the machine leaves of the log's folder.
  let loss: MemoryLogFolder.Loss
  private var master: Master?
  private var workers = [("ada", false), ("liar", true), ("bela", false)].map { Worker(name: $0, isLiar: $1) }
  private var job: JobID?
  /// Results that were answered with "taken".
  private var acknowledged: [UnitRef: (lease: LeaseID, agent: KeyID)] = [:]
  private(set) var restartCount = 0
  /// Ahead of the clock by ten seconds a round: nobody waits for agents that do not come.
  private var now = FarmKeeper.now
  /// What should not be; nil while all is well.
  private(set) var fault: String?

  init(_ world: CrashWorld, loss: MemoryLogFolder.Loss = .nothing) {
    self.world = world
    self.loss = loss
  }

  private static let policy: FarmPolicy = {
    var policy = FarmPolicy()
    policy.probationCount = 2
    return policy
  }()

  // MARK: - The master

  /// The running master; a new one where the last has died.
  private mutating func running() async throws -> Master {
    if world.plan.isDead || world.isLogDead { master = nil }
    if let master { return master }
    for _ in 0..<4 {
      world.plan.revive()
      world.log.restart(loss)
      if let master = try? await start() {
        self.master = master
        await checkAcknowledged(master)
        return master
      }
    }
    throw Overdue(description: "no master starts")
  }

  private mutating func start() async throws -> Master {
    restartCount += 1
    let keeper = try await FarmKeeper.open(
      store: world, hub: EventHub(), policy: CrashRun.policy, kernelRevision: kernelRevision, logger: quietLogger,
      random: CrashRun.seeded(UInt64(restartCount)))
    let log = LedgerLog(TileLog(world.log, signer: NoteSigner(name: "crash.test", key: world.logKey)!))
    let master = Master(
      keeper: keeper, log: log, intake: ResultIntake(keeper: keeper, planes: world, cache: PlaneCache()))
    try await LedgerKeeper.start(keeper, log, master.index, logger: quietLogger)
    return master
  }

  private static func seeded(_ seed: UInt64) -> @Sendable () -> UInt64 {
    let generator = CrashRandom(seed: seed)
    return { generator.next() }
  }

  /// What was answered with "taken" is there, unless its author was banned.
  private mutating func checkAcknowledged(_ master: Master) async {
    let banned = await master.keeper.read { [now] farm in
      Set(farm.agentViews(now: now).filter { $0.record.banReason != nil }.map(\.record.key))
    }
    for (ref, result) in acknowledged where !banned.contains(result.agent) {
      let isThere = await master.keeper.read {
        $0.isResult(of: ref, lease: result.lease) || $0.isFinal(ref.job, frame: ref.frame)
      }
      if !isThere { fault = "frame \(ref.frame), unit \(ref.unit) was acknowledged and is lost" }
    }
  }

  /// One try. Nil where it failed: the caller comes back later.
  private mutating func attempt<Result: Sendable>(
    _ body: (Master) async throws -> Result
  ) async throws -> Result? {
    let master = try await running()
    do {
      return try await body(master)
    } catch is Planned {
      return nil
    } catch let error as LedgerError where error.kind == .storage {
      return nil
    } catch let error as FarmFault where ["banned", "lease_gone", "unknown_session"].contains(error.code) {
      return nil
    }
  }

  // MARK: - What happens

  mutating func run() async throws {
    let draft = CrashRun.draft
    while job == nil {
      job = try await attempt { [now] in try await $0.keeper.perform { try $0.createJob(draft, now: now).id } }
    }
    for index in workers.indices { try await enter(index) }
    for _ in 0..<60 {
      now += 10
      for index in workers.indices { try await work(index) }
      _ = try await attempt { [now] in try await $0.keeper.perform { $0.expireLeases(now: now) } }
      try await verify()
      try await assemble()
      let isPublished = try await attempt { try await LedgerKeeper.publishAll($0.keeper, $0.log, $0.index) } != nil
      let isDone = try await running().keeper.read { [job] in
        let view = $0.jobView(job!)!
        return view.record.state == .finished && view.settledUnitCount == view.unitCount
          && $0.publishedEntryCount == $0.entryCount
      }
      if isDone, isPublished { return try await finish() }
      if fault != nil { return }
    }
    fault = "the job does not end"
  }

  private static var draft: JobRecord {
    let spec = JobSpec(
      bundle: ContentHash(hashing: [1]), camera: 0, width: 16, height: 16, samples: 4, bounces: 2, seed: 1,
      filter: "box", kernelRevision: kernelRevision)
    return JobRecord(
      id: JobID(""), name: "crash", spec: spec, picture: PictureSpec(), frames: FrameNumbers(1...2), tile: 16,
      priority: 0, createdAt: 0, requestID: "crash")
  }

  private mutating func enter(_ index: Int) async throws {
    for _ in 0..<3 {
      let record = try workers[index].record()
      let done: Bool? = try await attempt { [now] master in
        do {
          try await master.keeper.perform { try $0.register(record, now: now) }
          return true
        } catch let error as FarmFault where error.code == "banned" {
          return false
        }
      }
      if let done { return workers[index].isBanned = !done }
    }
  }

  private mutating func work(_ index: Int) async throws {
    guard !workers[index].isBanned else { return }
    let agent = workers[index].id
    let leases = try await attempt { [now] in
      try await $0.keeper.perform { farm in
        try farm.lease(to: agent, count: 2, prepared: [], now: now)
      }
    }
    guard let leases else {
      // An answer was lost, and the units that it held: a new process has nothing in hand.
      workers[index].instance += 1
      return try await enter(index)
    }
    for lease in leases { try await render(lease, index) }
  }

  private mutating func render(_ lease: LeaseRecord, _ index: Int) async throws {
    let worker = workers[index]
    for _ in 0..<4 {
      let taken: Bool? = try await attempt { [now] master in
        let order = try await master.keeper.read { try $0.workOrder(lease.id, of: worker.id) }
        let outcome = crashOutcome(lease.ref, order.unit, lie: worker.isLiar)
        let statement = Statements.result(
          lease: lease.id, spec: order.job.spec.hash, frame: lease.ref.frame, digest: outcome.digest)
        // Ed25519 may sign with random numbers; what was committed before holds.
        let commitment =
          try order.lease.commitment
          ?? LeaseRecord.Commitment(
            digest: outcome.digest, counters: outcome.counters,
            signature: Hex.text(worker.key.signature(for: statement)))
        try await master.keeper.perform {
          try $0.commit(lease.id, of: worker.id, commitment, now: now)
        }
        try await master.intake.take(
          lease.id, of: worker.id, commitment, payload: ResultPayload.encode(outcome.planes, outcome.counters))
        return await master.keeper.read { $0.isResult(of: lease.ref, lease: lease.id) }
      }
      guard let taken else { continue }
      if taken { acknowledged[lease.ref] = (lease.id, worker.id) }
      return
    }
  }

  private mutating func verify() async throws {
    while true {
      let next = try await running().keeper.read { [now] in $0.nextVerification(now: now, isReferee: false) }
      guard let next else { return }
      let truth = crashOutcome(next.ref, next.unit)
      _ = try await attempt { master in
        try await master.keeper.perform { farm in
          if next.isDispute {
            farm.refereed(next.ref, digest: truth.digest, counters: truth.counters)
          } else {
            farm.verified(next.ref, digest: truth.digest, counters: truth.counters)
          }
        }
      }
    }
  }

  private mutating func assemble() async throws {
    let id = job!
    for number in 1...2 {
      guard let assembly = try await running().keeper.read({ $0.assembly(id, frame: number) }) else { continue }
      let units = try await running().keeper.read { $0.receivedUnits(id, frame: number) }
      for unit in units where !world.hasPlanes(unit.ref, lease: unit.result.lease) {
        fault = "frame \(number), unit \(unit.ref.unit): its planes are lost"
      }
      for unit in units where unit.result.digest != crashOutcome(unit.ref, unit.unit).digest {
        fault = "frame \(number), unit \(unit.ref.unit): a lie is in the picture"
      }
      _ = try await attempt { [now] in
        try await $0.keeper.perform {
          $0.frameAssembled(
            id, frame: number, attempt: assembly, digest: ContentHash(hashing: [UInt8(number)]), now: now)
        }
      }
    }
  }

  // MARK: - The end

  /// The log stands every audit; every unit is paid once, to who did it; store and log say the same; the log is whole.
  private mutating func finish() async throws {
    let master = try await running()
    let entries = try await world.entries()
    var sums = JobBalances()
    var paid: Set<LedgerEntry.Unit> = []
    var leases: Set<LeaseNumber> = []
    for (index, entry) in entries.enumerated() {
      try sums.apply(entry)
      if entry.revocation != nil {
        paid.remove(entry.unit)
      } else if entry.work == .rendered, !paid.insert(entry.unit).inserted {
        fault = "entry \(index) pays for a unit again"
      }
      if entry.revocation == nil, !leases.insert(entry.lease).inserted {
        fault = "entry \(index) pays for a lease again"
      }
      if workers.contains(where: { $0.isLiar && $0.id == entry.agent.id }) { fault = "entry \(index) pays a lie" }
    }
    let unitCount = await master.keeper.read { [job] in $0.jobView(job!)!.unitCount }
    if paid.count != unitCount { fault = "\(paid.count) units are paid, expected \(unitCount)" }
    if world.store.stored.balances != sums.records { fault = "the store's balances are not the sum of the log" }
    if !world.store.stored.outbox.isEmpty { fault = "the outbox is not empty" }
    await checkAcknowledged(master)
  }
}

/// The same numbers from the same seed, from any thread.
private final class CrashRandom: Sendable {
  private let state: Mutex<UInt64>

  init(seed: UInt64) { state = Mutex(seed) }

  func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
