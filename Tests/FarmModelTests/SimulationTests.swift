import KernelScene
import SceneModel
import Testing

@testable import FarmModel

/// A farm at work with agents that die, fall silent, repeat themselves and lie, and a master that is restarted at any moment.
private struct Simulation {
  struct Agent {
    var name: String
    var owner: String
    /// How often its results are wrong.
    var lieRate: Double
    var instance = 0
    var held: [LeaseRecord] = []
    /// Delivered before; repeated now and then.
    var past: [LeaseRecord] = []

    var key: KeyID { FarmModelTests.key("agent-" + name) }
  }

  let policy: FarmPolicy
  var farm: Farm
  var ledger = Ledger()
  var now: FarmTime = 1000
  var generator: SeededGenerator
  var agents: [Agent]
  var jobs: [JobID] = []
  /// Units credited so far, each with the lease for which it was.
  var settled: [UnitRef: LeaseID] = [:]
  var restartCount = 0

  init(seed: UInt64) throws {
    generator = SeededGenerator(seed: seed)
    var policy = FarmPolicy()
    policy.checkRate = [0, 0.05, 0.3, 1][Int(seed % 4)]
    policy.probationCount = 5
    policy.leaseSeconds = 20
    self.policy = policy
    farm = Farm(policy: policy, kernelRevision: revision, random: seededRandom(seed))
    // Some owners have several agents; one agent lies often, one seldom.
    let owners = ["a", "a", "b", "a", "c", "c", "d", "e"]
    let lieRates = [0, 0, 0, 0.5, 0, 0, 0.02, 0]
    agents = owners.indices.map { Agent(name: "\($0)", owner: owners[$0], lieRate: lieRates[$0]) }
    for index in 0..<3 { jobs.append(try farm.createJob(sampleJob(index), now: now).id) }
    for agent in agents { try farm.register(record(of: agent), now: now) }
    keepChanges()
  }

  private func sampleJob(_ index: Int) -> JobRecord {
    draft("\(index)", frames: 1...(3 + index), width: 100, height: 60, samples: 5 + index, tile: 16)
  }

  func record(of agent: Agent) -> AgentRecord {
    agentRecord(agent.name, owner: agent.owner, instance: "\(agent.instance)")
  }

  mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

  mutating func keepChanges() { ledger.apply(farm.takeChanges()) }

  /// What the master does beside: pictures and checks. Sometimes it is slow.
  mutating func serve() {
    for event in farm.takeEvents() {
      guard case .assemble(let job, let frame) = event else { continue }
      if policy.checkRate == 1 {
        // Where everything is checked, no lie is part of a picture.
        #expect(farm.receivedUnits(job, frame: frame).allSatisfy { $0.result.digest == outcome($0.ref).digest })
      }
      if let attempt = farm.assembly(job, frame: frame), chance(0.3) {
        // Statistics may suspect anybody.
        farm.screened(job, frame: frame, attempt: attempt, suspects: [0, 3, 5].filter { _ in chance(0.5) })
      }
      farm.frameAssembled(job, frame: frame, digest: ContentHash(hashing: []), now: now)
    }
    while chance(0.5), let next = farm.nextVerification(now: now, isReferee: chance(0.3)) {
      let truth = outcome(next.ref)
      if !next.isDispute {
        farm.verified(next.ref, digest: truth.digest, counters: truth.counters)
      } else if chance(0.02) {
        farm.refereeFailed(next.ref)
      } else {
        farm.refereed(next.ref, digest: truth.digest, counters: truth.counters)
      }
    }
  }

  mutating func restart() {
    restartCount += 1
    // Never the same numbers twice: they name leases.
    farm = restored(seed: generator.next())
    keepChanges()
  }

  func restored(seed: UInt64) -> Farm {
    Farm(
      restoring: ledger.stored, policy: policy, kernelRevision: revision, now: now, random: seededRandom(seed))
  }

