import FarmModel
import Foundation
import FrameRenderer
import Logging
import KernelScene
import SceneModel

/// Performs what the schedule decides, and tells it what came of that. Owns every task that it starts: all of them have ended
/// when `run` returns.
actor AgentDriver {
  private let session: any MasterLink
  private let library: FrameLibrary
  private let threads: RenderThreads
  private let alteration: AgentService.Alteration?
  private let logger: Logger
  private let report: @Sendable (AgentReport) -> Void
  private let deliveries = Turnstile(places: Limits.concurrentDeliveries)
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  private var schedule: AgentSchedule
  private var units: [LeaseID: LeasedUnit] = [:]
  private var outcomes: [LeaseID: UnitOutcome] = [:]
  private var renders: [LeaseID: Task<Void, Never>] = [:]
  private var tasks: [Int: Task<Void, Never>] = [:]
  /// Those that must end before the agent does: leases on their way back.
  private var farewells: [Task<Void, Never>] = []
  private var taskCount = 0
  private var timer: Task<Void, Never>?
  private var askBackoff = Backoff()
  private var renewalBackoff = Backoff()
  private var isStopping = false
  private var outcome: Result<Void, any Error>?
  private var ending: CheckedContinuation<Void, Never>?

  init(
    session: any MasterLink, store: PartStore, kernel: any KernelBuild = KernelChoice.fastest, threadCount: Int,
    alteration: AgentService.Alteration?, logger: Logger, report: @escaping @Sendable (AgentReport) -> Void
  ) {
    self.session = session
    self.alteration = alteration
    self.logger = logger
    self.report = report
    schedule = AgentSchedule(options: AgentSchedule.Options(threadCount: threadCount))
    threads = RenderThreads(count: threadCount)
    start = clock.now
    let fetcher = PartFetcher(
      store: store,
      download: { part, file, limit in try await session.downloadPart(part.hash, to: file, limit: limit) },
      onPart: { report(.partFetched(byteCount: $0.byteCount)) })
    library = FrameLibrary(fetcher: fetcher, kernel: kernel, threadCount: threadCount) {
      try await session.manifest(of: $0)
    }
  }

  /// Returns after `stop`; throws after `abandon`, and on what trying again cannot mend.
  func run() async throws {
    begin { driver in
      do {
        try await driver.session.register()
        await driver.handle(.tick)
      } catch {
        await driver.end(.failure(error))
      }
    }
    if outcome == nil { await withCheckedContinuation { ending = $0 } }
    timer?.cancel()
    for task in renders.values { task.cancel() }
    for task in tasks.values { task.cancel() }
    for task in Array(renders.values) + tasks.values { await task.value }
    try outcome?.get()
  }

  /// Ends well: unfinished units go back, finished ones are delivered, all within `Limits.farewell`.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    report(.stopping(unfinishedCount: schedule.heldLeases.count))
    begin { driver in
      try? await Task.sleep(for: Limits.farewell)
      if !Task.isCancelled { await driver.end(.success(())) }
    }
    handle(.stopRequested)
  }

  /// Ends at once, as if the machine had died.
  func abandon() { end(.failure(CancellationError())) }

  private func end(_ result: Result<Void, any Error>) {
    guard outcome == nil else { return }
    outcome = result
    ending?.resume()
    ending = nil
  }

  // MARK: - Events and actions

  private var now: Duration { clock.now - start }

  private func handle(_ event: AgentSchedule.Event) {
    guard outcome == nil else { return }
    for action in schedule.handle(event, now: now) { perform(action) }
    timer?.cancel()
    guard let tick = schedule.nextTick(now: now) else { return }
    let moment = start + max(tick, now)
    timer = Task { [weak self, clock] in
      try? await clock.sleep(until: moment, tolerance: .milliseconds(5))
      if !Task.isCancelled { await self?.handle(.tick) }
    }
  }

  private func perform(_ action: AgentSchedule.Action) {
    switch action {
    case .askForWork(let unitCount, let frames): begin { await $0.ask(unitCount, frames) }
    case .prepare(let key): begin { await $0.prepare(key) }
    case .forget(let key): library.forget(key)
    case .render(let id):
      guard let unit = units[id] else { return handle(.failed(id, reason: "the unit is not known here")) }
      renders[id] = Task { await self.render(unit) }
    case .cancel(let id):
      renders.removeValue(forKey: id)?.cancel()
      units[id] = nil
    case .deliver(let id):
      guard let unit = units[id], let outcome = outcomes.removeValue(forKey: id) else { return }
      begin { await $0.deliver(unit, outcome) }
    case .reportFailure(let id, let reason): begin { await $0.reportFailure(id, reason) }
    case .renew(let ids): begin { await $0.renew(ids) }
    case .giveBack(let ids):
      for id in ids { units[id] = nil }
      farewells.append(begin { await $0.giveBack(ids) })
    case .finish:
      let last = farewells
      begin { driver in
        for task in last { await task.value }
        // Without it the master would wait for this agent until its silence is long enough.
        try? await driver.session.leave()
        await driver.end(.success(()))
      }
    }
  }

  /// Starts a task that this driver owns.
  @discardableResult
  private func begin(_ body: @escaping @Sendable (AgentDriver) async -> Void) -> Task<Void, Never> {
    taskCount += 1
    let id = taskCount
    let task = Task {
      await body(self)
      self.tasks[id] = nil
    }
    tasks[id] = task
    return task
  }

  // MARK: - Work

  private func ask(_ unitCount: Int, _ frames: [FrameKey]) async {
    do {
      let leased = try await session.ask(unitCount: unitCount, preparedFrames: frames)
      askBackoff.reset()
      report(.answered)
      for unit in leased where units[unit.id] == nil { units[unit.id] = unit }
      handle(.leased(leased.map { AgentSchedule.Lease(id: $0.id, frame: $0.frame, lifetime: $0.lifetime) }))
    } catch let error as MasterError where error.isTransient {
      report(.waitingForMaster(reason: error.description))
      handle(.askFailed(retryAfter: askBackoff.next(random: Double.random(in: 0..<1))))
    } catch {
      end(.failure(error))
    }
  }

  private func prepare(_ key: FrameKey) async {
    report(.preparing(key))
    do {
      try await library.prepare(key)
      report(.prepared(key))
      handle(.prepared(key))
    } catch is CancellationError {
      return
    } catch {
      logger.warning("Frame \(key.number) of bundle \(key.bundle.short) cannot be prepared: \(error)")
      handle(.preparationFailed(key, reason: "\(error)"))
    }
  }

  private func render(_ unit: LeasedUnit) async {
    guard let frame = library.frame(unit.frame) else {
      handle(.failed(unit.id, reason: "the frame is not prepared any more"))
      return
    }
    do {
      var outcome = try await threads.render(frame, settings: unit.settings, tile: unit.tile, samples: unit.samples)
      if let alteration { outcome = alteration(outcome) }
      // Cancelled at the last moment: nobody waits for it.
      guard renders.removeValue(forKey: unit.id) != nil else { return }
      outcomes[unit.id] = outcome
      report(.rendered(counters: outcome.counters, seconds: outcome.seconds))
      handle(.rendered(unit.id))
    } catch is Cancelled {
      return
    } catch is CancellationError {
      return
    } catch {
      renders[unit.id] = nil
      handle(.failed(unit.id, reason: "\(error)"))
    }
  }

  private func deliver(_ unit: LeasedUnit, _ outcome: UnitOutcome) async {
    await deliveries.pass {
      do {
        try await session.deliver(unit, outcome)
        report(.accepted)
      } catch is CancellationError {
        return
      } catch {
        report(.notWanted(reason: "\(error)"))
        if await endIfBanned(error) { return }
      }
    }
    settle(unit.id)
  }

  private func reportFailure(_ id: LeaseID, _ reason: String) async {
    report(.unitFailed(reason: reason))
    do {
      try await session.reportFailure(id, reason: reason)
    } catch is CancellationError {
      return
    } catch {
      // The lease is not ours any more, then.
      logger.info("A failure was not taken by the master: \(error)")
    }
    settle(id)
  }

  private func settle(_ id: LeaseID) {
    units[id] = nil
    renders[id] = nil
    outcomes[id] = nil
    handle(.settled(id))
  }

  private func renew(_ ids: [LeaseID]) async {
    do {
      let answer = try await session.renew(ids)
      renewalBackoff.reset()
      handle(.renewed(answer.held, lifetime: answer.lifetime))
      let held = Set(answer.held)
      let lost = ids.filter { !held.contains($0) }
      if !lost.isEmpty {
        for id in lost where outcomes[id] == nil { units[id] = nil }
        handle(.released(lost))
      }
    } catch {
      if endIfBanned(error) { return }
      handle(.renewalFailed(retryAfter: renewalBackoff.next(random: Double.random(in: 0..<1))))
    }
  }

  private func giveBack(_ ids: [LeaseID]) async {
    do {
      try await session.giveBack(ids)
    } catch {
      logger.info("Leases could not be given back and will run out: \(error)")
    }
  }

  private func endIfBanned(_ error: any Error) -> Bool {
    guard let error = error as? MasterError, error.kind == .forbidden else { return false }
    end(.failure(error))
    return true
  }
}
