import SceneModel

/// Asks witnesses to sign a log's checkpoint (`c2sp.org/tlog-witness`), so that the log cannot show different people
/// different histories. Requests and answers as values; how they travel is handed in.
public struct Witness: Sendable {
  public let key: VerifierKey

  /// - Parameter key: Of the kind `cosignature`.
  public init(key: VerifierKey) throws(LedgerError) {
    guard key.algorithm == .cosignature else {
      throw LedgerError(.malformed, "verifier key '\(key)': is no witness's; expected one of algorithm 4")
    }
    self.key = key
  }

  /// The body of `POST <submission prefix>/add-checkpoint`.
  ///
  /// - Parameters:
  ///   - old: Size of the checkpoint that the witness saw last; 0 if none is known.
  ///   - proof: That the log of that size is the beginning of this one.
  public static func request(old: UInt64, proof: [ContentHash], checkpoint: SignedCheckpoint) -> [UInt8] {
    precondition(proof.count <= LedgerLimits.proofLength)
    let lines = proof.map { Base64.encode($0.bytes) + "\n" }.joined()
    return Array("old \(old)\n\(lines)\n\(checkpoint.note.encoded)".utf8)
  }

  public enum Answer: Sendable, Equatable {
    /// Its signatures, which hold.
    case signed([SignedNote.Signature])
    /// The size that it saw last.
    case old(UInt64)
    /// It will not: status and reason.
    case refused(String)
  }

  /// Understands what a witness answered.
  public func answer(status: Int, body: [UInt8], to checkpoint: SignedCheckpoint) throws(LedgerError) -> Answer {
    guard body.count <= LedgerLimits.witnessAnswerByteCount, let text = String(validating: body, as: UTF8.self) else {
      throw LedgerError(.malformed, "witness \(key.name): its answer is too long, or not UTF-8")
    }
    switch status {
    case 200:
      var note = checkpoint.note
      note.signatures = try SignedNote.signatures(text)
      let own = try note.verified(by: key)
      guard !own.isEmpty else {
        throw LedgerError(.damaged, "witness \(key.name): did not sign with the key that is known here")
      }
      return .signed(own)
    case 409:
      guard text.hasSuffix("\n"), let size = Checkpoint.size(text.dropLast()) else {
        throw LedgerError(.malformed, "witness \(key.name): 409 without the size that it knows")
      }
      return .old(size)
    case 404: return .refused("404: it does not know the log '\(checkpoint.checkpoint.origin)'")
    case 403: return .refused("403: it knows another key of the log")
    case 422: return .refused("422: it saw another history of the log")
    default: return .refused("\(status)")
    }
  }

  /// What a transport brings back.
  public typealias Transport = @Sendable (_ body: [UInt8]) async throws -> (status: Int, body: [UInt8])

  /// Lets the witness sign a checkpoint.
  ///
  /// - Parameters:
  ///   - old: Size that the witness saw last, as far as is known.
  ///   - reader: Of the log at the checkpoint's size.
  /// - Returns: Signatures to be published with the checkpoint.
  public func cosign(
    _ checkpoint: SignedCheckpoint, old: UInt64 = 0, reader: TileReader, transport: Transport
  ) async throws -> [SignedNote.Signature] {
    var old = min(old, checkpoint.checkpoint.size)
    // One try to learn the size, one with it; a third if another checkpoint came between.
    for _ in 0..<3 {
      let body = Witness.request(
        old: old, proof: try await reader.consistencyProof(from: old), checkpoint: checkpoint)
      let (status, answer) = try await transport(body)
      switch try self.answer(status: status, body: answer, to: checkpoint) {
      case .signed(let signatures): return signatures
      case .old(let size):
        guard size <= checkpoint.checkpoint.size else {
          throw LedgerError(
            .conflict,
            "witness \(key.name): has seen \(size) entries, this checkpoint has \(checkpoint.checkpoint.size)")
        }
        guard size != old else {
          throw LedgerError(.damaged, "witness \(key.name): saw another log of \(size) entries under this name")
        }
        old = size
      case .refused(let reason): throw LedgerError(.conflict, "witness \(key.name): \(reason)")
      }
    }
    throw LedgerError(.conflict, "witness \(key.name): its size changed with every try")
  }
}