  mutating func step() throws {
    now += Double.random(in: 0..<1, using: &generator)
    let index = Int.random(in: agents.indices, using: &generator)
    var agent = agents[index]
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<35:
      let count = Int.random(in: 1...6, using: &generator)
      agent.held += (try? farm.lease(to: agent.key, count: count, prepared: [], now: now)) ?? []
    case 35..<75:
      agent.held.shuffle(using: &generator)
      if let lease = agent.held.popLast() {
        deliver(lease, of: agent)
        agent.past.append(lease)
      }
    case 75..<80:
      if let lease = agent.past.randomElement(using: &generator) { deliver(lease, of: agent) }
    case 80..<85: _ = try? farm.renew(agent.held.map(\.id), of: agent.key, now: now)
    case 85..<88:
      try? farm.giveBack(agent.held.map(\.id), of: agent.key, now: now)
      agent.held = []
    case 88..<90:
      if let lease = agent.held.popLast() { try? farm.fail(lease.id, of: agent.key, reason: "no memory", now: now) }
    case 90..<93:
      // Dies, perhaps between commitment and planes; another process may come.
      if let lease = agent.held.first { try? farm.commit(lease.id, of: agent.key, outcome(lease.ref), now: now) }
      agent.held = []
      agent.instance += 1
      if chance(0.7) { try? farm.register(record(of: agent), now: now) }
    case 93..<96: try? farm.register(record(of: agent), now: now)
    case 96..<98: changeJob()
    default: _ = farm.expireLeases(now: now)
    }
    agents[index] = agent
    serve()
    keepChanges()
    if chance(0.004) { restart() }
  }

  private mutating func deliver(_ lease: LeaseRecord, of agent: Agent) {
    let lie = chance(agent.lieRate) ? "lie of \(agent.name)" : ""
    try? farm.commit(lease.id, of: agent.key, outcome(lease.ref, lie: lie), now: now)
    if chance(0.9) { _ = try? farm.deliver(lease.id, of: agent.key, now: now) }
  }

  private mutating func changeJob() {
    guard let job = jobs.randomElement(using: &generator) else { return }
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: _ = try? farm.pause(job)
    case 1: _ = try? farm.cancel(job, now: now)
    case 2: _ = try? farm.setPriority(job, Int.random(in: -3...3, using: &generator))
    default:
      _ = try? farm.resume(job)
      _ = try? farm.retry(job)
    }
  }

  /// What must be so at every moment.
  mutating func check(_ step: Int) -> String? {
    let appearance = Appearance(farm, now: now)
    let second = Appearance(restored(seed: 0), now: now)
    if let difference = second.difference(from: appearance) {
      return "step \(step): the restored farm differs:\n\(difference)"
    }
    let credits = farm.credits()
    if ledger.earned != credits.mapValues(\.balance.rendered).filter({ $0.value.unitCount > 0 }) {
      return "step \(step): credits are not the sum of the settled units"
    }
    if let fault = entryFault() { return "step \(step): \(fault)" }
    for record in ledger.units.values where record.state == .settled {
      guard let result = record.result else { return "step \(step): \(record.ref) settled without a result" }
      if let before = settled.updateValue(result.lease, forKey: record.ref), before != result.lease {
        return "step \(step): \(record.ref) was credited twice"
      }
    }
    if settled.count != ledger.units.values.count(where: { $0.state == .settled }) {
      return "step \(step): a settled unit is open again"
    }
    return consistency().map { "step \(step): \($0)" }
  }

  /// Balances are the sum of the entries, and each entry pays for another piece of work.
  private func entryFault() -> String? {
    var sums: [KeyID: LedgerBalance] = [:]
    var paid: Set<LeaseNumber> = []
    for (index, entry) in ledger.entries.enumerated() {
      do { try sums[entry.contributor.id, default: LedgerBalance()].apply(entry) } catch { return "\(error)" }
      if entry.revocation == nil, !paid.insert(entry.lease).inserted { return "entry \(index) pays for a lease again" }
    }
    if sums != farm.credits().mapValues(\.balance).filter({ $0.value != LedgerBalance() }) {
      return "balances are not the sum of the entries"
    }
    return farm.entryCount == UInt64(ledger.entries.count) ? nil : "the next entry is \(farm.entryCount)"
  }

  /// No unit is in two hands, or in none.
  private func consistency() -> String? {
    var rendering: Set<UnitRef> = []
    for lease in farm.leases.values where !lease.isCheck {
      if !rendering.insert(lease.ref).inserted { return "\(lease.ref) is leased twice" }
    }
    for (id, job) in farm.jobs {
      for (number, frame) in job.frames {
        let open = frame.openPreview + frame.openRest
        if Set(open).count != open.count { return "frame \(number) has a unit open twice" }
        for unit in job.plan.units.indices {
          let ref = UnitRef(job: id, frame: number, unit: unit)
          let isOpen = open.contains(unit)
          let isHere = frame.value.state(unit) != .open
          if [isOpen, isHere, rendering.contains(ref)].count(where: { $0 }) != 1 {
            return "\(ref): open \(isOpen), received \(isHere), leased \(rendering.contains(ref))"
          }
        }
      }
    }
    for ref in farm.wantedChecks.keys {
      guard let unit = farm.unit(ref), unit.record.check == .wanted || unit.record.opinions.count >= 2 else {
        return "\(ref): a check that nobody wants"
      }
      guard let id = unit.checkLease else { continue }
      let checker = farm.agents[farm.leases[id]!.agent]!.record.contributor
      if checker == unit.record.result?.contributor { return "\(ref): checked by its own contributor" }
    }
    return nil
  }

  /// Everybody honest works until all jobs are done.
  mutating func finish() throws {
    for job in jobs {
      _ = try? farm.retry(job)
      _ = try? farm.resume(job)
    }
    for round in 0..<2000 where !farm.jobViews.allSatisfy({ $0.record.state == .finished }) {
      now += 1
      _ = farm.expireLeases(now: now)
      for index in agents.indices where agents[index].lieRate == 0 {
        if round % 50 == 0 { try? farm.register(record(of: agents[index]), now: now) }
        let leases = (try? farm.lease(to: agents[index].key, count: 8, prepared: [], now: now)) ?? []
        for lease in leases {
          try? farm.commit(lease.id, of: lease.agent, outcome(lease.ref), now: now)
          _ = try? farm.deliver(lease.id, of: lease.agent, now: now)
        }
      }
      serve()
      for job in jobs { _ = try? farm.resume(job) }
      for job in jobs { _ = try? farm.retry(job) }
      keepChanges()
    }
    now += policy.leaseSeconds
    _ = farm.expireLeases(now: now)
    keepChanges()
  }
}

