import SceneModel

/// A log's head (`c2sp.org/tlog-checkpoint`): what its entries are, in one hash.
public struct Checkpoint: Sendable, Hashable {
  /// Names the log.
  public var origin: String
  /// Entries.
  public var size: UInt64
  public var root: ContentHash

  public init(origin: String, size: UInt64, root: ContentHash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// What is signed.
  public var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

  /// Reads a note's text. Extension lines are allowed and passed over.
  public init(text: String) throws(LedgerError) {
    func fault(_ found: String) -> LedgerError { LedgerError(.malformed, "checkpoint: \(found)") }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard text.hasSuffix("\n"), lines.count >= 3, !lines.contains("") else {
      throw fault("expected three lines (origin, size, root) or more, none empty")
    }
    guard let size = Checkpoint.size(lines[1]) else {
      throw fault("size is '\(lines[1].prefix(40))', expected a number of at most \(LedgerLimits.treeSize)")
    }
    guard let bytes = Base64.decode(lines[2]), let root = ContentHash(bytes: bytes) else {
      throw fault("root is '\(lines[2].prefix(80))', expected 32 bytes of base64")
    }
    guard size > 0 || root == TreeHash.empty else { throw fault("a log without entries has another root") }
    self.init(origin: String(lines[0]), size: size, root: root)
  }

  /// Decimal digits without leading zeros.
  static func size(_ text: some StringProtocol) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      text == "0" || text.first != "0", let size = UInt64(text), size <= LedgerLimits.treeSize
    else { return nil }
    return size
  }
}

/// A checkpoint with the signatures that were published with it.
public struct SignedCheckpoint: Sendable, Equatable {
  public let checkpoint: Checkpoint
  public internal(set) var note: SignedNote

  /// Signs a head.
  init(_ checkpoint: Checkpoint, by signer: NoteSigner) throws(LedgerError) {
    self.checkpoint = checkpoint
    note = SignedNote(text: checkpoint.text, signatures: [try signer.sign(checkpoint.text)])
  }

  /// Reads and verifies a published checkpoint.
  ///
  /// - Parameters:
  ///   - key: The log's.
  ///   - origin: What the log calls itself; nil: as its key.
  public init(_ bytes: [UInt8], key: VerifierKey, origin: String? = nil) throws(LedgerError) {
    note = try SignedNote(bytes)
    checkpoint = try Checkpoint(text: note.text)
    guard try !note.verified(by: key).isEmpty else {
      let names = note.signatures.prefix(4).map(\.name).joined(separator: ", ")
      throw LedgerError(
        .damaged, "checkpoint: is not signed by \(key.description), but by \(names); is this the key of that log?")
    }
    guard checkpoint.origin == origin ?? key.name else {
      throw LedgerError(
        .damaged, "checkpoint: is that of the log '\(checkpoint.origin)', expected '\(origin ?? key.name)'")
    }
  }

  public var bytes: [UInt8] { Array(note.encoded.utf8) }

  /// Which of these witnesses have signed it, and when.
  ///
  /// - Throws: If a signature that says it is one of theirs does not hold.
  public func cosignatures(by witnesses: [VerifierKey]) throws(LedgerError) -> [(witness: String, time: UInt64)] {
    var found: [(witness: String, time: UInt64)] = []
    for witness in witnesses where witness.algorithm == .cosignature {
      let times = try note.verified(by: witness).compactMap { VerifierKey.time(of: $0) }
      if let latest = times.max() { found.append((witness.name, latest)) }
    }
    return found
  }
}
