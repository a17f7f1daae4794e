import FarmModel
import Foundation
import SceneModel

/// `GET /v1/status`
public struct StatusAnswer: Codable, Sendable, Equatable {
  public var version: String
  public var kernelRevision: Int
  public var jobCount: Int
  public var activeJobCount: Int
  public var agentCount: Int

  public init(version: String, kernelRevision: Int, jobCount: Int, activeJobCount: Int, agentCount: Int) {
    self.version = version
    self.kernelRevision = kernelRevision
    self.jobCount = jobCount
    self.activeJobCount = activeJobCount
    self.agentCount = agentCount
  }
}

/// Answer to `PUT /v1/bundles/{hash}`
public struct MissingParts: Codable, Sendable, Equatable {
  /// To be sent with `PUT /v1/parts/{hash}`.
  public var missing: [BundleManifest.Part]

  public init(missing: [BundleManifest.Part]) { self.missing = missing }
}

/// `POST /v1/jobs`
public struct CreateJob: Codable, Sendable, Equatable {
  public var name: String
  public var spec: JobSpec
  /// Numbers of the frames, all in the bundle. Nil: `firstFrame` and `lastFrame` say it.
  public var frames: FrameNumbers?
  /// In place of `frames`, from clients that know ranges only.
  public var firstFrame: Int?
  public var lastFrame: Int?
  /// From -100 to 100; the highest goes first.
  public var priority: Int
  /// Edge of a tile, a multiple of 16.
  public var tile: Int
  public var view: String
  public var exposure: Double
  public var depth: Int
  /// Largest share of wrong units, 0 to 1; nil: `JobRecord.defaultTrust`.
  public var trust: Double?
  /// Nil: as the master has it: private where it has a token.
  public var isPrivate: Bool?
  /// Credit at which it pauses.
  public var budget: UInt64?
  /// What the submitter expects that it will cost.
  public var estimatedCredit: UInt64?
  /// A repeated request with the same id finds the job that the first one made.
  public var requestID: String

  public init(
    name: String, spec: JobSpec, frames: FrameNumbers, priority: Int, tile: Int, view: String,
    exposure: Double, depth: Int, trust: Double? = nil, requestID: String = UUID().uuidString
  ) {
    self.name = name
    self.spec = spec
    self.frames = frames
    self.priority = priority
    self.tile = tile
    self.view = view
    self.exposure = exposure
    self.depth = depth
    self.trust = trust
    self.requestID = requestID
  }
}

public struct JobSummary: Codable, Sendable, Equatable {
  public var id: JobID
  public var name: String
  /// `active`, `paused`, `finished`, `failed` or `cancelled`.
  public var state: String
  /// Why it failed or waits; of a finished job, why its provisional pictures never become final; while it is active, what an
  /// agent said last when it could not render a unit.
  public var reason: String?
  public var spec: JobSpec
  public var specHash: ContentHash
  /// Numbers of its frames as `FrameNumbers` writes them: `1-48,60`.
  public var frames: String
  public var frameCount: Int
  /// The smallest of `frames`.
  public var firstFrame: Int
  /// The largest of `frames`.
  public var lastFrame: Int
  public var priority: Int
  public var unitCount: Int
  /// Rendered; perhaps not yet checked.
  public var receivedUnitCount: Int
  /// Settled: checked as far as they will be, and credited.
  public var finishedUnitCount: Int
  /// Frames of which there is a picture.
  public var finishedFrameCount: Int
  /// Of those, the ones of which all units have settled; the others are provisional.
  public var finalFrameCount: Int
  /// Largest share of wrong units with which one settles.
  public var trust: Double
  /// Seconds since 1970.
  public var createdAt: Double
  public var endedAt: Double?
  /// The same times as `ISOTime.text` writes them.
  public var createdAtISO: String
  public var endedAtISO: String?
  public var isPrivate: Bool
  /// How its pictures are developed, as in `CreateJob`.
  public var view: String
  public var exposure: Double
  public var depth: Int
  /// What it has cost by the ledger: renderings and checks.
  public var credit: UInt64
  /// What results that have not settled are worth beside that, with their checks.
  public var pendingCredit: UInt64
  public var budget: UInt64?
  public var estimatedCredit: UInt64?

  public init(_ job: JobView) {
    let record = job.record
    id = record.id
    name = record.name
    state = record.state.rawValue
    reason = record.reason ?? (record.state == .active ? job.lastFailure : nil)
    spec = record.spec
    specHash = record.spec.hash
    frames = job.frameText
    frameCount = record.frames.count
    firstFrame = record.frames.first ?? 0
    lastFrame = record.frames.last ?? 0
    priority = record.priority
    unitCount = job.unitCount
    receivedUnitCount = job.receivedUnitCount
    finishedUnitCount = job.settledUnitCount
    finishedFrameCount = job.finishedFrameCount
    finalFrameCount = job.finalFrameCount
    trust = record.trust
    createdAt = record.createdAt
    endedAt = record.endedAt
    createdAtISO = ISOTime.text(record.createdAt)
    endedAtISO = record.endedAt.map { ISOTime.text($0) }
    isPrivate = record.isPrivate
    view = record.picture.view
    exposure = record.picture.exposure
    depth = record.picture.depth
    credit = UInt64(clamping: job.credit)
    pendingCredit = job.pendingCredit
    budget = record.budget
    estimatedCredit = record.estimatedCredit
  }
}

/// `GET /v1/jobs`: newest first.
public struct JobList: Codable, Sendable, Equatable {
  public var jobs: [JobSummary]

  public init(jobs: [JobSummary]) { self.jobs = jobs }
}

