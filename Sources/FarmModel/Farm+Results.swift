import KernelScene
import SceneModel

/// Results, checks and what follows from them.
///
/// A result settles (is credited, and becomes part of the picture) when a check that was drawn after its commitment agrees:
/// its own, a later one of the same agent, or one drawn when the frame waits for nothing else. The first result that differs
/// goes to the master's kernel; who differs from that gets no more work, and all its unsettled results are void.
extension Farm {
  /// What was asked of whoever holds a lease.
  public func workOrder(_ id: LeaseID, of agent: KeyID) throws(FarmFault) -> (
    lease: LeaseRecord, unit: FramePlan.Unit, job: JobRecord
  ) {
    guard let lease = leases[id], lease.agent == agent else { throw gone(id) }
    guard let job = jobs[lease.ref.job] else { throw gone(id) }
    return (lease, job.plan.units[lease.ref.unit], job.record)
  }

  private func gone(_ id: LeaseID) -> FarmFault {
    FarmFault(
      .conflict, "lease_gone", "lease \(id): is not this agent's (it ran out, its job ended, or the result has arrived)"
    )
  }

  /// The agent binds itself to a result. A repeated commitment must be the same.
  public mutating func commit(
    _ id: LeaseID, of agent: KeyID, _ commitment: LeaseRecord.Commitment, now: FarmTime
  ) throws(FarmFault) {
    guard agents[agent]?.record.banReason == nil else { throw gone(id) }
    guard SignatureBytes(hexadecimal: commitment.signature) != nil, commitment.counters.isEnterable else {
      throw FarmFault(
        .refused, "malformed",
        "lease \(id): a signature has 128 digits, and no counter is above \(LedgerEntry.counterLimit)")
    }
    guard var lease = leases[id], lease.agent == agent else { throw gone(id) }
    agents[agent]?.lastSeen = now
    if let known = lease.commitment {
      guard known == commitment else {
        throw FarmFault(.conflict, "other_commitment", "lease \(id): another result was committed before")
      }
      return
    }
    lease.commitment = commitment
    lease.deadline = now + policy.leaseSeconds
    leases[id] = lease
    write(.lease(lease))
  }

  /// The planes that belong to a commitment have been checked and are on disk.
  ///
  /// - Returns: Whether they are this unit's planes from now on; if not, they may be thrown away.
  public mutating func deliver(_ id: LeaseID, of agent: KeyID, now: FarmTime) throws(FarmFault) -> Bool {
    guard let lease = leases[id], lease.agent == agent else { throw gone(id) }
    guard let commitment = lease.commitment else {
      throw FarmFault(.conflict, "no_commitment", "lease \(id): commit the result first (POST /v1/leases/\(id)/result)")
    }
    guard let author = agents[agent], author.record.banReason == nil else { throw gone(id) }
    agents[agent]?.lastSeen = now
    defer { end(lease) }
    if lease.isCheck {
      checked(
        lease.ref, digest: commitment.digest, counters: commitment.counters,
        by: UnitRecord.Checker(
          agent: agent, contributor: author.record.contributor, lease: id, commitment: commitment))
      return false
    }
    guard var unit = unit(lease.ref), unit.record.state == .open else { return false }
    unit.record.state = .received
    unit.record.result = UnitRecord.Result(
      agent: agent, contributor: author.record.contributor, digest: commitment.digest, counters: commitment.counters,
      signature: commitment.signature, lease: id, seconds: max(0, now - lease.grantedAt), sequence: sequence)
    sequence += 1
    unit.record.check = .none
    unit.record.checker = nil
    keep(unit)
    jobs[lease.ref.job]?.frames[lease.ref.frame]?.receivedCount += 1
    jobs[lease.ref.job]?.receivedUnitCount += 1
    agents[agent]?.unsettled.insert(lease.ref)
    agents[agent]?.record.unitCount += 1
    if let record = agents[agent]?.record { write(.agent(record)) }
    tell(.unitChanged(lease.ref))
    if policy.checkRate <= 0 {
      settle([lease.ref])
    } else {
      let isOnProbation = author.record.correctCount < policy.probationCount
      let draw = Double(random() >> 11) * 0x1p-53
      if isOnProbation || draw < policy.checkRate { wantCheck(lease.ref) }
    }
    finishIfComplete(lease.ref.job, lease.ref.frame)
    return true
  }

  private mutating func wantCheck(_ ref: UnitRef) {
    guard var unit = unit(ref), unit.record.state == .received, unit.record.check == .none else { return }
    unit.record.check = .wanted
    unit.drawnAt = sequence
    keep(unit)
    wantedChecks.append(ref)
    tell(.workAvailable)
    tell(.verificationWanted)
  }

