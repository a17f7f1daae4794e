import FarmModel
import KernelScene
import SceneModel

/// `POST /v1/agents`
public struct RegisterAgent: Codable, Sendable, Equatable {
  public var name: String
  /// Ed25519 public keys, 64 hexadecimal digits.
  public var agentKey: String
  public var contributorKey: String
  /// By the contributor's key over `Statements.agentKey`.
  public var signature: String
  /// By the agent's key over `Statements.agentKey`: it holds the private half.
  public var proof: String
  public var kernelRevision: Int
  public var threadCount: Int
  /// The running process; another one with the same key has nothing in hand.
  public var instance: String
  public var selfTest: SelfTestMessage

  public init(
    name: String, agentKey: String, contributorKey: String, signature: String, proof: String, kernelRevision: Int,
    threadCount: Int, instance: String, selfTest: SelfTestMessage
  ) {
    self.name = name
    self.agentKey = agentKey
    self.contributorKey = contributorKey
    self.signature = signature
    self.proof = proof
    self.kernelRevision = kernelRevision
    self.threadCount = threadCount
    self.instance = instance
    self.selfTest = selfTest
  }
}

/// What an agent found when it rendered the units of the self-test.
public struct SelfTestMessage: Codable, Sendable, Equatable {
  /// One for each unit.
  public var digests: [ContentHash]
  /// For scheduling, never for pay.
  public var pathsPerSecond: Double

  public init(digests: [ContentHash], pathsPerSecond: Double) {
    self.digests = digests
    self.pathsPerSecond = pathsPerSecond
  }
}

public struct AgentRegistration: Codable, Sendable, Equatable {
  /// To be sent as `glint-session` with everything that the agent asks and tells.
  public var session: String

  public init(session: String) { self.session = session }
}

/// A frame that the agent has ready.
public struct PreparedFrameMessage: Codable, Sendable, Equatable {
  public var bundle: ContentHash
  public var frame: Int
  public var camera: Int

  public init(bundle: ContentHash, frame: Int, camera: Int) {
    self.bundle = bundle
    self.frame = frame
    self.camera = camera
  }
}

/// `POST /v1/leases`
public struct AskForWork: Codable, Sendable, Equatable {
  public var unitCount: Int
  public var prepared: [PreparedFrameMessage]
  /// How long the master may hold the question open while there is nothing to do.
  public var waitSeconds: Double

  public init(unitCount: Int, prepared: [PreparedFrameMessage], waitSeconds: Double) {
    self.unitCount = unitCount
    self.prepared = prepared
    self.waitSeconds = waitSeconds
  }
}

/// A unit handed out.
public struct LeaseMessage: Codable, Sendable, Equatable {
  public var id: LeaseID
  public var spec: JobSpec
  public var frame: Int
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int
  public var firstSample: Int
  public var sampleCount: Int
  /// Until the master may give it to somebody else.
  public var seconds: Double

  public init(_ lease: LeaseRecord, spec: JobSpec, unit: FramePlan.Unit, seconds: Double) {
    id = lease.id
    self.spec = spec
    frame = lease.ref.frame
    x = unit.tile.x
    y = unit.tile.y
    width = unit.tile.width
    height = unit.tile.height
    firstSample = unit.samples.lowerBound
    sampleCount = unit.samples.count
    self.seconds = seconds
  }
}

public struct LeaseList: Codable, Sendable, Equatable {
  public var leases: [LeaseMessage]

  public init(leases: [LeaseMessage]) { self.leases = leases }
}

/// `POST /v1/leases/renew`, `POST /v1/leases/return`
public struct LeaseIDs: Codable, Sendable, Equatable {
  public var leases: [LeaseID]

  public init(_ leases: [LeaseID]) { self.leases = leases }
}

public struct RenewAnswer: Codable, Sendable, Equatable {
  /// Those that are still the agent's.
  public var held: [LeaseID]
  /// Their life from now.
  public var seconds: Double

  public init(held: [LeaseID], seconds: Double) {
    self.held = held
    self.seconds = seconds
  }
}

/// `POST /v1/leases/{lease}/failure`
public struct FailureMessage: Codable, Sendable, Equatable {
  public var reason: String

  public init(reason: String) { self.reason = reason }
}

/// `POST /v1/leases/{lease}/result`: binds the agent before the planes are sent.
public struct CommitMessage: Codable, Sendable, Equatable {
  public var digest: ContentHash
  public var counters: WorkCounters
  /// By the agent's key over `Statements.result`.
  public var signature: String

  public init(digest: ContentHash, counters: WorkCounters, signature: String) {
    self.digest = digest
    self.counters = counters
    self.signature = signature
  }
}