public struct FrameSummary: Codable, Sendable, Equatable {
  public var number: Int
  /// `waiting`, `rendering`, `checking` or `finished`: there is a picture.
  public var state: String
  /// Whether all units of the picture have settled; until then it is provisional.
  public var isFinal: Bool
  /// Of a provisional picture: upper limit of the expected share of wrong units. 0 if it is final.
  public var error: Double?
  /// How often the picture was made: more than once where units of it turned out void.
  public var revision: Int
  public var unitCount: Int
  public var receivedUnitCount: Int
  public var finishedUnitCount: Int
  /// Of a finished frame: rays and shadow rays.
  public var rays: UInt64
  /// Of a finished frame: time that agents spent on it.
  public var seconds: Double
  /// SHA-256 of the finished film before tone mapping.
  public var digest: ContentHash?

  public init(_ frame: FrameView) {
    number = frame.number
    unitCount = frame.unitCount
    receivedUnitCount = frame.receivedUnitCount
    finishedUnitCount = frame.settledUnitCount
    rays = frame.record?.rays ?? 0
    seconds = frame.record?.seconds ?? 0
    digest = frame.record?.digest
    isFinal = frame.record?.state == .final
    error = frame.error
    revision = frame.record?.revision ?? 0
    state =
      frame.record.map { $0.state != .reopened } == true
      ? "finished"
      : frame.receivedUnitCount == frame.unitCount
        ? "checking" : frame.receivedUnitCount > 0 || frame.isHeld ? "rendering" : "waiting"
  }
}

/// `GET /v1/jobs/{id}`
public struct JobDetail: Codable, Sendable, Equatable {
  public var job: JobSummary
  public var frames: [FrameSummary]

  public init(job: JobSummary, frames: [FrameSummary]) {
    self.job = job
    self.frames = frames
  }
}

/// `POST /v1/jobs/{id}/pause` and so on.
public enum JobAction: String, Codable, Sendable, CaseIterable {
  case pause, resume, cancel, retry
}

/// `POST /v1/jobs/{id}/budget`
public struct BudgetMessage: Codable, Sendable, Equatable {
  /// Nil: no limit.
  public var credit: UInt64?

  public init(credit: UInt64?) { self.credit = credit }
}

/// `GET /v1/specs/{hash}`
public struct SpecAnswer: Codable, Sendable, Equatable {
  public var spec: JobSpec

  public init(spec: JobSpec) { self.spec = spec }
}

/// `GET /v1/agents/{key}/entries`
public struct EntryList: Codable, Sendable, Equatable {
  /// Indices of ledger entries that pay the agent, ascending.
  public var entries: [UInt64]
  /// Entries before this one are not known by agent any more.
  public var knownFrom: UInt64

  public init(entries: [UInt64], knownFrom: UInt64) {
    self.entries = entries
    self.knownFrom = knownFrom
  }
}

/// `POST /v1/jobs/{id}/priority`
public struct PriorityMessage: Codable, Sendable, Equatable {
  public var priority: Int

  public init(priority: Int) { self.priority = priority }
}

public struct AgentSummary: Codable, Sendable, Equatable {
  public var key: KeyID
  public var name: String
  public var contributor: String
  /// `working`, `idle`, `away` or `banned`.
  public var state: String
  /// Why it is banned.
  public var reason: String?
  /// Whether all its units are still checked.
  public var isOnProbation: Bool
  public var threadCount: Int
  /// Results taken.
  public var unitCount: Int
  public var leaseCount: Int

  public init(_ agent: AgentView) {
    key = agent.record.key
    name = agent.record.name
    contributor = agent.record.contributor.description
    reason = agent.record.banReason
    isOnProbation = agent.isOnProbation
    threadCount = agent.record.threadCount
    unitCount = agent.record.unitCount
    leaseCount = agent.leaseCount
    state =
      agent.record.banReason != nil
      ? "banned" : !agent.isPresent ? "away" : agent.leaseCount > 0 ? "working" : "idle"
  }
}

/// `GET /v1/agents`
public struct AgentList: Codable, Sendable, Equatable {
  public var agents: [AgentSummary]

  public init(agents: [AgentSummary]) { self.agents = agents }
}

/// What a contributor has earned.
public struct CreditSummary: Codable, Sendable, Equatable {
  public var contributor: String
  /// Settled units, each counted once.
  public var unitCount: Int
  public var paths: UInt64
  /// Closest-hit and shadow rays.
  public var rays: UInt64
  public var shadingEvaluations: UInt64
  /// Checks of others' units that agreed, counted apart.
  public var checkCount: Int
  public var checkRays: UInt64
  /// What it is worth by the ledger, checks included.
  public var credit: UInt64
  /// Paid and taken back.
  public var revokedCredit: UInt64
  /// Results that wait for evidence, and what they will be worth.
  public var pendingUnitCount: Int
  public var pendingCredit: UInt64

  public init(contributor: KeyID, _ credit: Credit) {
    let balance = credit.balance
    self.contributor = contributor.description
    unitCount = Int(clamping: balance.rendered.unitCount)
    paths = UInt64(clamping: balance.rendered.paths)
    rays = UInt64(clamping: balance.rendered.rays + balance.rendered.shadowRays)
    shadingEvaluations = UInt64(clamping: balance.rendered.shadingEvaluations)
    checkCount = Int(clamping: balance.checked.unitCount)
    checkRays = UInt64(clamping: balance.checked.rays + balance.checked.shadowRays)
    self.credit = UInt64(clamping: balance.credit)
    revokedCredit = UInt64(clamping: balance.revoked.credit)
    pendingUnitCount = credit.pendingUnitCount
    pendingCredit = credit.pendingCredit
  }
}

/// `GET /v1/credits`
public struct CreditList: Codable, Sendable, Equatable {
  public var credits: [CreditSummary]

  public init(credits: [CreditSummary]) { self.credits = credits }
}
