import SceneModel

/// Agents and what they hold.
extension Farm {
  /// - Parameter record: What the agent says of itself; keys and signature have been checked.
  public mutating func register(_ record: AgentRecord, now: FarmTime) throws(FarmFault) {
    guard record.kernelRevision == kernelRevision else {
      throw FarmFault(
        .forbidden, "wrong_revision",
        "agent: kernel revision \(record.kernelRevision), this master takes \(kernelRevision) only; use the same version of glint"
      )
    }
    guard agents[record.key] != nil || agents.count < policy.agentLimit else {
      throw FarmFault(
        .refused, "too_many_agents", "agent: this master remembers \(agents.count) agents and takes no more")
    }
    guard KeyBytes(record.key) != nil, KeyBytes(record.contributor) != nil,
      SignatureBytes(hexadecimal: record.contributorSignature) != nil
    else { throw FarmFault(.refused, "bad_agent", "agent: a key or signature has not the digits that it should have") }
    let isNew = agents[record.key] == nil
    var state = agents[record.key]?.value ?? AgentState(record: record)
    if isNew {
      state.record.isNewcomer = canBeReturning && !policy.trustedContributors.contains(record.contributor)
    }
    if let reason = state.record.banReason { throw banned(state.record, reason) }
    guard state.record.contributor == record.contributor else {
      throw FarmFault(
        .forbidden, "other_contributor",
        "agent: its key belongs to contributor \(state.record.contributor); give it a data folder of its own (--data)")
    }
    let hasRestarted = state.record.instance != record.instance
    state.record.name = record.name
    state.record.threadCount = record.threadCount
    state.record.kernelRevision = record.kernelRevision
    state.record.instance = record.instance
    // The first one stays: entries that pay and entries that revoke must agree.
    if state.record.contributorSignature.isEmpty {
      state.record.contributorSignature = record.contributorSignature
    }
    agents[record.key] = Boxed(state)
    if isNew { countOwner(record.contributor, 1) }
    see(record.key, now)
    write(.agent(state.record))
    if hasRestarted {
      for id in state.leases.sorted() { if let lease = leases[id], lease.commitment == nil { end(lease) } }
    }
    tell(.agentsChanged)
    drawCheckers(for: .orphans)
    if !wantedChecks.isEmpty { tell(.verificationWanted) }
  }

  /// Whether a new key may be one of somebody that was banned. While nobody is proven all are equally new, and nobody could
  /// check much.
  private var canBeReturning: Bool {
    bannedCount > 0 && agents.values.contains { $0.record.banReason == nil && policy.isProven($0.record) }
  }

  /// The agent's process ends: what it holds goes to others at once, and nobody counts on it.
  public mutating func leave(_ agent: KeyID) {
    guard let state = agents[agent] else { return }
    for id in state.leases.sorted() {
      if let lease = leases[id], lease.commitment == nil { end(lease) }
    }
    agents[agent]?.value.lastSeen = -.infinity
    noteStanding(agent)
    for ref in state.checks where wantedChecks[ref]?.checker == agent { drawChecker(ref) }
    agents[agent]?.value.checks = []
    tell(.agentsChanged)
    tell(.verificationWanted)
  }

  /// The machine does not pass the self-test: it gets no work. If it was banned for a wrong result, this explains it.
  public mutating func brokenMachine(_ agent: KeyID) -> FarmFault {
    noteBrokenMachine(agent)
    if let record = agents[agent]?.value.record, let reason = record.banReason { return banned(record, reason) }
    return FarmFault(
      .forbidden, "self_test_failed",
      "agent: this machine does not pass the self-test, so it looks broken, and gets no work; nobody takes that for dishonesty. `glint agent --self-test` says more; both sides must have the same version of glint"
    )
  }

  /// For scheduling, never for pay.
  public mutating func noteSpeed(_ agent: KeyID, pathsPerSecond: Double) {
    agents[agent]?.value.pathsPerSecond = pathsPerSecond
  }

  /// What `noteSpeed` was told: agents say it once, and no store holds it.
  public var speeds: [KeyID: Double] { agents.compactMapValues { $0.pathsPerSecond > 0 ? $0.pathsPerSecond : nil } }

