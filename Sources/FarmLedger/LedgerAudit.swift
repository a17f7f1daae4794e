import Crypto
import FarmModel
import SceneModel

/// Recomputes a log from its public files alone: every hash of every tile, the root, the history, balances, payments.
public struct LedgerAudit: Sendable {
  public let source: any LogSource
  /// Verify every agent's signature as well: some hundred times the work.
  public var checksSignatures = false
  /// Pieces of `pieceWidth` bundles that are read and hashed at a time.
  public var pieceCount = 4
  /// Balances take entries into account up to the first that was settled at this time or later, in seconds since 1970.
  public var balancesUntil: UInt64?
  /// Called now and then with the number of entries that are done.
  public var progress: @Sendable (UInt64) -> Void = { _ in }

  static let pieceWidth: UInt64 = 8

  public init(_ source: any LogSource) { self.source = source }

  /// What a log holds whose hashes are right.
  public struct Report: Sendable {
    public var checkpoint: Checkpoint
    public var balances = LedgerBalances()
    /// An entry was met that is past `balancesUntil`.
    public var isPastBalances = false
    public var revocationCount: UInt64 = 0
    /// What is wrong with single entries; the first `LedgerLimits.findingCount`.
    public var findings: [LedgerFinding] = []
    public var findingCount: UInt64 = 0
    /// Keys whose contributors signed them.
    public var agentCount = 0
    public var jobs: Set<JobNumber> = []

    mutating func note(_ entry: UInt64, _ kind: LedgerFinding.Kind, _ text: String) {
      findingCount += 1
      guard findings.count < LedgerLimits.findingCount else { return }
      findings.append(LedgerFinding(entry: entry, kind: kind, description: text))
    }
  }

  /// - Parameters:
  ///   - checkpoint: Verified by the log's key.
  ///   - seen: An earlier one of the same log: its entries must still be there.
  /// - Throws: `LedgerError` naming the first file that is wrong.
  public func run(_ checkpoint: Checkpoint, seen: Checkpoint? = nil) async throws -> Report {
    guard checkpoint.size <= PaymentBook.entryLimit else {
      throw LedgerError(
        .malformed, "checkpoint: \(checkpoint.size) entries, at most \(PaymentBook.entryLimit) can be followed")
    }
    if let seen { try LedgerAudit.checkGrowth(from: seen, to: checkpoint) }
    var fold = Fold(checkpoint: checkpoint, seen: seen, balancesUntil: balancesUntil)
    let width = UInt64(LedgerLimits.tileWidth)
    let bundleCount = (checkpoint.size + width - 1) / width
    let pieces = (bundleCount + LedgerAudit.pieceWidth - 1) / LedgerAudit.pieceWidth
    try await withThrowingTaskGroup(of: (UInt64, [AuditedBundle]).self) { group in
      var next: UInt64 = 0
      func begin() {
        guard next < pieces else { return }
        let piece = next
        next += 1
        group.addTask {
          var bundles: [AuditedBundle] = []
          for index in piece * LedgerAudit.pieceWidth..<min((piece + 1) * LedgerAudit.pieceWidth, bundleCount) {
            bundles.append(
              try await AuditedBundle(
                index, of: checkpoint.size, source: source, checksSignatures: checksSignatures))
          }
          return (piece, bundles)
        }
      }
      for _ in 0..<max(1, pieceCount) { begin() }
      var waiting: [UInt64: [AuditedBundle]] = [:]
      var done: UInt64 = 0
      while let (piece, bundles) = try await group.next() {
        waiting[piece] = bundles
        // In order; new pieces begin as old ones are folded, so that few wait.
        while let bundles = waiting.removeValue(forKey: done) {
          done += 1
          begin()
          for bundle in bundles { try fold.apply(bundle) }
          try await compare(fold.takeTiles())
          progress(fold.edge.size)
        }
      }
    }
    try await compare(fold.edge.partialTiles.filter { $0.path.kind != .tile(level: 0) })
    return try fold.finish()
  }

  private static func checkGrowth(from seen: Checkpoint, to checkpoint: Checkpoint) throws {
    guard seen.origin == checkpoint.origin else {
      throw LedgerError(
        .conflict, "log '\(checkpoint.origin)': was '\(seen.origin)' when it was seen last")
    }
    guard checkpoint.size >= seen.size else {
      throw LedgerError(
        .damaged,
        "log '\(checkpoint.origin)': has \(checkpoint.size) entries, but had \(seen.size) when it was seen last; is this an old copy?"
      )
    }
  }

  private func compare(_ tiles: [(path: TilePath, hashes: [UInt8])]) async throws {
    for (path, hashes) in tiles where try await source.tile(path) != hashes {
      throw LedgerError(.damaged, "\(path.text): is not what the entries hash to")
    }
  }

  /// What must be done in the order of entries.
  private struct Fold {
    var edge = TreeEdge()
    private var report: Report
    private let seen: Checkpoint?
    private var book = PaymentBook()
    /// Full tiles above level 0 that wait to be compared.
    private var tiles: [(path: TilePath, hashes: [UInt8])] = []
    /// What was found to be signed last.
    private var signatures: [KeyBytes: (contributor: KeyBytes, signature: SignatureBytes)] = [:]
    private var lastJob: JobNumber?

    private let balancesUntil: UInt64?
    private var isOver = false

    init(checkpoint: Checkpoint, seen: Checkpoint?, balancesUntil: UInt64?) {
      report = Report(checkpoint: checkpoint)
      self.balancesUntil = balancesUntil
      self.seen = seen
    }

    mutating func takeTiles() -> [(path: TilePath, hashes: [UInt8])] {
      defer { tiles = [] }
      return tiles
    }

