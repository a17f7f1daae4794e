import FarmModel
import Foundation
import GRDB
import KernelScene
import SceneModel

/// One table, with its columns in the order in which `SQLiteRow` reads and writes them. Keys come first.
struct SQLiteTable: Sendable {
  let name: String
  let columns: [String]
  let keyCount: Int
  let upsert: String
  let select: String

  init(_ name: String, key: [String], _ others: [String]) {
    let all = key + others
    let names = all.joined(separator: ", ")
    let marks = all.map { _ in "?" }.joined(separator: ", ")
    self.name = name
    columns = all
    keyCount = key.count
    upsert = "INSERT OR REPLACE INTO \(name) (\(names)) VALUES (\(marks))"
    select = "SELECT \(names) FROM \(name) ORDER BY \(key.joined(separator: ", "))"
  }
}

/// A record as a row. `values` and `init` go through the table's columns in their order.
protocol SQLiteRow {
  static var table: SQLiteTable { get }
  func values() throws -> [(any DatabaseValueConvertible)?]
  init(_ row: RowReader) throws
}

extension JobRecord: SQLiteRow {
  static let table = SQLiteTable(
    "jobs", key: ["id"],
    [
      "name", "state", "reason", "priority", "frames", "tile", "created_at", "ended_at", "request_id", "spec",
      "picture", "trust", "is_private", "budget", "estimated_credit", "pause_cause",
    ])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [
      id.description, name, state.rawValue, reason, priority, frames.description, tile, createdAt, endedAt, requestID,
      try json(spec), try json(picture), trust, isPrivate ? 1 : 0, bits(budget), bits(estimatedCredit),
      pauseCause?.rawValue,
    ]
  }

  init(_ row: RowReader) throws {
    let id = JobID(try row.text())
    let name = try row.text()
    let state: State = try row.choice()
    let reason = try row.optionalText()
    let priority = try row.integer()
    let frames = try row.frames()
    let tile = try row.integer()
    let createdAt = try row.number()
    let endedAt = try row.optionalNumber()
    let requestID = try row.text()
    let (spec, picture): (JobSpec, PictureSpec) = (try row.json(), try row.json())
    self.init(
      id: id, name: name, spec: spec, picture: picture, frames: frames, tile: tile, priority: priority,
      trust: try row.number(), state: state, createdAt: createdAt, requestID: requestID)
    self.reason = reason
    self.endedAt = endedAt
    isPrivate = try row.flag()
    budget = try row.optionalCounter()
    estimatedCredit = try row.optionalCounter()
    pauseCause = try row.optionalChoice()
  }
}

