import KernelScene
import SceneModel

/// The farm: jobs, units, leases, results, checks and credit, as one value without I/O.
///
/// Every operation changes the state, and leaves behind the rows to be written (`takeChanges`) and what somebody outside
/// should do (`takeEvents`). Whoever runs it writes the rows durably before answering. Times and random numbers are handed
/// in, so a farm can be replayed from a seed.
public struct Farm: Sendable {
  public let policy: FarmPolicy
  /// The only kernel revision whose results count.
  public let kernelRevision: Int
  let random: @Sendable () -> UInt64

  var jobs: [JobID: Boxed<JobState>] = [:]
  /// Highest priority first, then oldest first.
  var order: [JobID] = []
  var agents: [KeyID: Boxed<AgentState>] = [:]
  var leases: [LeaseID: LeaseRecord] = [:]
  /// Agents that may be present, in no order; checkers are drawn from them.
  var presentAgents: [KeyID] = []
  /// Units that wait for a second rendering.
  var wantedChecks: [UnitRef: WantedCheck] = [:]
  /// The same, oldest first, to find those whose checker does not come; entries may be out of date.
  var checkQueue: [(ref: UnitRef, order: Int)] = []
  var checkQueueHead = 0
  /// Those for which nobody could be drawn; some may have been made meanwhile.
  var orphanedChecks: Set<UnitRef> = []
  var checkCount = 0
  /// Units whose results differ.
  var disputes: [UnitRef] = []
  public internal(set) var credits: [KeyID: Credit] = [:]
  var sequence = 0
  /// The latest time that was handed in.
  var clock: FarmTime = -.infinity

  private var changes: [Change] = []
  private var events: [FarmEvent] = []

  /// - Parameter random: Must not be foreseeable by agents: it draws checks and names leases.
  public init(policy: FarmPolicy, kernelRevision: Int, random: @escaping @Sendable () -> UInt64) {
    self.policy = policy
    self.kernelRevision = kernelRevision
    self.random = random
  }

  // MARK: - What a step leaves behind

  public mutating func takeChanges() -> [Change] {
    defer { changes = [] }
    return changes
  }

  public mutating func takeEvents() -> [FarmEvent] {
    defer { events = [] }
    return events
  }

  mutating func write(_ change: Change) { changes.append(change) }
  mutating func tell(_ event: FarmEvent) { events.append(event) }

  // MARK: - Start

  /// Takes up what a store holds, as it was when the last master ended, however it ended.
  public init(
    restoring stored: StoredFarm, policy: FarmPolicy, kernelRevision: Int, now: FarmTime,
    random: @escaping @Sendable () -> UInt64
  ) {
    self.init(policy: policy, kernelRevision: kernelRevision, random: random)
    for record in stored.jobs { jobs[record.id] = Boxed(JobState(record)) }
    for record in stored.agents { agents[record.key] = Boxed(AgentState(record: record)) }
    for record in stored.frames {
      jobs[record.job]?.delivered[record.number] = record
      if record.state == .final { jobs[record.job]?.frames[record.number] = nil }
    }
    for id in jobs.keys { jobs[id]?.value.countOpen() }
    clock = now
    var touched: [JobID: [Int: Set<Int>]] = [:]
    for record in stored.units {
      guard let job = jobs[record.ref.job], job.plan.units.indices.contains(record.ref.unit) else { continue }
      if let result = record.result {
        sequence = max(sequence, result.sequence + 1)
        if record.state == .settled { pay(record, result) }
      }
      guard job.frames[record.ref.frame] != nil else { continue }
      jobs[record.ref.job]?.frames[record.ref.frame]?.units[record.ref.unit] = UnitState(record: record)
      if !record.failures.isEmpty {
        jobs[record.ref.job]?.frames[record.ref.frame]?.failedUnits.insert(record.ref.unit)
      }
      count(record, 1)
      guard record.state != .open else { continue }
      touched[record.ref.job, default: [:]][record.ref.frame, default: []].insert(record.ref.unit)
      if record.check == .wanted { want(record.ref) }
      if record.check == .disputed {
        disputes.append(record.ref)
        if record.opinions.contains(where: { $0.checker == nil }) { want(record.ref) }
      }
    }
    for (id, job) in jobs {
      let final = job.delivered.values.count { $0.state == .final }
      jobs[id]?.settledUnitCount += final * job.plan.units.count
      jobs[id]?.receivedUnitCount += final * job.plan.units.count
      jobs[id]?.completeCount = job.delivered.values.count { $0.state != .reopened }
    }
    restoreEvidence(stored.units)
    for lease in stored.leases {
      guard jobs[lease.ref.job]?.frames[lease.ref.frame] != nil, agents[lease.agent] != nil else {
        write(.leaseEnded(lease.id))
        continue
      }
      var lease = lease
      // The time that the master was away is not the agent's fault.
      lease.deadline = max(lease.deadline, now + policy.leaseSeconds)
      hold(lease)
      if !lease.isCheck { touched[lease.ref.job, default: [:]][lease.ref.frame, default: []].insert(lease.ref.unit) }
    }
    for (job, frames) in touched {
      for (frame, units) in frames {
        jobs[job]?.frames[frame]?.openPreview.removeAll { units.contains($0) }
        jobs[job]?.frames[frame]?.openRest.removeAll { units.contains($0) }
      }
      jobs[job]?.value.countOpen()
    }
    for (id, job) in jobs {
      for number in job.frames.keys.sorted() { review(id, number) }
    }
    sortJobs()
    if !disputes.isEmpty || !wantedChecks.isEmpty { tell(.verificationWanted) }
  }

