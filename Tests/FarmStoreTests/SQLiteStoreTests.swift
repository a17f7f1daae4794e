import FarmModel
import Foundation
import GRDB
import SceneModel
import Testing

@testable import FarmStore

@Suite struct SQLiteStoreTests {
  /// Changes the file as another program would.
  private func change(_ path: String, _ sql: String) throws {
    let other = try DatabaseQueue(path: path)
    try other.writeWithoutTransaction { try $0.execute(sql: sql) }
    try other.close()
  }

  @Test("A file that is opened again gives the same farm")
  func reopening() async throws {
    try await withTemporaryFile { path in
      let example = StoredFarm.example
      let first = try SQLiteStore(path: path)
      try await first.write(example.changes)
      try first.close()
      let second = try SQLiteStore(path: path)
      #expect(try await second.load().changes == example.changes)
      try await second.write([.leaseEnded(leaseID(1))])
      try second.close()
      let third = try SQLiteStore(path: path)
      #expect(try await third.load().leases == Array(example.leases.dropFirst()))
    }
  }

  @Test("A write that returned is in the files although the store was never closed")
  func withoutClosing() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write(StoredFarm.example.changes)
      let copy = path + ".copy"
      for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
      let other = try SQLiteStore(path: copy)
      #expect(try await other.load().changes == StoredFarm.example.changes)
      try store.close()
    }
  }

  @Test("Every commit is synchronised with the disk")
  func synchronisation() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.queue.read { (db: Database) throws in
        #expect(try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal")
        #expect(try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2)
        #expect(try Int.fetchOne(db, sql: "PRAGMA fullfsync") == 1)
      }
    }
  }

  @Test("Other programs find ids, states and digests as plain text")
  func plainColumns() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.unit(unit(5)), .lease(lease(1))])
      try await store.queue.read { (db: Database) throws in
        let found = try #require(try Row.fetchOne(db, sql: "SELECT * FROM units WHERE state = 'settled' AND unit = 5"))
        #expect(found["job"] == jobID(1).description)
        #expect(found["contributor"] == keyID(20).description)
        #expect(found["digest"] == contentHash(5).hex)
        #expect(found["seconds"] == 0.1)
        #expect(try Double.fetchOne(db, sql: "SELECT deadline FROM leases") == lease(1).deadline)
      }
    }
  }

  @Test("A closed store throws, and what it held stays")
  func closed() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      try store.close()
      await #expect(throws: StoreError.self) { try await store.write([.job(job(2))]) }
      await #expect(throws: StoreError.self) { _ = try await store.load() }
      try store.close()
      #expect(try await SQLiteStore(path: path).load().jobs == [job(1)])
    }
  }

  @Test("A transaction that fails at its last change changes nothing, and the store works on")
  func failedTransaction() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1)), .lease(lease(1))])
      try change(
        path, "CREATE TRIGGER refusal BEFORE INSERT ON agents BEGIN SELECT RAISE(ABORT, 'not today'); END")
      let error = await #expect(throws: StoreError.self) {
        try await store.write([.job(endedJob(1)), .unit(unit(1)), .leaseEnded(leaseID(1)), .agent(agent(1))])
      }
      #expect(error?.description.contains("not today") == true)
      #expect(error?.description.contains(path) == true)
      #expect(try await store.load().changes == [.job(job(1)), .lease(lease(1))])
      try await store.write([.job(job(2))])
      #expect(try await store.load().jobs == [job(1), job(2)])
    }
  }

  @Test("A database that cannot be written refuses changes and keeps what it held")
  func readOnly() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      try await store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = ON") }
      let error = await #expect(throws: StoreError.self) { try await store.write([.job(job(2))]) }
      #expect(error?.kind == .unusable)
      #expect(try await store.load().jobs == [job(1)])
    }
  }

  @Test("A full disk is told as such, changes nothing, and the store works when there is space again")
  func fullDisk() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      try await store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
      let many = (0..<1000).map { Change.unit(unit($0)) }
      let error = await #expect(throws: StoreError.self) { try await store.write([.job(job(2))] + many) }
      #expect(error?.kind == .fullDisk)
      #expect(error?.description.contains(path) == true)
      #expect(try await store.load().changes == [.job(job(1))])
      try await store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
      try await store.write(many)
      #expect(try await store.load().units.count == 1000)
    }
  }

  @Test("A newer schema is refused, and opens again in the version that knows it")
  func newerSchema() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      try store.close()
      try change(path, "INSERT INTO grdb_migrations VALUES ('9'), ('10')")
      let error = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
      #expect(error?.kind == .newerSchema)
      #expect(error?.description.contains("found schema '10'") == true)
      #expect(error?.description.contains(path) == true)
      try change(path, "DELETE FROM grdb_migrations WHERE identifier IN ('9', '10')")
      #expect(try await SQLiteStore(path: path).load().jobs == [job(1)])
    }
  }

  @Test("A file of the first schema is brought up to date, and keeps what it held")
  func firstSchema() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1)), .unit(unit(1)), .agent(agent(1))])
      try store.close()
      try change(
        path,
        """
        DELETE FROM grdb_migrations WHERE identifier <> '1';
        DROP TABLE outbox; DROP TABLE published_entries; DROP TABLE balances;
        ALTER TABLE jobs DROP COLUMN is_private; ALTER TABLE jobs DROP COLUMN budget;
        ALTER TABLE jobs DROP COLUMN estimated_credit; ALTER TABLE jobs DROP COLUMN trust;
        ALTER TABLE jobs DROP COLUMN pause_cause;
        ALTER TABLE jobs ADD COLUMN first_frame INTEGER NOT NULL DEFAULT -3;
        ALTER TABLE jobs ADD COLUMN last_frame INTEGER NOT NULL DEFAULT 48;
        ALTER TABLE jobs DROP COLUMN frames;
        ALTER TABLE units DROP COLUMN draw; ALTER TABLE units DROP COLUMN opinions;
        ALTER TABLE frames DROP COLUMN state; ALTER TABLE frames DROP COLUMN revision;
        ALTER TABLE agents DROP COLUMN ban_kind;
        ALTER TABLE units DROP COLUMN checker_work; ALTER TABLE units DROP COLUMN entry;
        ALTER TABLE units DROP COLUMN witnesses;
        ALTER TABLE agents DROP COLUMN contributor_signature;
        ALTER TABLE agents DROP COLUMN is_newcomer;
        """)
      let farm = try await SQLiteStore(path: path).load()
      var oldJob = job(1)
      oldJob.trust = JobRecord.defaultTrust
      oldJob.frames = FrameNumbers(-3...48)
      #expect(farm.jobs == [oldJob] && farm.publishedEntryCount == 0 && farm.outbox.isEmpty)
      var (oldUnit, oldAgent) = (unit(1), agent(1))
      (oldUnit.checker, oldUnit.entry, oldAgent.contributorSignature) = (nil, nil, "")
      (oldUnit.witnesses, oldUnit.draw, oldUnit.opinions) = ([], .none, [])
      #expect(farm.units == [oldUnit] && farm.agents == [oldAgent])
    }
  }

  @Test("Jobs that were paused before causes were kept get one from their reason; in doubt a person looks")
  func pauseCauses() async throws {
    let reasons: [(String?, JobRecord.PauseCause)] = [
      (nil, .owner), ("its budget of 5 credit is used up (0 paid, 7 pending)", .budget),
      ("2 unrelated contributors differ from the master", .doubt),
    ]
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      for (number, (reason, _)) in reasons.enumerated() {
        var record = job(number)
        (record.state, record.reason) = (.paused, reason)
        try await store.write([.job(record)])
      }
      try await store.write([.job(job(9))])
      try store.close()
      try change(
        path, "DELETE FROM grdb_migrations WHERE identifier = '5'; ALTER TABLE jobs DROP COLUMN pause_cause;")
      let jobs = try await SQLiteStore(path: path).load().jobs
      for (number, (_, cause)) in reasons.enumerated() {
        #expect(jobs.first { $0.id == jobID(number) }?.pauseCause == cause)
      }
      #expect(jobs.first { $0.id == jobID(9) }.map { $0.pauseCause == nil } == true)
    }
  }

  @Test("Jobs from before lists of frames have the frames of their range")
  func frameRanges() async throws {
    let ranges = [7...7, 1...48, 0...0, -3...0, -5 ... -1, 0...1_000_000 - 900_001]
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write(ranges.indices.map { .job(job($0)) })
      try store.close()
      try change(
        path,
        """
        DELETE FROM grdb_migrations WHERE identifier = '6';
        ALTER TABLE jobs ADD COLUMN first_frame INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN last_frame INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs DROP COLUMN frames;
        """)
      for (number, range) in ranges.enumerated() {
        try change(
          path,
          """
          UPDATE jobs SET first_frame = \(range.lowerBound), last_frame = \(range.upperBound)
          WHERE id = '\(jobID(number))'
          """)
      }
      let jobs = try await SQLiteStore(path: path).load().jobs
      for (number, range) in ranges.enumerated() {
        var expected = job(number)
        expected.frames = FrameNumbers(range)
        #expect(jobs.first { $0.id == jobID(number) } == expected)
      }
      // Read once more, without a migration.
      #expect(try await SQLiteStore(path: path).load().jobs == jobs)
    }
  }

  @Test("A file that is no database is refused and left as it is", arguments: [2, 20, 100_000])
  func notADatabase(size: Int) async throws {
    try await withTemporaryFile { path in
      let data = Data(repeating: UInt8(ascii: "x"), count: size)
      try data.write(to: URL(filePath: path))
      let error = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
      #expect(error?.kind == .unusable)
      #expect(error?.description.contains("\(path) is no SQLite database") == true)
      #expect(try Data(contentsOf: URL(filePath: path)) == data)
    }
  }

  @Test("Another program's database is refused and left as it is")
  func foreignDatabase() async throws {
    try await withTemporaryFile { path in
      try change(path, "CREATE TABLE songs (title TEXT)")
      let data = try Data(contentsOf: URL(filePath: path))
      let error = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
      #expect(error?.kind == .unusable)
      #expect(error?.description.contains("songs") == true)
      #expect(try Data(contentsOf: URL(filePath: path)) == data)
    }
  }

  @Test("An empty file becomes a store")
  func emptyFile() async throws {
    try await withTemporaryFile { path in
      try Data().write(to: URL(filePath: path))
      #expect(try await SQLiteStore(path: path).load().isEmpty)
    }
  }

  @Test("A start that was cut off before the first schema is taken up")
  func interruptedStart() async throws {
    try await withTemporaryFile { path in
      try change(path, "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      #expect(try await store.load().jobs == [job(1)])
    }
  }

  @Test("A folder that is missing, or in the file's place, is told with its path")
  func unusablePlace() async throws {
    try await withTemporaryFile { path in
      let missing = path + "/missing/farm.sqlite"
      let error = #expect(throws: StoreError.self) { try SQLiteStore(path: missing) }
      #expect(error?.kind == .unusable)
      #expect(error?.description.contains(missing) == true)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
    }
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    var sql: String
    /// What the message must say.
    var table: String
    var key: String
    var column: String

    var testDescription: String { sql }
  }

  @Test(
    "A damaged row is told with its table, key and column",
    arguments: [
      Damage(sql: "UPDATE jobs SET state = 'odd'", table: "jobs", key: jobID(1).description, column: "state"),
      Damage(sql: "UPDATE jobs SET frames = '3-1'", table: "jobs", key: jobID(1).description, column: "frames"),
      Damage(sql: "UPDATE jobs SET frames = ''", table: "jobs", key: jobID(1).description, column: "frames"),
      Damage(sql: "UPDATE jobs SET spec = '{}'", table: "jobs", key: jobID(1).description, column: "spec"),
      Damage(sql: "UPDATE jobs SET picture = x'00'", table: "jobs", key: jobID(1).description, column: "picture"),
      Damage(
        sql: "UPDATE units SET digest = 'abc' WHERE unit = 10", table: "units",
        key: "job = '\(jobID(1))', frame = 9, unit = 10", column: "digest"),
      Damage(sql: "UPDATE units SET rays = 'many' WHERE unit = 10", table: "units", key: "unit = 10", column: "rays"),
      Damage(sql: "UPDATE units SET signature = NULL", table: "units", key: "frame = -1", column: "signature"),
      Damage(sql: "UPDATE units SET agent = NULL", table: "units", key: "frame = -1", column: "contributor"),
      Damage(
        sql: "UPDATE units SET checker_agent = NULL", table: "units", key: "unit = 0", column: "checker_contributor"),
      Damage(sql: "UPDATE units SET failures = '['", table: "units", key: "unit = 0", column: "failures"),
      Damage(
        sql: "UPDATE frames SET digest = upper(digest) WHERE number = 10", table: "frames", key: "number = 10",
        column: "digest"),
      Damage(
        sql: "UPDATE agents SET thread_count = 1.5", table: "agents", key: keyID(10).description,
        column: "thread_count"),
      Damage(sql: "UPDATE leases SET is_check = 2", table: "leases", key: leaseID(1).description, column: "is_check"),
      Damage(
        sql: "UPDATE leases SET deadline = 'soon'", table: "leases", key: leaseID(1).description, column: "deadline"),
    ])
  func damagedRow(damage: Damage) async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write(StoredFarm.example.changes)
      try change(path, damage.sql)
      let error = await #expect(throws: StoreError.self) { _ = try await store.load() }
      #expect(error?.kind == .unusable)
      let message = error?.description ?? ""
      #expect(message.contains(path))
      #expect(message.contains("table \(damage.table), row"))
      #expect(message.contains(damage.key))
      #expect(message.contains("column \(damage.column):"))
    }
  }

  @Test("A damaged page is told instead of giving half a farm")
  func damagedPage() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write((0..<2000).map { .unit(unit($0)) })
      try store.close()
      var data = try Data(contentsOf: URL(filePath: path))
      // The tables' roots are in the first pages.
      let rows = (data.count / 2)..<data.count
      data.replaceSubrange(rows, with: Data(repeating: 0xFF, count: rows.count))
      try data.write(to: URL(filePath: path))
      let damaged = try SQLiteStore(path: path)
      let error = await #expect(throws: StoreError.self) { _ = try await damaged.load() }
      #expect(error?.kind == .unusable)
    }
  }

  @Test("Another program may read while the store is open")
  func readers() async throws {
    try await withTemporaryFile { path in
      let store = try SQLiteStore(path: path)
      try await store.write([.job(job(1))])
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let reader = try DatabaseQueue(path: path, configuration: configuration)
      try await reader.writeWithoutTransaction { (db: Database) throws in
        try db.execute(sql: "BEGIN")
        #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs") == 1)
      }
      try await store.write([.job(job(2))])
      try await reader.writeWithoutTransaction { (db: Database) throws in
        #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs") == 1)
        try db.execute(sql: "COMMIT")
        #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs") == 2)
      }
      try reader.close()
    }
  }
}
