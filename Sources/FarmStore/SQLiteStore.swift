import FarmModel
import Foundation
import GRDB
import Synchronization

/// A store in one SQLite file.
///
/// The file may be read by other programs meanwhile, such as `sqlite3`. Beside it SQLite keeps a log and an index of the
/// log (`-wal`, `-shm`); they belong to the file and move with it.
public final class SQLiteStore: FarmStore {
  public let path: String
  let queue: DatabaseQueue
  private let isOpen = Mutex(true)

  /// Opens the file, or makes it; the folder must exist. Brings an older schema up to date.
  ///
  /// - Throws: `StoreError`, before anything is changed, if the file is no SQLite database, is another program's, or has
  ///   a newer schema.
  public init(path: String) throws {
    self.path = path
    let migrator = SQLiteStore.migrator
    var configuration = Configuration()
    configuration.label = "glint.store"
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { db in
      try SQLiteStore.check(db, path: path, migrator: migrator)
      try SQLiteStore.prepare(db, path: path)
    }
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try migrator.migrate(queue)
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Ends the use of the file, after the calls under way. Every later call throws.
  public func close() throws {
    let wasOpen = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    guard wasOpen else { return }
    do {
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
  }

  public func load() async throws -> StoredFarm {
    try await perform { done in
      queue.asyncRead { [path] access in
        done(Result { try SQLiteStore.load(try access.get(), path: path) })
      }
    }
  }

  public func write(_ changes: [Change]) async throws {
    try changes.check()
    if changes.isEmpty { return }
    try await perform { done in
      queue.asyncWrite {
        for change in changes { try SQLiteStore.apply(change, to: $0) }
      } completion: {
        done($1)
      }
    }
  }

  /// Waits for what `enqueue` puts into the queue.
  ///
  /// GRDB's own asynchronous calls roll back when the waiting task is cancelled, and must not run after `close`. Here
  /// nothing is enqueued behind it.
  private func perform<Value: Sendable>(
    _ enqueue: (@escaping @Sendable (Result<Value, any Error>) -> Void) -> Void
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let isOpen = isOpen.withLock { isOpen in
        if isOpen {
          enqueue { [path] result in continuation.resume(with: result.mapError { StoreError($0, path: path) }) }
        }
        return isOpen
      }
      if !isOpen {
        continuation.resume(throwing: StoreError(.other, "\(path): the store was closed; open it again"))
      }
    }
  }

  private static func load(_ db: Database, path: String) throws -> StoredFarm {
    func records<Record: SQLiteRow>() throws -> [Record] {
      let reader = RowReader(Record.table, path: path)
      let rows = try Row.fetchCursor(db, sql: Record.table.select)
      var records: [Record] = []
      while let row = try rows.next() {
        reader.begin(row)
        records.append(try Record(reader))
      }
      return records
    }
    var farm = StoredFarm()
    farm.jobs = try records()
    farm.units = try records()
    farm.frames = try records()
    farm.agents = try records()
    farm.leases = try records()
    farm.outbox = try records()
    let published = try Int64.fetchOne(db, sql: "SELECT count FROM published_entries") ?? 0
    farm.publishedEntryCount = UInt64(bitPattern: published)
    farm.balances = try records()
    return farm
  }

  private static func apply(_ change: Change, to db: Database) throws {
    func upsert<Record: SQLiteRow>(_ record: Record) throws {
      try db.cachedStatement(sql: Record.table.upsert).execute(arguments: StatementArguments(record.values()))
    }
    switch change {
    case .job(let job): try upsert(job)
    case .unit(let unit): try upsert(unit)
    case .frame(let frame): try upsert(frame)
    case .agent(let agent): try upsert(agent)
    case .lease(let lease): try upsert(lease)
    case .leaseEnded(let id):
      try db.cachedStatement(sql: "DELETE FROM leases WHERE id = ?").execute(arguments: [id.description])
    case .ledgerEntry(let entry): try upsert(entry)
    case .ledgerPublished(let index):
      let bits = Int64(bitPattern: index)
      try db.cachedStatement(sql: "DELETE FROM outbox WHERE entry < ?").execute(arguments: [bits])
      try db.cachedStatement(sql: "INSERT OR REPLACE INTO published_entries (id, count) VALUES (1, ?)")
        .execute(arguments: [bits])
    case .balance(let record): try upsert(record)
    case .balancesForgotten: try db.cachedStatement(sql: "DELETE FROM balances").execute()
    }
  }
}

// MARK: - Opening

extension SQLiteStore {
  /// Marks the file as ours: `glnt`.
  private static let applicationID = 0x676C_6E74

