import KernelScene
import SceneModel

/// Results as they arrive, and what they are worth once there is evidence for them.
///
/// A result settles (is credited, and is for good part of the picture) on evidence that was drawn after its commitment: its
/// own check by the master, or so many agreed checks that the computed error is below the job's threshold
/// (`AgentEvidence`, `TrustModel`). What lacks evidence stays pending, and may be part of a provisional picture.
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
    guard agents[agent]?.value.record.banReason == nil else { throw gone(id) }
    guard SignatureBytes(hexadecimal: commitment.signature) != nil, commitment.counters.isEnterable else {
      throw FarmFault(
        .refused, "malformed",
        "lease \(id): a signature has 128 digits, and no counter is above \(LedgerEntry.counterLimit)")
    }
    guard var lease = leases[id], lease.agent == agent else { throw gone(id) }
    see(agent, now)
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
    guard let author = agents[agent]?.value.record, author.banReason == nil else { throw gone(id) }
    see(agent, now)
    if lease.isCheck {
      wantedChecks[lease.ref] = nil
      end(lease, isDelivered: true)
      let checker = UnitRecord.Checker(
        agent: agent, contributor: author.contributor, lease: id, commitment: commitment)
      hear(
        UnitRecord.Opinion(checker: checker, digest: commitment.digest, counters: commitment.counters), of: lease.ref)
      return false
    }
    let ref = lease.ref
    let wasFull = affordableUnitCount(ref.job) == 0
    defer {
      end(lease, isDelivered: true)
      if wasFull, affordableUnitCount(ref.job) != 0 { tell(.workAvailable) }
    }
    guard var unit = unit(ref), unit.record.state == .open else { return false }
    unit.record.state = .received
    unit.record.result = UnitRecord.Result(
      agent: agent, contributor: author.contributor, digest: commitment.digest, counters: commitment.counters,
      signature: commitment.signature, lease: id, seconds: max(0, now - lease.grantedAt), sequence: sequence)
    unit.record.check = .none
    unit.record.checker = nil
    let rate = policy.checkRate(of: author)
    let draw = Double(random() >> 11) * 0x1p-53
    unit.record.draw = rate >= 1 ? .probation : draw < rate ? .sampled : .none
    if unit.record.draw != .none { unit.record.check = .wanted }
    keep(unit)
    let isFirst =
      jobs[ref.job]?.value.append(ref, of: agent, sequence: sequence, isOutstanding: unit.record.draw != .none) ?? false
    sequence += 1
    if isFirst { agents[agent]?.value.jobs.insert(ref.job) }
    if let index = agents.index(forKey: agent) {
      agents.values[index].value.record.unitCount += 1
      write(.agent(agents.values[index].value.record))
    }
    tell(.unitChanged(ref))
    if unit.record.draw != .none { want(ref) }
    settleReady(ref.job, agent)
    review(ref.job, ref.frame)
    if let job = jobs[ref.job] {
      // Nobody waits for checks that were not drawn: the idle hear of them when the job is whole, and look every few seconds.
      if job.receivedUnitCount == job.unitCount { tell(.workAvailable) }
      if policy.trust.needsTrusted(threshold: job.record.trust) { tell(.verificationWanted) }
    }
    return true
  }

  // MARK: - Settling

  /// Whether a check that agreed is as good as the master's own.
  func isTrusted(_ checker: UnitRecord.Checker?) -> Bool {
    guard let checker else { return true }
    return policy.trustedContributors.contains(checker.contributor)
  }

  /// Settles what has enough evidence of an agent's results in a job.
  mutating func settleReady(_ job: JobID, _ agent: KeyID) {
    let isDisputed = agents[agent]?.value.disputeCount != 0
    let ready = jobs[job]?.value.takeReady(of: agent, policy, isDisputed: isDisputed) ?? []
    for entry in ready { settle(UnitRef(job: job, frame: Int(entry.frame), unit: Int(entry.unit))) }
  }

  /// A result is credited.
  mutating func settle(_ ref: UnitRef) {
    guard var unit = unit(ref), unit.record.state == .received, let result = unit.record.result else { return }
    unit.record.state = .settled
    enter(&unit.record)
    keep(unit)
    jobs[ref.job]?.value.evidence[result.agent]?.settle(result.sequence, ref, isProven: unit.record.check == .passed)
    if var unproven = jobs[ref.job]?.value.evidence[result.agent]?.takeUnproven() {
      unproven.removeAll { jobs[ref.job]?.value.frames[Int($0.frame)] == nil }
      jobs[ref.job]?.value.evidence[result.agent]?.putBack(unproven)
    }
    review(ref.job, ref.frame)
  }

  /// A result does not count any more: the unit is open again.
  mutating func void(_ ref: UnitRef) {
    guard var unit = unit(ref), unit.record.state == .received, let result = unit.record.result else { return }
    unit.record.state = .open
    unit.record.result = nil
    unit.record.draw = .none
    unit.record.check = .none
    unit.record.checker = nil
    unit.record.opinions = []
    wantedChecks[ref] = nil
    disputes.removeAll { $0 == ref }
    keep(unit)
    if let id = unit.checkLease, let lease = leases[id] { end(lease) }
    jobs[ref.job]?.value.reopen(ref.frame, ref.unit)
    tell(.planesVoid(ref, result.lease))
    tell(.unitChanged(ref))
    tell(.workAvailable)
    review(ref.job, ref.frame)
  }

  /// Rebuilds what speaks for whom.
  mutating func restoreEvidence(_ records: [UnitRecord]) {
    let results = records.compactMap { record -> (Int, UnitRecord)? in
      guard record.state != .open, let result = record.result, jobs[record.ref.job]?.value.frames.isEmpty == false,
        hasOwnBits(record.ref.job)
      else { return nil }
      return (result.sequence, record)
    }.sorted { $0.0 < $1.0 }
    for (sequence, record) in results {
      guard let agent = record.result?.agent, agents[agent] != nil else { continue }
      agents[agent]?.value.jobs.insert(record.ref.job)
      let isOutstanding = record.check == .wanted || record.check == .disputed
      let isOurs = isTrusted(record.checker)
      if jobs[record.ref.job]?.value.evidence[agent] == nil { jobs[record.ref.job]?.value.addAuthor(agent) }
      jobs[record.ref.job]?.value.evidence[agent]?.restore(
        record.ref, sequence: sequence, isOutstanding: isOutstanding, isSettled: record.state == .settled,
        check: record.check == .passed ? (isDrawn: record.draw.isEvidence, isTrusted: isOurs) : nil)
    }
    for (id, job) in jobs { for agent in job.authors { settleReady(id, agent) } }
  }
}
