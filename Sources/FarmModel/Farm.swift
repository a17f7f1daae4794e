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
  /// Agents that were banned.
  var bannedCount = 0
  var leases: [LeaseID: LeaseRecord] = [:]
  /// Agents that may be present, in no order; checkers are drawn from them.
  var presentAgents: [PresentAgent] = []
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
  /// Agents that are not banned, by contributor; where there are two, checks by agents may come and be paid.
  private(set) var owners: [KeyID: Int] = [:]
  var sequence = 0
  /// The latest time that was handed in. Ledger entries are dated with it.
  public internal(set) var clock: FarmTime = -.infinity
  /// Entries that are not known to be in the log yet, by index.
  var outbox: [OutboxEntry] = []
  /// The index of the next entry.
  public internal(set) var entryCount: UInt64 = 0
  var balances = PaidBalances()

  private var changes: [Change] = []
  private var events: [FarmEvent] = []
  var hasGrownLedger = false

  /// - Parameter random: Must not be foreseeable by agents: it draws checks and names leases.
  public init(policy: FarmPolicy, kernelRevision: Int, random: @escaping @Sendable () -> UInt64) {
    self.policy = policy
    self.kernelRevision = kernelRevision
    self.random = random
  }

  // MARK: - What a step leaves behind

  public mutating func takeChanges() -> [Change] {
    var taken: [Change] = []
    // Room for the next step's.
    taken.reserveCapacity(min(16, changes.count))
    swap(&taken, &changes)
    return taken
  }

  public mutating func takeEvents() -> [FarmEvent] {
    // Once, however many entries there are: pages listen to the same events.
    if hasGrownLedger { events.append(.ledgerGrew) }
    hasGrownLedger = false
    var taken: [FarmEvent] = []
    taken.reserveCapacity(min(16, events.count))
    swap(&taken, &events)
    return taken
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
    var stored = stored
    outbox = stored.outbox
    entryCount = stored.publishedEntryCount + UInt64(stored.outbox.count)
    balances = PaidBalances(stored.balances)
    hasGrownLedger = !outbox.isEmpty
    for record in stored.jobs { jobs[record.id] = Boxed(JobState(record)) }
    for record in stored.agents {
      agents[record.key] = Boxed(AgentState(record: record))
      if record.banReason == nil { owners[record.contributor, default: 0] += 1 }
    }
    bannedCount = stored.agents.count { $0.banReason != nil }
    for record in stored.frames {
      jobs[record.job]?.value.delivered[record.number] = record
      if record.state == .final { jobs[record.job]?.value.frames[record.number] = nil }
    }
    for id in jobs.keys { if hasOwnBits(id) { takeUp(id) } else { giveUp(id, now: now) } }
    for id in jobs.keys { jobs[id]?.value.countOpen() }
    clock = now
    var touched: [JobID: [Int: Set<Int>]] = [:]
    // What is from before there was a ledger is rendered again: nothing could be entered for it.
    for index in stored.units.indices {
      let record = stored.units[index]
      guard record.state == .received, let agent = record.result?.agent,
        agents[agent]?.value.record.contributorSignature.isEmpty != false
      else { continue }
      stored.units[index] = UnitRecord(record.ref)
      write(.unit(stored.units[index]))
    }
    for record in stored.units {
      if let result = record.result {
        sequence = max(sequence, result.sequence + 1)
      }
      // No state is kept here across changes: it would be copied for each unit.
      guard hasOwnBits(record.ref.job),
        jobs[record.ref.job]?.value.plan.units.indices.contains(record.ref.unit) == true
      else { continue }
      if record.draw == .screened { jobs[record.ref.job]?.value.screenedCount += 1 }
      guard jobs[record.ref.job]?.value.frames[record.ref.frame] != nil else { continue }
      _ = jobs[record.ref.job]?.value.frames[record.ref.frame]?.value.updateUnit(UnitState(record: record))
      if !record.failures.isEmpty {
        jobs[record.ref.job]?.value.frames[record.ref.frame]?.value.failedUnits.insert(record.ref.unit)
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
      jobs[id]?.value.settledUnitCount += final * job.plan.units.count
      jobs[id]?.value.receivedUnitCount += final * job.plan.units.count
      jobs[id]?.value.donePathCount += final * job.plan.units.indices.reduce(0) { $0 + job.value.pathCount($1) }
      jobs[id]?.value.completeCount = job.delivered.values.count { $0.state != .reopened }
    }
    restoreEvidence(stored.units)
    for lease in stored.leases {
      guard jobs[lease.ref.job]?.value.frames[lease.ref.frame] != nil, hasOwnBits(lease.ref.job),
        agents[lease.agent] != nil
      else {
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
        jobs[job]?.value.frames[frame]?.value.openPreview.removeAll { units.contains($0) }
        jobs[job]?.value.frames[frame]?.value.openRest.removeAll { units.contains($0) }
      }
      jobs[job]?.value.countOpen()
    }
    for (id, job) in jobs where hasOwnBits(id) {
      for number in job.frames.keys.sorted() { review(id, number) }
    }
    sortJobs()
    for id in order where hasOwnBits(id) { reviewBudget(id) }
    if !disputes.isEmpty || !wantedChecks.isEmpty { tell(.verificationWanted) }
  }

  /// Whether a job is of this master's kernel revision. Of another one nothing can be rendered or checked here, and its
  /// frames may be cut into other units.
  func hasOwnBits(_ id: JobID) -> Bool { jobs[id]?.value.record.spec.kernelRevision == kernelRevision }

  /// What to tell whoever wants a job of another kernel revision to go on.
  func otherBits(_ record: JobRecord) -> String {
    "made for kernel revision \(record.spec.kernelRevision), this master has \(kernelRevision): submit it again with this version (going back to the one that it is of needs a copy of the data folder from before the update)"
  }

  /// A job that another version had given up.
  private mutating func takeUp(_ id: JobID) {
    guard var record = jobs[id]?.record, record.state == .finished, record.reason != nil else { return }
    record.reason = nil
    jobs[id]?.value.record = record
    write(.job(record))
  }

  /// Ends a job of another kernel revision that is not done: no unit of it is handed out, checked or credited. What the
  /// store has of its units stays there. One that is finished, but not final, gets the reason why it never will be.
  private mutating func giveUp(_ id: JobID, now: FarmTime) {
    for number in jobs[id]?.value.frames.keys.sorted() ?? [] {
      jobs[id]?.value.frames[number]?.value.openPreview = []
      jobs[id]?.value.frames[number]?.value.openRest = []
    }
    guard var record = jobs[id]?.record else { return }
    switch record.state {
    case .active, .paused:
      record.state = .failed
      record.reason = otherBits(record)
      record.pauseCause = nil
      record.endedAt = now
    case .finished:
      guard let count = jobs[id]?.frames.count, count > 0, record.reason == nil else { return }
      record.reason =
        "\(count) of its pictures stay provisional and never become final: what they lack cannot be checked, because it was "
        + otherBits(record)
    case .failed, .cancelled: return
    }
    jobs[id]?.value.record = record
    write(.job(record))
  }

  mutating func sortJobs() {
    order = jobs.values.sorted {
      ($1.record.priority, $0.record.createdAt, $0.record.id) < ($0.record.priority, $1.record.createdAt, $1.record.id)
    }.map(\.record.id)
  }

  // MARK: - Units

  /// Time has passed.
  public mutating func tick(_ now: FarmTime) { clock = max(clock, now) }

  func unit(_ ref: UnitRef) -> UnitState? {
    guard let job = jobs[ref.job], let frame = job.frames[ref.frame] else { return nil }
    return frame.value.unit(ref.unit) ?? UnitState(record: UnitRecord(ref))
  }

  /// Keeps a unit's new state, and writes its record if that changed.
  mutating func keep(_ state: UnitState) {
    let ref = state.record.ref
    guard let old = jobs[ref.job]?.value.frames[ref.frame]?.value.updateUnit(state) else { return }
    guard old != state.record else { return }
    count(old, -1)
    count(state.record, 1)
    write(.unit(state.record))
    reviewBudget(ref.job)
  }

  /// An agent is new, or banned.
  mutating func countOwner(_ contributor: KeyID, _ step: Int) {
    let wasPeered = owners.count > 1
    let count = (owners[contributor] ?? 0) + step
    owners[contributor] = count > 0 ? count : nil
    guard (owners.count > 1) != wasPeered else { return }
    for id in order where hasOwnBits(id) {
      jobs[id]?.value.countPending(isPeered: owners.count > 1)
      reviewBudget(id)
    }
  }

  /// Counts a unit of a frame that is not final, or takes it out of the counts.
  private mutating func count(_ record: UnitRecord, _ step: Int) {
    guard record.state != .open, let author = record.result?.agent else { return }
    let ref = record.ref
    jobs[ref.job]?.value.countCost(of: record, step, isPeered: owners.count > 1)
    jobs[ref.job]?.value.count(record, step)
    if record.state == .settled { return }
    agents[author]?.value.count(record, step)
    if record.check == .passed, let checker = record.checker {
      if step > 0 {
        agents[checker.agent]?.value.vouched.insert(ref)
      } else {
        agents[checker.agent]?.value.vouched.remove(ref)
      }
    }
  }
}
