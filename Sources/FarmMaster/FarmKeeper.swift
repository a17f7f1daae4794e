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
  /// Events of the restored state, for workers that start later.
  private var firstEvents: [FarmEvent] = []
  /// Set when the disk can neither be written nor read: nothing is answered any more.
  private var breakdown: (any Error)?
  /// Counts announcements of work, so that none is missed between a look and a wait.
  private(set) var workGeneration = 0
  private var workWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
  private var nextWaiter = 0

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
        let changes = owed + batch.flatMap(\.changes)
        if !changes.isEmpty { try await store.write(changes) }
        owed = []
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
    do {
      let stored = try await store.load()
      farm = Farm(
        restoring: stored, policy: policy, kernelRevision: kernelRevision, now: FarmKeeper.now, random: random)
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
  }

  private func publish(_ events: [FarmEvent]) {
    hub.publish(events)
    if events.contains(.workAvailable) {
      workGeneration += 1
      let waiters = workWaiters
      workWaiters = [:]
      for waiter in waiters.values { waiter.resume() }
    }
  }

  // MARK: - Waiting for work

  /// Returns when there may be work, or after `seconds`; at once if work was announced since `generation`.
  func waitForWork(seconds: Double, since generation: Int) async {
    guard generation == workGeneration else { return }
    nextWaiter += 1
    let id = nextWaiter
    let timer = Task {
      try? await Task.sleep(for: .seconds(seconds))
      self.wake(id)
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { continuation.resume() } else { workWaiters[id] = continuation }
      }
    } onCancel: {
      Task { await self.wake(id) }
    }
    timer.cancel()
  }

  private func wake(_ id: Int) { workWaiters.removeValue(forKey: id)?.resume() }

  /// Wakes all who wait: the master stops.
  func wakeAll() {
    let waiters = workWaiters
    workWaiters = [:]
    for waiter in waiters.values { waiter.resume() }
  }
}
