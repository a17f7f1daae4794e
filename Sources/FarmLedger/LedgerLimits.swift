/// Bounds of what is read from a log: whoever serves it may be hostile.
public enum LedgerLimits {
  /// Of a checkpoint or receipt. Notes must be accepted with at least 16 signatures, which may have 5 kB each in base64.
  public static let noteByteCount = 1 << 17
  /// Signature lines of a note.
  public static let signatureCount = 64
  /// `tlog-tiles`: a bundle's entries are led by 16-bit lengths.
  public static let entryByteCount = 65_535
  /// Entries and hashes of a full tile.
  public static let tileWidth = 256
  public static let tileByteCount = tileWidth * 32
  /// Entries of a log that is believed: 2⁴⁰ of 388 bytes are 400 TB.
  public static let treeSize: UInt64 = 1 << 40
  /// A tree of 2⁴⁰ entries has proofs of at most this many hashes; `tlog-witness` allows 63.
  public static let proofLength = 63
  /// Faults of a log that are told one by one; others are counted.
  public static let findingCount = 100
  /// Answer of a witness: signature lines, or a size.
  public static let witnessAnswerByteCount = 1 << 15
  /// Threads that wait for the disk when a batch is made durable: syncs of many files share the disk's journal.
  public static let syncThreadCount = 8
  /// Entries of one batch: 26 MiB of bundles and hashes in memory.
  public static let batchCount = 65_536

  /// Bytes of a bundle of Glint's entries, which all have one length.
  public static func bundleByteCount(width: Int, entryByteCount: Int) -> Int { width * (2 + entryByteCount) }
}

/// Why a log, or something of it, is not taken.
public struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// Bytes that are not of the form that they should have.
    case malformed
    /// Something that a verified checkpoint needs is not there.
    case missing
    /// Hashes, signatures or the log's history do not agree: somebody changed what must not change.
    case damaged
    /// The log is not at the place that the caller thinks it is.
    case conflict
    /// The machine failed.
    case storage
  }

  public var kind: Kind
  /// What, where, found, expected, what to do.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
