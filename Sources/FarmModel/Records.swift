import KernelScene
import SceneModel

/// Seconds since 1970, handed in from outside.
public typealias FarmTime = Double

/// What is kept of a job. Times are seconds since 1970.
public struct JobRecord: Sendable, Equatable, Codable {
  public enum State: String, Sendable, Codable { case active, paused, finished, failed, cancelled }

  /// Why a job is paused. Whatever the cause, units in work are taken and paid.
  public enum PauseCause: String, Sendable, Codable {
    /// A person wanted it.
    case owner
    /// Its budget is used up; it goes on by itself when there is room again.
    case budget
    /// The master doubts its own kernel or machine: no check of the job counts until a person has looked.
    case doubt
    /// The master's verifier cannot render it; agents' checks go on.
    case verifier
    /// A picture cannot be put together.
    case picture
  }

  public var id: JobID
  public var name: String
  public var spec: JobSpec
  public var picture: PictureSpec
  /// Numbers of its frames, at least one.
  public var frames: FrameNumbers
  /// Edge of a tile.
  public var tile: Int
  public var priority: Int
  /// Largest share of units that may be wrong, 0 to 1, as `TrustModel` computes it: a unit settles only below it. With 0
  /// the master, or agents that it trusts, must render every unit again.
  public var trust: Double
  /// Its spec and bundle are for its people and agents only; the ledger has their hashes all the same.
  public var isPrivate = false
  /// Credit at which it pauses.
  public var budget: UInt64?
  /// What its submitter's machine thought that it would cost, in credit.
  public var estimatedCredit: UInt64?
  public var state: State
  /// Why it failed or waits; of a finished job, why its pictures never become final.
  public var reason: String?
  /// Of a paused job.
  public var pauseCause: PauseCause?
  public var createdAt: FarmTime
  public var endedAt: FarmTime?
  /// Chosen by who created it, so that a repeated request finds the job it made.
  public var requestID: String

  public init(
    id: JobID, name: String, spec: JobSpec, picture: PictureSpec, frames: FrameNumbers, tile: Int, priority: Int,
    trust: Double = JobRecord.defaultTrust, state: State = .active, createdAt: FarmTime,
    requestID: String
  ) {
    self.id = id
    self.name = name
    self.spec = spec
    self.picture = picture
    self.frames = frames
    self.tile = tile
    self.priority = priority
    self.trust = trust
    self.state = state
    self.createdAt = createdAt
    self.requestID = requestID
  }

  public static let defaultTrust = 1e-3
}

/// What is kept of a unit that somebody rendered or failed on; an untouched unit has no record.
public struct UnitRecord: Sendable, Equatable {
  public enum State: String, Sendable, Codable {
    /// To be rendered.
    case open
    /// Its planes are here and may be part of a provisional picture; whether they are right is not known yet.
    case received
    /// Credited, and for good part of the picture.
    case settled
  }

  public enum Check: String, Sendable, Codable {
    case none
    /// Somebody else shall render it.
    case wanted
    /// Two results differ: the master's kernel decides.
    case disputed
    case passed
  }

  /// Why a check was drawn, when the result arrived if not said otherwise.
  public enum Draw: String, Sendable, Codable {
    case none
    /// At random, at the rate of its agent's standing.
    case sampled
    /// Its agent was on probation: no picture uses it before the check agreed.
    case probation
    /// It disagrees with other passes of its frame (`Screening`). Drawn when the frame was put together.
    case screened

    /// Whether it says something of the agent's other results: what was chosen for its looks does not.
    var isEvidence: Bool { self == .sampled || self == .probation }
  }

  public struct Result: Sendable, Equatable, Codable {
    public var agent: KeyID
    public var contributor: KeyID
    public var digest: ContentHash
    public var counters: WorkCounters
    /// The agent's, over `Statements.result`.
    public var signature: String
    public var lease: LeaseID
    /// Between lease and delivery.
    public var seconds: Double
    /// Counts results as they arrive.
    public var sequence: Int

    public init(
      agent: KeyID, contributor: KeyID, digest: ContentHash, counters: WorkCounters, signature: String,
      lease: LeaseID, seconds: Double, sequence: Int
    ) {
      self.agent = agent
      self.contributor = contributor
      self.digest = digest
      self.counters = counters
      self.signature = signature
      self.lease = lease
      self.seconds = seconds
      self.sequence = sequence
    }
  }

  public struct Failure: Sendable, Equatable, Codable {
    public var agent: KeyID
    public var reason: String

    public init(agent: KeyID, reason: String) {
      self.agent = agent
      self.reason = reason
    }
  }

