import FarmModel
import FarmStore
import FarmWire
import Foundation
import KernelScene
import SceneModel
import Synchronization
import Testing

@testable import FarmMaster

/// Writes fail as often as it is told.
private final class FailingStore: FarmStore {
  private let inner = MemoryStore()
  private let state = Mutex((failures: 0, loads: 0))

  var loadCount: Int { state.withLock { $0.loads } }

  func fail(_ count: Int) { state.withLock { $0.failures = count } }

  func load() async throws -> StoredFarm {
    state.withLock { $0.loads += 1 }
    return try await inner.load()
  }

  func write(_ changes: [Change]) async throws {
    let fails = state.withLock { state in
      state.failures -= 1
      return state.failures >= 0
    }
    if fails { throw Overdue(description: "the disk is full") }
    try await inner.write(changes)
  }
}

@Suite("The keeper of the farm", .timeLimit(.minutes(1)))
struct FarmKeeperTests {
  private static let text = String(repeating: "a", count: 64)
  private let agents = [KeyID(text), KeyID(String(text.reversed().dropLast()) + "b")]

  private func keeper(_ store: any FarmStore) async throws -> FarmKeeper {
    var policy = FarmPolicy()
    // A check would be announced to whoever it was drawn for.
    policy.checkRate = 0
    return try await FarmKeeper.open(
      store: store, hub: EventHub(), policy: policy, kernelRevision: 1, logger: quietLogger)
  }

  private func record(_ key: KeyID) -> AgentRecord {
    AgentRecord(
      key: key, contributor: key, contributorSignature: String(repeating: "c", count: 128), name: "agent",
      threadCount: 1,
      kernelRevision: 1, instance: "1")
  }

  private var draft: JobRecord {
    let spec = JobSpec(
      bundle: ContentHash(hashing: [1]), camera: 0, width: 64, height: 64, samples: 1, bounces: 2, seed: 1,
      filter: "box",
      kernelRevision: 1)
    return JobRecord(
      id: JobID(""), name: "job", spec: spec, picture: PictureSpec(), frames: FrameNumbers(1...4), tile: 16,
      priority: 0,
      createdAt: 0, requestID: "request")
  }

  /// Waits, and says so in `woken`.
  private func wait(
    _ keeper: FarmKeeper, _ agent: KeyID, seconds: Double = 50, _ woken: WokenAgents
  ) async -> Task<Void, Never> {
    let before = await keeper.waitingCount
    let generation = await keeper.workGeneration(agent)
    let task = Task {
      await keeper.waitForWork(agent, seconds: seconds, since: generation)
      woken.add(agent)
    }
    while await keeper.waitingCount == before, woken.all.isEmpty { await Task.yield() }
    return task
  }

  private final class WokenAgents: Sendable {
    private let agents = Mutex<[KeyID]>([])
    var all: [KeyID] { agents.withLock { $0 } }
    func add(_ agent: KeyID) { agents.withLock { $0.append(agent) } }
  }

  @Test("A delivery ends the wait of its own agent and no other's; new work ends all; nobody is left over")
  func waits() async throws {
    let start = ContinuousClock.now
    let keeper = try await keeper(MemoryStore())
    let (first, second) = (agents[0], agents[1])
    let (one, two) = (record(first), record(second))
    let draft = draft
    try await keeper.perform { try $0.register(one, now: FarmKeeper.now) }
    try await keeper.perform { try $0.register(two, now: FarmKeeper.now) }
    _ = try await keeper.perform { try $0.createJob(draft, now: FarmKeeper.now) }
    let leases = try await keeper.perform {
      try $0.lease(to: first, count: 2, prepared: [], now: FarmKeeper.now)
    }
    #expect(leases.count == 2)
    let woken = WokenAgents()
    let (own, other) = (await wait(keeper, first, woken), await wait(keeper, second, woken))
    let generation = await (keeper.workGeneration(first), keeper.workGeneration(second))
    var counters = WorkCounters()
    counters.paths = 4096
    let commitment = LeaseRecord.Commitment(
      digest: ContentHash(hashing: [2]), counters: counters, signature: String(repeating: "d", count: 128))
    let id = leases[0].id
    try await keeper.perform { try $0.commit(id, of: first, commitment, now: FarmKeeper.now) }
    _ = try await keeper.perform { try $0.deliver(id, of: first, now: FarmKeeper.now) }
    await own.value
    #expect(await keeper.workGeneration(first) > generation.0)
    #expect(await keeper.workGeneration(second) == generation.1)
    #expect(woken.all == [first])
    #expect(await keeper.waitingCount == 1)
    // Announced between the look and the wait: no wait at all.
    await keeper.waitForWork(first, seconds: 50, since: generation.0)
    // What is given back is there for all.
    let left = leases[1].id
    try await keeper.perform { try $0.giveBack([left], of: first, now: FarmKeeper.now) }
    await other.value
    #expect(Set(woken.all) == Set(agents))
    // Cancelled, or out of patience.
    let cancelled = await wait(keeper, first, WokenAgents())
    cancelled.cancel()
    await cancelled.value
    await (await wait(keeper, second, seconds: 0.01, WokenAgents())).value
    // Nobody was woken by the end of the fifty seconds.
    #expect(ContinuousClock.now - start < .seconds(40))
    #expect(await keeper.waitingCount == 0)
  }

  @Test("However often writing fails in a row, nothing unwritten is shown, and work goes on when the disk is back")
  func failures() async throws {
    let store = FailingStore()
    let keeper = try await keeper(store)
    let one = record(agents[0])
    let draft = draft
    try await keeper.perform { try $0.register(one, now: FarmKeeper.now) }
    try await keeper.perform { $0.noteSpeed(one.key, pathsPerSecond: 1234) }
    store.fail(4)
    for attempt in 1...4 {
      await #expect(throws: Overdue.self) { try await keeper.perform { try $0.createJob(draft, now: FarmKeeper.now) } }
      #expect(await keeper.read { $0.jobViews.isEmpty }, "after failure \(attempt)")
      // Read once each time, and once when the keeper was made.
      #expect(store.loadCount == attempt + 1)
    }
    _ = try await keeper.perform { try $0.createJob(draft, now: FarmKeeper.now) }
    #expect(await keeper.read { $0.jobViews.count } == 1)
    #expect(await keeper.read { $0.speeds } == [one.key: 1234])
  }
}
