import FarmModel

/// What an agent does next: which units to ask for, prepare, render, deliver, renew and give back.
///
/// A value without I/O. The driver (`AgentService`) performs the actions and tells what came of them; times are counted from
/// any fixed moment and handed in.
///
/// A unit's way: `waiting` (its frame is not ready, or all threads are busy) → `rendering` → `delivering` → gone. The driver
/// moves it on by `rendered` or `failed`, then `settled`. `released` takes it out from everywhere but `delivering`.
///
/// While threads render, the schedule keeps the next units at hand and prepares their frames one after the other, so that
/// neither the network nor the building of structures leaves a thread idle. It asks no sooner than that needs: a unit that
/// waits here while another agent idles makes the whole job later.
public struct AgentSchedule: Sendable {
  public struct Options: Sendable {
    public var threadCount: Int
    /// Rendering time that each thread should have before it, besides the time that a frame's preparation takes: covers a
    /// round trip to a far master.
    public var workInHand: Duration = .seconds(1)
    /// Most units that wait for a thread.
    public var waitingLimit = Limits.waitingUnits
    /// Most results on their way to the master; beyond it nothing new is asked for.
    public var undeliveredLimit = Limits.undeliveredResults
    /// Frames kept ready to render. At least two: one rendered, one prepared.
    public var preparedFrameLimit = Limits.preparedFrames
    /// A lease is renewed when this much of its life has passed.
    public var renewalPoint = 0.5
    /// After an empty answer the next question waits at least this long from the last: a master that does not hold
    /// questions open shall not be asked in a tight loop.
    public var emptyAnswerInterval: Duration = Limits.emptyAnswerInterval

    public init(threadCount: Int) { self.threadCount = threadCount }
  }

  public struct Lease: Sendable, Equatable {
    public var id: LeaseID
    public var frame: FrameKey
    /// From now until the master may give the unit to somebody else.
    public var lifetime: Duration

    public init(id: LeaseID, frame: FrameKey, lifetime: Duration) {
      self.id = id
      self.frame = frame
      self.lifetime = lifetime
    }
  }

  public enum Event: Sendable {
    /// The master's answer to `askForWork`, perhaps empty.
    case leased([Lease])
    case askFailed(retryAfter: Duration)
    case prepared(FrameKey)
    /// The frame cannot be rendered here: parts are damaged, memory is short.
    case preparationFailed(FrameKey, reason: String)
    /// Its result waits for delivery.
    case rendered(LeaseID)
    case failed(LeaseID, reason: String)
    /// The master has answered for good: result taken or refused, failure noted.
    case settled(LeaseID)
    case renewed([LeaseID], lifetime: Duration)
    /// No answer; the leases are still held as far as we know.
    case renewalFailed(retryAfter: Duration)
    /// The master says that these are not ours any more.
    case released([LeaseID])
    case stopRequested
    /// Time has passed.
    case tick
  }

  public enum Action: Sendable, Equatable {
    case askForWork(unitCount: Int, preparedFrames: [FrameKey])
    case prepare(FrameKey)
    /// Drop what was prepared: memory is needed for others.
    case forget(FrameKey)
    case render(LeaseID)
    /// Stop rendering; no event is expected any more.
    case cancel(LeaseID)
    case deliver(LeaseID)
    case reportFailure(LeaseID, reason: String)
    case renew([LeaseID])
    case giveBack([LeaseID])
    case finish
  }

  private enum Phase { case waiting, rendering, delivering }

  private struct Held {
    var lease: Lease
    var phase = Phase.waiting
    var renewAt: Duration
    /// When a thread will have begun with it, as far as we know.
    var startedAt: Duration = .zero
  }

  public let options: Options
  /// In order of arrival.
  private var held: [Held] = []
  /// Least recently used first.
  private var preparedFrames: [FrameKey] = []
  private var frameInPreparation: (frame: FrameKey, since: Duration)?
  private var isAsking = false
  private var mayAskAt: Duration = .zero
  private var lastAskAt: Duration?
  private var isRenewing = false
  private var mayRenewAt: Duration = .zero
  private var isStopping = false
  private var isFinished = false
  /// Moving averages of a unit's rendering time and of a frame's preparation; nil before the first.
  private var unitTime: Duration?
  private var preparationTime: Duration?

