import FarmModel
import Foundation
import FrameRenderer
import KernelScene
import NIOCore

/// What a master is told at its start.
public struct MasterConfiguration: Sendable {
  public struct TLSFiles: Sendable {
    public var certificate: URL
    public var key: URL

    public init(certificate: URL, key: URL) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// Holds everything: database, parts, results, pictures.
  public var dataDirectory: URL
  public var host: String
  /// 0 takes a free one.
  public var port: Int
  /// Must be shown with every request but the page's own, if there is one.
  public var token: String?
  public var tls: TLSFiles?
  public var policy = FarmPolicy()
  /// Threads for checks that no agent can take; with 0 the master renders only to decide disputes.
  public var verifierThreads = 1
  /// What the ledger is called (its origin); nil: as it is called already, or after this machine.
  public var ledgerName: String?
  /// Time from one batch of ledger entries to the next. Until then they are safe in the database.
  public var ledgerInterval = Duration.seconds(5)
  /// Are asked to sign the ledger's checkpoints.
  public var witnesses: [WitnessAddress] = []
  /// Bytes of large bodies that requests have in hand, all together: some ten thousand tiles of 64 × 64.
  public var bodyByteCount = 1 << 30
  /// The build of the kernel that checks and repairs.
  public var kernel: any KernelBuild = KernelChoice.fastest

  public init(dataDirectory: URL, host: String = "127.0.0.1", port: Int = 7878) {
    self.dataDirectory = dataDirectory
    self.host = host
    self.port = port
  }
}

/// Bounds of the master, each with its reason.
enum MasterLimits {
  /// Control messages: 32 leases, or a thousand prepared frames, stay far below.
  static let controlBodyByteCount = 1 << 20
  /// Bodies up to this size do not count among those that are bounded together.
  static let smallBodyByteCount = 16 << 10
  static let loginByteCount = 8 << 10
  /// Large bodies may take so long, and beyond that as long as they come at this rate, in bytes a second.
  static let bodyPatience = Duration.seconds(60)
  static let slowestBodyRate = 4096.0
  /// Asking for work may be held open so long: below the idle limits of common proxies.
  static let longPollSeconds = 30.0
  static let nameLength = 200
  static let jobCount = 10_000
  /// Open event streams.
  static let listenerCount = 1000
  /// Events that a slow listener may fall behind; it fetches everything anew anyway.
  static let listenerBacklog = 64
  /// Between two signs of life on a quiet event stream: below the idle limits of proxies.
  static let pingInterval = Duration.seconds(15)
  /// Results delivered lately, so that a repeated delivery hears the same answer.
  static let rememberedDeliveries = 10_000
  /// Silence on a connection without a request: above what clients keep a connection for.
  static let idleTimeout = TimeAmount.seconds(90)
  /// How often leases are looked at.
  static let leaseInterval = Duration.seconds(1)
  /// A bundle of 256 entries of 388 bytes, each with its length.
  static let entryBundleByteCount = 256 * 390
  /// Newest entries that agents are told of by their key: some 50 MB.
  static let indexedEntries = 1_000_000
  /// Entries told to an agent at once.
  static let entriesInAnswer = 1000
  /// Entries appended to the ledger at once: some megabytes.
  static let entriesInBatch = 8192
  /// A ledger that cannot be written is tried again so often.
  static let ledgerRetryInterval = Duration.seconds(5)
  /// Planes that are kept in memory until their frame is put together: the previews of some hundred small frames.
  static let planeCacheByteCount = 256 << 20
  /// A witness that did not sign is asked again so often.
  static let witnessRetryInterval = Duration.seconds(10)
  static let witnessTimeout = TimeAmount.seconds(10)
  /// After several failures in a row writing is tried again after waits that double from the first to the second.
  static let firstStoreWait = Duration.milliseconds(50)
  static let longestStoreWait = Duration.seconds(5)
  /// Changes written in one transaction.
  static let changesInTransaction = 20_000
}

/// Why a master does not start, or cannot go on: what, where, and what to do.
public struct MasterFault: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// What it was told is wrong.
    case usage
    /// The data folder, the disk, the address.
    case system
  }

  public var kind: Kind
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
