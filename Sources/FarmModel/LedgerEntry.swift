import KernelScene
import SceneModel

/// One line of the public ledger: a unit's work that was paid, or a payment taken back (docs/ledger.md).
///
/// It holds all that replay needs (what was rendered) and who stands for it: `agentSignature` is over
/// `Statements.result(lease:spec:frame:digest:)` and `contributorSignature` over `Statements.agentKey`, so that a master
/// cannot make up work that no agent did, nor give an agent's work to somebody else.
public struct LedgerEntry: Sendable, Hashable {
  /// What is paid for.
  public enum Work: UInt8, Sendable, Hashable, CaseIterable {
    /// The unit's result, which is part of the picture.
    case rendered = 1
    /// A second rendering of somebody else's unit, which agreed.
    case checked = 2
  }

  /// Says that an earlier payment does not hold.
  public struct Revocation: Sendable, Hashable {
    public enum Reason: UInt8, Sendable, Hashable, CaseIterable {
      /// A later rendering of the unit differs, and the master's kernel gave that one's bits, twice.
      case wrongResult = 1
      /// Its agent was found to lie about other work before this was proven by a check of its own.
      case banned = 2
      /// Fault of the master or its operator, not of the agent.
      case fault = 3
    }

    /// Index of the entry that is taken back.
    public var entry: UInt64
    public var reason: Reason

    public init(entry: UInt64, reason: Reason) {
      self.entry = entry
      self.reason = reason
    }
  }

  public var work: Work
  /// Nil: this pays. Otherwise it takes back what the entry named there paid, and repeats all its other fields but the
  /// time.
  public var revocation: Revocation?
  /// When it was settled, or revoked. Whole seconds since 1970.
  public var settledAt: UInt64
  /// Which `CreditWeights` turn its counters into credit.
  public var weightsVersion: UInt32
  public var job: JobNumber
  /// `JobSpec.hash`.
  public var spec: ContentHash
  public var kernelRevision: UInt32
  /// Within `FrameNumbers.limits`.
  public var frame: Int32
  public var tile: TileRectangle
  /// The pass: a node of the tree of samples that the kernel revision has.
  public var samples: Range<Int>
  /// Of the result's payload (docs/protocol.md).
  public var digest: ContentHash
  public var counters: WorkCounters
  public var lease: LeaseNumber
  public var agent: KeyBytes
  public var contributor: KeyBytes
  /// The contributor's, over the agent's key.
  public var contributorSignature: SignatureBytes
  /// The agent's, over its result.
  public var agentSignature: SignatureBytes

  public init(
    work: Work, revocation: Revocation? = nil, settledAt: UInt64,
    weightsVersion: UInt32 = CreditWeights.current.version,
    job: JobNumber, spec: ContentHash, kernelRevision: UInt32, frame: Int32, tile: TileRectangle, samples: Range<Int>,
    digest: ContentHash, counters: WorkCounters, lease: LeaseNumber, agent: KeyBytes, contributor: KeyBytes,
    contributorSignature: SignatureBytes, agentSignature: SignatureBytes
  ) {
    self.work = work
    self.revocation = revocation
    self.settledAt = settledAt
    self.weightsVersion = weightsVersion
    self.job = job
    self.spec = spec
    self.kernelRevision = kernelRevision
    self.frame = frame
    self.tile = tile
    self.samples = samples
    self.digest = digest
    self.counters = counters
    self.lease = lease
    self.agent = agent
    self.contributor = contributor
    self.contributorSignature = contributorSignature
    self.agentSignature = agentSignature
  }

  /// The entry that takes this one back.
  ///
  /// - Parameter index: This entry's, in the log.
  public func revoked(index: UInt64, reason: Revocation.Reason, at time: UInt64) -> LedgerEntry {
    var entry = self
    entry.revocation = Revocation(entry: index, reason: reason)
    entry.settledAt = time
    return entry
  }

  /// Whether `self` is a payment that `later` may take back: they agree in all but time and revocation.
  public func isRevoked(by later: LedgerEntry) -> Bool {
    guard revocation == nil, later.revocation != nil else { return false }
    var payment = later
    payment.revocation = nil
    payment.settledAt = settledAt
    return payment == self
  }

  /// What the agent signed.
  public var statement: [UInt8] {
    Statements.result(lease: lease.id, spec: spec, frame: Int(frame), digest: digest)
  }

  /// The unit that it is about. Rendering it is paid once; the job is part of it, because two jobs may have one spec.
  public struct Unit: Sendable, Hashable {
    public var job: JobNumber
    public var spec: ContentHash
    public var frame: Int32
    public var tile: TileRectangle
    public var samples: Range<Int>
  }

  public var unit: Unit { Unit(job: job, spec: spec, frame: frame, tile: tile, samples: samples) }
}

/// A `JobID` as its 64 bits.
public struct JobNumber: Sendable, Hashable {
  public var value: UInt64

  public init(_ value: UInt64) { self.value = value }

  /// Nil unless it is 16 lower-case hexadecimal digits.
  public init?(_ id: JobID) {
    guard let value = id.digits else { return nil }
    self.value = value
  }

  public var id: JobID { JobID(random: value) }
}

/// A `LeaseID` as its 128 bits.
public struct LeaseNumber: Sendable, Hashable {
  public var high: UInt64
  public var low: UInt64

  public init(_ high: UInt64, _ low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Nil unless it is 32 lower-case hexadecimal digits.
  public init?(_ id: LeaseID) {
    guard let digits = id.digits else { return nil }
    self.init(digits.high, digits.low)
  }

  public var id: LeaseID { LeaseID(random: high, low) }
}
