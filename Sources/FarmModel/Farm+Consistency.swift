/// Looks into a farm, for simulations and tests.
extension Farm {
  /// Drawn checks and disputes that are not decided.
  public var openCheckCount: Int { wantedChecks.count + disputes.count }

  /// Whether every result of an agent is checked.
  public func isOnProbation(_ agent: KeyID) -> Bool { !isProven(agent) }

  public func isCheck(_ lease: LeaseID) -> Bool { leases[lease]?.isCheck == true }

  public func leaseIDs(of agent: KeyID) -> [LeaseID] {
    (agents[agent]?.value.leases ?? []).sorted()
  }

  /// A lease of somebody else: of an agent that is present, from a place in their list on.
  public func someLease(notOf agent: KeyID, from place: Int) -> LeaseID? {
    guard !presentAgents.isEmpty else { return nil }
    for index in presentAgents.indices.prefix(100) {
      let key = presentAgents[(place + index) % presentAgents.count].key
      if key != agent, let lease = agents[key]?.value.leases.min() { return lease }
    }
    return nil
  }

  /// The first thing that does not fit together; nil if everything does. Looks at every unit.
  public func inconsistency() -> String? {
    var rendering: Set<UnitRef> = []
    for lease in leases.values where !lease.isCheck {
      if !rendering.insert(lease.ref).inserted { return "\(lease.ref) is leased twice" }
    }
    for (id, all) in balances.byJob {
      let cost = all.values.reduce(UInt128(0)) { $0 + $1.credit }
      if cost != balances.cost(of: id) { return "job \(id) has cost \(cost), not \(balances.cost(of: id))" }
    }
    var pending: [KeyID: Int] = [:]
    for (id, job) in jobs where hasOwnBits(id) {
      var received = (job.frameCount - job.frames.count) * job.plan.units.count
      var settled = received
      for (number, frame) in job.frames {
        let open = Set(frame.openPreview).union(frame.openRest)
        if open.count != frame.openPreview.count + frame.openRest.count {
          return "frame \(number) has a unit open twice"
        }
        var heldBack = 0
        for unit in job.plan.units.indices {
          let record = frame.value.unit(unit)?.record
          let isHere = record.map { $0.state != .open } ?? false
          let isLeased = rendering.contains(UnitRef(job: id, frame: number, unit: unit))
          if [open.contains(unit), isHere, isLeased].count(where: { $0 }) != 1 {
            return "frame \(number), unit \(unit): open \(open.contains(unit)), here \(isHere), leased \(isLeased)"
          }
          guard let record, isHere else { continue }
          received += 1
          if record.state == .settled { settled += 1 } else { pending[record.result!.agent, default: 0] += 1 }
          if record.isHeldBack { heldBack += 1 }
          if let agent = record.result?.agent, record.state == .received, agents[agent]?.value.record.banReason != nil {
            return "frame \(number), unit \(unit) is pending, but its agent is banned"
          }
        }
        if heldBack != frame.heldBackCount {
          return "frame \(number) holds back \(heldBack), not \(frame.heldBackCount)"
        }
      }
      let cost = job.frames.values.reduce(UInt128(0)) { sum, frame in
        frame.value.touchedUnits.reduce(sum) { $0 + $1.record.pendingCredit(isPeered: owners.count > 1) }
      }
      if cost != job.pendingCredit { return "job \(id): \(cost) credit pending, counted \(job.pendingCredit)" }
      let open = job.frames.values.reduce(0) { $0 + $1.openPreview.count + $1.openRest.count }
      if open != job.openPreviewCount + job.openRestCount { return "job \(id): \(open) open units, counted otherwise" }
      if received != job.receivedUnitCount || settled != job.settledUnitCount {
        return
          "job \(id): \(received) units here and \(settled) settled, counted \(job.receivedUnitCount), \(job.settledUnitCount)"
      }
    }
    for (key, agent) in agents where agent.pendingCount != pending[key] ?? 0 {
      return "agent \(key): \(pending[key] ?? 0) pending, counted \(agent.pendingCount)"
    }
    for (place, present) in presentAgents.enumerated() {
      guard let agent = agents[present.key], agent.place == place, present.isProven == policy.isProven(agent.record),
        present.lastSeen == (agent.record.banReason == nil ? agent.lastSeen : -.infinity)
      else { return "agent \(present.key): listed otherwise than it is" }
    }
    for (id, job) in jobs {
      if job.authors != job.evidence.keys.sorted() { return "job \(id): evidence of others than its authors" }
      for (key, evidence) in job.evidence {
        let waiting = evidence.entries.count { !$0.isSettled && !$0.isChecked }
        if waiting != evidence.waitingCount {
          return "job \(id), agent \(key): \(waiting) results wait, counted \(evidence.waitingCount)"
        }
      }
    }
    for (ref, check) in wantedChecks {
      guard let unit = unit(ref) else { return "\(ref): a check of nothing" }
      let author = unit.record.result?.contributor
      if let checker = check.checker, agents[checker]?.value.record.contributor == author {
        return "\(ref): its own contributor shall check it"
      }
      if let lease = unit.checkLease.flatMap({ leases[$0] }), agents[lease.agent]?.value.record.contributor == author {
        return "\(ref): checked by its own contributor"
      }
    }
    return nil
  }
}