  mutating func sortJobs() {
    order = jobs.values.sorted {
      ($1.record.priority, $0.record.createdAt, $0.record.id) < ($0.record.priority, $1.record.createdAt, $1.record.id)
    }.map(\.record.id)
  }

  // MARK: - Units

  func unit(_ ref: UnitRef) -> UnitState? {
    guard let job = jobs[ref.job], let frame = job.frames[ref.frame] else { return nil }
    return frame.units[ref.unit] ?? UnitState(record: UnitRecord(ref))
  }

  /// Keeps a unit's new state, and writes its record if that changed.
  mutating func keep(_ state: UnitState) {
    let ref = state.record.ref
    guard jobs[ref.job]?.frames[ref.frame] != nil else { return }
    let old = jobs[ref.job]?.frames[ref.frame]?.units.updateValue(state, forKey: ref.unit)?.record ?? UnitRecord(ref)
    guard old != state.record else { return }
    count(old, -1)
    count(state.record, 1)
    write(.unit(state.record))
  }

  /// Counts a unit of a frame that is not final, or takes it out of the counts.
  private mutating func count(_ record: UnitRecord, _ step: Int) {
    guard record.state != .open, let author = record.result?.agent else { return }
    let ref = record.ref
    jobs[ref.job]?.receivedUnitCount += step
    jobs[ref.job]?.frames[ref.frame]?.receivedCount += step
    if record.state == .settled {
      jobs[ref.job]?.settledUnitCount += step
      jobs[ref.job]?.frames[ref.frame]?.settledCount += step
      return
    }
    agents[author]?.pendingCount += step
    if record.check == .disputed { agents[author]?.disputeCount += step }
    if record.isHeldBack { jobs[ref.job]?.frames[ref.frame]?.heldBackCount += step }
    if record.check == .passed, let checker = record.checker {
      if step > 0 {
        agents[checker.agent]?.vouched.insert(ref)
      } else {
        agents[checker.agent]?.vouched.remove(ref)
      }
    }
  }

  mutating func pay(_ record: UnitRecord, _ result: UnitRecord.Result) {
    var credit = credits[result.contributor] ?? Credit()
    credit.unitCount += 1
    credit.counters = credit.counters + result.counters
    credits[result.contributor] = credit
    if record.check == .passed, let checker = record.checker {
      var credit = credits[checker.contributor] ?? Credit()
      credit.checkCount += 1
      credit.checkCounters = credit.checkCounters + result.counters
      credits[checker.contributor] = credit
    }
  }
}
