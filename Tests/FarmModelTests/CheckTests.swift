import KernelScene
import Testing

@testable import FarmModel

@Suite("Checks, disputes and credit")
struct CheckTests {
  /// Everything is checked, as on probation, and peers are believed.
  private func strict(seed: UInt64 = 1) -> TestFarm {
    TestFarm(
      seed: seed, checkRate: 1,
      policy: {
        $0.probationCount = 1_000_000
        $0.assumedCollusion = 0
      })
  }

  @Test("On probation every unit is checked; afterwards the stated share is")
  func probation() throws {
    var test = TestFarm(seed: 5, checkRate: 0.1, policy: { $0.probationCount = 20 })
    // One frame of many units: no last checks are drawn before its end.
    _ = try test.add(draft(width: 2048, height: 512, samples: 4096, tile: 16))
    let agent = try test.enter("a")
    var checked: [Bool] = []
    for _ in 0..<1000 {
      #expect(test.farm.agentViews(now: test.now)[0].isOnProbation == (checked.count < 20))
      let lease = try test.lease(agent, 1)[0]
      try test.deliver(lease)
      checked.append(test.record(lease.ref)?.check == .wanted)
      test.verify()
    }
    #expect(checked.prefix(20).allSatisfy { $0 })
    let share = Double(checked.dropFirst(20).count { $0 }) / 980
    #expect((0.07...0.13).contains(share), "\(share)")
  }

  @Test("A key that comes after a ban is checked for longer; known keys and trusted contributors are not")
  func newcomers() throws {
    var test = TestFarm(seed: 9, checkRate: 1e-9) {
      $0.probationCount = 2
      $0.newcomerProbationCount = 6
      $0.trustedContributors = [key("owner-ours")]
    }
    let job = try test.add(draft(width: 1024, height: 512, samples: 4096, tile: 16))
    let (known, liar) = (try test.enter("known"), try test.enter("liar"))
    try test.deliver(try test.lease(liar, 1)[0], lie: "a lie")
    // Its check, by the only other agent.
    try test.deliver(try test.lease(known, 1)[0])
    test.verify()
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    // Nobody is proven yet.
    let young = try test.enter("young")

    /// Units of an agent until the first one that is not checked.
    func checkedCount(_ agent: KeyID) throws -> Int {
      var count = 0
      while true {
        let lease = try test.lease(agent, 1)[0]
        try test.deliver(lease)
        if lease.isCheck { continue }
        guard test.record(lease.ref)?.check == .wanted else { return count }
        let truth = outcome(lease.ref)
        test.farm.verified(lease.ref, digest: truth.digest, counters: truth.counters)
        count += 1
      }
    }
    #expect(try checkedCount(known) == 2)
    let (new, ours) = (try test.enter("new"), try test.enter("ours", owner: "ours"))
    var records = FarmRecords()
    records.apply(test.farm.takeChanges())
    #expect(try checkedCount(young) == 2)
    #expect(try checkedCount(new) == 6)
    #expect(try checkedCount(ours) == 2)

    // A farm that is started again knows that somebody was banned, and who came after that.
    test.farm = Farm(
      restoring: records.stored, policy: test.farm.policy, kernelRevision: revision, now: test.now,
      random: seededRandom(10))
    let later = try test.enter("later")
    let newcomers = [known, young, new, ours, later].filter { test.farm.agents[$0]?.record.isNewcomer == true }
    #expect(newcomers == [new, later] && test.farm.jobs[job] != nil)
  }

  @Test("The share of checked units of a proven agent is about the check rate")
  func rate() throws {
    var test = TestFarm(seed: 6, checkRate: 0.2, policy: { $0.probationCount = 0 })
    // One frame of many units: no last checks are drawn before its end.
    let job = try test.add(draft(width: 2048, height: 512, samples: 4096, tile: 16))
    let agent = try test.enter("a")
    let units = test.farm.jobs[job]!.plan.units.count
    var (count, wanted) = (0, 0)
    while count < units / 2 {
      for lease in try test.lease(agent) {
        try test.deliver(lease)
        count += 1
        if test.record(lease.ref)?.check == .wanted { wanted += 1 }
      }
    }
    let share = Double(wanted) / Double(count)
    #expect(count > 2000)
    #expect((0.16...0.24).contains(share), "\(share) of \(count)")
  }

  @Test("A check goes to another contributor's agent, never to the same one")
  func peers() throws {
    var test = strict()
    _ = try test.add(draft(samples: 1))
    let author = try test.enter("a", owner: "one")
    let sibling = try test.enter("b", owner: "one")
    let peer = try test.enter("c", owner: "two")
    let lease = try test.lease(author, 1)[0]
    try test.deliver(lease)
    #expect(test.record(lease.ref)?.check == .wanted)
    #expect(try test.lease(author).isEmpty)
    #expect(try test.lease(sibling).isEmpty)
    // While a peer is present, the master leaves the check to it.
    #expect(test.farm.nextVerification(now: test.now, isReferee: false) == nil)
    let check = try test.lease(peer)
    #expect(check.map(\.ref) == [lease.ref])
    #expect(check[0].isCheck)
    // One check at a time.
    #expect(try test.lease(try test.enter("d", owner: "three")).isEmpty)
  }

