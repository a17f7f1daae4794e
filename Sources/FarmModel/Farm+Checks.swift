import KernelScene
import SceneModel

/// Second renderings: who makes them.
///
/// A check is drawn after the result's commitment. Who makes it is drawn as well, among the agents that are present, so that
/// accomplices cannot choose whom to check by asking often. Where there is no agent of another owner, the master's verifier
/// does it.
extension Farm {
  /// Notes that a unit shall be rendered by somebody else.
  mutating func want(_ ref: UnitRef) {
    checkCount += 1
    wantedChecks[ref] = WantedCheck(checker: nil, since: clock, order: checkCount)
    checkQueue.append((ref, checkCount))
    drawChecker(ref)
    tell(.verificationWanted)
  }

  /// Whether checks of a job are made. Work that was delivered gets its evidence, and its pay, whatever becomes of the job: only
  /// a job that stands because we suspect ourselves waits for its operator.
  func isOpenForChecks(_ job: JobID) -> Bool {
    guard let job = jobs[job] else { return false }
    return job.record.pauseCause != .doubt
  }

  /// Whether the master's own kernel renders units of a job: checks, and disputes.
  private func isOpenForVerifier(_ job: JobID) -> Bool {
    isOpenForChecks(job) && jobs[job]?.record.pauseCause != .verifier
  }

  /// Whether an agent may render a unit of somebody else again.
  func canCheck(_ unit: UnitState, _ agent: KeyID, _ contributor: KeyID) -> Bool {
    guard unit.record.state == .received, let author = unit.record.result?.contributor, author != contributor else {
      return false
    }
    return !unit.record.failures.contains { $0.agent == agent }
      && !unit.record.opinions.contains { $0.checker?.contributor == contributor }
      && unit.record.checker?.contributor != contributor
  }

  /// Draws who makes a check: a proven agent, or any where there is none; nobody where nobody may.
  mutating func drawChecker(_ ref: UnitRef) {
    guard var check = wantedChecks[ref], let unit = unit(ref), unit.checkLease == nil else { return }
    check.checker = nil
    check.since = clock
    wantedChecks[ref] = check
    orphanedChecks.insert(ref)
    var fallback: KeyID?
    // A few draws find somebody on any farm of size; then everybody is looked at, from a random place on.
    for _ in 0..<16 {
      guard !presentAgents.isEmpty else { break }
      let index = Int(random() % UInt64(presentAgents.count))
      guard let agent = candidate(index, unit) else { continue }
      if agent.isProven {
        assign(ref, agent.key)
        return
      }
      fallback = fallback ?? agent.key
    }
    var index = presentAgents.isEmpty ? 0 : Int(random() % UInt64(presentAgents.count))
    var left = presentAgents.count
    while left > 0, !presentAgents.isEmpty {
      index = index < presentAgents.count ? index : 0
      let count = presentAgents.count
      // Most of a young farm's agents are not proven: they are passed over first.
      if fallback == nil || presentAgents[index].isProven || isGone(index), let agent = candidate(index, unit) {
        if agent.isProven {
          assign(ref, agent.key)
          return
        }
        fallback = fallback ?? agent.key
      }
      if presentAgents.count == count { index += 1 }
      left -= 1
    }
    if let fallback { assign(ref, fallback) }
  }

  func isProven(_ agent: KeyID) -> Bool { agents[agent].map { policy.isProven($0.record) } ?? false }

  private mutating func assign(_ ref: UnitRef, _ agent: KeyID) {
    wantedChecks[ref]?.checker = agent
    orphanedChecks.remove(ref)
    agents[agent]?.value.checks.append(ref)
    tell(.workAvailableTo(agent))
  }

  private func isGone(_ index: Int) -> Bool { clock - presentAgents[index].lastSeen > policy.presenceSeconds }