  /// What an agent hears that gets no more work.
  private func banned(_ record: AgentRecord, _ reason: String) -> FarmFault {
    switch record.banKind {
    case .brokenMachine:
      FarmFault(
        .forbidden, "broken_machine",
        "agent: gets no more work, because this machine computes wrongly: it fails the self-test too, and \(reason). Nobody thinks that you lie. Often it is faulty memory or overclocking: run a memory test (memtest86+), set the clocks back, then run the agent with a new key"
      )
    default:
      FarmFault(
        .forbidden, "banned",
        "agent: gets no more work, because \(reason). If the machine is honest, its memory may be faulty: test it, then ask the farm's operator"
      )
    }
  }

  /// The agent is alive.
  private mutating func hear(_ agent: KeyID, _ now: FarmTime) throws(FarmFault) -> AgentRecord {
    guard let record = agents[agent]?.value.record else {
      throw FarmFault(.forbidden, "unknown_session", "agent: not registered here")
    }
    if let reason = record.banReason { throw banned(record, reason) }
    see(agent, now)
    return record
  }

  mutating func see(_ agent: KeyID, _ now: FarmTime) {
    clock = max(clock, now)
    guard let index = agents.index(forKey: agent) else { return }
    agents.values[index].value.lastSeen = now
    if let place = agents.values[index].value.place {
      presentAgents[place].lastSeen = now
      return
    }
    agents.values[index].value.place = presentAgents.count
    let record = agents.values[index].value.record
    presentAgents.append(
      PresentAgent(key: record.key, contributor: record.contributor, lastSeen: now, isProven: policy.isProven(record)))
  }

  /// An agent's standing has changed, or it is gone or banned.
  mutating func noteStanding(_ agent: KeyID) {
    guard let state = agents[agent], let place = state.place else { return }
    let isProven = policy.isProven(state.record)
    // It may check others now.
    if isProven, !presentAgents[place].isProven { tell(.workAvailableTo(agent)) }
    presentAgents[place].isProven = isProven
    presentAgents[place].lastSeen = state.record.banReason == nil ? state.lastSeen : -.infinity
  }

  func isPresent(_ agent: Boxed<AgentState>, _ now: FarmTime) -> Bool {
    agent.record.banReason == nil && now - agent.lastSeen <= policy.presenceSeconds
  }

  // MARK: - Asking

  /// A frame that an agent has ready.
  public struct PreparedFrameRef: Sendable, Hashable {
    public var job: JobSpecKey
    public var frame: Int

    public init(job: JobSpecKey, frame: Int) {
      self.job = job
      self.frame = frame
    }
  }

  /// What jobs must have in common to share a prepared frame.
  public struct JobSpecKey: Sendable, Hashable {
    public var bundle: ContentHash
    public var camera: Int

    public init(bundle: ContentHash, camera: Int) {
      self.bundle = bundle
      self.camera = camera
    }
  }

