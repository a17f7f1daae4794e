import KernelScene
import SceneModel

/// Second renderings: what they say, and what follows where they differ.
///
/// Where two results differ the master's kernel renders the unit twice. If only one owner says otherwise, that one is wrong.
/// If two unrelated owners do, a third one is asked; if nobody takes the master's side it is taken to be at fault itself: the
/// job pauses and a person looks.
extension Farm {
  /// The master's verifier has rendered a unit.
  public mutating func verified(_ ref: UnitRef, digest: ContentHash, counters: WorkCounters) {
    guard let unit = unit(ref), unit.record.state == .received, unit.record.check != .disputed else { return }
    hear(UnitRecord.Opinion(checker: nil, digest: digest, counters: counters), of: ref)
  }

  /// A second rendering is here.
  mutating func hear(_ opinion: UnitRecord.Opinion, of ref: UnitRef) {
    if let checker = opinion.checker { enterLateCheck(ref, checker) }
    guard var unit = unit(ref), unit.record.state == .received, let result = unit.record.result else { return }
    if let checker = opinion.checker, !canCheck(unit, checker.agent, checker.contributor) { return }
    switch unit.record.check {
    case .disputed:
      // A third opinion, if one was asked for.
      guard opinion.checker != nil, unit.record.opinions.contains(where: { $0.checker == nil }) else { return }
      wantedChecks[ref] = nil
      unit.record.opinions.append(opinion)
      keep(unit)
      decide(ref)
    case .none, .wanted, .passed:
      let hadPassed = unit.record.check == .passed
      // Of a unit that has passed only the master's word is news.
      if hadPassed, !isTrusted(opinion.checker) { return }
      wantedChecks[ref] = nil
      if result.digest == opinion.digest, result.counters == opinion.counters {
        if hadPassed, let checker = opinion.checker { unit.record.witnesses.append(checker) }
        pass(unit, by: hadPassed ? unit.record.checker : opinion.checker, isTrusted: isTrusted(opinion.checker))
        return
      }
      if hadPassed, let checker = unit.record.checker {
        unit.record.opinions = [
          UnitRecord.Opinion(checker: checker, digest: result.digest, counters: result.counters)
        ]
      }
      if opinion.checker != nil { unit.record.opinions.append(opinion) }
      let wasPeer = hadPassed && !isTrusted(unit.record.checker)
      unit.record.check = .disputed
      unit.record.checker = nil
      keep(unit)
      jobs[ref.job]?.value.evidence[result.agent]?.revoke(result.sequence, isOutstanding: true, wasPeer: wasPeer)
      disputes.append(ref)
      review(ref.job, ref.frame)
      tell(.verificationWanted)
    }
  }

  /// A check agrees: standing grows, and there is more evidence.
  private mutating func pass(_ unit: UnitState, by checker: UnitRecord.Checker?, isTrusted: Bool) {
    guard let result = unit.record.result else { return }
    var unit = unit
    let ref = unit.record.ref
    let hadPassed = unit.record.check == .passed
    unit.record.check = .passed
    unit.record.checker = checker
    unit.record.opinions = []
    keep(unit)
    if !hadPassed {
      agents[result.agent]?.value.record.correctCount += 1
      noteStanding(result.agent)
      if let record = agents[result.agent]?.value.record { write(.agent(record)) }
      let isOurs = self.isTrusted(checker)
      jobs[ref.job]?.value.evidence[result.agent]?.pass(
        result.sequence, isDrawn: unit.record.draw.isEvidence, isTrusted: isOurs)
    }
    if isTrusted { settle(ref) }
    settleReady(ref.job, result.agent)
    review(ref.job, ref.frame)
    tell(.verificationWanted)
  }

  /// The master's kernel has rendered a disputed unit, twice, with equal results.
  public mutating func refereed(_ ref: UnitRef, digest: ContentHash, counters: WorkCounters) {
    guard var unit = unit(ref), unit.record.check == .disputed else { return }
    unit.record.opinions.removeAll { $0.checker == nil }
    unit.record.opinions.append(UnitRecord.Opinion(checker: nil, digest: digest, counters: counters))
    keep(unit)
    decide(ref)
  }

