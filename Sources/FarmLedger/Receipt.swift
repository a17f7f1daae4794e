import SceneModel

/// Proves offline that an entry is in a log (`c2sp.org/tlog-proof`).
public struct Receipt: Sendable, Equatable {
  public static let fileExtension = "tlog-proof"
  private static let header = "c2sp.org/tlog-proof@v1"

  /// The entry's, in the log.
  public var index: UInt64
  /// From the leaf's sibling to the root's child.
  public var proof: [ContentHash]
  /// Its checkpoint, as it was published.
  public var note: SignedNote
  /// Whatever the receipt's maker added. Nothing vouches for it.
  public var extra: [UInt8]?

  public init(index: UInt64, proof: [ContentHash], note: SignedNote, extra: [UInt8]? = nil) {
    self.index = index
    self.proof = proof
    self.note = note
    self.extra = extra
  }

  public var encoded: String {
    var text = Receipt.header + "\n"
    if let extra { text += "extra \(Base64.encode(extra))\n" }
    text += "index \(index)\n"
    for hash in proof { text += Base64.encode(hash.bytes) + "\n" }
    return text + "\n" + note.encoded
  }

  /// Reads a receipt that anybody may have written; whether it proves anything is another question.
  public init(_ bytes: [UInt8]) throws(LedgerError) {
    func fault(_ found: String) -> LedgerError { LedgerError(.malformed, "receipt: \(found)") }
    guard bytes.count <= LedgerLimits.noteByteCount else {
      throw fault("\(bytes.count) bytes, expected at most \(LedgerLimits.noteByteCount)")
    }
    // The first empty line ends the proof; what follows is a note with an empty line of its own.
    let newline = UInt8(ascii: "\n")
    guard let gap = bytes.indices.dropFirst().first(where: { bytes[$0] == newline && bytes[$0 - 1] == newline }) else {
      throw fault("expected a proof, an empty line and a checkpoint, found no empty line")
    }
    guard let head = String(validating: bytes[..<gap], as: UTF8.self) else { throw fault("is not UTF-8") }
    var lines = head.split(separator: "\n", omittingEmptySubsequences: false).dropLast()[...]
    guard lines.popFirst().map(String.init) == Receipt.header else {
      throw fault("does not begin with '\(Receipt.header)'")
    }
    extra = nil
    if let line = lines.first, line.hasPrefix("extra ") {
      guard let found = Base64.decode(line.dropFirst(6)) else { throw fault("what follows 'extra' is not base64") }
      extra = found
      lines.removeFirst()
    }
    guard let line = lines.popFirst(), line.hasPrefix("index "), let index = Checkpoint.size(line.dropFirst(6)) else {
      throw fault("has no line 'index N'")
    }
    guard lines.count <= LedgerLimits.proofLength else {
      throw fault("\(lines.count) hashes, expected at most \(LedgerLimits.proofLength)")
    }
    var proof: [ContentHash] = []
    for line in lines {
      guard let raw = Base64.decode(line), let hash = ContentHash(bytes: raw) else {
        throw fault("'\(line.prefix(60))' is no hash in base64")
      }
      proof.append(hash)
    }
    self.index = index
    self.proof = proof
    note = try SignedNote(Array(bytes[(gap + 1)...]))
  }

  /// What a receipt that holds says.
  public struct Verified: Sendable {
    public var checkpoint: Checkpoint
    /// Of those asked for, who saw the log in this state, and when (seconds since 1970).
    public var cosignatures: [(witness: String, time: UInt64)]
  }

  /// Checks that `entry` is in the log.
  ///
  /// - Parameters:
  ///   - key: The log's.
  ///   - quorum: So many of the witnesses must have signed.
  public func verify(
    entry: [UInt8], key: VerifierKey, witnesses: [VerifierKey] = [], quorum: Int = 0
  ) throws(LedgerError) -> Verified {
    let signed = try SignedCheckpoint(Array(note.encoded.utf8), key: key)
    let checkpoint = signed.checkpoint
    guard
      TreeProof.isIncluded(
        TreeHash.leaf(entry), index: index, size: checkpoint.size, proof: proof, root: checkpoint.root)
    else {
      throw LedgerError(
        .damaged,
        "receipt: does not prove that this is entry \(index) of the log's first \(checkpoint.size); is it another entry's?"
      )
    }
    let cosignatures = try signed.cosignatures(by: witnesses)
    guard cosignatures.count >= quorum else {
      throw LedgerError(
        .damaged, "receipt: signed by \(cosignatures.count) of the witnesses, expected at least \(quorum)")
    }
    return Verified(checkpoint: checkpoint, cosignatures: cosignatures)
  }
}
