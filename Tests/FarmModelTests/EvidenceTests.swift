import Testing

@testable import FarmModel

@Suite("Evidence and finality")
struct EvidenceTests {
  @Test("A result settles once enough later results passed their draws, and no draw before them is open")
  func sliding() {
    let model = TrustModel(assumedCheating: 0.1, assumedCollusion: 0.1)
    var evidence = AgentEvidence()
    let job = JobID("job")
    func ready() -> [Int] {
      evidence.resolve()
      return evidence.takeReady(model, weight: 2, peerChecks: .infinity).map {
        evidence.settle($0.sequence, UnitRef(job: job, frame: 1, unit: Int($0.unit)), isProven: $0.isChecked)
        return $0.sequence
      }
    }
    for sequence in 0..<10 {
      evidence.append(UnitRef(job: job, frame: 1, unit: sequence), sequence: sequence, isOutstanding: sequence % 3 == 1)
    }
    #expect(ready() == [])
    evidence.pass(4, isDrawn: true, isTrusted: true)
    evidence.pass(7, isDrawn: true, isTrusted: true)
    // The draw of 1 is open: nothing is known of what came after it.
    #expect(ready() == [])
    evidence.pass(1, isDrawn: true, isTrusted: true)
    // 4 and 7 speak for all before 4; 7 alone is not enough for the others.
    #expect(ready() == [0, 1, 2, 3])
    evidence.append(UnitRef(job: job, frame: 1, unit: 10), sequence: 10, isOutstanding: true)
    evidence.pass(10, isDrawn: true, isTrusted: false)
    // A peer's word counts 0.9.
    #expect(ready() == [])
    evidence.revoke(10, isOutstanding: true, wasPeer: true)
    evidence.pass(10, isDrawn: true, isTrusted: true)
    #expect(ready() == [4, 5, 6])
    #expect(evidence.pending.map(\.sequence) == [7, 8, 9, 10])
  }

  @Test("Checks that were not drawn settle their own unit only")
  func undrawn() {
    let model = TrustModel(assumedCheating: 0.1, assumedCollusion: 0.1)
    var evidence = AgentEvidence()
    for sequence in 0..<20 {
      evidence.append(UnitRef(job: JobID("job"), frame: 1, unit: sequence), sequence: sequence, isOutstanding: false)
    }
    for sequence in 10..<20 {
      evidence.pass(sequence, isDrawn: false, isTrusted: false)
      evidence.resolve()
      let ready = evidence.takeReady(model, weight: 1, peerChecks: 10).map(\.sequence)
      #expect(ready == (sequence == 19 ? Array(10..<20) : []))
    }
  }

  @Test("The required numbers of checks follow the formula")
  func requirements() {
    let model = TrustModel(assumedCheating: 0.1, assumedCollusion: 0.1)
    #expect(abs(model.requiredWeight(threshold: 1e-3) - 111.1) < 0.1)
    #expect(abs(model.requiredPeerChecks(threshold: 1e-3) - 12.35) < 0.01)
    #expect(model.requiredWeight(threshold: 0) == .infinity)
    // A single check is little evidence, none is none.
    #expect(model.error(after: TrustModel.Evidence()) == 0.1)
    #expect(model.error(after: TrustModel.Evidence(trustedCount: 40)) < 1.03e-3)
  }

  @Test("No rate of lying gets past m checks more often than the error says", arguments: [1, 3, 10, 40, 111])
  func worstRate(_ m: Int) {
    let model = TrustModel(assumedCheating: 0.2, assumedCollusion: 0.3)
    for peers in [0, m / 2, m] {
      let bound = model.error(after: TrustModel.Evidence(trustedCount: m - peers, peerCount: peers))
      for step in 1...1000 {
        let s = Double(step) / 1000
        var share = model.odds * s
        for _ in 0..<peers { share *= 1 - 0.7 * s }
        for _ in 0..<(m - peers) { share *= 1 - s }
        #expect(share <= bound || bound == model.assumedCheating, "s \(s), \(share) above \(bound)")
      }
    }
  }

