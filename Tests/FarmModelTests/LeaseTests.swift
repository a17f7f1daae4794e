import SceneModel
import Testing

@testable import FarmModel

@Suite("Leases")
struct LeaseTests {
  private func isPreview(_ test: TestFarm, _ lease: LeaseRecord) -> Bool {
    lease.ref.unit < test.farm.jobs[lease.ref.job]!.plan.previewCount
  }

  @Test("The previews of all frames come before any other unit")
  func previewsFirst() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...5, samples: 8))
    let agent = try test.enter("a")
    var leases: [LeaseRecord] = []
    while true {
      let more = try test.lease(agent, 3)
      if more.isEmpty { break }
      leases += more
    }
    let previewCount = 5 * test.farm.jobs[job]!.plan.previewCount
    #expect(leases.prefix(previewCount).allSatisfy { isPreview(test, $0) })
    #expect(leases.dropFirst(previewCount).allSatisfy { !isPreview(test, $0) })
    #expect(Set(leases.map(\.ref)).count == leases.count)
    #expect(leases.count == test.farm.jobView(job)?.unitCount)
  }

  @Test("Frames of a job with gaps are handed out in their order, and come back after gaps; there are no others")
  func gaps() throws {
    var test = TestFarm()
    let numbers = [-7, -6, 0, 3, 9]
    let job = try test.add(draft(numbers: FrameNumbers(numbers), samples: 8))
    let plan = test.farm.jobs[job]!.plan
    let agent = try test.enter("a")
    var leases: [LeaseRecord] = []
    while case let more = try test.lease(agent, 1), !more.isEmpty { leases += more }
    let frames = leases.map(\.ref.frame)
    let (previews, rest) = (numbers.count * plan.previewCount, plan.units.count - plan.previewCount)
    #expect(Array(frames.prefix(previews)) == numbers.flatMap { Array(repeating: $0, count: plan.previewCount) })
    // Its last frame first, because it is at work on that one.
    #expect(
      Array(frames.dropFirst(previews)) == [9, -7, -6, 0, 3].flatMap { Array(repeating: $0, count: rest) })
    #expect(leases.count == test.farm.jobView(job)?.unitCount)
    // What comes back is found again, lowest first.
    for number in [0, 9, -7] {
      let back = leases.filter { $0.ref.frame == number && $0.ref.unit >= plan.previewCount }
      try test.farm.giveBack(back.map(\.id), of: agent, now: test.now)
    }
    let other = try test.enter("b")
    var again: [Int] = []
    while case let more = try test.lease(other, 1), !more.isEmpty { again += more.map(\.ref.frame) }
    #expect(again == [-7, 0, 9].flatMap { Array(repeating: $0, count: rest) })
  }

  @Test("A slow machine has few units in hand, one whose speed is not known or great as many as it asks for")
  func speed() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...40, samples: 8))
    let largest = Double(test.farm.jobs[job]!.largestPathCount)
    let (slow, fast, unknown) = (try test.enter("a"), try test.enter("b"), try test.enter("c"))
    test.farm.noteSpeed(slow, pathsPerSecond: largest / 60)
    test.farm.noteSpeed(fast, pathsPerSecond: largest)
    // Two for each of its two threads, however slow it is.
    let held = try test.lease(slow, 30)
    #expect(held.count == 4)
    #expect(try test.lease(slow, 30).isEmpty)
    try test.deliver(held[0])
    #expect(try test.lease(slow, 30).count == 1)
    #expect(try test.lease(fast, 30).count == 30)
    #expect(try test.lease(unknown, 30).count == 30)
  }

  @Test("A frame that the agent has ready is preferred to an earlier one")
  func preparedFirst() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...9))
    let record = test.farm.jobs[job]!.record
    let agent = try test.enter("a")
    let spec = Farm.JobSpecKey(bundle: record.spec.bundle, camera: 0)
    let ready = Farm.PreparedFrameRef(job: spec, frame: 6)
    #expect(try test.lease(agent, 1, prepared: [ready]).map(\.ref.frame) == [6])
    // Another job's frame of the same number is no help.
    let other = Farm.PreparedFrameRef(job: Farm.JobSpecKey(bundle: ContentHash(hashing: [1]), camera: 0), frame: 8)
    let stranger = try test.enter("b")
    #expect(try test.lease(stranger, 1, prepared: [other]).map(\.ref.frame) == [1])
  }

  @Test("Agents spread over frames that nobody works on, and stay with their own")
  func spreading() throws {
    var test = TestFarm()
    _ = try test.add(draft(frames: 1...3, width: 256, height: 256, samples: 4096))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    // The previews first: one unit for each frame.
    let previews = try test.lease(a, 3)
    for lease in previews { try test.deliver(lease) }
    let first = try test.lease(a, 1)[0]
    #expect(try test.lease(b, 1)[0].ref.frame != first.ref.frame)
    #expect(try test.lease(a, 1)[0].ref.frame == first.ref.frame)
  }

  @Test("A delivery wakes nobody but its own agent, unless it leaves others something to do")
  func wakes() throws {
    var test = TestFarm()
    _ = try test.add(draft(frames: 1...8, samples: 1))
    let agent = try test.enter("a")
    let leases = try test.lease(agent)
    _ = test.farm.takeEvents()
    for lease in leases.dropLast(2) {
      try test.deliver(lease)
      let events = test.farm.takeEvents()
      #expect(events.contains(.workAvailableTo(agent)) && !events.contains(.workAvailable))
    }
    // A unit that is given back is there for all; the job's last one may now be checked by the idle.
    try test.farm.giveBack([leases[leases.count - 2].id], of: agent, now: test.now)
    #expect(test.farm.takeEvents().contains(.workAvailable))
    try test.deliver(leases.last!)
    #expect(!test.farm.takeEvents().contains(.workAvailable))
    try test.deliver(try test.lease(agent)[0])
    #expect(test.farm.takeEvents().contains(.workAvailable))
  }

  @Test("An agent is told that it may check others once it is proven")
  func wakesTheProven() throws {
    var test = TestFarm(checkRate: 0.05)
    _ = try test.add(draft(frames: 1...9, samples: 8))
    let agent = try test.enter("a")
    var hasBeenTold = false
    while !test.farm.isProven(agent) {
      let lease = try #require(try test.lease(agent, 1).first)
      try test.deliver(lease)
      _ = test.farm.takeEvents()
      test.verify()
      let isTold = test.farm.takeEvents().contains(.workAvailableTo(agent))
      #expect(isTold == test.farm.isProven(agent))
      hasBeenTold = isTold
    }
    #expect(hasBeenTold)
  }

  @Test("A lease that runs out makes its unit open for others; the late result is refused")
  func expiry() throws {
    var test = TestFarm()
    _ = try test.add(draft(samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let lost = try test.lease(a, 1)[0]
    #expect(try test.lease(b).isEmpty)
    test.now += test.farm.policy.leaseSeconds - 0.5
    let next = test.farm.expireLeases(now: test.now)
    #expect(next == lost.deadline)
    #expect(try test.lease(b).isEmpty)
    test.now += 0.5
    let end = test.farm.expireLeases(now: test.now)
    #expect(end == nil)
    let again = try test.lease(b)
    #expect(again.map(\.ref) == [lost.ref])
    #expect(again[0].id != lost.id)
    #expect(faultCode { try test.deliver(lost) } == "lease_gone")
    let isTaken = try test.deliver(again[0])
    #expect(isTaken)
    #expect(test.credit("a").unitCount == 0)
    #expect(test.credit("b").unitCount == 1)
  }

  @Test("A renewed lease lives on; others' leases and unknown ones are not renewed")
  func renewal() throws {
    var test = TestFarm()
    _ = try test.add(draft(frames: 1...2, samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let (mine, theirs) = (try test.lease(a, 1)[0], try test.lease(b, 1)[0])
    for _ in 0..<10 {
      test.now += test.farm.policy.leaseSeconds * 0.9
      let held = try test.farm.renew([mine.id, theirs.id, LeaseID("none")], of: a, now: test.now)
      #expect(held == [mine.id])
      _ = test.farm.expireLeases(now: test.now)
    }
    #expect(faultCode { try test.deliver(mine) } == nil)
    #expect(faultCode { try test.deliver(theirs) } == "lease_gone")
  }

  @Test("However often it is renewed, a lease ends, and the unit goes to others")
  func renewedForEver() throws {
    var test = TestFarm { $0.leaseLimitSeconds = 100 }
    _ = try test.add(draft(width: 16, height: 16, samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let held = try test.lease(a, 1)[0]
    let start = test.now
    while try test.farm.renew([held.id], of: a, now: test.now) == [held.id], test.now < start + 1000 {
      test.now += test.farm.policy.leaseSeconds * 0.5
      _ = test.farm.expireLeases(now: test.now)
    }
    #expect(test.now > start + 100 && test.now <= start + 130)
    #expect(try test.lease(b, 1).map(\.ref) == [held.ref])
  }

  @Test("What is given back goes to others at once; nobody gives back what is another's")
  func givingBack() throws {
    var test = TestFarm()
    _ = try test.add(draft(samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(a, 1)[0]
    try test.farm.giveBack([lease.id], of: b, now: test.now)
    #expect(try test.lease(b).isEmpty)
    try test.farm.giveBack([lease.id], of: a, now: test.now)
    #expect(try test.lease(b).map(\.ref) == [lease.ref])
  }

  @Test("An agent holds no more leases than the policy allows, and an answer has no more either")
  func bounds() throws {
    var test = TestFarm(policy: {
      $0.leasesInAnswer = 5
      $0.leasesOfAgent = 12
    })
    _ = try test.add(draft(frames: 1...50))
    let agent = try test.enter("a")
    #expect(try [100, 100, 100, 100].map { try test.lease(agent, $0).count } == [5, 5, 2, 0])
    #expect(try test.lease(agent, 0).isEmpty)
    #expect(try test.lease(agent, -3).isEmpty)
  }

  @Test("A unit that an agent failed on is not given to it again, but to others")
  func failedUnit() throws {
    var test = TestFarm()
    let job = try test.add(draft(samples: 1))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(a, 1)[0]
    try test.farm.fail(lease.id, of: a, reason: "memory is short", now: test.now)
    #expect(try test.lease(a).isEmpty)
    #expect(test.farm.jobView(job)?.lastFailure?.contains("memory is short") == true)
    let again = try test.lease(b)
    #expect(again.map(\.ref) == [lease.ref])
    try test.deliver(again[0])
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
  }

  @Test("Three agents that fail on a unit fail the job with the reason; a retry goes on from there")
  func failedJob() throws {
    var test = TestFarm()
    let job = try test.add(draft(frames: 1...2, samples: 1))
    let agents = try ["a", "b", "c"].map { try test.enter($0) }
    // One frame is rendered, the other one always fails.
    let good = try test.lease(agents[0], 1)[0]
    try test.deliver(good)
    for (index, agent) in agents.enumerated() {
      #expect(test.farm.jobView(job)?.record.state == .active)
      let lease = try test.lease(agent, 1)[0]
      #expect(lease.ref.frame != good.ref.frame)
      // Said twice, it counts once.
      for _ in 0..<2 { try test.farm.fail(lease.id, of: agent, reason: "reason \(index)", now: test.now) }
    }
    let record = test.farm.jobView(job)!.record
    #expect(record.state == .failed)
    #expect(record.reason?.contains("reason 2") == true)
    #expect(record.reason?.contains("frame 2") == true)
    #expect(record.endedAt == test.now)
    #expect(try test.lease(try test.enter("d")).isEmpty)

    #expect(try test.farm.retry(job).state == .active)
    #expect(test.farm.jobView(job)?.record.reason == nil)
    #expect(test.farm.jobView(job)?.receivedUnitCount == 1)
    try test.work(agents)
    test.assemble()
    #expect(test.farm.jobView(job)?.record.state == .finished)
    #expect(agents.map { test.farm.agents[$0]!.record.unitCount }.reduce(0, +) == 2)
  }

  @Test("An agent restarted with the same key loses what its earlier process held")
  func restartedAgent() throws {
    var test = TestFarm()
    _ = try test.add(draft(samples: 1))
    let agent = try test.enter("a", instance: "1")
    let lease = try test.lease(agent, 1)[0]
    // The same process may register again: after the master's restart, say.
    _ = try test.enter("a", instance: "1")
    #expect(test.farm.leases[lease.id] != nil)
    _ = try test.enter("a", instance: "2")
    #expect(test.farm.leases.isEmpty)
    #expect(faultCode { try test.deliver(lease) } == "lease_gone")
    #expect(try test.lease(agent).map(\.ref) == [lease.ref])
  }

  @Test("Agents of another kernel revision, of another owner with the same key, or unknown ones get nothing")
  func refusedAgents() throws {
    var test = TestFarm()
    _ = try test.add(draft())
    let old = agentRecord("old", owner: "o", kernelRevision: revision + 1)
    #expect(faultCode { try test.farm.register(old, now: test.now) } == "wrong_revision")
    #expect(faultCode { _ = try test.lease(old.key) } == "unknown_session")
    _ = try test.enter("a", owner: "o")
    #expect(faultCode { _ = try test.enter("a", owner: "p") } == "other_contributor")
    #expect(faultCode { _ = try test.farm.renew([], of: key("nobody"), now: test.now) } == "unknown_session")
  }

  @Test("Nobody commits or delivers on another's lease")
  func foreignLease() throws {
    var test = TestFarm()
    _ = try test.add(draft())
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let lease = try test.lease(a, 1)[0]
    #expect(faultCode { try test.farm.commit(lease.id, of: b, outcome(lease.ref), now: test.now) } == "lease_gone")
    #expect(faultCode { _ = try test.farm.deliver(lease.id, of: b, now: test.now) } == "lease_gone")
    #expect(faultCode { _ = try test.farm.workOrder(lease.id, of: b) } == "lease_gone")
    #expect(faultCode { _ = try test.farm.deliver(lease.id, of: a, now: test.now) } == "no_commitment")
  }

  @Test("A commitment binds: the same again is fine, another one is refused")
  func commitment() throws {
    var test = TestFarm()
    _ = try test.add(draft())
    let agent = try test.enter("a")
    let lease = try test.lease(agent, 1)[0]
    for _ in 0..<2 { try test.farm.commit(lease.id, of: agent, outcome(lease.ref), now: test.now) }
    let other = outcome(lease.ref, lie: "other")
    #expect(faultCode { try test.farm.commit(lease.id, of: agent, other, now: test.now) } == "other_commitment")
    #expect(try test.farm.deliver(lease.id, of: agent, now: test.now))
    #expect(test.record(lease.ref)?.result?.digest == outcome(lease.ref).digest)
    #expect(faultCode { _ = try test.farm.deliver(lease.id, of: agent, now: test.now) } == "lease_gone")
    #expect(test.credit("a").unitCount == 1)
  }
}