  /// A second rendering by a peer, and what it is paid for: the lease that it did it under and what it signed.
  public struct Checker: Sendable, Equatable, Codable {
    public var agent: KeyID
    public var contributor: KeyID
    public var lease: LeaseID
    public var commitment: LeaseRecord.Commitment

    public init(agent: KeyID, contributor: KeyID, lease: LeaseID, commitment: LeaseRecord.Commitment) {
      self.agent = agent
      self.contributor = contributor
      self.lease = lease
      self.commitment = commitment
    }
  }

  /// What somebody else than the author says of a disputed unit.
  public struct Opinion: Sendable, Equatable, Codable {
    /// Nil: the master's kernel, which rendered it twice with equal results.
    public var checker: Checker?
    public var digest: ContentHash
    public var counters: WorkCounters

    public init(checker: Checker?, digest: ContentHash, counters: WorkCounters) {
      self.checker = checker
      self.digest = digest
      self.counters = counters
    }
  }

  /// What few units have, apart: there are millions of the others.
  private struct Rest: Sendable, Equatable {
    var checker: Checker?
    var witnesses: [Checker] = []
    var opinions: [Opinion] = []
    var failures: [Failure] = []
  }

  public var ref: UnitRef
  public var state = State.open
  public var result: Result?
  public var draw = Draw.none
  public var check = Check.none
  /// Index of the ledger's entry that pays the result.
  public var entry: UInt64?
  /// Nil: all of it is empty.
  private var rest: Boxed<Rest>?

  /// Who agreed; nil where the master did.
  public var checker: Checker? {
    get { rest?.checker }
    set { if rest != nil || newValue != nil { setRest(\.checker, newValue) } }
  }
  /// Peers whose check showed that an earlier result was wrong: paid when the unit settles.
  public var witnesses: [Checker] {
    get { rest?.witnesses ?? [] }
    set { if rest != nil || !newValue.isEmpty { setRest(\.witnesses, newValue) } }
  }
  /// Of a disputed unit, in the order in which they were heard.
  public var opinions: [Opinion] {
    get { rest?.opinions ?? [] }
    set { if rest != nil || !newValue.isEmpty { setRest(\.opinions, newValue) } }
  }
  public var failures: [Failure] {
    get { rest?.failures ?? [] }
    set { if rest != nil || !newValue.isEmpty { setRest(\.failures, newValue) } }
  }

  public init(_ ref: UnitRef) { self.ref = ref }

  private mutating func setRest<Value>(_ path: WritableKeyPath<Rest, Value>, _ value: Value) {
    var rest = rest?.value ?? Rest()
    rest[keyPath: path] = value
    self.rest = rest == Rest() ? nil : Boxed(rest)
  }

  public static func == (a: UnitRecord, b: UnitRecord) -> Bool {
    a.state == b.state && a.check == b.check && a.draw == b.draw && a.entry == b.entry && a.ref == b.ref
      && a.result == b.result && a.rest?.value == b.rest?.value
  }

  /// No picture is made of it, though its planes are here.
  public var isHeldBack: Bool {
    state == .received && (check == .disputed || (draw == .probation && check != .passed))
  }
}

/// What is kept of a frame that was put together.
public struct FrameRecord: Sendable, Equatable, Codable {
  public enum State: String, Sendable, Codable {
    /// Delivered, though some of its units have not settled.
    case provisional
    /// Units of the picture turned out void: they are rendered again, and the picture is made anew.
    case reopened
    /// All units have settled.
    case final
  }

  public var job: JobID
  public var number: Int
  public var state: State
  /// How often its picture was made.
  public var revision: Int
  /// Of the merged film.
  public var digest: ContentHash
  /// Rays and shadow rays of its units.
  public var rays: UInt64
  /// Time that agents spent on it.
  public var seconds: Double

  public init(
    job: JobID, number: Int, state: State = .final, revision: Int = 1, digest: ContentHash, rays: UInt64,
    seconds: Double
  ) {
    self.job = job
    self.number = number
    self.state = state
    self.revision = revision
    self.digest = digest
    self.rays = rays
    self.seconds = seconds
  }
}

/// What is kept of an agent.
public struct AgentRecord: Sendable, Equatable, Codable {
  public enum BanKind: String, Sendable, Codable {
    /// A result differs from what the master's kernel renders.
    case wrongResult
    /// Its self-test differs too, or from run to run: the machine is broken, nobody lies.
    case brokenMachine
  }