  // MARK: - Checks

  /// What the master's own verifier should render next: disputes first, then checks that no agent of another owner can take.
  public struct Verification: Sendable, Equatable {
    public var ref: UnitRef
    public var spec: JobSpec
    public var unit: FramePlan.Unit
    public var isDispute: Bool
  }

  /// - Parameters:
  ///   - isReferee: Only disputes: the verifier is switched off for plain checks.
  ///   - excluding: Under way already.
  public func nextVerification(
    now: FarmTime, isReferee: Bool, excluding: Set<UnitRef> = []
  ) -> Verification? {
    func make(_ ref: UnitRef, _ isDispute: Bool) -> Verification? {
      guard !excluding.contains(ref), let job = jobs[ref.job], job.frames[ref.frame] != nil else { return nil }
      return Verification(
        ref: ref, spec: job.record.spec, unit: job.plan.units[ref.unit], isDispute: isDispute)
    }
    for ref in disputes where jobs[ref.job]?.record.state == .active {
      if let found = make(ref, true) { return found }
    }
    if isReferee { return nil }
    for ref in wantedChecks {
      guard let unit = unit(ref), unit.checkLease == nil, let author = unit.record.result,
        jobs[ref.job]?.record.state == .active
      else { continue }
      let canPeer = agents.values.contains { agent in
        isPresent(agent, now) && agent.record.contributor != author.contributor
          && !unit.record.failures.contains { $0.agent == agent.record.key }
      }
      if !canPeer, let found = make(ref, false) { return found }
    }
    return nil
  }

  /// The master's verifier has rendered a unit.
  public mutating func verified(_ ref: UnitRef, digest: ContentHash, counters: WorkCounters) {
    guard let unit = unit(ref), unit.record.state == .received else { return }
    if unit.record.check == .disputed { return }
    checked(ref, digest: digest, counters: counters, by: nil)
  }

  /// A second rendering is here. - Parameter checker: Nil: the master.
  private mutating func checked(
    _ ref: UnitRef, digest: ContentHash, counters: WorkCounters, by checker: UnitRecord.Checker?
  ) {
    guard var unit = unit(ref), unit.record.state == .received, unit.record.check == .wanted,
      let result = unit.record.result
    else { return }
    wantedChecks.removeAll { $0 == ref }
    unit.record.checker = checker
    if result.digest == digest, result.counters == counters {
      unit.record.check = .passed
      keep(unit)
      passed(unit, result)
    } else {
      unit.record.check = .disputed
      keep(unit)
      disputes.append(ref)
      tell(.verificationWanted)
    }
  }

  private mutating func passed(_ unit: UnitState, _ result: UnitRecord.Result) {
    let ref = unit.record.ref
    var settled = [ref]
    if let agent = agents[result.agent] {
      agents[result.agent]?.record.correctCount += 1
      if let record = agents[result.agent]?.record { write(.agent(record)) }
      // Committed before this check was drawn, and with no check of their own under way: this is evidence for them too.
      settled += agent.unsettled.sorted(by: Farm.precedes).filter { other in
        guard other != ref, let state = self.unit(other), state.record.check == .none,
          let earlier = state.record.result
        else { return false }
        return earlier.sequence < unit.drawnAt
      }
    }
    settle(settled)
  }

  private static func precedes(_ a: UnitRef, _ b: UnitRef) -> Bool {
    (a.job, a.frame, a.unit) < (b.job, b.frame, b.unit)
  }

  /// The master's kernel has rendered a disputed unit, twice, with equal results.
  public mutating func refereed(_ ref: UnitRef, digest: ContentHash, counters: WorkCounters) {
    guard var unit = unit(ref), unit.record.check == .disputed, let result = unit.record.result else { return }
    disputes.removeAll { $0 == ref }
    let checker = unit.record.checker
    if result.digest == digest, result.counters == counters {
      // The checker was wrong.
      unit.record.check = .passed
      unit.record.checker = nil
      keep(unit)
      if let checker { ban(checker.agent, ref) }
      passed(unit, result)
    } else {
      // The author was wrong. A checker who had the master's bits is paid when the unit settles; its planes were not kept,
      // so somebody renders it again.
      if let checker, checker.commitment.digest == digest, checker.commitment.counters == counters {
        unit.record.witnesses.append(checker)
      }
      unit.record.checker = nil
      unit.record.check = .none
      keep(unit)
      ban(result.agent, ref)
    }
  }