  /// The agent at a place of `presentAgents`, if it may check a unit; one that is gone leaves the list.
  private mutating func candidate(_ index: Int, _ unit: UnitState) -> PresentAgent? {
    let agent = presentAgents[index]
    guard !isGone(index) else {
      let last = presentAgents.count - 1
      presentAgents.swapAt(index, last)
      if index < last { agents[presentAgents[index].key]?.value.place = index }
      presentAgents.removeLast()
      agents[agent.key]?.value.place = nil
      return nil
    }
    return canCheck(unit, agent.key, agent.contributor) ? agent : nil
  }

  enum CheckersToDraw { case orphans, late }

  /// Draws checkers anew: for checks that nobody could make, or for those whose checker does not come.
  mutating func drawCheckers(for which: CheckersToDraw) {
    switch which {
    case .orphans:
      let orphans = orphanedChecks.compactMap { ref in wantedChecks[ref].map { (ref, $0) } }
      orphanedChecks = []
      for (ref, check) in orphans.sorted(by: { $0.1.order < $1.1.order }) where check.checker == nil {
        drawChecker(ref)
      }
    case .late:
      var passes = checkQueue.count - checkQueueHead
      while passes > 0, checkQueueHead < checkQueue.count {
        passes -= 1
        let (ref, order) = checkQueue[checkQueueHead]
        guard let check = wantedChecks[ref], check.order == order else {
          checkQueueHead += 1
          continue
        }
        if check.since > clock - policy.checkPatienceSeconds { break }
        checkQueueHead += 1
        checkCount += 1
        // Oldest first for the verifier: only its place in this queue is new.
        wantedChecks[ref]?.order = checkCount
        checkQueue.append((ref, checkCount))
        if unit(ref)?.checkLease == nil { drawChecker(ref) } else { wantedChecks[ref]?.since = clock }
        if wantedChecks[ref]?.checker == nil, unit(ref)?.record.check == .disputed { noThirdOpinion(ref) }
      }
      if checkQueueHead > 4096, checkQueueHead * 2 > checkQueue.count {
        checkQueue.removeFirst(checkQueueHead)
        checkQueueHead = 0
      }
    }
  }

  // MARK: - The master's verifier

