import SceneModel

/// A job as people see it.
public struct JobView: Sendable {
  public var record: JobRecord
  /// `record.frames` as text.
  public var frameText: String
  public var unitCount: Int
  public var receivedUnitCount: Int
  public var settledUnitCount: Int
  /// Frames of which there is a picture.
  public var finishedFrameCount: Int
  /// Of those, the ones of which all units have settled.
  public var finalFrameCount: Int
  /// What it has cost by the ledger.
  public var credit: UInt128
  /// What results that have not settled are worth beside that, with their checks.
  public var pendingCredit: UInt64
  /// What an agent said last when it could not render a unit of an unfinished job.
  public var lastFailure: String?
}

/// A frame as people see it.
public struct FrameView: Sendable {
  public var number: Int
  public var unitCount: Int
  public var receivedUnitCount: Int
  public var settledUnitCount: Int
  /// Whether an agent has units of it in hand.
  public var isHeld: Bool
  /// Of a frame of which there is a picture.
  public var record: FrameRecord?
  /// Upper limit of the expected share of wrong units in the picture, as `TrustModel` computes it; 0 if it is final.
  public var error: Double?
}

/// An agent as people see it.
public struct AgentView: Sendable {
  public var record: AgentRecord
  public var isPresent: Bool
  public var isOnProbation: Bool
  public var leaseCount: Int
}

/// A unit whose planes are here.
public struct ReceivedUnit: Sendable {
  public var ref: UnitRef
  public var unit: FramePlan.Unit
  public var result: UnitRecord.Result
}

extension Farm {
  private func view(_ job: Boxed<JobState>) -> JobView {
    JobView(
      record: job.record, frameText: job.frameText, unitCount: job.unitCount, receivedUnitCount: job.receivedUnitCount,
      settledUnitCount: job.settledUnitCount, finishedFrameCount: job.completeCount,
      finalFrameCount: job.frameCount - job.frames.count,
      credit: cost(of: job.record.id), pendingCredit: UInt64(clamping: job.pendingCredit),
      lastFailure: job.frames.isEmpty ? nil : job.lastFailure)
  }

  /// Newest first.
  public var jobViews: [JobView] {
    jobs.values.sorted { ($1.record.createdAt, $1.record.id) < ($0.record.createdAt, $0.record.id) }.map(view)
  }

  public func jobView(_ id: JobID) -> JobView? { jobs[id].map(view) }

  public func frameViews(_ id: JobID) -> [FrameView]? {
    guard let job = jobs[id] else { return nil }
    let count = job.plan.units.count
    return job.record.frames.map { number in
      let (record, frame) = (job.delivered[number], job.frames[number])
      guard let frame else {
        return FrameView(
          number: number, unitCount: count, receivedUnitCount: count, settledUnitCount: count, isHeld: false,
          record: record, error: 0)
      }
      return FrameView(
        number: number, unitCount: count, receivedUnitCount: frame.receivedCount,
        settledUnitCount: frame.settledCount, isHeld: !frame.holders.isEmpty, record: record,
        error: record?.state == .provisional && hasOwnBits(id) ? error(of: frame, in: job) : nil)
    }
  }

  private func error(of frame: Boxed<FrameProgress>, in job: Boxed<JobState>) -> Double {
    let model = policy.trust
    var sum = 0.0
    // In the order of units: sums of the same numbers are the same.
    for index in job.plan.units.indices {
      guard let unit = frame.value.unit(index), unit.record.state == .received, let result = unit.record.result else {
        continue
      }
      if unit.record.check == .passed {
        sum += unit.record.checker == nil ? 0 : model.assumedCheating * model.assumedCollusion
      } else {
        sum += model.error(after: job.evidence[result.agent]?.evidence(for: result.sequence) ?? TrustModel.Evidence())
      }
    }
    return sum / Double(max(1, job.plan.units.count))
  }

  /// Units of a frame that is not final whose planes are here, in sample order.
  public func receivedUnits(_ id: JobID, frame number: Int) -> [ReceivedUnit] {
    guard let job = jobs[id], let frame = job.frames[number] else { return [] }
    return frame.value.touchedUnits.compactMap { state in
      guard state.record.state != .open, let result = state.record.result else { return nil }
      return ReceivedUnit(
        ref: state.record.ref, unit: job.plan.units[state.record.ref.unit], result: result)
    }.sorted { ($0.unit.samples.lowerBound, $0.ref.unit) < ($1.unit.samples.lowerBound, $1.ref.unit) }
  }

  /// Tiles that agents have in hand, for the page. Checks are among them: what is left out would tell agents what is one.
  public func heldTiles(_ id: JobID, frame number: Int) -> [(agent: KeyID, unit: FramePlan.Unit)] {
    guard let job = jobs[id] else { return [] }
    return leases.values.filter { $0.ref.job == id && $0.ref.frame == number }
      .map { ($0.agent, job.plan.units[$0.ref.unit]) }
  }

  /// Whether a unit's result came by this lease.
  public func isResult(of ref: UnitRef, lease: LeaseID) -> Bool { unit(ref)?.record.result?.lease == lease }

  /// The attempt to put a frame together that is asked for; nil if none is. Hand it to `frameAssembled`.
  public func assembly(_ id: JobID, frame number: Int) -> Int? { jobs[id]?.value.assembling[number] }

  /// Whether there is a picture of a frame; it may be provisional.
  public func isDelivered(_ id: JobID, frame number: Int) -> Bool { jobs[id]?.value.delivered[number] != nil }

  /// Whether a frame's planes are needed no more.
  public func isFinal(_ id: JobID, frame number: Int) -> Bool { jobs[id]?.value.delivered[number]?.state == .final }

  public func agentViews(now: FarmTime) -> [AgentView] {
    agents.values.sorted { ($0.record.name, $0.record.key) < ($1.record.name, $1.record.key) }.map { agent in
      AgentView(
        record: agent.record, isPresent: isPresent(agent, now),
        isOnProbation: policy.checkRate > 0 && !policy.isProven(agent.record),
        leaseCount: agent.leases.count)
    }
  }

  /// The spec with a hash, if a job that is not private has it.
  public func publicSpec(_ hash: ContentHash) -> JobSpec? {
    jobs.values.first { !$0.record.isPrivate && $0.specHash == hash }?.record.spec
  }

  /// Bundles of jobs that are not private.
  public var publicBundles: Set<ContentHash> {
    Set(jobs.values.filter { !$0.record.isPrivate }.map(\.record.spec.bundle))
  }

  /// Bundles that unfinished jobs need, and those that finished ones used.
  public var bundlesInUse: Set<ContentHash> { Set(jobs.values.map(\.record.spec.bundle)) }
}
