import FarmModel
import SceneModel

/// What must hold, looked at with every step from the rows that it writes, and now and then as a whole.
extension FarmSimulation {
  /// The step is durable: its rows are looked at, its events heard.
  mutating func commitStep() {
    let changes = farm.takeChanges()
    for change in changes { see(change) }
    if configuration.keepsRecords { store.apply(changes) }
    for event in farm.takeEvents() {
      switch event {
      case .assemble(let job, let frame):
        farm.frameAssembled(
          job, frame: frame, attempt: farm.assembly(job, frame: frame), digest: ContentHash(hashing: []), now: now)
      case .frameReopened: report.reopenedFrames += 1
      case .verificationWanted: isRefereeWanted = true
      case .jobChanged:
        if farm.jobView(job)?.record.state == .paused, !isPaused {
          isPaused = true
          report.pauses += 1
          // The operator looks, and stands by the master's kernel.
          queue.add(.resume, at: now + 60)
        }
      default: break
      }
    }
    // What the log's keeper does: it takes entries out of the outbox now and then.
    if farm.entryCount - farm.publishedEntryCount >= 8192 { farm.entriesPublished(upTo: farm.entryCount) }
  }

  private mutating func see(_ change: Change) {
    switch change {
    case .ledgerEntry(let row): see(row)
    case .unit(let record): see(record)
    case .agent(let record):
      guard record.banReason != nil, let index = agentOfKey[record.key], !agents[index].isBanned else { return }
      seeBan(index)
    default: break
    }
  }

  /// Entries come in the order of their indices, pay a unit once, and nobody who is banned.
  private mutating func see(_ row: OutboxEntry) {
    guard row.index == enteredCount else {
      deferredFault = "entry \(row.index) follows \(enteredCount) others"
      return
    }
    enteredCount += 1
    guard let entry = try? LedgerEntry(row.bytes) else {
      deferredFault = "entry \(row.index) is none"
      return
    }
    if entry.revocation != nil {
      revokedCount += 1
    } else if let index = agentOfBytes[entry.agent],
      KeyBytes(agents[index].key) != entry.agent || agents[index].isBanned
    {
      deferredFault = "entry \(row.index) pays an agent that was banned"
    } else if entry.work == .rendered {
      paidCount += 1
    }
  }

  private mutating func see(_ record: UnitRecord) {
    let unit = record.ref.frame * unitsOfFrame + record.ref.unit
    let isHere = record.state != .open
    if isHere != isReceived[unit] {
      isReceived[unit] = isHere
      receivedCount += isHere ? 1 : -1
      if isHere, record.draw != .probation {
        report.sampledUnits += 1
        if record.draw == .sampled { report.sampledChecks += 1 }
      }
    }
    if settled[unit], record.state != .settled {
      deferredFault = "unit \(unit) had settled and is \(record.state) again"
    }
    guard record.state == .settled, !settled[unit], let result = record.result else { return }
    settled[unit] = true
    settledCount += 1
    report.settledUnits += 1
    guard let index = agentOfKey[result.agent] else {
      deferredFault = "unit \(unit) settled for an agent that nobody knows"
      return
    }
    if agents[index].key != result.agent || agents[index].isBanned { report.creditAfterBan += 1 }
    if let cheat = agents[index].cheat {
      report.kinds[cheat.rawValue]?.creditedUnits += 1
    } else if wrong[unit] != 0 {
      deferredFault = "unit \(unit) is wrong, but an honest agent is credited with it"
    }
  }

  private mutating func seeBan(_ index: Int) {
    agents[index].isBanned = true
    guard let cheat = agents[index].cheat else {
      report.bannedHonestAgents += 1
      return
    }
    report.kinds[cheat.rawValue]?.bans += 1
    if let first = agents[index].firstLie {
      report.kinds[cheat.rawValue]?.unitsToCatch += agents[index].delivered - first.count
      report.kinds[cheat.rawValue]?.secondsToCatch += now - first.time
    }
    guard cheat == .manyIdentities else { return }
    // Keys cost nothing.
    agents[index].identity += 1
    agents[index].key = SimulatedAgent.key("a\(index).\(agents[index].identity)")
    agents[index].contributor = SimulatedAgent.key("o\(index).\(agents[index].identity)")
    noteKey(index)
    agents[index].isBanned = false
    agents[index].delivered = 0
    agents[index].firstLie = nil
    agents[index].instance += 1
    queue.add(.start(agent: index), at: now + 10 * generator.unit())
  }

  /// The master dies before the step's rows are written, and starts again from those of all steps before.
  mutating func crash() {
    report.restarts += 1
    let source = SeededSource(seed: generator.next())
    farm = Farm(
      restoring: store.stored, policy: configuration.policy, kernelRevision: 1, now: now, random: { source.next() })
    // Nobody heard of the step, so it never happened. What the simulation knows is what the store knows.
    for record in store.units.values {
      let unit = record.ref.frame * unitsOfFrame + record.ref.unit
      isReceived[unit] = record.state != .open
    }
    receivedCount = isReceived.count { $0 }
    isPaused = false
    for index in agents.indices where !agents[index].isBanned {
      queue.add(.start(agent: index), at: now + 5 * generator.unit())
    }
    commitStep()
  }

  /// Everything at once: no unit is in two hands or in none, counts are sums, credits are what the settled units say.
  mutating func sweep() throws(SimulationFault) {
    sweepCount += 1
    if let text = farm.inconsistency() { throw fault(text) }
    let view = farm.jobView(job)
    guard view?.receivedUnitCount == receivedCount else {
      throw fault("\(receivedCount) units are here, the farm says \(view?.receivedUnitCount ?? 0)")
    }
    guard view?.settledUnitCount == settledCount else {
      throw fault("\(settledCount) units have settled, the farm says \(view?.settledUnitCount ?? 0)")
    }
    guard paidCount == settledCount else { throw fault("\(settledCount) units have settled, \(paidCount) were paid") }
    let credited = farm.credits().values.reduce(0) { $0 + Int($1.balance.rendered.unitCount) }
    guard credited == paidCount - revokedCount else {
      throw fault("\(paidCount) units were paid and \(revokedCount) revoked, \(credited) are credited")
    }
  }

  mutating func finish() {
    report.virtualSeconds = now
    let finalFrames = (0..<unitTotal / unitsOfFrame).map { farm.isFinal(job, frame: $0) }
    report.finalUnits = finalFrames.count { $0 } * unitsOfFrame
    for unit in wrong.indices where wrong[unit] != 0 {
      let kind = Cheat.allCases[Int(wrong[unit]) - 1].rawValue
      report.kinds[kind]?.wrongUnits += 1
      if settled[unit] { report.kinds[kind]?.wrongSettledUnits += 1 }
      if finalFrames[unit / unitsOfFrame] { report.kinds[kind]?.wrongFinalUnits += 1 }
    }
  }
}
