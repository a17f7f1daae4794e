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

  var jobs: [JobID: JobState] = [:]
  /// Highest priority first, then oldest first.
  var order: [JobID] = []
  var agents: [KeyID: AgentState] = [:]
  var leases: [LeaseID: LeaseRecord] = [:]
  /// Units that wait for a second rendering, oldest first.
  var wantedChecks: [UnitRef] = []
  /// Units that wait for the master's kernel.
  var disputes: [UnitRef] = []
  var sequence = 0
  /// What ledger entries are dated with. Whoever runs the farm sets it before a step.
  public var clock: FarmTime = 0
  /// Entries that are not known to be in the log yet, by index.
  var outbox: [OutboxEntry] = []
  /// The index of the next entry.
  public internal(set) var entryCount: UInt64 = 0
  /// The sum of all entries, by job and contributor.
  var balances: [JobID: [KeyID: LedgerBalance]] = [:]

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
    defer { changes = [] }
    return changes
  }

  public mutating func takeEvents() -> [FarmEvent] {
    defer { (events, hasGrownLedger) = ([], false) }
    // Once, however many entries there are: pages listen to the same events.
    return hasGrownLedger ? events + [.ledgerGrew] : events
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
    outbox = stored.outbox
    entryCount = stored.publishedEntryCount + UInt64(stored.outbox.count)
    for record in stored.balances { balances[record.job, default: [:]][record.contributor] = record.balance }
    hasGrownLedger = !outbox.isEmpty
    for record in stored.jobs { jobs[record.id] = JobState(record) }
    for record in stored.agents { agents[record.key] = AgentState(record: record) }
    for record in stored.frames {
      jobs[record.job]?.finished[record.number] = record
      jobs[record.job]?.frames[record.number] = nil
    }
    var touched: [JobID: [Int: Set<Int>]] = [:]
    for stored in stored.units {
      var record = stored
      if record.state == .received, let result = record.result,
        agents[result.agent]?.record.contributorSignature.isEmpty != false
      {
        // From before there was a ledger: nothing could be entered for it.
        record = UnitRecord(record.ref)
        write(.unit(record))
      }
      guard let job = jobs[record.ref.job], job.plan.units.indices.contains(record.ref.unit) else { continue }
      if let result = record.result {
        sequence = max(sequence, result.sequence + 1)
      }
      guard job.frames[record.ref.frame] != nil else { continue }
      jobs[record.ref.job]?.frames[record.ref.frame]?.units[record.ref.unit] = UnitState(record: record)
      guard record.state != .open, let result = record.result else { continue }
      touched[record.ref.job, default: [:]][record.ref.frame, default: []].insert(record.ref.unit)
      jobs[record.ref.job]?.frames[record.ref.frame]?.receivedCount += 1
      jobs[record.ref.job]?.receivedUnitCount += 1
      if record.state == .settled {
        jobs[record.ref.job]?.frames[record.ref.frame]?.settledCount += 1
        jobs[record.ref.job]?.settledUnitCount += 1
      } else {
        agents[result.agent]?.unsettled.insert(record.ref)
        if record.check == .wanted || record.check == .disputed {
          // When it was drawn is not kept; certainly after its own commitment.
          jobs[record.ref.job]?.frames[record.ref.frame]?.units[record.ref.unit]?.drawnAt = result.sequence + 1
        }
        if record.check == .wanted { wantedChecks.append(record.ref) }
        if record.check == .disputed { disputes.append(record.ref) }
      }
    }
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
    }
    for (id, job) in jobs {
      jobs[id]?.settledUnitCount += job.finished.count * job.plan.units.count
      jobs[id]?.receivedUnitCount += job.finished.count * job.plan.units.count
      for (number, frame) in job.frames where frame.settledCount == job.plan.units.count {
        jobs[id]?.assembling.insert(number)
        tell(.assemble(id, frame: number))
      }
      drawTailChecks(id)
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
    let old = jobs[ref.job]?.frames[ref.frame]?.units[ref.unit]?.record ?? UnitRecord(ref)
    jobs[ref.job]?.frames[ref.frame]?.units[ref.unit] = state
    if old != state.record { write(.unit(state.record)) }
  }
}
