import FarmLedger
import FarmModel
import Foundation
import SceneModel

/// The log of a master, over HTTP.
struct MasterLogSource: LogSource {
  let client: MasterClient

  func read(_ path: String, limit: Int) async throws -> [UInt8]? {
    try await client.logFile("ledger/" + path, limit: limit)
  }
}

/// Keeps a receipt for every ledger entry that pays this agent: a file that proves the payment without the master.
///
/// The log's key is pinned at first contact, and the last checkpoint is remembered: from then on the log may only grow. If it
/// does not, both checkpoints are kept, because together they convict the master.
actor ReceiptKeeper {
  /// Remembered from run to run.
  struct Memory: Codable, Equatable {
    /// The log's verifier key.
    var key: String
    var origin: String
    var size: UInt64
    var root: ContentHash
    /// The last checkpoint as it was published.
    var note: String
    /// Entries before this one were looked at.
    var next: UInt64

    var checkpoint: Checkpoint { Checkpoint(origin: origin, size: size, root: root) }
  }

  private let client: MasterClient
  private let source: any LogSource
  private let agent: KeyID
  private let folder: URL
  private let limit: Int
  private let report: @Sendable (AgentReport) -> Void

  /// - Parameters:
  ///   - folder: Of this master's receipts.
  ///   - limit: Receipts that are kept; older ones go.
  init(
    client: MasterClient, source: (any LogSource)? = nil, agent: KeyID, folder: URL, limit: Int = Limits.receipts,
    report: @escaping @Sendable (AgentReport) -> Void
  ) {
    self.client = client
    self.source = source ?? MasterLogSource(client: client)
    self.agent = agent
    self.folder = folder
    self.limit = limit
    self.report = report
  }

  private var memoryFile: URL { folder.appendingPathComponent("log.json") }

  static func file(_ folder: URL, _ index: UInt64) -> URL {
    // So that names sort as indices do.
    let digits = String(index)
    return folder.appendingPathComponent(
      String(repeating: "0", count: max(0, 12 - digits.count)) + digits + "." + Receipt.fileExtension)
  }

  /// Looks now and then, until cancelled. What fails is tried again, what is wrong with the log is told.
  func run() async {
    while !Task.isCancelled {
      await look()
      try? await Task.sleep(for: Limits.receiptInterval)
    }
  }

  /// What was told of the last looks, each kind once until a look succeeds.
  private var told: Set<String> = []

  /// Looks once.
  func look() async {
    do {
      try await fetch()
      told = []
    } catch let error as LedgerError where error.kind == .damaged || error.kind == .malformed {
      if told.insert("fault \(error.description)").inserted { report(.ledgerFault(error.description)) }
    } catch {
      if Task.isCancelled { return }
      let (kind, text) = ReceiptKeeper.trouble(error)
      guard told.insert(kind).inserted else { return }
      report(
        .receiptsDelayed(
          reason: "\(text). It is tried again every \(Limits.receiptInterval); receipts are kept in \(folder.path)"))
    }
  }

  /// Which of the things that may go wrong it is, and what to say of it.
  private static func trouble(_ error: any Error) -> (kind: String, text: String) {
    switch error {
    case let error as MasterError:
      ("master \(error.kind)", "the master does not hand over the ledger: \(error.description)")
    case let error as LedgerError:
      ("ledger \(error.kind)", error.description)
    default:
      (
        "disk \((error as NSError).code)",
        "a file cannot be read or written (\(error.localizedDescription)); look at the disk's space and the folder's owner"
      )
    }
  }

  func memory() throws -> Memory? {
    guard FileManager.default.fileExists(atPath: memoryFile.path) else { return nil }
    return try JSONDecoder().decode(Memory.self, from: Data(contentsOf: memoryFile))
  }

  /// Fetches and checks what is new.
  func fetch() async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let known = try memory()
    let key: VerifierKey
    if let known {
      key = try VerifierKey(known.key)
    } else {
      // A master without a ledger: nothing to keep.
      guard let published = try await source.publishedKey() else { return }
      key = published
    }
    let signed = try SignedCheckpoint(try await source.checkpointBytes(), key: key)
    let head = signed.checkpoint
    let reader = TileReader(source, size: head.size)
    if let known { try await checkGrowth(from: known, to: signed, reader) }
    var memory = Memory(
      key: key.description, origin: head.origin, size: head.size, root: head.root, note: signed.note.encoded,
      next: known?.next ?? 0)
    do {
      try await keepNew(&memory, isNewcomer: known == nil, signed, reader, key)
    } catch {
      // What was looked at is not looked at again; a newcomer that got nowhere stays one.
      if known != nil || memory.next > 0 { try save(memory) }
      throw error
    }
    try save(memory)
  }

  private func save(_ memory: Memory) throws {
    try DurableFile.replace(memoryFile, with: [UInt8](JSONEncoder().encode(memory)))
  }

  /// Keeps receipts of entries from `memory.next` on, which grows with what was looked at, also where this throws.
  ///
  /// - Parameter isNewcomer: What a new agent of this folder may have earned before it came is not looked for.
  private func keepNew(
    _ memory: inout Memory, isNewcomer: Bool, _ signed: SignedCheckpoint, _ reader: TileReader, _ key: VerifierKey
  ) async throws {
    let size = signed.checkpoint.size
    var count = 0
    defer {
      if count > 0 {
        report(.receipts(count: count))
        removeOldest()
      }
    }
    while true {
      let answer = try await client.entries(of: agent, from: memory.next)
      if answer.knownFrom > memory.next {
        let end = max(memory.next, min(answer.knownFrom, size))
        while !isNewcomer, memory.next < end {
          let first = memory.next
          // Whole bundles, so that none is read twice.
          let chunk = (first / Limits.receiptSearch + 1) * Limits.receiptSearch
          for index in try await search(first..<min(end, chunk), size) {
            // What the search read was not hashed; this is.
            try await keep(index, signed, reader, key)
            memory.next = index + 1
            count += 1
          }
          memory.next = min(end, chunk)
          try save(memory)
        }
        memory.next = end
      }
      guard answer.entries.first.map({ $0 >= memory.next }) ?? true, answer.entries == answer.entries.sorted() else {
        throw LedgerError(.malformed, "the master named entries before \(memory.next), which were asked for")
      }
      for index in answer.entries where index < size {
        try await keep(index, signed, reader, key)
        memory.next = index + 1
        count += 1
      }
      // Entries that are newer than the checkpoint come next time.
      if answer.entries.count < Limits.receiptBatch || answer.entries.last! >= size { break }
      try save(memory)
    }
  }

  private func checkGrowth(from known: Memory, to signed: SignedCheckpoint, _ reader: TileReader) async throws {
    do {
      try await reader.checkGrowth(from: known.checkpoint, to: signed.checkpoint)
    } catch let error as LedgerError where error.kind == .damaged {
      // Two heads that cannot be of one log, both signed by its key.
      let evidence = folder.appendingPathComponent("fork-\(known.size)-\(signed.checkpoint.size).txt")
      try? DurableFile.replace(evidence, with: Array((known.note + "\n" + signed.note.encoded).utf8))
      throw LedgerError(
        .damaged,
        error.description
          + ". Both signed checkpoints are kept in \(evidence.path): show them to others who use this farm, and do not rely on its credit"
      )
    }
  }

  private func keep(_ index: UInt64, _ signed: SignedCheckpoint, _ reader: TileReader, _ key: VerifierKey) async throws
  {
    let bytes = try await reader.entry(index)
    let entry = try LedgerEntry(bytes)
    guard entry.agent.id == agent else {
      throw LedgerError(
        .damaged, "entry \(index): the master says that it pays this agent, but it pays \(entry.agent.id)")
    }
    guard Statements.isValid(signature: entry.agentSignature.hexadecimal, of: entry.statement, by: agent) else {
      throw LedgerError(.damaged, "entry \(index): is in this agent's name, but this agent did not sign it")
    }
    var receipt = try await reader.receipt(of: index, in: signed)
    _ = try receipt.verify(entry: bytes, key: key)
    receipt.extra = bytes
    try DurableFile.replace(ReceiptKeeper.file(folder, index), with: Array(receipt.encoded.utf8))
  }

  /// Entries of this agent that the master does not know by agent any more: reads all of a range of a log of this size.
  private func search(_ range: Range<UInt64>, _ size: UInt64) async throws -> [UInt64] {
    guard !range.isEmpty, let agent = KeyBytes(agent) else { return [] }
    // Whole bundles: narrower ones may be gone.
    let width = UInt64(LedgerLimits.tileWidth)
    let end = min(size, (range.upperBound + width - 1) / width * width)
    var own: [UInt64] = []
    try await source.forEachEntry(in: range.lowerBound..<end) { index, bytes in
      if range.contains(index), let entry = try? LedgerEntry(bytes), entry.agent == agent { own.append(index) }
    }
    return own
  }

  private func removeOldest() {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { $0.hasSuffix("." + Receipt.fileExtension) }.sorted()
    for name in names.dropLast(limit) { try? FileManager.default.removeItem(at: folder.appendingPathComponent(name)) }
  }
}
