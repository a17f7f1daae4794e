import FarmModel
import KernelScene
import SceneModel

/// A farm of thousands of agents on a virtual clock, from one seed: the shipped `Farm` value with its scheduler, its policy
/// and its referee, behind a network that loses, repeats and reorders, and among agents that die, fall silent and cheat.
public struct FarmSimulation {
  enum Event {
    /// The agent asks for work.
    case ask(agent: Int, instance: Int)
    /// A result of the agent arrives, or its attempt is lost.
    /// Whether it is a lie is decided at the first attempt.
    case deliver(agent: Int, instance: Int, lease: LeaseID, unit: Int, isLast: Bool, isLie: Bool?)
    case renew(agent: Int, instance: Int)
    /// The agent's next process starts.
    case start(agent: Int)
    case tick
    case resume
  }

  let configuration: SimulationConfiguration
  let unitsOfFrame: Int
  let unitTotal: Int
  /// Probability that a lie past probation is found.
  let foundRate: Double
  var generator: SeededGenerator
  var farm: Farm
  var queue = EventQueue<Event>()
  var agents: [SimulatedAgent] = []
  var agentOfKey: [KeyID: Int] = [:]
  private(set) var agentOfBytes: [KeyBytes: Int] = [:]
  var job = JobID("")
  var now = 0.0
  var store = FarmRecords()
  public internal(set) var report = SimulationReport()

  /// For each unit: 0 right, otherwise 1 + the kind of its author, of the result that the farm holds.
  var wrong: [UInt8]
  /// For each unit: whether it has settled.
  var settled: [Bool]
  var settledCount = 0
  /// Ledger entries; those that pay for a rendering, and those that take such back.
  var enteredCount: UInt64 = 0
  var paidCount = 0
  var revokedCount = 0
  var receivedCount = 0
  var isReceived: [Bool]
  var openDisputes = 0
  var isRefereeWanted = false
  var isPaused = false
  /// Full sweeps of the invariants.
  var sweepCount = 0
  var deferredFault: String?

  private static let plan = FramePlan(width: 512, height: 512, samples: 1024, tile: 64)

  public init(_ configuration: SimulationConfiguration) {
    self.configuration = configuration
    generator = SeededGenerator(seed: configuration.seed)
    unitsOfFrame = FarmSimulation.plan.units.count
    let wanted = configuration.agentCount * configuration.unitsPerAgent
    let frames = max(1, (wanted + unitsOfFrame - 1) / unitsOfFrame)
    unitTotal = frames * unitsOfFrame
    wrong = Array(repeating: 0, count: unitTotal)
    settled = Array(repeating: false, count: unitTotal)
    isReceived = Array(repeating: false, count: unitTotal)
    let source = SeededSource(seed: configuration.seed ^ 0x5eed)
    farm = Farm(policy: configuration.policy, kernelRevision: 1, random: { source.next() })
    let isColluding = configuration.cheats == [.colluding]
    foundRate = configuration.policy.checkRate * (isColluding ? 1 - configuration.cheatingFraction : 1)
    let spec = JobSpec(
      bundle: ContentHash(hashing: []), camera: 0, width: 512, height: 512, samples: 1024, bounces: 8, seed: 1,
      filter: "box", kernelRevision: 1)
    let draft = JobRecord(
      id: JobID(""), name: "simulated", spec: spec, picture: PictureSpec(), frames: FrameNumbers(0...frames - 1),
      tile: 64, priority: 0, trust: configuration.trust, createdAt: 0, requestID: "simulated")
    guard let made = try? farm.createJob(draft, now: 0) else { preconditionFailure("the job is not valid") }
    job = made.id
    report.seed = configuration.seed
    report.agentCount = configuration.agentCount
    report.unitCount = unitTotal
    makeAgents()
  }

  private mutating func makeAgents() {
    let cheatCount = Int((Double(configuration.agentCount) * configuration.cheatingFraction).rounded())
    report.cheatCount = cheatCount
    for index in 0..<configuration.agentCount {
      let cheat = index < cheatCount ? configuration.cheats[index % configuration.cheats.count] : nil
      if let cheat { report.kinds[cheat.rawValue, default: SimulationReport.Kind()].agentCount += 1 }
      // From half to twice two seconds.
      var pace = 1 + 3 * generator.unit() * generator.unit()
      if generator.chance(configuration.slowShare) { pace *= 10 }
      var agent = SimulatedAgent(
        cheat: cheat, key: SimulatedAgent.key("a\(index)"), contributor: SimulatedAgent.key("o\(index)"), pace: pace)
      agent.isSkewed = generator.chance(configuration.skewedShare)
      agents.append(agent)
      noteKey(index)
      queue.add(.start(agent: index), at: 10 * generator.unit())
    }
    queue.add(.tick, at: 1)
  }