  /// The master's own kernel gave two results for one unit: its machine cannot be trusted either.
  public mutating func refereeFailed(_ ref: UnitRef) {
    disputes.removeAll { $0 == ref }
    if var unit = unit(ref), unit.record.check == .disputed {
      unit.record.check = .none
      keep(unit)
      wantCheck(ref)
    }
    pause(
      ref.job,
      reason:
        "the master rendered one unit of frame \(ref.frame) twice with different results; test the master's memory, then resume"
    )
  }

  private mutating func ban(_ key: KeyID, _ ref: UnitRef) {
    guard var agent = agents[key], agent.record.banReason == nil else { return }
    agent.record.banReason =
      "its result for a unit of job \(ref.job), frame \(ref.frame), differs from what the master rendered"
    agents[key] = agent
    write(.agent(agent.record))
    tell(.agentsChanged)
    for id in agent.leases { if let lease = leases[id] { end(lease) } }
    for unsettled in agent.unsettled { void(unsettled) }
    agents[key]?.unsettled = []
  }

  /// A result does not count any more: the unit is open again.
  private mutating func void(_ ref: UnitRef) {
    guard var unit = unit(ref), unit.record.state == .received else { return }
    unit.record.state = .open
    unit.record.result = nil
    unit.record.check = .none
    unit.record.checker = nil
    wantedChecks.removeAll { $0 == ref }
    disputes.removeAll { $0 == ref }
    keep(unit)
    if let id = unit.checkLease, let lease = leases[id] { end(lease) }
    jobs[ref.job]?.frames[ref.frame]?.receivedCount -= 1
    jobs[ref.job]?.receivedUnitCount -= 1
    jobs[ref.job]?.reopen(ref.frame, ref.unit)
    tell(.planesVoid(ref))
    tell(.unitChanged(ref))
    tell(.workAvailable)
  }

  // MARK: - Settling

  /// All at once, and only then is looked what frames still lack.
  private mutating func settle(_ refs: [UnitRef]) {
    for ref in refs {
      guard var unit = unit(ref), unit.record.state == .received, let result = unit.record.result else { continue }
      unit.record.state = .settled
      enter(&unit.record)
      keep(unit)
      agents[result.agent]?.unsettled.remove(ref)
      jobs[ref.job]?.frames[ref.frame]?.settledCount += 1
      jobs[ref.job]?.settledUnitCount += 1
    }
    var previous: UnitRef?
    for ref in refs {
      if previous?.job == ref.job, previous?.frame == ref.frame { continue }
      previous = ref
      finishIfComplete(ref.job, ref.frame)
    }
  }

  /// When all units of a frame hold, the picture is put together; when they are here but lack evidence, it is sought.
  private mutating func finishIfComplete(_ id: JobID, _ number: Int) {
    guard let job = jobs[id], let frame = job.frames[number], !job.assembling.contains(number) else { return }
    if frame.settledCount == job.plan.units.count {
      jobs[id]?.assembling.insert(number)
      tell(.assemble(id, frame: number))
    } else if frame.receivedCount == job.plan.units.count {
      drawTailChecks(id)
    }
  }

  /// Frames whose units are all here wait only for evidence. An agent with enough such units, or any at the job's end, gets
  /// one of them checked, drawn at random; the others settle with it.
  mutating func drawTailChecks(_ id: JobID) {
    guard let job = jobs[id], policy.checkRate > 0 else { return }
    let unitCount = job.plan.units.count
    var unchecked: [KeyID: [UnitRef]] = [:]
    /// Up to which result a check under way is evidence.
    var covered: [KeyID: Int] = [:]
    for frame in job.frames.values {
      for unit in frame.units.values where unit.record.state == .received {
        guard let result = unit.record.result else { continue }
        if unit.record.check != .none {
          covered[result.agent] = max(covered[result.agent] ?? 0, unit.drawnAt)
        } else if frame.receivedCount == unitCount {
          unchecked[result.agent, default: []].append(unit.record.ref)
        }
      }
    }
    let isEnd = job.receivedUnitCount == job.unitCount
    let enough = max(1, Int(1 / policy.checkRate))
    for (agent, refs) in unchecked.sorted(by: { $0.key < $1.key }) {
      let waiting = refs.filter { (unit($0)?.record.result?.sequence ?? 0) >= covered[agent] ?? 0 }
      guard !waiting.isEmpty, isEnd || waiting.count >= enough else { continue }
      wantCheck(waiting.sorted(by: Farm.precedes)[Int(random() % UInt64(waiting.count))])
    }
  }
}