  /// What the master's own verifier should render next: disputes first, then checks that no agent of another owner can take,
  /// then, if nothing else is to do, what agents' checks cannot settle.
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
    for ref in disputes where isOpenForVerifier(ref.job) {
      guard unit(ref)?.record.opinions.contains(where: { $0.checker == nil }) == false else { continue }
      if let found = make(ref, true) { return found }
    }
    if isReferee { return nil }
    var oldest: (order: Int, found: Verification)?
    for (ref, check) in wantedChecks where check.order < oldest?.order ?? .max {
      if let checker = check.checker, let agent = agents[checker], isPresent(agent, now) { continue }
      guard let unit = unit(ref), unit.record.check == .wanted, unit.checkLease == nil, isOpenForVerifier(ref.job)
      else { continue }
      let canPeer = presentAgents.contains { agent in
        now - agent.lastSeen <= policy.presenceSeconds && canCheck(unit, agent.key, agent.contributor)
      }
      if !canPeer, let found = make(ref, false) { oldest = (check.order, found) }
    }
    return oldest?.found
      ?? idleVerification(now).flatMap { ref in
        excluding.contains(ref) ? nil : make(ref, false)
      }
  }

  // MARK: - When nothing else is to do

  /// Pending results of others for an idle agent that is proven: of some authors of each job, drawn at random, those that are
  /// gone first. Which of an author's results is drawn, too, so that accomplices cannot choose whom to confirm.
  func idleChecks(for agent: AgentRecord, limit: Int) -> [UnitRef] {
    guard policy.checkRate > 0, limit > 0, isProven(agent.key) || policy.trustedContributors.contains(agent.contributor)
    else { return [] }
    var found: [UnitRef] = []
    for id in order where found.count < limit && isOpenForChecks(id) {
      guard let job = jobs[id], job.receivedUnitCount > job.settledUnitCount else { continue }
      let authors = authors(job, limit: Farm.searchedAuthorLimit)
      for author in authors.gone + authors.present where found.count < limit {
        guard let evidence = job.evidence[author], agents[author]?.value.record.contributor != agent.contributor,
          policy.trustedContributors.contains(agent.contributor) || canPeersSettle(evidence, job)
        else { continue }
        for entry in rotated(Array(evidence.unchecked)) where found.count < limit {
          let ref = UnitRef(job: id, frame: Int(entry.frame), unit: Int(entry.unit))
          guard let unit = unit(ref), unit.checkLease == nil, unit.record.check == .none,
            canCheck(unit, agent.key, agent.contributor)
          else { continue }
          found.append(ref)
        }
      }
    }
    return found
  }

  /// From a random element on.
  private func rotated<Element>(_ elements: [Element]) -> [Element] {
    guard elements.count > 1 else { return elements }
    let start = Int(random() % UInt64(elements.count))
    return Array(elements[start...]) + elements[..<start]
  }

  /// So many authors of each job are looked at when an idle agent asks, from a random one on: asks are frequent, and where
  /// there are thousands of authors most of them have nothing for it.
  private static let searchedAuthorLimit = 64

  /// Whose results there are in a job: those that are gone, and the others.
  ///
  /// - Parameter limit: Only so many, from a random one on; nil: all.
  private func authors(_ job: Boxed<JobState>, limit: Int? = nil) -> (gone: [KeyID], present: [KeyID]) {
    var authors: (gone: [KeyID], present: [KeyID]) = ([], [])
    let all = job.value.authors
    guard !all.isEmpty else { return authors }
    let first = limit == nil ? 0 : Int(random() % UInt64(all.count))
    for offset in 0..<min(limit ?? .max, all.count) {
      let author = all[(first + offset) % all.count]
      if agents[author].map({ isPresent($0, clock) }) ?? false {
        authors.present.append(author)
      } else {
        authors.gone.append(author)
      }
    }
    return authors
  }

  /// Whether agents' checks of each of an author's waiting results would settle them.
  private func canPeersSettle(_ evidence: AgentEvidence, _ job: Boxed<JobState>) -> Bool {
    let needed = policy.trust.requiredPeerChecks(threshold: job.record.trust)
    return Double(evidence.peerCheckedCount + evidence.waitingCount) >= needed
  }

  private func idleVerification(_ now: FarmTime) -> UnitRef? {
    guard policy.checkRate > 0, policy.checksWhenIdle else { return nil }
    let isIdle = jobs.values.allSatisfy {
      $0.record.state != .active || $0.receivedUnitCount == $0.unitCount
    }
    var owners: Set<KeyID> = []
    for agent in presentAgents where agent.isProven && now - agent.lastSeen <= policy.presenceSeconds {
      owners.insert(agent.contributor)
    }
    for id in order where isOpenForVerifier(id) {
      guard let job = jobs[id], job.receivedUnitCount > job.settledUnitCount else { continue }
      // A job that wants more than agents can give is the verifier's from the beginning.
      guard isIdle || policy.trust.needsTrusted(threshold: job.record.trust) else { continue }
      let authors = authors(job)
      for author in authors.gone + authors.present {
        guard let evidence = job.evidence[author], let contributor = agents[author]?.value.record.contributor else {
          continue
        }
        // Agents will check these, and what they agreed with settles when enough of it is there.
        if owners.contains(where: { $0 != contributor }) && canPeersSettle(evidence, job) { continue }
        for entry in evidence.pending {
          let ref = UnitRef(job: id, frame: Int(entry.frame), unit: Int(entry.unit))
          guard !entry.isOutstanding, let unit = unit(ref), unit.checkLease == nil,
            unit.record.check == .none || unit.record.check == .passed
          else { continue }
          return ref
        }
      }
    }
    return nil
  }
}