  public init(options: Options) { self.options = options }

  public var heldLeases: [LeaseID] { held.map(\.lease.id) }
  public var renderingCount: Int { held.count { $0.phase == .rendering } }

  /// Takes an event in and says what is to be done now.
  public mutating func handle(_ event: Event, now: Duration) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .leased(let leases):
      isAsking = false
      let known = Set(heldLeases)
      let new = leases.filter { !known.contains($0.id) }
      if isStopping {
        // The answer crossed our goodbye.
        if !new.isEmpty { actions.append(.giveBack(new.map(\.id))) }
      } else {
        held += new.map { Held(lease: $0, renewAt: now + $0.lifetime * options.renewalPoint) }
        if new.isEmpty, let lastAskAt { mayAskAt = max(now, lastAskAt + options.emptyAnswerInterval) }
      }
    case .askFailed(let delay):
      isAsking = false
      mayAskAt = now + delay
    case .prepared(let frame):
      if let current = frameInPreparation, current.frame == frame {
        preparationTime = average(preparationTime, now - current.since)
        frameInPreparation = nil
      }
      preparedFrames.removeAll { $0 == frame }
      preparedFrames.append(frame)
    case .preparationFailed(let frame, let reason):
      if frameInPreparation?.frame == frame { frameInPreparation = nil }
      for index in held.indices where held[index].lease.frame == frame && held[index].phase == .waiting {
        held[index].phase = .delivering
        actions.append(.reportFailure(held[index].lease.id, reason: reason))
      }
    case .rendered(let id):
      guard let index = index(of: id), held[index].phase == .rendering else { break }
      held[index].phase = .delivering
      unitTime = average(unitTime, now - held[index].startedAt)
      // The one that lay in the threads' queue begins now.
      if let queued = held.indices.filter({ held[$0].phase == .rendering }).dropFirst(options.threadCount - 1).first {
        held[queued].startedAt = now
      }
      actions.append(.deliver(id))
    case .failed(let id, let reason):
      guard let index = index(of: id), held[index].phase == .rendering else { break }
      held[index].phase = .delivering
      actions.append(.reportFailure(id, reason: reason))
    case .settled(let id):
      held.removeAll { $0.lease.id == id }
    case .renewed(let ids, let lifetime):
      isRenewing = false
      let renewed = Set(ids)
      for index in held.indices where renewed.contains(held[index].lease.id) {
        held[index].renewAt = now + lifetime * options.renewalPoint
      }
    case .renewalFailed(let delay):
      isRenewing = false
      mayRenewAt = now + delay
    case .released(let ids):
      let lost = Set(ids)
      for unit in held where lost.contains(unit.lease.id) && unit.phase == .rendering {
        actions.append(.cancel(unit.lease.id))
      }
      // What is on its way is still delivered: the master may want it, if nobody else has rendered it.
      held.removeAll { lost.contains($0.lease.id) && $0.phase != .delivering }
    case .stopRequested:
      guard !isStopping else { break }
      isStopping = true
      let unfinished = held.filter { $0.phase != .delivering }
      for unit in unfinished where unit.phase == .rendering { actions.append(.cancel(unit.lease.id)) }
      held.removeAll { $0.phase != .delivering }
      if !unfinished.isEmpty { actions.append(.giveBack(unfinished.map(\.lease.id))) }
    case .tick:
      break
    }
    plan(now: now, into: &actions)
    return actions
  }

  /// When a `tick` is due though nothing else happens.
  public func nextTick(now: Duration) -> Duration? {
    var times: [Duration] = []
    if !isRenewing, let first = held.map(\.renewAt).min() { times.append(max(first, mayRenewAt)) }
    if !isAsking, !isStopping {
      let need = need(now: now)
      if need.unitCount > 0 {
        times.append(mayAskAt)
      } else if let later = need.later {
        times.append(max(later, mayAskAt))
      }
    }
    return times.min()
  }

  private func index(of id: LeaseID) -> Int? { held.firstIndex { $0.lease.id == id } }

  private func average(_ old: Duration?, _ new: Duration) -> Duration { old.map { $0 * 0.8 + new * 0.2 } ?? new }

  /// Units to ask for at `now`; if none, when one will be needed.
  private func need(now: Duration) -> (unitCount: Int, later: Duration?) {
    let undeliveredCount = held.count { $0.phase == .delivering }
    let unfinishedCount = held.count - undeliveredCount
    guard !isStopping, undeliveredCount < options.undeliveredLimit else { return (0, nil) }
    guard let unitTime, unitTime > .zero else {
      // Nothing measured: as many again as there are threads.
      return (max(0, 2 * options.threadCount - unfinishedCount), nil)
    }
    // What each thread has before it: the rest of its unit, then waiting units, dealt to the least loaded.
    var loads = held.filter { $0.phase == .rendering }.prefix(options.threadCount).map {
      max(.zero, $0.startedAt + unitTime - now)
    }
    loads += Array(repeating: .zero, count: options.threadCount - loads.count)
    func least() -> Int { loads.indices.min { loads[$0] < loads[$1] }! }
    for _ in 0..<max(0, unfinishedCount - min(renderingCount, options.threadCount)) { loads[least()] += unitTime }
    let horizon = options.workInHand + (preparationTime ?? .zero)
    var count = 0
    while count + unfinishedCount < options.threadCount + options.waitingLimit, loads[least()] < horizon {
      loads[least()] += unitTime
      count += 1
    }
    if count > 0 { return (count, nil) }
    return (0, loads[least()] < horizon ? nil : now + (loads[least()] - horizon))
  }

  private mutating func plan(now: Duration, into actions: inout [Action]) {
    if isStopping {
      if held.isEmpty, !isFinished {
        isFinished = true
        actions.append(.finish)
      }
      planRenewal(now: now, into: &actions)
      return
    }
    planPreparation(now: now, into: &actions)
    planRendering(now: now, into: &actions)
    planRenewal(now: now, into: &actions)
    guard !isAsking, now >= mayAskAt else { return }
    let wanted = need(now: now).unitCount
    if wanted > 0 {
      isAsking = true
      lastAskAt = now
      actions.append(.askForWork(unitCount: wanted, preparedFrames: preparedFrames))
    }
  }

  /// One frame at a time: its building uses memory bandwidth that rendering needs too.
  private mutating func planPreparation(now: Duration, into actions: inout [Action]) {
    guard frameInPreparation == nil else { return }
    let needed = held.filter { $0.phase != .delivering }.map(\.lease.frame)
    guard let next = needed.first(where: { !preparedFrames.contains($0) }) else { return }
    if preparedFrames.count >= options.preparedFrameLimit {
      let inUse = Set(needed)
      guard let oldest = preparedFrames.firstIndex(where: { !inUse.contains($0) }) else { return }
      actions.append(.forget(preparedFrames.remove(at: oldest)))
    }
    frameInPreparation = (next, now)
    actions.append(.prepare(next))
  }

  private mutating func planRendering(now: Duration, into actions: inout [Action]) {
    // One more than there are threads lies in their queue, so that none waits for this schedule.
    var free = options.threadCount + 1 - renderingCount
    for index in held.indices where free > 0 && held[index].phase == .waiting {
      let frame = held[index].lease.frame
      guard let position = preparedFrames.firstIndex(of: frame) else { continue }
      preparedFrames.append(preparedFrames.remove(at: position))
      held[index].phase = .rendering
      held[index].startedAt = now
      free -= 1
      actions.append(.render(held[index].lease.id))
    }
  }

  private mutating func planRenewal(now: Duration, into actions: inout [Action]) {
    guard !isRenewing, now >= mayRenewAt, held.contains(where: { now >= $0.renewAt }) else { return }
    isRenewing = true
    // All at once: one request costs the master the same for one lease or for twenty.
    actions.append(.renew(heldLeases))
  }
}