    mutating func apply(_ bundle: AuditedBundle) throws {
      let first = edge.size
      try checkSeen(bundle)
      if let root = bundle.root {
        var completed: [(path: TilePath, hashes: [UInt8])] = []
        edge.append(tileRoot: root) { level, index, hashes in
          completed.append((TilePath(.tile(level: level), index: index, width: LedgerLimits.tileWidth), hashes))
        }
        tiles += completed
      } else {
        for index in 0..<bundle.width { edge.append(TreeHash.load(bundle.hashes, index)) { _, _, _ in } }
      }
      for (offset, item) in bundle.items.enumerated() { apply(item, at: first + UInt64(offset)) }
    }

    /// The root that was seen before must be passed on the way.
    private func checkSeen(_ bundle: AuditedBundle) throws {
      guard let seen, seen.size > edge.size, seen.size <= edge.size + UInt64(bundle.width) else { return }
      var then = edge
      for index in 0..<Int(seen.size - edge.size) { then.append(TreeHash.load(bundle.hashes, index)) { _, _, _ in } }
      guard then.root == seen.root else {
        throw LedgerError(
          .damaged,
          "log '\(seen.origin)': its first \(seen.size) entries are not those that it had when it was seen last; its history was rewritten"
        )
      }
    }

    private mutating func apply(_ item: AuditedBundle.Item, at index: UInt64) {
      switch item {
      case .malformed(let text):
        book.skip()
        report.note(index, .malformed, text)
      case .entry(let entry, let prints, let isSigned):
        // Most entries are of the job and the agents of those before.
        if entry.job != lastJob { report.jobs.insert(entry.job) }
        lastJob = entry.job
        if entry.revocation != nil { report.revocationCount += 1 }
        if let finding = book.apply(entry, prints) { report.note(index, finding.kind, finding.text) }
        if let balancesUntil, entry.settledAt >= balancesUntil { isOver = true }
        do {
          if !isOver { try report.balances.apply(entry) }
        } catch {
          report.note(
            index, CreditWeights.published(entry.weightsVersion) == nil ? .weights : .revocation, error.description)
        }
        if !isSignedByContributor(entry) {
          report.note(
            index, .contributorSignature,
            "pays contributor \(entry.contributor.id), who did not sign the agent \(entry.agent.id)")
        }
        if isSigned == false {
          report.note(index, .agentSignature, "its result is not signed by the agent \(entry.agent.id)")
        }
      }
    }

    /// An agent has one contributor at a time, and thousands of entries.
    private mutating func isSignedByContributor(_ entry: LedgerEntry) -> Bool {
      if let known = signatures[entry.agent], known == (entry.contributor, entry.contributorSignature) { return true }
      guard
        let key = try? Curve25519.Signing.PublicKey(rawRepresentation: entry.contributor.bytes),
        key.isValidSignature(entry.contributorSignature.bytes, for: Statements.agentKey(entry.agent.bytes))
      else { return false }
      signatures[entry.agent] = (entry.contributor, entry.contributorSignature)
      return true
    }

    consuming func finish() throws -> Report {
      guard edge.root == report.checkpoint.root else {
        throw LedgerError(
          .damaged, "checkpoint: its root is not that of the log's entries; the log is not what its master signed")
      }
      report.isPastBalances = isOver
      report.agentCount = signatures.count
      return report
    }
  }
}

/// A bundle that was read, hashed, and compared with its tile.
struct AuditedBundle: Sendable {
  enum Item: Sendable {
    /// `isSigned` is nil where nobody asked.
    case entry(LedgerEntry, EntryPrints, isSigned: Bool?)
    case malformed(String)
  }

  var width: Int
  /// Of its entries, one behind the other.
  var hashes: [UInt8]
  /// Over its hashes; nil: it is partial.
  var root: ContentHash?
  var items: [Item] = []

  init(_ index: UInt64, of size: UInt64, source: any LogSource, checksSignatures: Bool) async throws {
    let path = TilePath.bundle(holding: index * UInt64(LedgerLimits.tileWidth), size: size)!
    let bytes = try await source.resource(path)
    var hashes: [UInt8] = []
    hashes.reserveCapacity(path.width * TreeHash.byteCount)
    var items: [Item] = []
    items.reserveCapacity(path.width)
    let fault = TreeHash.forEachEntry(ofBundle: bytes, width: path.width) { _, raw in
      TreeHash.append(TreeHash.leaf(raw), to: &hashes)
      do throws(LedgerEntryError) {
        let entry = try LedgerEntry(raw)
        items.append(
          .entry(
            entry, EntryPrints(raw, entry), isSigned: checksSignatures ? AuditedBundle.isSigned(entry) : nil))
      } catch {
        items.append(.malformed(error.description))
      }
    }
    if let fault { throw LedgerError(.malformed, "\(path.text): \(fault)") }
    let tilePath = TilePath(.tile(level: 0), index: index, width: path.width)
    let tile = try await source.tile(tilePath)
    if tile != hashes {
      let wrong = (0..<path.width).first { TreeHash.load(tile, $0) != TreeHash.load(hashes, $0) }!
      throw LedgerError(
        .damaged,
        "\(tilePath.text): hash \(wrong) is not that of entry \(index * UInt64(LedgerLimits.tileWidth) + UInt64(wrong)) in \(path.text); one of the two was changed"
      )
    }
    width = path.width
    root = path.isPartial ? nil : TreeHash.root(of: hashes[...])
    self.hashes = hashes
    self.items = items
  }

  private static func isSigned(_ entry: LedgerEntry) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: entry.agent.bytes) else { return false }
    return key.isValidSignature(entry.agentSignature.bytes, for: entry.statement)
  }
}