  @Test("An equal check settles, and pays author and checker once each")
  func equalCheck() throws {
    var test = strict()
    let job = try test.add(draft(samples: 1))
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(author, 1)[0]
    try test.deliver(lease)
    #expect(test.credit("a").balance == LedgerBalance() && test.credit("a").pendingUnitCount == 1)
    #expect(test.credit("a").pendingCredit == CreditWeights.current.credit(outcome(lease.ref).counters))
    let check = try test.lease(peer, 1)[0]
    // A check's planes are not kept.
    #expect(try !test.deliver(check))
    let record = test.record(lease.ref)!
    #expect(record.state == .settled && record.check == .passed)
    #expect(
      record.checker
        == UnitRecord.Checker(
          agent: peer, contributor: key("owner-b"), lease: check.id, commitment: outcome(lease.ref)))
    #expect(test.credit("a").unitCount == 1 && test.credit("a").balance.rendered == tally(lease.ref))
    #expect(test.credit("b").unitCount == 0 && test.credit("b").balance.checked == tally(lease.ref))
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }

  @Test("Equal digests with other counters are unequal results")
  func counters() throws {
    var test = strict()
    _ = try test.add(draft(samples: 1))
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(author, 1)[0]
    var greedy = outcome(lease.ref)
    greedy.counters.rays += 1_000_000
    try test.farm.commit(lease.id, of: author, greedy, now: test.now)
    _ = try test.farm.deliver(lease.id, of: author, now: test.now)
    try test.deliver(try test.lease(peer, 1)[0])
    #expect(test.record(lease.ref)?.check == .disputed)
    test.verify()
    #expect(test.farm.agents[author]?.record.banReason != nil)
    #expect(test.credit("a") == Credit())
  }

  @Test(
    "Who showed that a result was wrong is paid for that when the unit settles, unless it renders the unit itself",
    arguments: [true, false])
  func witness(isRenderedByOther: Bool) throws {
    var test = strict()
    _ = try test.add(draft(samples: 1))
    let (liar, witness) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(liar, 1)[0]
    try test.deliver(lease, lie: "x")
    try test.deliver(try test.lease(witness, 1)[0])
    test.verify()
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    #expect(test.record(lease.ref)?.witnesses.map(\.agent) == [witness])
    #expect(test.credit("b").checkCount == 0)
    let heir = isRenderedByOther ? try test.enter("c") : witness
    let again = try #require(try test.lease(heir).first { $0.ref == lease.ref })
    try test.deliver(again)
    // If the witness checks it again, that is no second check of one contributor.
    if isRenderedByOther { try test.deliver(try test.lease(witness, 1)[0]) } else { test.verify() }
    #expect(test.record(lease.ref)?.state == .settled)
    #expect(test.credit("b").checkCount == (isRenderedByOther ? 1 : 0))
    #expect(test.credit("b").unitCount + test.credit("c").unitCount == 1)
  }

  @Test("In a dispute the master finds for the author: the checker is banned, the unit settles")
  func disputeForAuthor() throws {
    var test = strict()
    _ = try test.add(draft(samples: 1))
    let (author, liar) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(author, 1)[0]
    try test.deliver(lease)
    try test.deliver(try test.lease(liar, 1)[0], lie: "x")
    #expect(test.record(lease.ref)?.check == .disputed)
    #expect(test.record(lease.ref)?.state == .received)
    let next = test.farm.nextVerification(now: test.now, isReferee: true)
    #expect(next?.ref == lease.ref && next?.isDispute == true)
    // A plain check does not decide a dispute.
    test.farm.verified(lease.ref, digest: outcome(lease.ref).digest, counters: outcome(lease.ref).counters)
    #expect(test.record(lease.ref)?.check == .disputed)
    test.verify()
    #expect(test.record(lease.ref)?.state == .settled)
    #expect(test.farm.agents[author]?.record.banReason == nil)
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    #expect(test.credit("a").unitCount == 1 && test.credit("b") == Credit())
    #expect(faultCode { _ = try test.lease(liar) } == "banned")
    #expect(faultCode { _ = try test.enter("b", instance: "2") } == "banned")
  }

  @Test("In a dispute the master finds against the author: it is banned, the unit is rendered again")
  func disputeForChecker() throws {
    var test = strict()
    let job = try test.add(draft(samples: 1))
    let (liar, peer) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(liar, 1)[0]
    try test.deliver(lease, lie: "x")
    try test.deliver(try test.lease(peer, 1)[0])
    test.verify()
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    #expect(test.farm.agents[peer]?.record.banReason == nil)
    #expect(test.record(lease.ref)?.state == .open)
    #expect(test.record(lease.ref)?.result == nil)
    #expect(test.farm.takeEvents().contains(.planesVoid(lease.ref, lease.id)))
    let again = try test.lease(peer, 1)[0]
    #expect(again.ref == lease.ref && !again.isCheck)
    try test.deliver(again)
    test.verify()
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.credit("a") == Credit())
    #expect(test.credit("b").unitCount == 1)
  }

  @Test("A ban makes only unsettled results void, and takes all that the agent holds")
  func ban() throws {
    var test = strict()
    let job = try test.add(draft(frames: 1...8, samples: 1))
    let turncoat = try test.enter("a")
    // Four settle by the master's check, nobody else being there.
    for lease in try test.lease(turncoat, 4) { try test.deliver(lease) }
    test.verify()
    #expect(test.credit("a").unitCount == 4)
    let held = try test.lease(turncoat, 3)
    try test.deliver(held[0])
    try test.deliver(held[1], lie: "x")
    let peer = try test.enter("b")
    let checks = try test.lease(peer, 2)
    #expect(checks.allSatisfy { $0.isCheck })
    try test.deliver(checks.first { $0.ref == held[1].ref }!)
    test.verify()
    #expect(test.farm.agents[turncoat]?.record.banReason != nil)
    #expect(test.farm.agents[turncoat]?.leases.isEmpty == true)
    #expect(test.credit("a").unitCount == 4)
    for lease in held { #expect(test.record(lease.ref)?.state == .open) }
    // The check of a void result is of no use any more.
    #expect(faultCode { try test.deliver(checks.first { $0.ref == held[0].ref }!) } == "lease_gone")
    #expect(test.farm.jobView(job)?.receivedUnitCount == 4)
    try test.work([peer])
    // The author's own machine being the only one, the master checks.
    test.now += test.farm.policy.presenceSeconds + 1
    test.verify()
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.credit("a").unitCount + test.credit("b").unitCount == 8)
  }

  @Test("With a check rate of 0 results settle as they come")
  func unchecked() throws {
    var test = TestFarm(checkRate: 0)
    let job = try test.add(draft(frames: 1...2))
    try test.work([try test.enter("a")])
    #expect(test.farm.jobView(job)?.settledUnitCount == test.farm.jobView(job)?.unitCount)
    #expect(test.farm.nextVerification(now: test.now, isReferee: false) == nil)
  }

  @Test("A checker that fails or falls silent is replaced; in the end the master checks itself")
  func lostChecker() throws {
    var test = strict()
    _ = try test.add(draft(samples: 1))
    let author = try test.enter("a")
    var peers = try ["b", "c"].map { try test.enter($0) }
    let lease = try test.lease(author, 1)[0]
    try test.deliver(lease)
    // One of them was drawn, and only that one gets it.
    if test.farm.wantedChecks[lease.ref]?.checker != peers[0] { peers.reverse() }
    #expect(try test.lease(peers[1]).isEmpty)
    let failed = try test.lease(peers[0], 1)[0]
    try test.farm.fail(failed.id, of: peers[0], reason: "no", now: test.now)
    #expect(try test.lease(peers[0]).isEmpty)
    let silent = try test.lease(peers[1], 1)[0]
    #expect(silent.isCheck)
    test.now = silent.deadline
    _ = test.farm.expireLeases(now: test.now)
    // Still counted as present: it may come back.
    #expect(test.farm.nextVerification(now: test.now, isReferee: false) == nil)
    test.now += test.farm.policy.presenceSeconds
    #expect(test.farm.nextVerification(now: test.now, isReferee: false)?.ref == lease.ref)
    #expect(test.farm.nextVerification(now: test.now, isReferee: false, excluding: [lease.ref]) == nil)
    #expect(test.farm.nextVerification(now: test.now, isReferee: true) == nil)
    test.verify()
    #expect(test.record(lease.ref)?.state == .settled)
    #expect(test.record(lease.ref)?.checker == nil)
  }

  @Test("A referee that contradicts itself pauses the job and bans nobody; the check is drawn again")
  func unsteadyReferee() throws {
    var test = strict()
    let job = try test.add(draft(samples: 1))
    let (author, peer) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(author, 1)[0]
    try test.deliver(lease)
    try test.deliver(try test.lease(peer, 1)[0], lie: "x")
    test.farm.refereeFailed(lease.ref)
    #expect(test.farm.jobView(job)?.record.state == .paused)
    #expect(test.farm.jobView(job)?.record.reason?.contains("memory") == true)
    #expect(test.farm.agents.values.allSatisfy { $0.record.banReason == nil })
    #expect(test.record(lease.ref)?.check == .wanted)
    _ = try test.farm.resume(job)
    try test.deliver(try test.lease(peer, 1)[0])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }
}
