import FarmModel
import FarmStore
import Foundation
import Logging

/// The one owner of the farm's state. Whatever a step changed is durable before its answer goes out; steps that arrive
/// while a transaction is being written share the next one.
actor FarmKeeper {
  private var farm: Farm
  private let store: any FarmStore
  private let hub: EventHub
  private let logger: Logger
  private let policy: FarmPolicy
  private let kernelRevision: Int
  private let random: @Sendable () -> UInt64

  private struct Waiting {
    var changes: [Change]
    var events: [FarmEvent]
    var continuation: CheckedContinuation<Void, any Error>
  }

  private var queue: [Waiting] = []
  private var isWriting = false
  /// What reading the state back has changed in it: written with the next step.
  private var owed: [Change] = []
  /// Transactions that failed since one was written.
  private var failuresInRow = 0
  /// Events of the restored state, for workers that start later.
  private var firstEvents: [FarmEvent] = []
  /// Set when the disk can neither be written nor read: nothing is answered any more.
  private var breakdown: (any Error)?
  private var waitingForWork = WaitingAgents()

  static var now: FarmTime { Date().timeIntervalSince1970 }

  static func open(
    store: any FarmStore, hub: EventHub, policy: FarmPolicy, kernelRevision: Int, logger: Logger,
    random: @escaping @Sendable () -> UInt64 = {
      var generator = SystemRandomNumberGenerator()
      return generator.next()
    }
  ) async throws -> FarmKeeper {
    var farm = Farm(
      restoring: try await store.load(), policy: policy, kernelRevision: kernelRevision, now: now, random: random)
    let changes = farm.takeChanges()
    if !changes.isEmpty { try await store.write(changes) }
    return FarmKeeper(
      farm: farm, store: store, hub: hub, policy: policy, kernelRevision: kernelRevision, random: random,
      logger: logger)
  }

  private init(
    farm: Farm, store: any FarmStore, hub: EventHub, policy: FarmPolicy, kernelRevision: Int,
    random: @escaping @Sendable () -> UInt64, logger: Logger
  ) {
    self.farm = farm
    self.store = store
    self.hub = hub
    self.policy = policy
    self.kernelRevision = kernelRevision
    self.random = random
    self.logger = logger
    firstEvents = self.farm.takeEvents()
  }

  /// Lets the workers know what was left to do when the last master ended.
  func announceRestoredWork() {
    hub.publish(firstEvents)
    firstEvents = []
  }

  /// Looks, without changing anything.
  func read<Result: Sendable>(_ look: (borrowing Farm) throws -> Result) rethrows -> Result { try look(farm) }

  /// Looks, and returns when what was seen is durable: a crash does not take back what somebody was shown.
  func readDurable<Result: Sendable>(_ look: @Sendable (borrowing Farm) throws -> Result) async throws -> Result {
    try await perform { try look($0) }
  }

  /// Takes a step and returns when it is durable.
  func perform<Result: Sendable>(_ step: @Sendable (inout Farm) throws -> Result) async throws -> Result {
    if let breakdown { throw breakdown }
    farm.tick(FarmKeeper.now)
    let result = Swift.Result { try step(&farm) }
    let changes = farm.takeChanges()
    let events = farm.takeEvents()
    // Without changes of its own, a step may still have seen what is not durable yet.
    if changes.isEmpty, !isWriting, owed.isEmpty {
      publish(events)
    } else {
      try await withCheckedThrowingContinuation { continuation in
        queue.append(Waiting(changes: changes, events: events, continuation: continuation))
        if !isWriting {
          isWriting = true
          Task { await self.writeQueue() }
        }
      }
    }
    return try result.get()
  }

  private func writeQueue() async {
    while !queue.isEmpty {
      var (taken, count) = (0, 0)
      while taken < queue.count,
        taken == 0 || count + queue[taken].changes.count <= MasterLimits.changesInTransaction
      {
        count += queue[taken].changes.count
        taken += 1
      }
      let batch = Array(queue[..<taken])
      queue.removeFirst(taken)
      do {
        // A disk that stays full must not have the whole state read again without end. Steps queue meanwhile.
        if failuresInRow > 1 {
          let wait = MasterLimits.firstStoreWait * (1 << min(failuresInRow - 2, 20))
          try? await Task.sleep(for: min(wait, MasterLimits.longestStoreWait))
        }
        let changes = owed + batch.flatMap(\.changes)
        if !changes.isEmpty { try await store.write(changes) }
        owed = []
        failuresInRow = 0
        for waiting in batch {
          publish(waiting.events)
          waiting.continuation.resume()
        }
      } catch {
        await recover(from: error, batch)
      }
    }
    isWriting = false
  }

  /// What memory holds is ahead of the disk: go back to what the disk holds. Nobody was told otherwise.
  private func recover(from error: any Error, _ batch: [Waiting]) async {
    logger.error("The state cannot be written: \(error)")
    failuresInRow += 1
    do {
      let stored = try await store.load()
      let speeds = farm.speeds
      farm = Farm(
        restoring: stored, policy: policy, kernelRevision: kernelRevision, now: FarmKeeper.now, random: random)
      for (agent, speed) in speeds { farm.noteSpeed(agent, pathsPerSecond: speed) }
      owed = farm.takeChanges()
      firstEvents = farm.takeEvents()
    } catch {
      logger.critical("Nor can it be read again, so this master answers nothing any more: \(error)")
      breakdown = error
    }
    let failed = batch + queue
    queue = []
    for waiting in failed { waiting.continuation.resume(throwing: error) }
    announceRestoredWork()
    waitingForWork.wakeAll()
  }

  private func publish(_ events: [FarmEvent]) {
    hub.publish(events)
    for event in events {
      switch event {
      case .workAvailable: waitingForWork.wakeAll()
      case .workAvailableTo(let agent): waitingForWork.wake(agent)
      default: break
      }
    }
  }

  // MARK: - Waiting for work

  /// Counts announcements of work for an agent, so that none is missed between a look and a wait.
  func workGeneration(_ agent: KeyID) -> Int { waitingForWork.generation(agent) }

  /// Questions for work that are held open.
  var waitingCount: Int { waitingForWork.count }

  /// Returns when there may be work for an agent, or after `seconds`; at once if work was announced since `generation`.
  func waitForWork(_ agent: KeyID, seconds: Double, since generation: Int) async {
    guard generation == workGeneration(agent), !Task.isCancelled else { return }
    let id = waitingForWork.nextID()
    let timer = Task {
      try? await Task.sleep(for: .seconds(seconds))
      self.endWait(id)
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { continuation.resume() } else { waitingForWork.add(id, agent, continuation) }
      }
    } onCancel: {
      Task { await self.endWait(id) }
    }
    timer.cancel()
  }

  private func endWait(_ id: Int) { waitingForWork.end(id) }

  /// Wakes all who wait: the master stops.
  func wakeAll() { waitingForWork.wakeAll() }
}