  /// Throws unless the file is empty or a store that this version knows. Changes nothing.
  private static func check(_ db: Database, path: String, migrator: DatabaseMigrator) throws {
    let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    // The first migration makes the mark and the tables at once; its own table is there a moment earlier.
    let foreign =
      try String.fetchOne(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'grdb\\_%' ESCAPE '\\'")
    if application != applicationID, application != 0 || foreign != nil {
      throw StoreError(
        .unusable,
        """
        \(path) is another program's database: found application id \(application) and \
        \(foreign.map { "table '\($0)'" } ?? "no tables"), expected \(applicationID); name another file
        """)
    }
    let unknown = try migrator.appliedIdentifiers(db).subtracting(migrator.migrations)
    if let newest = unknown.max(by: { $0.compare($1, options: .numeric) == .orderedAscending }) {
      throw StoreError(
        .newerSchema,
        """
        \(path) was written by a newer version: found schema '\(newest)', expected '\(migrator.migrations.last ?? "")' \
        or older; use the newer version, or restore a backup from before the update
        """)
    }
  }

  private static func prepare(_ db: Database, path: String) throws {
    // Rows of half a kilobyte in the tree itself: larger pages keep it flat. Only counts for new files.
    try db.execute(sql: "PRAGMA page_size = 8192")
    let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? ""
    guard mode == "wal" else {
      throw StoreError(
        .unusable,
        "\(path): found journal mode '\(mode)', expected 'wal'; put the file on a local disk that supports it")
    }
    try db.execute(
      sql: """
        PRAGMA synchronous = FULL;
        PRAGMA fullfsync = ON;
        PRAGMA checkpoint_fullfsync = ON;
        PRAGMA cache_size = -65536;
        """)
  }

  /// Migrations are named by schema versions and never change once released.
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator().disablingDeferredForeignKeyChecks()
    migrator.registerMigration("1") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(
        sql: """
          CREATE TABLE jobs (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            priority INTEGER NOT NULL,
            first_frame INTEGER NOT NULL,
            last_frame INTEGER NOT NULL,
            tile INTEGER NOT NULL,
            created_at REAL NOT NULL,
            ended_at REAL,
            request_id TEXT NOT NULL,
            spec TEXT NOT NULL,
            picture TEXT NOT NULL
          ) WITHOUT ROWID;
          CREATE TABLE units (
            job TEXT NOT NULL,
            frame INTEGER NOT NULL,
            unit INTEGER NOT NULL,
            state TEXT NOT NULL,
            check_state TEXT NOT NULL,
            checker_agent TEXT,
            checker_contributor TEXT,
            failures TEXT,
            agent TEXT,
            contributor TEXT,
            digest TEXT,
            paths INTEGER,
            rays INTEGER,
            shadow_rays INTEGER,
            shading_evaluations INTEGER,
            non_finite_samples INTEGER,
            signature TEXT,
            lease TEXT,
            seconds REAL,
            sequence INTEGER,
            PRIMARY KEY (job, frame, unit)
          ) WITHOUT ROWID;
          CREATE TABLE frames (
            job TEXT NOT NULL,
            number INTEGER NOT NULL,
            digest TEXT NOT NULL,
            rays INTEGER NOT NULL,
            seconds REAL NOT NULL,
            PRIMARY KEY (job, number)
          ) WITHOUT ROWID;
          CREATE TABLE agents (
            key TEXT NOT NULL PRIMARY KEY,
            contributor TEXT NOT NULL,
            name TEXT NOT NULL,
            thread_count INTEGER NOT NULL,
            kernel_revision INTEGER NOT NULL,
            instance TEXT NOT NULL,
            correct_count INTEGER NOT NULL,
            unit_count INTEGER NOT NULL,
            ban_reason TEXT
          ) WITHOUT ROWID;
          CREATE TABLE leases (
            id TEXT NOT NULL PRIMARY KEY,
            job TEXT NOT NULL,
            frame INTEGER NOT NULL,
            unit INTEGER NOT NULL,
            agent TEXT NOT NULL,
            is_check INTEGER NOT NULL,
            granted_at REAL NOT NULL,
            deadline REAL NOT NULL,
            digest TEXT,
            paths INTEGER,
            rays INTEGER,
            shadow_rays INTEGER,
            shading_evaluations INTEGER,
            non_finite_samples INTEGER,
            signature TEXT
          ) WITHOUT ROWID;
          """)
    }
    // Evidence. What was finished before is final; what was pending settles by a check of its own.
    migrator.registerMigration("2") { db in
      try db.execute(
        sql: """
          ALTER TABLE jobs ADD COLUMN trust REAL NOT NULL DEFAULT 0.001;
          ALTER TABLE units ADD COLUMN draw TEXT NOT NULL DEFAULT 'none';
          ALTER TABLE units ADD COLUMN opinions TEXT;
          ALTER TABLE frames ADD COLUMN state TEXT NOT NULL DEFAULT 'final';
          ALTER TABLE frames ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
          ALTER TABLE agents ADD COLUMN ban_kind TEXT;
          """)
    }
    registerLedger(in: &migrator)
    migrator.registerMigration("4") { db in
      try db.execute(sql: "ALTER TABLE agents ADD COLUMN is_newcomer INTEGER NOT NULL DEFAULT 0;")
    }
    registerPauseCause(in: &migrator)
    registerFrameNumbers(in: &migrator)
    return migrator
  }