  /// Hands out up to `count` units: checks of others' units that this agent was drawn for, then previews, then frames that
  /// the agent has ready, then frames that nobody works on, then any; where there are none, checks that nobody waits for.
  public mutating func lease(
    to agent: KeyID, count: Int, prepared: Set<PreparedFrameRef>, now: FarmTime
  ) throws(FarmFault) -> [LeaseRecord] {
    let record = try hear(agent, now)
    var wanted = min(count, policy.leasesInAnswer, policy.leasesOfAgent - (agents[agent]?.value.leases.count ?? 0))
    guard wanted > 0 else { return [] }
    var granted: [LeaseRecord] = []
    func grant(_ farm: inout Farm, _ ref: UnitRef, isCheck: Bool) {
      let lease = LeaseRecord(
        id: LeaseID(random: farm.random(), farm.random()), ref: ref, agent: agent, isCheck: isCheck, grantedAt: now,
        deadline: now + farm.policy.leaseSeconds)
      farm.hold(lease)
      farm.write(.lease(lease))
      granted.append(lease)
      wanted -= 1
    }
    if let checks = agents[agent]?.value.checks, !checks.isEmpty {
      var left: [UnitRef] = []
      for ref in checks {
        guard let check = wantedChecks[ref], check.checker == agent, let unit = unit(ref), unit.checkLease == nil else {
          continue
        }
        if wanted > 0, isOpenForChecks(ref.job), canCheck(unit, agent, record.contributor) {
          grant(&self, ref, isCheck: true)
        } else {
          left.append(ref)
        }
      }
      agents[agent]?.value.checks = left
    }
    // Whether there is work, taken or not: who has enough in hand is not idle.
    var hasWork = false
    let hasOthers = hasOwner(otherThan: record.contributor)
    for id in order where wanted > 0 {
      // No state is kept here across changes: it would be copied.
      guard jobs[id]?.value.record.state == .active else { continue }
      for preview in [true, false] where wanted > 0 && jobs[id]?.value.hasOpen(preview: preview) == true {
        while wanted > 0 {
          let stranger = hasOthers && !preview ? record.contributor : nil
          guard let frame = choose(id, preview: preview, agent, prepared, stranger: stranger) else { break }
          // From one frame as many as it has; the choice is made anew for the next.
          var limit = min(wanted, affordableUnitCount(id) ?? .max)
          guard limit > 0 else { break }
          hasWork = true
          limit = min(limit, room(agent, id))
          guard limit > 0 else { break }
          let open =
            jobs[id]?.value.take(
              frame, preview: preview, agent: agent, stranger: hasOthers ? record.contributor : nil, limit: limit)
            ?? []
          if open.isEmpty { break }
          for unit in open { grant(&self, UnitRef(job: id, frame: frame, unit: unit), isCheck: false) }
        }
      }
    }
    if granted.isEmpty, !hasWork, policy.checksWhenIdle {
      for ref in idleChecks(for: record, limit: min(wanted, policy.idleChecksInAnswer)) {
        grant(&self, ref, isCheck: true)
      }
    }
    return granted
  }

  /// Units of a job that an agent may still take in hand: so many that a slow machine does not sit on a job's last ones, by
  /// the speed that its self-test measured.
  private func room(_ agent: KeyID, _ id: JobID) -> Int {
    guard let state = agents[agent], let job = jobs[id], state.pathsPerSecond > 0 else { return .max }
    let fitting = policy.workInHandSeconds * state.pathsPerSecond / Double(max(1, job.largestPathCount))
    return max(2 * state.record.threadCount, Int(min(fitting, 1e6))) - state.leases.count
  }

  /// The frame from which an agent should take its next units of a stage: one that it has ready or is at work on, then one
  /// that nobody works on, then any.
  ///
  /// - Parameter stranger: The agent's owner where others are present: frames whose previews are all this owner's come last,
  ///   because screening needs passes of different owners.
  private mutating func choose(
    _ id: JobID, preview: Bool, _ agent: KeyID, _ prepared: Set<PreparedFrameRef>, stranger: KeyID?
  ) -> Int? {
    var key: JobSpecKey?
    if !prepared.isEmpty, let spec = jobs[id]?.value.record.spec {
      key = JobSpecKey(bundle: spec.bundle, camera: spec.camera)
    }
    if let stranger, let found = choose(id, preview: preview, agent, key, prepared, stranger: stranger) {
      return found
    }
    return choose(id, preview: preview, agent, key, prepared, stranger: nil)
  }

  private mutating func choose(
    _ id: JobID, preview: Bool, _ agent: KeyID, _ key: JobSpecKey?, _ prepared: Set<PreparedFrameRef>, stranger: KeyID?
  ) -> Int? {
    func isOpen(_ number: Int) -> Bool {
      guard let job = jobs[id], let frame = job.frames[number] else { return false }
      return job.value.isOpen(frame.value, preview: preview, to: agent, stranger: stranger)
    }
    var own: Int?
    if let last = agents[agent]?.value.lastFrame, last.job == id, isOpen(last.frame) { own = last.frame }
    for frame in prepared where frame.job == key && frame.frame < own ?? .max && isOpen(frame.frame) {
      own = frame.frame
    }
    return own ?? jobs[id]?.value.nextFrame(preview: preview, agent: agent, stranger: stranger)
  }

  private func hasOwner(otherThan contributor: KeyID) -> Bool {
    presentAgents.contains { agent in
      agent.contributor != contributor && clock - agent.lastSeen <= policy.presenceSeconds
    }
  }