  /// A farm whose agents are past probation, with random checks so rare that none is drawn.
  private func lax() -> TestFarm { TestFarm(seed: 3, checkRate: 1e-12, policy: { $0.probationCount = 0 }) }

  @Test("A frame is delivered when its units are here, and is final when checks of its units were made in idle time")
  func provisional() throws {
    var test = lax()
    let job = try test.add(draft(width: 512, height: 512, samples: 64, tile: 16))
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    let count = test.farm.jobs[job]!.plan.units.count
    while test.farm.jobView(job)!.receivedUnitCount < count {
      for lease in try test.lease(author) { try test.deliver(lease) }
    }
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.farm.jobView(job)?.settledUnitCount == 0)
    #expect(test.credit("a").balance == LedgerBalance())
    let frame = test.farm.frameViews(job)![0]
    #expect(frame.record?.state == .provisional && frame.record?.revision == 1)
    #expect(abs((frame.error ?? 0) - 0.1) < 1e-9)
    // Its planes are still needed.
    #expect(test.farm.receivedUnits(job, frame: 1).count == count)
    // The author gets none of them, the other one a few at a time.
    #expect(try test.lease(author).isEmpty)
    let first = try test.lease(peer)
    #expect(first.count == test.farm.policy.idleChecksInAnswer && first.allSatisfy { $0.isCheck })
    for lease in first { try test.deliver(lease) }
    #expect(test.farm.jobView(job)?.settledUnitCount == 0)
    try test.work([peer])
    #expect(test.farm.jobView(job)?.settledUnitCount == count)
    #expect(test.farm.isFinal(job, frame: 1))
    #expect(test.farm.takeEvents().contains(.frameFinal(job, frame: 1)))
    #expect(test.credit("a").unitCount == count && test.credit("b").checkCount == count)
    #expect(test.farm.frameViews(job)![0].error == 0)
  }

  @Test("Idle checks go to proven agents only, of any of the pending results, and not while there is work")
  func idleChecks() throws {
    var test = TestFarm(checkRate: 1e-9) { $0.probationCount = 1 }
    let first = try test.add(draft("first", frames: 1...4, samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    // One unit each, checked by the other: both are proven.
    for lease in try test.lease(a, 1) + test.lease(b, 1) { try test.deliver(lease) }
    try test.work([a, b])
    test.assemble()
    #expect(test.farm.jobView(first)?.record.state == .finished)
    let second = try test.add(draft("second", width: 512, height: 512, samples: 64, tile: 16))
    let count = test.farm.jobs[second]!.plan.units.count
    for lease in try (0..<count / 2).flatMap({ _ in try test.lease(a, 1) }) { try test.deliver(lease) }
    let stranger = try test.enter("c")
    // There is work left: b gets that, and no check.
    #expect(try test.lease(b, 1).allSatisfy { !$0.isCheck })
    while test.farm.jobView(second)!.receivedUnitCount < count - 1 {
      for lease in try test.lease(a) { try test.deliver(lease) }
    }
    #expect(try test.lease(stranger).isEmpty)
    let given = try test.lease(b)
    try #require(!given.isEmpty)
    #expect(given.count == test.farm.policy.idleChecksInAnswer && given.allSatisfy { $0.isCheck })
    // Not just the first ones.
    #expect(given.map(\.ref.unit).max()! >= test.farm.policy.idleChecksInAnswer)
  }

  @Test("What was delivered settles and is paid although the job was cancelled, or paused by its owner")
  func abandoned() throws {
    for action in ["cancel", "pause"] {
      var test = lax()
      let job = try test.add(draft(width: 1024, height: 512, samples: 64, tile: 16))
      let (author, peer) = (try test.enter("a"), try test.enter("b"))
      for _ in 0..<40 { for lease in try test.lease(author, 1) { try test.deliver(lease) } }
      _ = action == "cancel" ? try test.farm.cancel(job, now: test.now) : try test.farm.pause(job)
      try test.work([author, peer])
      #expect(test.credit("a").unitCount == 40, "\(action)")
      #expect(test.farm.jobView(job)?.record.state == (action == "cancel" ? .cancelled : .paused))
    }
  }

  @Test("With nobody of another owner the master's verifier makes it final, when no job waits for units")
  func verifierInIdleTime() throws {
    var test = lax()
    let job = try test.add(draft(frames: 1...2, samples: 16))
    let author = try test.enter("a")
    while test.farm.jobView(job)!.receivedUnitCount < test.farm.jobView(job)!.unitCount {
      #expect(test.farm.nextVerification(now: test.now, isReferee: false) == nil)
      for lease in try test.lease(author, 1) { try test.deliver(lease) }
    }
    test.assemble()
    test.verify()
    #expect(test.farm.isFinal(job, frame: 1) && test.farm.isFinal(job, frame: 2))
    #expect(test.credit("a").unitCount == test.farm.jobView(job)?.unitCount)
  }

  @Test("A ban reopens delivered frames: only void units are rendered again, and the picture gets a new revision")
  func reopening() throws {
    var test = lax()
    let job = try test.add(draft(frames: 1...2, width: 512, height: 512, samples: 64, tile: 16))
    let (liar, peer) = (try test.enter("a"), try test.enter("b"))
    let count = test.farm.jobs[job]!.plan.units.count
    var lie: UnitRef?
    while test.farm.jobView(job)!.receivedUnitCount < 2 * count {
      for (agent, name) in [(liar, "a"), (peer, "b")] {
        for lease in try test.lease(agent, 3) where test.farm.jobView(job)!.receivedUnitCount < 2 * count {
          let isLie = name == "a" && lie == nil && lease.ref.frame == 1 && !lease.isCheck
          if isLie { lie = lease.ref }
          try test.deliver(lease, lie: isLie ? "x" : "")
        }
      }
    }
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    let kept = test.farm.receivedUnits(job, frame: 1).filter { $0.result.agent == peer }
    #expect(!kept.isEmpty && kept.count < count)
    let views = test.farm.frameViews(job)!
    // Not a newcomer, whose units would wait for their checks.
    let other = try test.enter("c")
    // The master looks at the lie.
    test.farm.verified(lie!, digest: outcome(lie!).digest, counters: outcome(lie!).counters)
    test.farm.refereed(lie!, digest: outcome(lie!).digest, counters: outcome(lie!).counters)
    #expect(test.farm.agents[liar]?.record.banReason != nil && test.farm.agents[liar]?.record.banKind == .wrongResult)
    #expect(test.farm.takeEvents().contains(.frameReopened(job, frame: 1)))
    #expect(test.farm.jobView(job)?.record.state == .active)
    #expect(test.farm.frameViews(job)![0].record?.state == .reopened)
    #expect(test.farm.receivedUnits(job, frame: 1).map(\.ref) == kept.map(\.ref))
    let before = test.farm.agents[peer]!.record.unitCount
    while test.farm.jobView(job)!.receivedUnitCount < 2 * count {
      for lease in try test.lease(other, 8) { try test.deliver(lease) }
    }
    #expect(test.farm.agents[peer]!.record.unitCount == before)
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    let frame = test.farm.frameViews(job)![0]
    #expect(frame.record?.state == .provisional && frame.record?.revision == 2)
    // A frame without units of the liar is left as it was.
    if views[1].record?.revision == 1, test.farm.frameViews(job)![1].record?.revision == 1 {
      #expect(test.farm.frameViews(job)![1].record == views[1].record)
    }
    try test.work([peer, other])
    #expect(test.farm.isFinal(job, frame: 1) && test.farm.isFinal(job, frame: 2))
    #expect(test.credit("a").balance == LedgerBalance())
  }

  @Test("An attempt to make a picture does not count when its units turned out void meanwhile")
  func staleAttempt() throws {
    var test = lax()
    let job = try test.add(draft(samples: 1))
    let (liar, other) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(liar, 1)[0]
    try test.deliver(lease, lie: "x")
    let attempt = test.farm.assembly(job, frame: 1)
    #expect(attempt != nil)
    test.farm.verified(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    test.farm.refereed(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    #expect(test.farm.assembly(job, frame: 1) == nil)
    try test.deliver(try test.lease(other, 1)[0])
    let digest = outcome(lease.ref).digest
    test.farm.frameAssembled(job, frame: 1, attempt: attempt, digest: digest, now: test.now)
    #expect(!test.farm.isDelivered(job, frame: 1))
    test.farm.frameAssembled(
      job, frame: 1, attempt: test.farm.assembly(job, frame: 1), digest: digest, now: test.now)
    #expect(test.farm.isDelivered(job, frame: 1))
  }

  @Test("Units of an agent on probation are in no picture before they were checked")
  func heldBack() throws {
    var test = TestFarm(seed: 4, checkRate: 0.05, policy: { $0.probationCount = 3 })
    let job = try test.add(draft(samples: 1))
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    try test.deliver(try test.lease(author, 1)[0])
    #expect(test.farm.assembly(job, frame: 1) == nil)
    try test.deliver(try test.lease(peer, 1)[0])
    #expect(test.farm.assembly(job, frame: 1) != nil)
    // One peer's word is not enough to pay for it.
    #expect(test.farm.jobView(job)?.settledUnitCount == 0)
    test.assemble()
    test.now += 100
    test.verify()
    #expect(test.farm.jobView(job)?.settledUnitCount == 1)
    #expect(test.farm.isFinal(job, frame: 1))
  }

  @Test("A job that wants more than agents can give is checked by the master from the beginning")
  func strictJob() throws {
    var test = lax()
    var wish = draft(frames: 1...2, samples: 16)
    wish.trust = 1e-6
    let job = try test.add(wish)
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    try test.deliver(try test.lease(author, 1)[0])
    let next = test.farm.nextVerification(now: test.now, isReferee: false)
    #expect(next?.ref.job == job)
    try test.work([author, peer])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.farm.jobView(job)?.settledUnitCount == 0)
    test.verify()
    #expect(test.farm.isFinal(job, frame: 1) && test.farm.isFinal(job, frame: 2))
  }

  @Test("Two that cover up for each other are found by the master, and a third owner confirms it: both are banned")
  func collusion() throws {
    var test = lax()
    _ = try test.add(draft(frames: 1...4, samples: 1))
    let (a, b, third) = (try test.enter("a"), try test.enter("b"), try test.enter("c"))
    let lease = try test.lease(a, 1)[0]
    try test.deliver(lease, lie: "together")
    // An idle check by its accomplice.
    test.farm.hear(
      UnitRecord.Opinion(
        checker: UnitRecord.Checker(
          agent: b, contributor: key("owner-b"), lease: LeaseID(random: 1, 2),
          commitment: outcome(lease.ref, lie: "together")),
        digest: outcome(lease.ref, lie: "together").digest, counters: outcome(lease.ref).counters), of: lease.ref)
    #expect(test.record(lease.ref)?.check == .passed)
    test.farm.verified(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    #expect(test.record(lease.ref)?.check == .disputed)
    test.farm.refereed(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    // Two owners against the master: a third one is asked, and cannot tell.
    #expect(test.farm.agents.values.allSatisfy { $0.record.banReason == nil })
    #expect(test.farm.nextVerification(now: test.now, isReferee: true) == nil)
    #expect(try !test.lease(a, 8).contains { $0.isCheck } && !test.lease(b, 8).contains { $0.isCheck })
    let check = try test.lease(third, 8).first { $0.isCheck }!
    #expect(check.ref == lease.ref)
    try test.deliver(check)
    #expect(test.farm.agents[a]?.record.banReason != nil && test.farm.agents[b]?.record.banReason != nil)
    #expect(test.farm.agents[third]?.record.banReason == nil)
    #expect(test.record(lease.ref)?.state == .open)
  }

  @Test(
    "Where unrelated owners agree against the master, the job pauses as our own fault; resumed, the master's word holds"
  )
  func ourFault() throws {
    var test = TestFarm(seed: 1, checkRate: 1, policy: { $0.probationCount = 100 })
    let job = try test.add(draft(samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(a, 1)[0]
    try test.deliver(lease, lie: "other bits")
    try test.deliver(try test.lease(b, 1)[0], lie: "other bits")
    test.now += 100
    test.farm.verified(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    test.farm.refereed(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    #expect(test.farm.jobView(job)?.record.state == .paused)
    #expect(test.farm.jobView(job)?.record.reason?.contains("2 unrelated contributors") == true)
    #expect(test.farm.jobView(job)?.record.pauseCause == .doubt)
    #expect(try test.farm.pause(job).pauseCause == .doubt && test.farm.setBudget(job, 0).pauseCause == .doubt)
    _ = try test.farm.setBudget(job, nil)
    #expect(test.farm.agents.values.allSatisfy { $0.record.banReason == nil })
    #expect(test.record(lease.ref)?.state == .received)
    _ = try test.farm.resume(job)
    #expect(test.farm.agents.values.allSatisfy { $0.record.banReason != nil })
    #expect(test.record(lease.ref)?.state == .open)
  }

  @Test("What a liar vouched for is checked again")
  func revokedChecks() throws {
    var test = TestFarm(seed: 2, checkRate: 1, policy: { $0.probationCount = 100 })
    let job = try test.add(draft(frames: 1...2, samples: 1))
    let (author, liar) = (try test.enter("a"), try test.enter("b"))
    let leases = try test.lease(author, 2)
    for lease in leases { try test.deliver(lease) }
    let checks = try test.lease(liar, 2)
    try test.deliver(checks[0])
    #expect(test.record(checks[0].ref)?.check == .passed)
    #expect(test.farm.agents[author]?.record.correctCount == 1)
    try test.deliver(checks[1], lie: "x")
    test.verify()
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    // The master checked it meanwhile, nobody else being there.
    #expect(test.record(checks[0].ref)?.checker == nil)
    #expect(test.farm.jobView(job)?.settledUnitCount == 2)
    #expect(test.credit("a").unitCount == 2 && test.credit("b") == Credit())
  }

  @Test("A machine that fails its self-test as well hears that it is broken, not that it lies")
  func brokenMachine() throws {
    var test = lax()
    _ = try test.add(draft(samples: 1))
    let agent = try test.enter("a")
    test.farm.noteBrokenMachine(agent)
    #expect(test.farm.agents[agent]?.record.banKind == nil)
    let lease = try test.lease(agent, 1)[0]
    try test.deliver(lease, lie: "x")
    test.farm.verified(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    test.farm.refereed(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    #expect(faultCode { _ = try test.lease(agent) } == "banned")
    test.farm.noteBrokenMachine(agent)
    #expect(faultCode { _ = try test.lease(agent) } == "broken_machine")
  }

  @Test("Who checks is drawn: one that asks more often gets no more of the checks")
  func drawnCheckers() throws {
    var test = TestFarm(seed: 8, checkRate: 1, policy: { $0.probationCount = 1_000_000 })
    _ = try test.add(draft(width: 1024, height: 512, samples: 4096, tile: 16))
    let author = try test.enter("a")
    let peers = try (0..<4).map { try test.enter("p\($0)") }
    for _ in 0..<20 { for lease in try test.lease(author, 20) { try test.deliver(lease) } }
    var counts = [0, 0, 0, 0]
    for (index, peer) in peers.enumerated() {
      for _ in 0..<(index == 0 ? 100 : 10) {
        let leases = try test.lease(peer, 32).filter(\.isCheck)
        counts[index] += leases.count
        for lease in leases { try test.deliver(lease) }
      }
    }
    #expect(counts.reduce(0, +) == 400)
    #expect(counts.allSatisfy { (70...130).contains($0) }, "\(counts)")
  }
}