  /// Why a job is paused. Before, only the reason told: what is not known is left to a person.
  private static func registerPauseCause(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("5") { db in
      try db.execute(
        sql: """
          ALTER TABLE jobs ADD COLUMN pause_cause TEXT;
          UPDATE jobs SET pause_cause = CASE
            WHEN reason IS NULL THEN 'owner' WHEN reason LIKE 'its budget of %' THEN 'budget' ELSE 'doubt' END
            WHERE state = 'paused';
          """)
    }
  }

  /// A job's frames as a list of numbers. Before, they were one range.
  private static func registerFrameNumbers(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("6") { db in
      try db.execute(
        sql: """
          ALTER TABLE jobs ADD COLUMN frames TEXT NOT NULL DEFAULT '';
          UPDATE jobs SET frames = CASE
            WHEN first_frame = last_frame THEN CAST(first_frame AS TEXT) ELSE first_frame || '-' || last_frame END;
          ALTER TABLE jobs DROP COLUMN first_frame;
          ALTER TABLE jobs DROP COLUMN last_frame;
          """)
    }
  }

  /// The outbox of the ledger, and balances.
  private static func registerLedger(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("3") { db in
      try db.execute(
        sql: """
          ALTER TABLE jobs ADD COLUMN is_private INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE jobs ADD COLUMN budget INTEGER;
          ALTER TABLE jobs ADD COLUMN estimated_credit INTEGER;
          ALTER TABLE units ADD COLUMN checker_work TEXT;
          ALTER TABLE units ADD COLUMN entry INTEGER;
          ALTER TABLE units ADD COLUMN witnesses TEXT;
          ALTER TABLE agents ADD COLUMN contributor_signature TEXT NOT NULL DEFAULT '';
          CREATE TABLE outbox (
            entry INTEGER NOT NULL PRIMARY KEY,
            bytes BLOB NOT NULL
          );
          CREATE TABLE published_entries (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            count INTEGER NOT NULL
          );
          CREATE TABLE balances (
            job TEXT NOT NULL,
            contributor TEXT NOT NULL,
            rendered TEXT NOT NULL,
            checked TEXT NOT NULL,
            revoked TEXT NOT NULL,
            PRIMARY KEY (job, contributor)
          ) WITHOUT ROWID;
          """)
    }
  }
}

// MARK: - Errors

extension StoreError {
  fileprivate init(_ error: any Error, path: String) {
    switch error {
    case let error as StoreError: self = error
    case let error as DatabaseError: self.init(error, path: path)
    default: self.init(.other, "\(path): \(error)")
    }
  }

  private init(_ error: DatabaseError, path: String) {
    let found = "\(error.message ?? "no message") (SQLite error \(error.extendedResultCode.rawValue))"
    switch error.extendedResultCode {
    case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE:
      self.init(.fullDisk, "\(path): the disk is full: \(found); free some space and start again")
    case .SQLITE_NOTADB:
      self.init(.unusable, "\(path) is no SQLite database, but something else; name another file, or restore it")
    case .SQLITE_CORRUPT:
      self.init(.unusable, "\(path) is damaged: \(found); restore the file from a backup")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_READONLY:
      self.init(.unusable, "\(path) cannot be opened for writing: \(found); check the folder, its owner and its rights")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.other, "\(path) is locked by another program: \(found); end that program and start again")
    default:
      self.init(.other, "\(path): \(found); if it happens again, check the disk")
    }
  }
}