@Suite("Simulated farms")
struct SimulationTests {
  @Test(
    "Every unit is credited once, and a farm restored from its store is the same",
    arguments: 1...8 as ClosedRange<UInt64>)
  func simulation(seed: UInt64) throws {
    var simulation = try Simulation(seed: seed)
    for step in 0..<3000 {
      try simulation.step()
      // Looking at everything takes longer than a step: at each of the first, then at every seventh.
      guard step < 300 || step % 7 == 0 else { continue }
      if let fault = simulation.check(step) {
        Issue.record("seed \(seed), \(fault)")
        return
      }
    }
    try simulation.finish()
    if let fault = simulation.check(3000) { Issue.record("seed \(seed), at the end, \(fault)") }
    let views = simulation.farm.jobViews
    #expect(views.allSatisfy { $0.record.state == .finished }, "seed \(seed): \(views.map(\.record.state))")
    #expect(simulation.settled.count == views.map(\.unitCount).reduce(0, +), "seed \(seed)")
    #expect(simulation.farm.leases.isEmpty, "seed \(seed)")
    #expect(simulation.restartCount > 0, "seed \(seed)")
    let total = simulation.farm.credits().values.reduce(UInt128(0)) { $0 + $1.balance.rendered.credit }
    let units = simulation.settled.keys.reduce(UInt128(0)) {
      $0 + UInt128(CreditWeights.current.credit(outcome($1).counters))
    }
    #expect(total == units, "seed \(seed)")
    if simulation.policy.checkRate == 1 {
      #expect(
        simulation.agents.filter { $0.lieRate > 0.1 }.allSatisfy { agent in
          simulation.farm.agents[agent.key]?.record.banReason != nil
        })
    }
  }
}
