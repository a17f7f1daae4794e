import SceneModel

/// A job as people see it.
public struct JobView: Sendable {
  public var record: JobRecord
  public var unitCount: Int
  public var receivedUnitCount: Int
  public var settledUnitCount: Int
  public var finishedFrameCount: Int
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
  /// Of a finished frame.
  public var record: FrameRecord?
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
  private func view(_ job: JobState) -> JobView {
    JobView(
      record: job.record, unitCount: job.unitCount, receivedUnitCount: job.receivedUnitCount,
      settledUnitCount: job.settledUnitCount, finishedFrameCount: job.finished.count,
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
    return (job.record.firstFrame...job.record.lastFrame).map { number in
      if let record = job.finished[number] {
        return FrameView(
          number: number, unitCount: count, receivedUnitCount: count, settledUnitCount: count, isHeld: false,
          record: record)
      }
      let frame = job.frames[number]
      return FrameView(
        number: number, unitCount: count, receivedUnitCount: frame?.receivedCount ?? 0,
        settledUnitCount: frame?.settledCount ?? 0, isHeld: frame?.holders.isEmpty == false, record: nil)
    }
  }

  /// Units of an unfinished frame whose planes are here, in sample order.
  public func receivedUnits(_ id: JobID, frame number: Int) -> [ReceivedUnit] {
    guard let job = jobs[id], let frame = job.frames[number] else { return [] }
    return frame.units.values.compactMap { state in
      guard state.record.state != .open, let result = state.record.result else { return nil }
      return ReceivedUnit(
        ref: state.record.ref, unit: job.plan.units[state.record.ref.unit], result: result)
    }.sorted { ($0.unit.samples.lowerBound, $0.ref.unit) < ($1.unit.samples.lowerBound, $1.ref.unit) }
  }

  /// Tiles that agents have in hand, for the page.
  public func heldTiles(_ id: JobID, frame number: Int) -> [(agent: KeyID, unit: FramePlan.Unit)] {
    guard let job = jobs[id] else { return [] }
    return leases.values.filter { $0.ref.job == id && $0.ref.frame == number && !$0.isCheck }
      .map { ($0.agent, job.plan.units[$0.ref.unit]) }
  }

  /// Whether a unit's result came by this lease.
  public func isResult(of ref: UnitRef, lease: LeaseID) -> Bool { unit(ref)?.record.result?.lease == lease }

  /// Whether all units of a frame hold, and its picture is not made yet.
  public func isAssembling(_ id: JobID, frame number: Int) -> Bool { jobs[id]?.assembling.contains(number) == true }

  public func isFinished(_ id: JobID, frame number: Int) -> Bool { jobs[id]?.finished[number] != nil }

  public func agentViews(now: FarmTime) -> [AgentView] {
    agents.values.sorted { ($0.record.name, $0.record.key) < ($1.record.name, $1.record.key) }.map { agent in
      AgentView(
        record: agent.record, isPresent: isPresent(agent, now),
        isOnProbation: policy.checkRate > 0 && agent.record.correctCount < policy.probationCount,
        leaseCount: agent.leases.count)
    }
  }

  /// Bundles that unfinished jobs need, and those that finished ones used.
  public var bundlesInUse: Set<ContentHash> { Set(jobs.values.map(\.record.spec.bundle)) }
}
