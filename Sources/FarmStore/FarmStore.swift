import FarmModel

/// Where a farm's records outlive its master.
///
/// A store keeps at most one record for each key and judges nothing: which records belong together is `Farm`'s concern.
/// Keys are a job's id, a unit's job, frame and index, a frame's job and number, an agent's key, a lease's id, an outbox
/// entry's index, and a balance's job and contributor. Of published entries it keeps the number alone.
///
/// One master uses a store at a time; keeping a second one out is the caller's task.
public protocol FarmStore: Sendable {
  /// Everything that was written, as of one moment: each key's latest record, field by field as it was handed over.
  ///
  /// Leases that ended are left out. Each list is in the order of its keys, byte by byte for texts; stores with the same
  /// records therefore give the same farm. A store to which nothing was written gives an empty farm.
  ///
  /// - Throws: `StoreError`; of kind `unusable` if a record cannot be understood, for none is left out silently.
  func load() async throws -> StoredFarm

  /// Writes all changes in one transaction, in their order, and returns when they survive a power loss.
  ///
  /// A record replaces the one with the same key as a whole. `leaseEnded` removes the lease, and does nothing if there is
  /// none. `ledgerPublished` removes the outbox entries before its index and becomes `publishedEntryCount`.
  /// `balancesForgotten` removes all balances. Of several changes to one key the last one counts. No changes: returns at once.
  ///
  /// A call that starts after another returned is carried out after it; calls that overlap are carried out one after the
  /// other in any order. Cancelling the task that waits has no effect: the changes are written all the same.
  ///
  /// Counters hold all 64 bits. Texts must not contain the character NUL, times and seconds must not be NaN, an exposure
  /// must be finite; changes that break this are refused before anything is written.
  ///
  /// - Throws: `StoreError`. Then none of the changes is stored; only if the disk, or the connection to a server, failed
  ///   in the commit itself may a later `load` find all of them. It never finds a part. The caller must not go on from a
  ///   state that it could not write.
  func write(_ changes: [Change]) async throws
}

/// Why a store cannot be opened, read or written.
public struct StoreError: Error, CustomStringConvertible, Sendable {
  public enum Kind: Sendable {
    /// There is no space left; the store works again when there is.
    case fullDisk
    /// Damaged, foreign, or closed to us: somebody has to look after it.
    case unusable
    /// Written by a newer version of this program.
    case newerSchema
    case other
  }

  public let kind: Kind
  /// Which file, what was found, what was expected, and what to do.
  public let description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
