import KernelScene
import SceneModel
import Synchronization

@testable import FarmModel

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Random numbers for a farm.
func seededRandom(_ seed: UInt64) -> @Sendable () -> UInt64 {
  let box = RandomBox(seed)
  return { box.next() }
}

private final class RandomBox: Sendable {
  private let generator: Mutex<SeededGenerator>

  init(_ seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

  func next() -> UInt64 { generator.withLock { $0.next() } }
}

let revision = 1

func key(_ text: String) -> KeyID { KeyID(ContentHash(hashing: Array(text.utf8)).hex) }

/// 128 digits that stand for a signature.
func signature(_ text: String) -> String { String(repeating: ContentHash(hashing: Array(text.utf8)).hex, count: 2) }

/// Agent `name` of contributor `owner`.
func agentRecord(_ name: String, owner: String, instance: String = "1", kernelRevision: Int = revision) -> AgentRecord {
  AgentRecord(
    key: key("agent-" + name), contributor: key("owner-" + owner),
    contributorSignature: signature(owner), name: name, threadCount: 2,
    kernelRevision: kernelRevision, instance: instance)
}

/// What a correct kernel would say of a unit; `lie` makes another answer.
func outcome(_ ref: UnitRef, lie: String = "") -> LeaseRecord.Commitment {
  var counters = WorkCounters()
  counters.paths = UInt64(ref.unit + 1)
  counters.rays = UInt64(1000 * abs(ref.frame) + ref.unit + 10)
  counters.shadowRays = UInt64(ref.unit % 7)
  counters.shadingEvaluations = UInt64(abs(ref.frame) + 1)
  let text = "\(ref.job) \(ref.frame) \(ref.unit) \(lie)"
  return LeaseRecord.Commitment(
    digest: ContentHash(hashing: Array(text.utf8)), counters: counters, signature: signature("signed " + lie))
}

/// A job of `frames` frames whose plan has `width / tile` × `height / tile` tiles in its largest passes.
func draft(
  _ name: String = "job", frames: ClosedRange<Int> = 1...1, width: Int = 64, height: Int = 64, samples: Int = 4,
  tile: Int = 16, priority: Int = 0, bundle: String = "bundle"
) -> JobRecord {
  draft(
    name, numbers: FrameNumbers(frames), width: width, height: height, samples: samples, tile: tile,
    priority: priority, bundle: bundle)
}

func draft(
  _ name: String = "job", numbers frames: FrameNumbers, width: Int = 64, height: Int = 64, samples: Int = 4,
  tile: Int = 16, priority: Int = 0, bundle: String = "bundle"
) -> JobRecord {
  let spec = JobSpec(
    bundle: ContentHash(hashing: Array(bundle.utf8)), camera: 0, width: width, height: height, samples: samples,
    bounces: 4, seed: 1, filter: "box", kernelRevision: revision)
  return JobRecord(
    id: JobID(""), name: name, spec: spec, picture: PictureSpec(), frames: frames, tile: tile, priority: priority,
    createdAt: 0, requestID: "request of " + name)
}

/// A farm with a clock that is moved by hand.
struct TestFarm {
  var farm: Farm
  var now: FarmTime = 1000

  init(seed: UInt64 = 1, checkRate: Double = 0, policy change: (inout FarmPolicy) -> Void = { _ in }) {
    var policy = FarmPolicy()
    policy.checkRate = checkRate
    change(&policy)
    farm = Farm(policy: policy, kernelRevision: revision, random: seededRandom(seed))
  }

  mutating func add(_ draft: JobRecord) throws -> JobID { try farm.createJob(draft, now: now).id }

  mutating func enter(_ name: String, owner: String? = nil, instance: String = "1") throws -> KeyID {
    let record = agentRecord(name, owner: owner ?? name, instance: instance)
    try farm.register(record, now: now)
    return record.key
  }

  mutating func lease(
    _ agent: KeyID, _ count: Int = 32, prepared: Set<Farm.PreparedFrameRef> = []
  ) throws -> [LeaseRecord] {
    try farm.lease(to: agent, count: count, prepared: prepared, now: now)
  }

  /// Commits and delivers.
  @discardableResult
  mutating func deliver(_ lease: LeaseRecord, lie: String = "") throws -> Bool {
    try farm.commit(lease.id, of: lease.agent, outcome(lease.ref, lie: lie), now: now)
    return try farm.deliver(lease.id, of: lease.agent, now: now)
  }

  /// Leases and delivers until nothing is left for these agents.
  mutating func work(_ agents: [KeyID], lies: [KeyID: String] = [:]) throws {
    var isIdle = false
    while !isIdle {
      isIdle = true
      for agent in agents {
        for lease in try lease(agent, 4) {
          isIdle = false
          try deliver(lease, lie: lies[agent] ?? "")
        }
      }
    }
  }

  /// Does what the master does with events: puts frames together.
  mutating func assemble() {
    for event in farm.takeEvents() {
      guard case .assemble(let job, let frame) = event else { continue }
      farm.frameAssembled(job, frame: frame, digest: ContentHash(hashing: Array("\(job)/\(frame)".utf8)), now: now)
    }
  }

  /// The master's own kernel does all that is asked of it.
  mutating func verify() {
    while let next = farm.nextVerification(now: now, isReferee: false) {
      let truth = outcome(next.ref)
      if next.isDispute {
        farm.refereed(next.ref, digest: truth.digest, counters: truth.counters)
      } else {
        farm.verified(next.ref, digest: truth.digest, counters: truth.counters)
      }
    }
  }

  func record(_ ref: UnitRef) -> UnitRecord? { farm.unit(ref)?.record }

  func credit(_ owner: String) -> Credit { farm.credits()[key("owner-" + owner)] ?? Credit() }
}

extension Credit {
  var unitCount: Int { Int(balance.rendered.unitCount) }
  var checkCount: Int { Int(balance.checked.unitCount) }
}

/// What one unit is worth.
func tally(_ ref: UnitRef) -> WorkTally {
  var tally = WorkTally()
  let counters = outcome(ref).counters
  tally.add(counters, credit: CreditWeights.current.credit(counters))
  return tally
}

/// The code of the fault that `body` throws; nil if it throws none.
func faultCode(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return (error as? FarmFault)?.code ?? "\(error)"
  }
}