  mutating func noteKey(_ index: Int) {
    agentOfKey[agents[index].key] = index
    if let bytes = KeyBytes(agents[index].key) { agentOfBytes[bytes] = index }
  }

  // MARK: - Running

  /// Runs until all pictures are there and no drawn check is open (or, if so configured, until all is final).
  public mutating func run() throws(SimulationFault) -> SimulationReport {
    let limit = 1000.0 * Double(configuration.unitsPerAgent) + 1e6
    var sinceSweep = 0
    while !isDone, let (time, event) = queue.next() {
      now = max(now, time)
      guard now < limit else { throw fault("not done after \(Int(now)) virtual seconds") }
      let isCrash = configuration.crashRate > 0 && generator.chance(configuration.crashRate)
      handle(event)
      if isCrash { crash() } else { commitStep() }
      report.events += 1
      sinceSweep += 1
      if let text = deferredFault { throw fault(text) }
      if configuration.sweepInterval > 0, sinceSweep >= configuration.sweepInterval {
        sinceSweep = 0
        try sweep()
      }
    }
    guard isDone else { throw fault("nothing more happens, \(receivedCount) of \(unitTotal) units are here") }
    try sweep()
    finish()
    return report
  }

  private var isDone: Bool {
    if receivedCount < unitTotal || isPaused { return false }
    return configuration.runsUntilFinal ? settledCount == unitTotal : farm.openCheckCount == 0
  }