extension UnitRecord: SQLiteRow {
  static let table = SQLiteTable(
    "units", key: ["job", "frame", "unit"],
    [
      "state", "check_state", "checker_agent", "checker_contributor", "failures", "agent", "contributor", "digest",
      "paths", "rays", "shadow_rays", "shading_evaluations", "non_finite_samples", "signature", "lease", "seconds",
      "sequence", "draw", "opinions", "checker_work", "entry", "witnesses",
    ])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [
      ref.job.description, ref.frame, ref.unit, state.rawValue, check.rawValue, checker?.agent.description,
      checker?.contributor.description, failures.isEmpty ? nil : try json(failures), result?.agent.description,
      result?.contributor.description, result?.digest.hex, bits(result?.counters.paths), bits(result?.counters.rays),
      bits(result?.counters.shadowRays), bits(result?.counters.shadingEvaluations),
      bits(result?.counters.nonFiniteSamples), result?.signature, result?.lease.description, result?.seconds,
      result?.sequence, draw.rawValue, opinions.isEmpty ? nil : try json(opinions),
      try checker.map { try json(CheckerWork(lease: $0.lease, commitment: $0.commitment)) },
      bits(entry), witnesses.isEmpty ? nil : try json(witnesses),
    ]
  }

  init(_ row: RowReader) throws {
    self.init(UnitRef(job: try row.job(), frame: try row.integer(), unit: try row.integer()))
    state = try row.choice()
    check = try row.choice()
    let checkerAgent = try row.optionalKey()
    var checkerContributor: KeyID?
    if checkerAgent != nil { checkerContributor = try row.key() } else { try row.nothing() }
    failures = try row.optionalJSON() ?? []
    guard let agent = try row.optionalKey() else {
      for _ in 0..<11 { try row.nothing() }
      try readEnd(row, checkerAgent, checkerContributor)
      return
    }
    result = Result(
      agent: agent, contributor: try row.key(), digest: try row.hash(), counters: try row.counters(),
      signature: try row.text(), lease: LeaseID(try row.text()), seconds: try row.number(), sequence: try row.integer())
    try readEnd(row, checkerAgent, checkerContributor)
  }

  private mutating func readEnd(_ row: RowReader, _ agent: KeyID?, _ contributor: KeyID?) throws {
    draw = try row.choice()
    opinions = try row.optionalJSON() ?? []
    let work: CheckerWork? = try row.optionalJSON()
    // A checker of a store from before there was a ledger cannot be paid, and is nobody.
    if let agent, let contributor, let work {
      checker = Checker(agent: agent, contributor: contributor, lease: work.lease, commitment: work.commitment)
    }
    entry = try row.optionalCounter()
    witnesses = try row.optionalJSON() ?? []
  }

  /// What a checker is paid for, in one column.
  private struct CheckerWork: Codable {
    var lease: LeaseID
    var commitment: LeaseRecord.Commitment
  }
}

extension FrameRecord: SQLiteRow {
  static let table = SQLiteTable(
    "frames", key: ["job", "number"], ["state", "revision", "digest", "rays", "seconds"])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [job.description, number, state.rawValue, revision, digest.hex, bits(rays), seconds]
  }

  init(_ row: RowReader) throws {
    self.init(
      job: try row.job(), number: try row.integer(), state: try row.choice(), revision: try row.integer(),
      digest: try row.hash(), rays: try row.counter(), seconds: try row.number())
  }
}

extension AgentRecord: SQLiteRow {
  static let table = SQLiteTable(
    "agents", key: ["key"],
    [
      "contributor", "name", "thread_count", "kernel_revision", "instance", "correct_count", "unit_count", "ban_reason",
      "ban_kind", "contributor_signature", "is_newcomer",
    ])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [
      key.description, contributor.description, name, threadCount, kernelRevision, instance, correctCount, unitCount,
      banReason, banKind?.rawValue, contributorSignature, isNewcomer ? 1 : 0,
    ]
  }

  init(_ row: RowReader) throws {
    self.init(
      key: try row.key(), contributor: try row.key(), contributorSignature: "", name: try row.text(),
      threadCount: try row.integer(), kernelRevision: try row.integer(), instance: try row.text())
    correctCount = try row.integer()
    unitCount = try row.integer()
    banReason = try row.optionalText()
    banKind = try row.optionalChoice()
    contributorSignature = try row.text()
    isNewcomer = try row.flag()
  }
}

extension LeaseRecord: SQLiteRow {
  static let table = SQLiteTable(
    "leases", key: ["id"],
    [
      "job", "frame", "unit", "agent", "is_check", "granted_at", "deadline", "digest", "paths", "rays", "shadow_rays",
      "shading_evaluations", "non_finite_samples", "signature",
    ])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [
      id.description, ref.job.description, ref.frame, ref.unit, agent.description, isCheck ? 1 : 0, grantedAt, deadline,
      commitment?.digest.hex, bits(commitment?.counters.paths), bits(commitment?.counters.rays),
      bits(commitment?.counters.shadowRays), bits(commitment?.counters.shadingEvaluations),
      bits(commitment?.counters.nonFiniteSamples), commitment?.signature,
    ]
  }

  init(_ row: RowReader) throws {
    self.init(
      id: LeaseID(try row.text()),
      ref: UnitRef(job: try row.job(), frame: try row.integer(), unit: try row.integer()),
      agent: try row.key(), isCheck: try row.flag(), grantedAt: try row.number(), deadline: try row.number())
    guard let digest = try row.optionalHash() else {
      for _ in 0..<6 { try row.nothing() }
      return
    }
    commitment = Commitment(digest: digest, counters: try row.counters(), signature: try row.text())
  }
}

