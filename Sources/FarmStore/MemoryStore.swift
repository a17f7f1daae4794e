import FarmModel
import Synchronization

/// A store that lasts as long as the process, for tests.
public final class MemoryStore: FarmStore {
  private let records = Mutex(FarmRecords())

  public init() {}

  /// What `load` gives.
  public var stored: StoredFarm { records.withLock { $0 }.stored }

  public func load() async throws -> StoredFarm { stored }

  public func write(_ changes: [Change]) async throws { try apply(changes) }

  /// Writes at once.
  public func apply(_ changes: [Change]) throws {
    try changes.check()
    records.withLock { $0.apply(changes) }
  }
}
