import SceneModel
import Testing

@testable import FarmModel

@Suite("Jobs")
struct JobTests {
  @Test("The same request twice makes one job")
  func idempotence() throws {
    var test = TestFarm()
    let first = try test.farm.createJob(draft("a"), now: test.now)
    test.now += 5
    let second = try test.farm.createJob(draft("a"), now: test.now)
    #expect(first == second)
    #expect(test.farm.jobViews.count == 1)
    #expect(first.createdAt == 1000)
    let other = try test.farm.createJob(draft("b"), now: test.now)
    #expect(other.id != first.id)
    // Newest first.
    #expect(test.farm.jobViews.map(\.record.id) == [other.id, first.id])
  }

  struct BadValue: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout JobRecord) -> Void

    init(_ description: String, _ change: @escaping @Sendable (inout JobRecord) -> Void) {
      testDescription = description
      self.change = change
    }

    static let all = [
      BadValue("width 0") { $0.spec.width = 0 }, BadValue("width too large") { $0.spec.width = 16_385 },
      BadValue("height -1") { $0.spec.height = -1 }, BadValue("samples 0") { $0.spec.samples = 0 },
      BadValue("samples too many") { $0.spec.samples = 65_537 }, BadValue("bounces 256") { $0.spec.bounces = 256 },
      BadValue("camera -1") { $0.spec.camera = -1 }, BadValue("filter") { $0.spec.filter = "gauss" },
      BadValue("kernel") { $0.spec.kernelRevision = revision + 1 },
      BadValue("view") { $0.picture.view = "film" }, BadValue("exposure") { $0.picture.exposure = .nan },
      BadValue("exposure infinite") { $0.picture.exposure = .infinity }, BadValue("depth") { $0.picture.depth = 12 },
      BadValue("tile 0") { $0.tile = 0 }, BadValue("tile 20") { $0.tile = 20 },
      BadValue("tile 2048") { $0.tile = 2048 },
      BadValue("priority") { $0.priority = 101 }, BadValue("frames none") { $0.frames = FrameNumbers() },
      BadValue("frames too early") { $0.frames = FrameNumbers([-1_000_001, 3]) },
      BadValue("frames too late") { $0.frames = FrameNumbers([3, 1_000_001]) },
      // Runs of two, so that no step shortens the list.
      BadValue("frames too many words") { $0.frames = FrameNumbers((1...8000).filter { $0 % 3 > 0 }) },
      BadValue("units too many") {
        $0.frames = FrameNumbers(1...100_000)
        $0.spec.width = 16_384
        $0.spec.height = 16_384
      },
    ]
  }

  @Test("A value out of bounds is refused by name, and leaves no trace", arguments: BadValue.all)
  func badValues(_ value: BadValue) throws {
    var test = TestFarm()
    var job = draft(frames: 1...2)
    value.change(&job)
    #expect {
      _ = try test.farm.createJob(job, now: test.now)
    } throws: { error in
      let fault = error as? FarmFault
      let subject = value.testDescription.split(separator: " ")[0]
      return fault?.kind == .refused && fault?.code == "bad_job"
        && fault?.description.lowercased().contains(subject.lowercased().dropLast()) == true
    }
    #expect(test.farm.jobViews.isEmpty)
    #expect(test.farm.takeChanges().isEmpty)
  }

  @Test("A paused job gives out nothing but takes what is under way; resumed it goes on")
  func pausing() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...2, samples: 1))
    let agent = try test.enter("a")
    let lease = try test.lease(agent, 1)[0]
    #expect(try test.farm.pause(job).state == .paused)
    #expect(try test.farm.pause(job).state == .paused)
    #expect(try test.lease(agent).isEmpty)
    #expect(try test.deliver(lease))
    #expect(try test.farm.resume(job).state == .active)
    #expect(try test.farm.resume(job).state == .active)
    try test.work([agent])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }

  @Test("A cancelled job takes nothing more, and keeps what is done for a retry")
  func cancelling() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...3, samples: 1))
    let agent = try test.enter("a")
    let leases = try test.lease(agent, 2)
    try test.deliver(leases[0])
    #expect(try test.farm.cancel(job, now: test.now).state == .cancelled)
    #expect(try test.farm.cancel(job, now: test.now).state == .cancelled)
    #expect(test.farm.leases.isEmpty)
    #expect(faultCode { try test.deliver(leases[1]) } == "lease_gone")
    #expect(try test.lease(agent).isEmpty)
    #expect(try test.farm.retry(job).endedAt == nil)
    try test.work([agent])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.credit("a").unitCount == 3)
  }

  @Test("An action that a job's state does not allow is a conflict that names the state")
  func conflicts() throws {
    var test = TestFarm()
    let agent = try test.enter("a")
    let finished = try test.add(draft("finished", samples: 1))
    try test.work([agent])
    test.assemble()
    let cancelled = try test.add(draft("cancelled"))
    _ = try test.farm.cancel(cancelled, now: test.now)
    let paused = try test.add(draft("paused"))
    _ = try test.farm.pause(paused)
    let now = test.now
    let wrong: [(JobID, String, (inout Farm) throws -> JobRecord)] = [
      (finished, "finished", { try $0.pause(finished) }), (finished, "finished", { try $0.resume(finished) }),
      (finished, "finished", { try $0.cancel(finished, now: now) }), (finished, "finished", { try $0.retry(finished) }),
      (cancelled, "cancelled", { try $0.pause(cancelled) }), (cancelled, "cancelled", { try $0.resume(cancelled) }),
      (paused, "paused", { try $0.retry(paused) }),
    ]
    for (id, state, action) in wrong {
      let before = test.farm.jobView(id)?.record
      #expect {
        _ = try action(&test.farm)
      } throws: { error in
        let fault = error as? FarmFault
        return fault?.kind == .conflict && fault?.code == "wrong_state" && fault?.description.contains(state) == true
      }
      #expect(test.farm.jobView(id)?.record == before)
    }
    #expect(faultCode { _ = try test.farm.pause(JobID("none")) } == "no_job")
    #expect(faultCode { _ = try test.farm.setPriority(JobID("none"), 1) } == "no_job")
  }

  @Test("The highest priority goes first, then the oldest")
  func priority() throws {
    var test = TestFarm()
    let old = try test.add(draft("old", samples: 1))
    test.now += 1
    let new = try test.add(draft("new", frames: 1...2, samples: 1))
    test.now += 1
    let urgent = try test.add(draft("urgent", samples: 1, priority: 5))
    let agent = try test.enter("a")
    #expect(try test.lease(agent, 1)[0].ref.job == urgent)
    _ = try test.farm.setPriority(new, 3)
    #expect(try test.lease(agent, 1)[0].ref.job == new)
    _ = try test.farm.setPriority(new, -100)
    #expect(try test.lease(agent, 2).map(\.ref.job) == [old, new])
    #expect(faultCode { _ = try test.farm.setPriority(new, 101) } == "bad_priority")
  }

  @Test("A frame is put together once, when all its units hold, and its record says what it took")
  func assembling() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 3...4))
    let agent = try test.enter("a")
    let units = test.farm.jobs[job]!.plan.units.count
    try test.work([agent])
    let requests = test.farm.takeEvents().compactMap { event -> Int? in
      if case .assemble(job, let frame) = event { frame } else { nil }
    }
    #expect(requests.sorted() == [3, 4])
    #expect(test.farm.receivedUnits(job, frame: 3).map(\.ref.unit).sorted() == Array(0..<units))
    let digest = outcome(UnitRef(job: job, frame: 3, unit: 0)).digest
    test.farm.frameAssembled(job, frame: 3, digest: digest, now: test.now)
    // Repeated: no effect.
    test.farm.frameAssembled(job, frame: 3, digest: outcome(UnitRef(job: job, frame: 4, unit: 0)).digest, now: test.now)
    let frame = test.farm.frameViews(job)!.first { $0.number == 3 }!
    #expect(frame.record?.digest == digest)
    let rays = (0..<units).map { unit in
      let counters = outcome(UnitRef(job: job, frame: 3, unit: unit)).counters
      return counters.rays + counters.shadowRays
    }.reduce(0, +)
    #expect(frame.record?.rays == rays)
    #expect(test.farm.jobView(job)?.record.state == .active)
    #expect(test.farm.isFinal(job, frame: 3) && !test.farm.isDelivered(job, frame: 4))
    test.farm.frameAssembled(job, frame: 4, digest: digest, now: test.now + 7)
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(test.farm.jobView(job)?.record.endedAt == test.now + 7)
  }

  @Test("A job with gaps and negative numbers has exactly its frames, and ends with them, restart or not")
  func gaps() throws {
    let numbers = [-5, -4, 1, 4, 9]
    var test = TestFarm(checkRate: 1)
    var ledger = Ledger()
    let job = try test.add(draft(numbers: FrameNumbers(numbers), samples: 8))
    let agents = [try test.enter("a"), try test.enter("b")]
    #expect(test.farm.jobView(job)?.unitCount == 5 * test.farm.jobs[job]!.plan.units.count)
    #expect(test.farm.frameViews(job)?.map(\.number) == numbers)
    // The master starts again while units are out.
    for lease in try test.lease(agents[0], 5).dropLast(2) { try test.deliver(lease) }
    ledger.apply(test.farm.takeChanges())
    test.farm = Farm(
      restoring: ledger.stored, policy: test.farm.policy, kernelRevision: revision, now: test.now,
      random: seededRandom(3))
    #expect(test.farm.jobView(job)?.record.frames == FrameNumbers(numbers))
    #expect(test.farm.jobView(job)?.receivedUnitCount == 3)
    for lease in test.farm.leases.values.sorted(by: { $0.id < $1.id }) { try test.deliver(lease) }
    var assembled: Set<Int> = []
    for _ in 0..<4 {
      try test.work(agents)
      // No agent is proven, and none is left that could become so: the master checks.
      test.now += 100
      test.verify()
      let events = test.farm.takeEvents()
      for case .assemble(job, let frame) in events {
        assembled.insert(frame)
        test.farm.frameAssembled(job, frame: frame, digest: ContentHash(hashing: []), now: test.now)
      }
    }
    #expect(assembled == Set(numbers))
    let view = try #require(test.farm.jobView(job))
    #expect(view.record.state == .finished && view.finishedFrameCount == 5 && view.finalFrameCount == 5)
    for number in -6...10 {
      #expect(test.farm.isFinal(job, frame: number) == numbers.contains(number), "\(number)")
    }
    // Every settled unit is in the ledger, with its frame's number.
    ledger.apply(test.farm.takeChanges())
    let paid = ledger.entries.filter { $0.work == .rendered }
    #expect(Set(paid.map { Int($0.frame) }) == Set(numbers) && paid.count == view.unitCount)
  }

  @Test("A frame whose picture could not be made is put together again when its job is resumed")
  func assemblingAgain() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 3...4))
    let agent = try test.enter("a")
    try test.work([agent])
    let digest = outcome(UnitRef(job: job, frame: 3, unit: 0)).digest
    test.farm.frameAssembled(job, frame: 3, digest: digest, now: test.now)
    test.farm.pause(job, reason: "the disk is full")
    _ = test.farm.takeEvents()
    _ = try test.farm.resume(job)
    let requests = test.farm.takeEvents().compactMap { event -> Int? in
      if case .assemble(job, let frame) = event { frame } else { nil }
    }
    #expect(requests == [4])
    test.farm.frameAssembled(job, frame: 4, digest: digest, now: test.now)
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }

  @Test(
    "A job of another kernel revision ends with the reason, nothing of it is handed out, checked or credited, and the records of its units stay"
  )
  func otherRevision() throws {
    var test = TestFarm()
    var ledger = Ledger()
    let old = try test.add(draft("old", frames: 1...3))
    let agent = try test.enter("a")
    // One frame is delivered; of another a unit is here and one in work.
    for lease in try test.lease(agent, 100) where lease.ref.frame == 1 { try test.deliver(lease) }
    test.assemble()
    let leases = try test.lease(agent, 2)
    if let lease = leases.first { try test.deliver(lease) }
    let done = try test.add(draft("done"))
    try test.work([agent])
    test.assemble()
    ledger.apply(test.farm.takeChanges())
    let before = ledger.stored
    var farm = Farm(
      restoring: before, policy: test.farm.policy, kernelRevision: revision + 1, now: test.now + 1,
      random: seededRandom(2))
    let record = try #require(farm.jobView(old)?.record)
    #expect(record.state == .failed)
    let reason = try #require(record.reason)
    #expect(reason.contains("kernel revision \(revision)") && reason.contains("\(revision + 1)"))
    #expect(farm.jobView(done)?.record.state == .finished)
    #expect(farm.isDelivered(done, frame: 1) && farm.isDelivered(old, frame: 1))
    #expect(farm.inconsistency() == nil)
    var events = farm.takeEvents()
    let newcomer = agentRecord("b", owner: "b", kernelRevision: revision + 1)
    try farm.register(newcomer, now: test.now)
    #expect(try farm.lease(to: newcomer.key, count: 32, prepared: [], now: test.now).isEmpty)
    #expect(farm.nextVerification(now: test.now, isReferee: false) == nil)
    #expect(faultCode { _ = try farm.retry(old) } == "wrong_state")
    events += farm.takeEvents()
    let isAssembling = events.contains { if case .assemble = $0 { true } else { false } }
    #expect(!isAssembling)
    #expect(reason.contains("submit it again") && reason.contains("copy of the data folder"))
    #expect(!reason.contains("retry"))
    // Nothing of what is kept of its units has changed: by them alone it could go on.
    ledger.apply(farm.takeChanges())
    #expect(ledger.stored.units == before.units)
    farm = Farm(
      restoring: ledger.stored, policy: test.farm.policy, kernelRevision: revision, now: test.now + 2,
      random: seededRandom(3))
    #expect(try farm.retry(old).state == .active)
    #expect(try !farm.lease(to: agent, count: 32, prepared: [], now: test.now + 2).isEmpty)
    #expect(farm.inconsistency() == nil)
  }

  @Test("A budget counts what is pending and what is in hand, so many agents at once hardly overrun it")
  func budget() throws {
    var test = TestFarm(checkRate: 1e-12) {
      $0.probationCount = 0
      $0.checksWhenIdle = false
    }
    var record = draft(width: 1024, height: 1024, samples: 64, tile: 64)
    // Of some hundred units' worth fifty.
    let budget = 50 * CreditWeights.current.credit(outcome(UnitRef(job: JobID("x"), frame: 1, unit: 30)).counters)
    record.budget = budget
    let job = try test.add(record)
    let agents = try (0..<12).map { try test.enter("a\($0)") }
    var held: [LeaseRecord] = []
    for _ in 0..<40 {
      for agent in agents { held += try test.lease(agent, 16) }
      for lease in held { try test.deliver(lease) }
      held = []
    }
    let cost = test.farm.committedCost(of: job)
    #expect(test.farm.jobs[job]?.record.state == .paused)
    #expect(test.farm.cost(of: job) == 0)
    #expect(cost >= budget && cost < 2 * UInt128(budget), "\(cost) of \(budget)")
    let reason = try #require(test.farm.jobs[job]?.record.reason)
    #expect(reason.contains("budget of \(budget)") && reason.contains("pending"))
    #expect(try test.farm.setBudget(job, budget).state == .paused)
    #expect(try test.farm.setBudget(job, 100 * budget).state == .active)
  }

  @Test("A finished job of another kernel revision says why its provisional pictures stay so, until its own is back")
  func otherRevisionFinished() throws {
    var test = pendingFarm()
    var ledger = Ledger()
    let job = try test.add(draft(frames: 1...2, samples: 1))
    try test.work([try test.enter("a")])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished && !test.farm.isFinal(job, frame: 1))
    ledger.apply(test.farm.takeChanges())
    func restored(_ kernel: Int) -> Farm {
      var farm = Farm(
        restoring: ledger.stored, policy: test.farm.policy, kernelRevision: kernel, now: test.now + 1,
        random: seededRandom(2))
      ledger.apply(farm.takeChanges())
      return farm
    }
    for _ in 0..<2 {
      let record = try #require(restored(revision + 1).jobView(job)?.record)
      #expect(record.state == .finished)
      #expect(record.reason?.hasPrefix("2 of its pictures stay provisional") == true)
      #expect(record.reason?.contains("kernel revision \(revision)") == true)
    }
    #expect(restored(revision).jobView(job)?.record.reason == nil)
    #expect(ledger.stored.jobs.first?.reason == nil)
  }

  // MARK: - Pauses and budgets

  /// Nothing is drawn, so that everything stays pending.
  private func pendingFarm(_ change: (inout FarmPolicy) -> Void = { _ in }) -> TestFarm {
    TestFarm(checkRate: 1e-12) {
      $0.probationCount = 0
      $0.checksWhenIdle = false
      change(&$0)
    }
  }

  private func credit(_ ref: UnitRef) -> UInt64 { CreditWeights.current.credit(outcome(ref).counters) }

  @Test("A liar whose claims pause a job for its budget is still found out, and then the job goes on by itself")
  func claimedBudget() throws {
    var test = TestFarm(checkRate: 1) { $0.probationCount = 100 }
    var record = draft(frames: 1...2)
    record.budget = 1_000_000
    let job = try test.add(record)
    let liar = try test.enter("a")
    let lease = try test.lease(liar, 1)[0]
    var claim = outcome(lease.ref, lie: "more")
    claim.counters.rays = 1 << 40
    try test.farm.commit(lease.id, of: liar, claim, now: test.now)
    #expect(try test.farm.deliver(lease.id, of: liar, now: test.now))
    #expect(test.farm.jobs[job]?.record.pauseCause == .budget)
    let honest = try test.enter("b")
    let checks = try test.lease(honest)
    #expect(checks.map(\.ref) == [lease.ref] && checks.allSatisfy(\.isCheck))
    try test.deliver(checks[0])
    #expect(test.record(lease.ref)?.check == .disputed)
    #expect(test.farm.jobs[job]?.record.state == .paused)
    #expect(test.farm.nextVerification(now: test.now, isReferee: true)?.isDispute == true)
    test.verify()
    #expect(test.farm.agents[liar]?.record.banReason != nil)
    let after = try #require(test.farm.jobs[job]?.record)
    #expect(after.state == .active && after.reason == nil && after.pauseCause == nil)
    #expect(test.farm.committedCost(of: job) == 0 && test.farm.inconsistency() == nil)
    try test.work([honest])
    test.verify()
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }

  @Test("Claims of any size are counted, and their sum shown as far as it goes")
  func hugeClaims() throws {
    var test = pendingFarm()
    let job = try test.add(draft(width: 1024, height: 1024, samples: 1))
    let liar = try test.enter("a")
    var counters = outcome(UnitRef(job: job, frame: 1, unit: 0)).counters
    counters.rays = LedgerEntry.counterLimit
    counters.shadowRays = LedgerEntry.counterLimit
    counters.shadingEvaluations = LedgerEntry.counterLimit
    let one = UInt128(CreditWeights.current.credit(counters))
    let template = UnitRecord(UnitRef(job: job, frame: 1, unit: 0))
    var sum = JobState(test.farm.jobs[job]!.record)
    var claim = template
    claim.state = .received
    claim.result = UnitRecord.Result(
      agent: liar, contributor: key("owner-a"), digest: outcome(claim.ref).digest, counters: counters,
      signature: signature("x"), lease: LeaseID(random: 1, 2), seconds: 1, sequence: 0)
    for _ in 0..<40_000 { sum.countCost(of: claim, 1, isPeered: true) }
    #expect(sum.pendingCredit == 40_000 * one)
    for _ in 0..<40_000 { sum.countCost(of: claim, -1, isPeered: true) }
    #expect(sum.pendingCredit == 0 && sum.donePathCount == 0)
    var credit = Credit()
    for _ in 0..<40_000 { credit.addPending(counters) }
    #expect(credit.pendingCredit == .max)
  }

  @Test("A drawn check is in the cost while agents of another owner may make it, not where only the verifier can")
  func checkCost() throws {
    var test = TestFarm(checkRate: 1) { $0.probationCount = 100 }
    let job = try test.add(draft(samples: 1))
    let author = try test.enter("a")
    let leases = try test.lease(author, 3)
    for lease in leases { try test.deliver(lease) }
    let once = leases.reduce(UInt128(0)) { $0 + UInt128(credit($1.ref)) }
    // One owner alone.
    #expect(test.farm.committedCost(of: job) == once)
    let peer = try test.enter("b")
    #expect(test.farm.committedCost(of: job) == 2 * once)
    let check = try test.lease(peer, 1)[0]
    try test.deliver(check)
    #expect(test.farm.committedCost(of: job) == 2 * once)
    // The other owner is gone: the verifier makes the rest, which cost nothing.
    test.now += 1000
    test.farm.tick(test.now)
    test.verify()
    #expect(test.farm.committedCost(of: job) == once + UInt128(credit(check.ref)))
    #expect(test.farm.cost(of: job) == test.farm.committedCost(of: job))
    #expect(test.farm.inconsistency() == nil)
  }

  @Test("A job whose checks turn out to cost nothing goes on by itself, and with a raised budget too")
  func budgetFreed() throws {
    var test = TestFarm(checkRate: 1) { $0.probationCount = 100 }
    var record = draft(frames: 1...10, width: 256, height: 256)
    let job = JobID("x")
    record.budget = 3 * credit(UnitRef(job: job, frame: 1, unit: 1))
    let id = try test.add(record)
    let (author, _) = (try test.enter("a"), try test.enter("b"))
    while let lease = try test.lease(author, 1).first { try test.deliver(lease) }
    #expect(test.farm.jobs[id]?.record.pauseCause == .budget)
    let before = test.farm.committedCost(of: id)
    // Not yet enough: the reason names the new one.
    #expect(try test.farm.setBudget(id, UInt64(before)).reason?.contains("budget of \(before)") == true)
    #expect(test.farm.jobs[id]?.record.state == .paused)
    test.now += 1000
    test.farm.tick(test.now)
    test.verify()
    let after = try #require(test.farm.jobs[id]?.record)
    #expect(test.farm.committedCost(of: id) < before)
    #expect(after.state == .active && after.reason == nil)
    // Lowered again, it pauses without anybody's work; raised, it goes on.
    #expect(try test.farm.setBudget(id, 1).pauseCause == .budget)
    #expect(try test.farm.resume(id).pauseCause == .budget)
    #expect(try test.farm.setBudget(id, UInt64(before)).state == .active)
  }

  @Test("A job that its owner pauses while it waits for its budget stays paused when there is room again")
  func ownerPause() throws {
    var test = pendingFarm()
    var record = draft()
    record.budget = 1
    let job = try test.add(record)
    let agent = try test.enter("a")
    try test.deliver(try test.lease(agent, 1)[0])
    #expect(test.farm.jobs[job]?.record.pauseCause == .budget)
    let paused = try test.farm.pause(job)
    #expect(paused.pauseCause == .owner && paused.reason == nil)
    #expect(try test.farm.setBudget(job, nil).state == .paused)
    #expect(try test.farm.resume(job).state == .active)
    #expect(test.farm.jobs[job]?.record.pauseCause == nil)
  }

  @Test("A budget below the price of a path pauses the job with its reason", arguments: [0, 1, 5])
  func smallBudget(budget: UInt64) throws {
    var test = pendingFarm()
    var record = draft(frames: 1...10, width: 256, height: 256)
    record.budget = budget
    record.estimatedCredit = 1 << 50
    let job = try test.add(record)
    let agent = try test.enter("a")
    let leases = try test.lease(agent)
    #expect(leases.count == (budget > 0 ? 1 : 0))
    #expect(try test.lease(agent).isEmpty)
    for lease in leases { try test.deliver(lease) }
    let paused = try #require(test.farm.jobs[job]?.record)
    #expect(paused.pauseCause == .budget && paused.reason?.contains("glint budget \(job)") == true)
  }

  @Test("Near the end of its budget a job is worked on until it pauses")
  func endOfBudget() throws {
    var test = pendingFarm()
    // A path costs more than one credit.
    let job = try test.add(draft(frames: 1...10, width: 16, height: 16, samples: 1))
    let agent = try test.enter("a")
    for lease in try test.lease(agent, 4) { try test.deliver(lease) }
    let paths = test.farm.jobs[job]!.donePathCount
    #expect(test.farm.committedCost(of: job) > paths)
    // Less than a path is left.
    _ = try test.farm.setBudget(job, UInt64(test.farm.committedCost(of: job)) + 1)
    #expect(test.farm.jobs[job]?.record.state == .active)
    let leases = try test.lease(agent)
    try #require(leases.count == 1)
    try test.deliver(leases[0])
    #expect(test.farm.jobs[job]?.record.pauseCause == .budget)
  }

  @Test("A job whose budget lets nothing be handed out does not keep agents from checks")
  func idleUnderBudget() throws {
    var test = pendingFarm {
      $0.checksWhenIdle = true
      $0.trustedContributors = [key("owner-b")]
    }
    var record = draft(frames: 1...10, width: 256, height: 256)
    record.budget = 5
    record.estimatedCredit = 1 << 50
    let done = try test.add(draft("done", samples: 1, priority: 5))
    let author = try test.enter("a")
    try test.work([author])
    _ = try test.add(record)
    // All that the budget allows is in hand.
    #expect(try test.lease(author).count == 1)
    let checks = try test.lease(try test.enter("b"))
    #expect(!checks.isEmpty && checks.allSatisfy { $0.isCheck && $0.ref.job == done })
  }
}