  /// Decides a dispute of which the master's kernel has spoken.
  ///
  /// - Parameter isConfirmed: A person stands by the kernel.
  mutating func decide(_ ref: UnitRef, isConfirmed: Bool = false) {
    guard var unit = unit(ref), unit.record.check == .disputed, let result = unit.record.result,
      let truth = unit.record.opinions.first(where: { $0.checker == nil })
    else { return }
    let author = UnitRecord.Checker(
      agent: result.agent, contributor: result.contributor, lease: result.lease,
      commitment: LeaseRecord.Commitment(
        digest: result.digest, counters: result.counters, signature: result.signature))
    var voices = [UnitRecord.Opinion(checker: author, digest: result.digest, counters: result.counters)]
    voices += unit.record.opinions.filter { $0.checker != nil }
    func isRight(_ voice: UnitRecord.Opinion) -> Bool {
      voice.digest == truth.digest && voice.counters == truth.counters
    }
    let wrong = voices.filter { !isRight($0) }
    guard isConfirmed || wrong.count < voices.count || Set(wrong.map(\.checker?.contributor)).count < 2 else {
      if voices.count > 2 {
        suspectOurselves(ref, wrong.count)
      } else {
        want(ref)
        if wantedChecks[ref]?.checker == nil { noThirdOpinion(ref) }
      }
      return
    }
    wantedChecks[ref] = nil
    disputes.removeAll { $0 == ref }
    // Peers who were right are paid when the unit settles. Where the author was wrong, somebody renders it again: checkers'
    // planes were not kept.
    unit.record.witnesses += voices.dropFirst().filter(isRight).compactMap(\.checker)
    keep(unit)
    if isRight(voices[0]) {
      let checker = voices.dropFirst().first(where: isRight)?.checker
      pass(unit, by: checker, isTrusted: true)
    }
    for voice in wrong { if let checker = voice.checker { ban(checker.agent, ref) } }
    // Other results waited for this.
    for job in agents[result.agent]?.value.jobs.sorted() ?? [] { settleReady(job, result.agent) }
  }

  mutating func noThirdOpinion(_ ref: UnitRef) {
    wantedChecks[ref] = nil
    suspectOurselves(ref, 2)
  }

  private mutating func suspectOurselves(_ ref: UnitRef, _ count: Int) {
    pause(
      ref.job,
      reason:
        "\(count) unrelated contributors differ from the master on a unit of frame \(ref.frame), and none agrees with it; test the master's machine and its version of glint. If the master is right, resume, and they are banned; if not, mend it and submit again",
      cause: .doubt)
  }

  /// The master's own kernel gave two results for one unit: its machine cannot be trusted either.
  public mutating func refereeFailed(_ ref: UnitRef) {
    disputes.removeAll { $0 == ref }
    if var unit = unit(ref), unit.record.check == .disputed {
      unit.record.check = .wanted
      unit.record.opinions = []
      keep(unit)
      want(ref)
      if let agent = unit.record.result?.agent { settleReady(ref.job, agent) }
      review(ref.job, ref.frame)
    }
    pause(
      ref.job,
      reason:
        "the master rendered one unit of frame \(ref.frame) twice with different results; test the master's memory, then resume",
      cause: .doubt)
  }

  // MARK: - Bans

  private mutating func ban(_ key: KeyID, _ ref: UnitRef) {
    guard var agent = agents[key]?.value, agent.record.banReason == nil else { return }
    agent.record.banReason =
      "its result for a unit of job \(ref.job), frame \(ref.frame), differs from what the master rendered"
    agent.record.banKind = .wrongResult
    agents[key]?.value.record = agent.record
    bannedCount += 1
    noteStanding(key)
    write(.agent(agent.record))
    countOwner(agent.record.contributor, -1)
    tell(.agentsChanged)
    for id in agent.leases.sorted() {
      if let lease = leases[id] { end(lease) }
    }
    for check in agent.checks where wantedChecks[check]?.checker == key { drawChecker(check) }
    agents[key]?.value.checks = []
    var unproven: [UnitRef] = []
    for job in agent.jobs.sorted() {
      guard let evidence = jobs[job]?.value.removeAuthor(key) else { continue }
      for entry in evidence.pending { void(UnitRef(job: job, frame: Int(entry.frame), unit: Int(entry.unit))) }
      unproven += evidence.unproven.sorted { ($0.frame, $0.unit) < ($1.frame, $1.unit) }
        .map { UnitRef(job: job, frame: Int($0.frame), unit: Int($0.unit)) }
    }
    revokeUnproven(key, unproven)
    agents[key]?.value.jobs = []
    // Its word does not count either.
    let vouched = (agents[key]?.value.vouched ?? []).sorted {
      ($0.job, $0.frame, $0.unit) < ($1.job, $1.frame, $1.unit)
    }
    for unit in vouched { revokeCheck(unit) }
  }

  /// The check of a unit was made by a liar.
  private mutating func revokeCheck(_ ref: UnitRef) {
    guard var unit = unit(ref), unit.record.state == .received, unit.record.check == .passed,
      let result = unit.record.result
    else { return }
    let wasPeer = !isTrusted(unit.record.checker)
    let isDrawn = unit.record.draw != .none
    unit.record.check = isDrawn ? .wanted : .none
    unit.record.checker = nil
    keep(unit)
    jobs[ref.job]?.value.evidence[result.agent]?.revoke(result.sequence, isOutstanding: isDrawn, wasPeer: wasPeer)
    agents[result.agent]?.value.record.correctCount -= 1
    noteStanding(result.agent)
    if let record = agents[result.agent]?.value.record { write(.agent(record)) }
    if isDrawn { want(ref) }
    settleReady(ref.job, result.agent)
    review(ref.job, ref.frame)
  }

  /// A banned agent's self-test differs too: its machine is broken, nobody lies, and its owner should hear that.
  public mutating func noteBrokenMachine(_ key: KeyID) {
    guard var record = agents[key]?.value.record, record.banReason != nil, record.banKind != .brokenMachine else {
      return
    }
    record.banKind = .brokenMachine
    agents[key]?.value.record = record
    write(.agent(record))
    tell(.agentsChanged)
  }
}