extension OutboxEntry: SQLiteRow {
  static let table = SQLiteTable("outbox", key: ["entry"], ["bytes"])

  func values() throws -> [(any DatabaseValueConvertible)?] { [bits(index), Data(bytes)] }

  init(_ row: RowReader) throws { self.init(index: try row.counter(), bytes: try row.bytes()) }
}

extension BalanceRecord: SQLiteRow {
  static let table = SQLiteTable("balances", key: ["job", "contributor"], ["rendered", "checked", "revoked"])

  func values() throws -> [(any DatabaseValueConvertible)?] {
    [
      job.description, contributor.description, try json(TallyRow(balance.rendered)),
      try json(TallyRow(balance.checked)), try json(TallyRow(balance.revoked)),
    ]
  }

  init(_ row: RowReader) throws {
    self.init(job: try row.job(), contributor: try row.key(), balance: LedgerBalance())
    balance.rendered = try row.tally()
    balance.checked = try row.tally()
    balance.revoked = try row.tally()
  }
}

/// A tally in one column: sums may be wider than SQLite's integers, so they are texts.
private struct TallyRow: Codable {
  var units: String
  var paths: String
  var rays: String
  var shadowRays: String
  var shadingEvaluations: String
  var nonFiniteSamples: String
  var credit: String

  init(_ tally: WorkTally) {
    units = "\(tally.unitCount)"
    paths = "\(tally.paths)"
    rays = "\(tally.rays)"
    shadowRays = "\(tally.shadowRays)"
    shadingEvaluations = "\(tally.shadingEvaluations)"
    nonFiniteSamples = "\(tally.nonFiniteSamples)"
    credit = "\(tally.credit)"
  }

  /// Nil if a text is no number.
  var tally: WorkTally? {
    guard let units = UInt64(units), let paths = UInt128(paths), let rays = UInt128(rays),
      let shadowRays = UInt128(shadowRays), let shadingEvaluations = UInt128(shadingEvaluations),
      let nonFiniteSamples = UInt128(nonFiniteSamples), let credit = UInt128(credit)
    else { return nil }
    var tally = WorkTally()
    tally.unitCount = units
    tally.paths = paths
    tally.rays = rays
    tally.shadowRays = shadowRays
    tally.shadingEvaluations = shadingEvaluations
    tally.nonFiniteSamples = nonFiniteSamples
    tally.credit = credit
    return tally
  }
}

/// SQLite's integers are signed: the same 64 bits.
private func bits(_ counter: UInt64?) -> Int64? { counter.map { Int64(bitPattern: $0) } }

private func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Reads the rows of a table column by column, and says which row and column is damaged.
final class RowReader {
  private let table: SQLiteTable
  private let path: String
  private var row = Row()
  private var column = 0
  /// A farm has few agents and jobs and many units: equal names share their memory.
  private var names: [String: String] = [:]

  init(_ table: SQLiteTable, path: String) {
    self.table = table
    self.path = path
  }

  /// Starts with the next row, which must have the table's columns.
  func begin(_ row: Row) {
    self.row = row
    column = 0
  }

  func text() throws -> String {
    guard case .string(let text) = next() else { throw damage("a text") }
    return text
  }

  func optionalText() throws -> String? {
    switch next() {
    case .null: nil
    case .string(let text): text
    default: throw damage("a text or NULL")
    }
  }

  func integer() throws -> Int {
    guard case .int64(let value) = next() else { throw damage("an integer") }
    return Int(value)
  }

  func counter() throws -> UInt64 {
    guard case .int64(let value) = next() else { throw damage("an integer") }
    return UInt64(bitPattern: value)
  }

