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
      BadValue("priority") { $0.priority = 101 }, BadValue("frames reversed") { $0.firstFrame = 9 },
      BadValue("frames negative") { $0.firstFrame = -1 }, BadValue("frames too late") { $0.lastFrame = 1_000_001 },
      BadValue("units too many") {
        $0.lastFrame = 100_000
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

  @Test("A job of another kernel revision ends with the reason, and nothing of it is handed out, checked or credited")
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
    // The version that it is of goes on where it was.
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
    #expect(reason.contains("0 paid") && reason.contains("pending"))
    #expect(try test.farm.setBudget(job, budget).state == .paused)
    #expect(try test.farm.setBudget(job, 100 * budget).state == .active)
  }
}