  /// Notes a lease everywhere.
  mutating func hold(_ lease: LeaseRecord) {
    leases[lease.id] = lease
    agents[lease.agent]?.value.leases.insert(lease.id)
    if !lease.isCheck { agents[lease.agent]?.value.lastFrame = lease.ref }
    jobs[lease.ref.job]?.value.hold(lease)
    if lease.isCheck, var unit = unit(lease.ref) {
      unit.checkLease = lease.id
      keep(unit)
    }
  }

  /// Forgets a lease; a unit that nobody has rendered is open again.
  ///
  /// - Parameter isDelivered: Its result is here, so it leaves no work to others.
  mutating func end(_ lease: LeaseRecord, isDelivered: Bool = false) {
    guard leases.removeValue(forKey: lease.id) != nil else { return }
    write(.leaseEnded(lease.id))
    agents[lease.agent]?.value.leases.remove(lease.id)
    jobs[lease.ref.job]?.value.release(lease)
    if lease.isCheck {
      guard var unit = unit(lease.ref) else { return }
      if unit.checkLease == lease.id { unit.checkLease = nil }
      keep(unit)
      if wantedChecks[lease.ref] != nil {
        drawChecker(lease.ref)
        tell(.verificationWanted)
      }
    }
    // Deliveries are many, and so may be those that wait.
    tell(isDelivered ? .workAvailableTo(lease.agent) : .workAvailable)
  }

  // MARK: - Keeping and giving back

  /// - Returns: Those that are still the agent's.
  public mutating func renew(_ ids: [LeaseID], of agent: KeyID, now: FarmTime) throws(FarmFault) -> [LeaseID] {
    _ = try hear(agent, now)
    var held: [LeaseID] = []
    for id in ids {
      guard var lease = leases[id], lease.agent == agent else { continue }
      lease.deadline = min(now + policy.leaseSeconds, lease.grantedAt + policy.leaseLimitSeconds)
      leases[id] = lease
      // Not written: a restarted master gives every lease its full time anyway.
      held.append(id)
    }
    return held
  }

  public mutating func giveBack(_ ids: [LeaseID], of agent: KeyID, now: FarmTime) throws(FarmFault) {
    _ = try hear(agent, now)
    for id in ids { if let lease = leases[id], lease.agent == agent { end(lease) } }
  }

  /// The agent could not render a unit: it does not get it again, and three such agents fail the job.
  public mutating func fail(_ id: LeaseID, of agent: KeyID, reason: String, now: FarmTime) throws(FarmFault) {
    let record = try hear(agent, now)
    guard let lease = leases[id], lease.agent == agent else { return }
    if var unit = unit(lease.ref), !unit.record.failures.contains(where: { $0.agent == agent }) {
      jobs[lease.ref.job]?.value.frames[lease.ref.frame]?.value.failedUnits.insert(lease.ref.unit)
      unit.record.failures.append(UnitRecord.Failure(agent: agent, reason: String(reason.prefix(2000))))
      keep(unit)
      jobs[lease.ref.job]?.value.lastFailure =
        "\(record.name) failed on frame \(lease.ref.frame): \(reason.prefix(500))"
      tell(.jobChanged(lease.ref.job))
      if unit.record.failures.count >= policy.failuresOfUnit, unit.record.state == .open {
        let tile = jobs[lease.ref.job]?.value.plan.units[lease.ref.unit].tile
        fail(
          lease.ref.job,
          reason:
            "frame \(lease.ref.frame), tile at (\(tile?.x ?? 0), \(tile?.y ?? 0)): \(unit.record.failures.count) agents failed on it, the last one (\(record.name)) with: \(reason.prefix(500))",
          now: now)
      }
    }
    if let lease = leases[id] { end(lease) }
  }

  /// Takes back what silent agents hold.
  ///
  /// - Returns: When to call again at the latest; nil if nothing is leased.
  public mutating func expireLeases(now: FarmTime) -> FarmTime? {
    clock = max(clock, now)
    // In an order that the same random numbers give again.
    for lease in leases.values.filter({ $0.deadline <= now }).sorted(by: { $0.id < $1.id }) { end(lease) }
    drawCheckers(for: .late)
    return leases.values.map(\.deadline).min()
  }
}