  func optionalCounter() throws -> UInt64? {
    switch next() {
    case .null: nil
    case .int64(let value): UInt64(bitPattern: value)
    default: throw damage("an integer or NULL")
    }
  }

  func bytes() throws -> [UInt8] {
    guard case .blob(let data) = next() else { throw damage("bytes") }
    return [UInt8](data)
  }

  func tally() throws -> WorkTally {
    let row: TallyRow = try json()
    guard let tally = row.tally else { throw damage("sums as numbers") }
    return tally
  }

  func counters() throws -> WorkCounters {
    var counters = WorkCounters()
    counters.paths = try counter()
    counters.rays = try counter()
    counters.shadowRays = try counter()
    counters.shadingEvaluations = try counter()
    counters.nonFiniteSamples = try counter()
    return counters
  }

  func flag() throws -> Bool {
    switch next() {
    case .int64(0): false
    case .int64(1): true
    default: throw damage("0 or 1")
    }
  }

  func number() throws -> Double {
    guard let value = try optionalNumber() else { throw damage("a number") }
    return value
  }

  func optionalNumber() throws -> Double? {
    switch next() {
    case .null: nil
    case .double(let value): value
    case .int64(let value): Double(value)
    default: throw damage("a number")
    }
  }

  func choice<Choice: RawRepresentable<String>>() throws -> Choice {
    if case .string(let text) = next(), let choice = Choice(rawValue: text) { return choice }
    throw damage("a \(String(reflecting: Choice.self))")
  }

  func optionalChoice<Choice: RawRepresentable<String>>() throws -> Choice? {
    switch next() {
    case .null: return nil
    case .string(let text): if let choice = Choice(rawValue: text) { return choice }
    default: break
    }
    throw damage("a \(String(reflecting: Choice.self)) or NULL")
  }

  /// At least one.
  func frames() throws -> FrameNumbers {
    guard let frames = try? FrameNumbers(parsing: try text()) else { throw damage("frame numbers such as '1-48,60'") }
    return frames
  }

  func job() throws -> JobID { JobID(shared(try text())) }

  func key() throws -> KeyID { KeyID(shared(try text())) }

  func optionalKey() throws -> KeyID? { try optionalText().map { KeyID(shared($0)) } }

  func hash() throws -> ContentHash {
    guard let hash = try optionalHash() else { throw damage("64 lower-case hexadecimal digits") }
    return hash
  }

  func optionalHash() throws -> ContentHash? {
    guard let text = try optionalText() else { return nil }
    guard let hash = ContentHash(hex: text) else { throw damage("64 lower-case hexadecimal digits") }
    return hash
  }

  func json<Value: Decodable>() throws -> Value {
    guard let value: Value = try optionalJSON() else { throw damage("JSON") }
    return value
  }

  func optionalJSON<Value: Decodable>() throws -> Value? {
    guard let text = try optionalText() else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw damage("JSON of \(Value.self)")
    }
  }

  /// Skips a column that must be empty because the one that it belongs to is.
  func nothing() throws {
    guard case .null = next() else { throw damage("NULL") }
  }

  private func next() -> DatabaseValue.Storage {
    column += 1
    return value(column - 1).storage
  }

  private func value(_ column: Int) -> DatabaseValue { row[column] }

  private func shared(_ text: String) -> String {
    if let known = names[text] { return known }
    names[text] = text
    return text
  }

  private func damage(_ expected: String) -> StoreError {
    let key = (0..<table.keyCount).map { "\(table.columns[$0]) = \(shown(value($0)))" }.joined(separator: ", ")
    return StoreError(
      .unusable,
      """
      \(path) is damaged: table \(table.name), row \(key), column \(table.columns[column - 1]): found \
      \(shown(value(column - 1))), expected \(expected); restore the file from a backup
      """)
  }

  private func shown(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: "NULL"
    case .int64(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let text): "'\(text.prefix(80))'"
    case .blob(let data): "\(data.count) bytes"
    }
  }
}