  public var key: KeyID
  public var contributor: KeyID
  /// The contributor's over `Statements.agentKey`: every ledger entry of this agent repeats it.
  public var contributorSignature: String
  public var name: String
  public var threadCount: Int
  public var kernelRevision: Int
  /// The running process: another one with the same key has lost what the first had in hand.
  public var instance: String
  /// Standing: checks of its results that agreed.
  public var correctCount = 0
  /// It came after the farm had banned somebody: its probation is longer.
  public var isNewcomer = false
  public var unitCount = 0
  /// Why it gets no work any more.
  public var banReason: String?
  public var banKind: BanKind?

  public init(
    key: KeyID, contributor: KeyID, contributorSignature: String, name: String, threadCount: Int, kernelRevision: Int,
    instance: String
  ) {
    self.key = key
    self.contributor = contributor
    self.contributorSignature = contributorSignature
    self.name = name
    self.threadCount = threadCount
    self.kernelRevision = kernelRevision
    self.instance = instance
  }
}

/// A unit in an agent's hands, until `deadline`.
public struct LeaseRecord: Sendable, Equatable, Codable {
  /// What the agent has bound itself to before sending planes.
  public struct Commitment: Sendable, Equatable, Codable {
    public var digest: ContentHash
    public var counters: WorkCounters
    public var signature: String

    public init(digest: ContentHash, counters: WorkCounters, signature: String) {
      self.digest = digest
      self.counters = counters
      self.signature = signature
    }
  }

  public var id: LeaseID
  public var ref: UnitRef
  public var agent: KeyID
  /// Renders what somebody else rendered already; the agent cannot tell.
  public var isCheck: Bool
  public var grantedAt: FarmTime
  public var deadline: FarmTime
  public var commitment: Commitment?

  public init(id: LeaseID, ref: UnitRef, agent: KeyID, isCheck: Bool, grantedAt: FarmTime, deadline: FarmTime) {
    self.id = id
    self.ref = ref
    self.agent = agent
    self.isCheck = isCheck
    self.grantedAt = grantedAt
    self.deadline = deadline
  }
}

/// An entry on its way into the ledger's log.
public struct OutboxEntry: Sendable, Equatable {
  /// Its place in the log.
  public var index: UInt64
  /// `LedgerEntry.encoded`.
  public var bytes: [UInt8]

  public init(index: UInt64, bytes: [UInt8]) {
    self.index = index
    self.bytes = bytes
  }
}

/// What a contributor has from one job: the sum of its ledger entries, kept so that nobody has to read them all.
public struct BalanceRecord: Sendable, Equatable {
  public var job: JobID
  public var contributor: KeyID
  public var balance: LedgerBalance

  public init(job: JobID, contributor: KeyID, balance: LedgerBalance) {
    self.job = job
    self.contributor = contributor
    self.balance = balance
  }
}

/// One row to be written. All changes of one step are written in one transaction, before anybody hears of it.
public enum Change: Sendable, Equatable {
  indirect case job(JobRecord)
  case unit(UnitRecord)
  case frame(FrameRecord)
  case agent(AgentRecord)
  case lease(LeaseRecord)
  case leaseEnded(LeaseID)
  case ledgerEntry(OutboxEntry)
  /// All entries before this index are in the log: the outbox forgets them.
  case ledgerPublished(upTo: UInt64)
  indirect case balance(BalanceRecord)
  /// Forgets all balances: they are written anew.
  case balancesForgotten
}

/// Everything that a store holds.
public struct StoredFarm: Sendable {
  public var jobs: [JobRecord] = []
  public var units: [UnitRecord] = []
  public var frames: [FrameRecord] = []
  public var agents: [AgentRecord] = []
  public var leases: [LeaseRecord] = []
  /// Entries that are not known to be in the log yet, by index.
  public var outbox: [OutboxEntry] = []
  /// Entries that are known to be in the log: the outbox begins here.
  public var publishedEntryCount: UInt64 = 0
  public var balances: [BalanceRecord] = []

  public init() {}
}

extension WorkCounters: Codable {
  private enum CodingKeys: String, CodingKey { case paths, rays, shadowRays, shadingEvaluations, nonFiniteSamples }

  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: CodingKeys.self)
    paths = try container.decode(UInt64.self, forKey: .paths)
    rays = try container.decode(UInt64.self, forKey: .rays)
    shadowRays = try container.decode(UInt64.self, forKey: .shadowRays)
    shadingEvaluations = try container.decode(UInt64.self, forKey: .shadingEvaluations)
    nonFiniteSamples = try container.decode(UInt64.self, forKey: .nonFiniteSamples)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(paths, forKey: .paths)
    try container.encode(rays, forKey: .rays)
    try container.encode(shadowRays, forKey: .shadowRays)
    try container.encode(shadingEvaluations, forKey: .shadingEvaluations)
    try container.encode(nonFiniteSamples, forKey: .nonFiniteSamples)
  }
}