  func fault(_ text: String) -> SimulationFault {
    SimulationFault("seed \(configuration.seed), event \(report.events), \(text)", configuration)
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .start(let index): start(index)
    case .ask(let index, let instance): if agents[index].instance == instance { ask(index) }
    case .renew(let index, let instance): if agents[index].instance == instance { renew(index) }
    case .deliver(let index, let instance, let lease, let unit, let isLast, let isLie):
      deliver(index, instance, lease, unit, isLast, isLie)
    case .tick:
      _ = farm.expireLeases(now: now)
      verifyWhenIdle()
      queue.add(.tick, at: now + 5)
    case .resume:
      isPaused = false
      _ = try? farm.resume(job)
    }
    if isRefereeWanted { referee() }
  }

  private mutating func start(_ index: Int) {
    agents[index].instance += 1
    let agent = agents[index]
    guard !agent.isBanned else { return }
    let record = AgentRecord(
      key: agent.key, contributor: agent.contributor, contributorSignature: SimulatedAgent.signature, name: "",
      threadCount: 1, kernelRevision: 1,
      instance: "\(agent.instance)")
    try? farm.register(record, now: now)
    agents[index].inHand = 0
    ask(index)
  }

  private mutating func ask(_ index: Int) {
    let agent = agents[index]
    let isLost = generator.chance(configuration.lossRate)
    let leases = isLost ? [] : (try? farm.lease(to: agent.key, count: 4, prepared: [], now: now)) ?? []
    if agents[index].isBanned { return }
    guard !leases.isEmpty else {
      // Accomplices ask often: it gets them no more of the checks.
      let wait = agent.cheat == .colluding ? 3.0 : 10.0
      queue.add(.ask(agent: index, instance: agent.instance), at: now + wait * (0.5 + generator.unit()))
      return
    }
    if generator.chance(configuration.deathRate) {
      // Dies with all it has; half of them say goodbye.
      if generator.chance(0.5) { farm.leave(agent.key) }
      agents[index].instance += 1
      queue.add(.start(agent: index), at: now + 100 * generator.unit())
      return
    }
    var time = now
    for (position, lease) in leases.enumerated() {
      time += agent.pace * (0.8 + 0.4 * generator.unit())
      // Messages overtake each other.
      let arrival = time + 0.2 * generator.unit()
      queue.add(
        .deliver(
          agent: index, instance: agent.instance, lease: lease.id,
          unit: lease.ref.frame * unitsOfFrame + lease.ref.unit, isLast: position == leases.count - 1, isLie: nil),
        at: arrival)
    }
    agents[index].inHand = leases.count
    if agent.pace > 5 {
      queue.add(.renew(agent: index, instance: agent.instance), at: now + (agent.isSkewed ? 45 : 15))
    }
  }

  private mutating func renew(_ index: Int) {
    let agent = agents[index]
    guard agent.inHand > 0, !agent.isBanned else { return }
    let held = farm.leaseIDs(of: agent.key)
    _ = try? farm.renew(held, of: agent.key, now: now)
    if !held.isEmpty {
      queue.add(.renew(agent: index, instance: agent.instance), at: now + (agent.isSkewed ? 45 : 15))
    }
  }

  private mutating func deliver(
    _ index: Int, _ instance: Int, _ lease: LeaseID, _ unit: Int, _ isLast: Bool, _ decided: Bool?
  ) {
    guard agents[index].instance == instance, !agents[index].isBanned else { return }
    func retry(_ simulation: inout FarmSimulation, isLie: Bool?) {
      simulation.queue.add(
        .deliver(agent: index, instance: instance, lease: lease, unit: unit, isLast: isLast, isLie: isLie),
        at: simulation.now + 1 + simulation.generator.unit())
    }
    if generator.chance(configuration.lossRate) {
      retry(&self, isLie: decided)
      return
    }
    let (key, cheat) = (agents[index].key, agents[index].cheat)
    let isLie = decided ?? lies(index, unit, lease)
    let commitment =
      isLie ? SimulatedResults.lie(unit, variant: cheat == .colluding ? 0 : 1 + index) : SimulatedResults.truth(unit)
    if cheat == .stolen, generator.chance(0.1), let other = farm.someLease(notOf: key, from: unit) {
      // A lease is bound to its agent.
      if (try? farm.commit(other, of: key, commitment, now: now)) != nil {
        deferredFault = "an agent delivered on another's lease"
      }
    }
    do throws(FarmFault) {
      try farm.commit(lease, of: key, commitment, now: now)
      if generator.chance(configuration.lossRate) { throw FarmFault(.conflict, "lost", "the answer is lost") }
      if try farm.deliver(lease, of: key, now: now) {
        wrong[unit] = isLie ? UInt8(1 + (Cheat.allCases.firstIndex(of: cheat ?? .always) ?? 0)) : 0
        report.renderedUnits += 1
        if isLie, let cheat { report.kinds[cheat.rawValue]?.lies += 1 }
      } else {
        report.checks += 1
      }
      if isLie, agents[index].firstLie == nil { agents[index].firstLie = (agents[index].delivered, now) }
      agents[index].delivered += 1
      if generator.chance(configuration.repeatRate) {
        if (try? farm.deliver(lease, of: key, now: now)) != nil { deferredFault = "a result was taken twice" }
      }
    } catch {
      if error.code == "lost" {
        retry(&self, isLie: isLie)
        return
      }
      report.refusedResults += 1
    }
    agents[index].inHand -= 1
    if isLast {
      queue.add(.ask(agent: index, instance: instance), at: now + 0.1 * generator.unit())
    }
  }

  /// Whether an agent is going to lie about a unit.
  private func lies(_ index: Int, _ unit: Int, _ lease: LeaseID) -> Bool {
    guard let cheat = agents[index].cheat else { return false }
    if cheat.knowsChecks, farm.isCheck(lease) {
      // Accomplices know each other's units, and say the same of them.
      return cheat == .colluding && wrong[unit] != 0 && isColluder(unit)
    }
    if cheat.knowsChecks, farm.isOnProbation(agents[index].key) { return false }
    var dice = SeededGenerator(
      seed: configuration.seed &+ UInt64(unit) &* 0x9E37_79B9 &+ UInt64(index) &* 0x85EB_CA6B_0000_0001)
    let worst = cheat.worstRate(found: foundRate, unitCount: configuration.unitsPerAgent)
    return dice.chance(cheat.lieRate(delivered: agents[index].delivered, worst: worst))
  }

  private func isColluder(_ unit: Int) -> Bool { Cheat.allCases[Int(wrong[unit]) - 1] == .colluding }

  // MARK: - The master

  private mutating func referee() {
    isRefereeWanted = false
    while let next = farm.nextVerification(now: now, isReferee: true) {
      let truth = SimulatedResults.truth(next.ref.frame * unitsOfFrame + next.ref.unit)
      report.masterRenderings += 2
      farm.refereed(next.ref, digest: truth.digest, counters: truth.counters)
    }
  }

  private mutating func verifyWhenIdle() {
    guard configuration.policy.checksWhenIdle else { return }
    for _ in 0..<20 {
      guard let next = farm.nextVerification(now: now, isReferee: false) else { return }
      let truth = SimulatedResults.truth(next.ref.frame * unitsOfFrame + next.ref.unit)
      report.masterRenderings += next.isDispute ? 2 : 1
      if next.isDispute {
        farm.refereed(next.ref, digest: truth.digest, counters: truth.counters)
      } else {
        farm.verified(next.ref, digest: truth.digest, counters: truth.counters)
      }
    }
  }
}
