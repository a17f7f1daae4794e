import SceneModel
import Synchronization
import Testing

@testable import FarmLedger

/// A witness as `c2sp.org/tlog-witness` describes it.
private final class FakeWitness: Sendable {
  let signer = NoteSigner(name: "witness.example/w1", key: privateKey(30), algorithm: .cosignature)!
  private let seen: Mutex<Checkpoint?>
  let requestCount = Mutex(0)

  init(seen: Checkpoint?) { self.seen = Mutex(seen) }

  func answer(_ body: [UInt8]) throws -> (status: Int, body: [UInt8]) {
    requestCount.withLock { $0 += 1 }
    let text = String(decoding: body, as: UTF8.self)
    let parts = text.split(separator: "\n\n", maxSplits: 1).map(String.init)
    var lines = parts[0].split(separator: "\n")
    let old = UInt64(lines.removeFirst().dropFirst(4))!
    let proof = lines.map { ContentHash(bytes: Base64.decode($0)!)! }
    let signed = try SignedCheckpoint(Array(parts[1].utf8), key: logSigner.verifier)
    return try seen.withLock { seen in
      guard old == seen?.size ?? 0 else { return (409, Array("\(seen?.size ?? 0)\n".utf8)) }
      guard
        TreeProof.isConsistent(
          old: old, oldRoot: seen?.root ?? TreeHash.empty, size: signed.checkpoint.size, root: signed.checkpoint.root,
          proof: proof)
      else { return (422, []) }
      seen = signed.checkpoint
      return (200, Array(try signer.sign(signed.note.text, at: 1_700_000_000).line.utf8))
    }
  }
}

@Suite("Witnesses")
struct WitnessTests {
  private func grown() throws -> (
    log: TileLog, folder: MemoryLogFolder, old: SignedCheckpoint, new: SignedCheckpoint
  ) {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    let old = try log.append(shortEntries(0..<300), at: 0)
    let new = try log.append(shortEntries(300..<700), at: 300)
    return (log, folder, old, new)
  }

  @Test("A witness that knows an older head signs the new one, which is published with it")
  func cosigning() async throws {
    var (log, folder, old, new) = try grown()
    for seen in [nil, old.checkpoint, new.checkpoint] {
      let fake = FakeWitness(seen: seen)
      let witness = try Witness(key: fake.signer.verifier)
      let signatures = try await witness.cosign(new, reader: TileReader(folder, size: 700)) { try fake.answer($0) }
      #expect(signatures.count == 1)
      #expect(fake.requestCount.withLock { $0 } == (seen == nil ? 1 : 2))
      let published = try log.add(signatures, to: new.checkpoint)
      let read = try SignedCheckpoint(folder.files["checkpoint"]!, key: logSigner.verifier)
      #expect(read == published && read.note.signatures.count == 2)
      #expect(try read.cosignatures(by: [witness.key]).map(\.time) == [1_700_000_000])
    }
    // A receipt carries it; whoever asks for a witness that did not sign is told.
    let receipt = try await TileReader(folder, size: 700).receipt(of: 5, in: log.checkpoint())
    let key = FakeWitness(seen: nil).signer.verifier
    let entry = shortEntries(5..<6)[0]
    #expect(
      try receipt.verify(entry: entry, key: logSigner.verifier, witnesses: [key], quorum: 1).cosignatures.count == 1)
    let stranger = NoteSigner(name: "witness.example/w2", key: privateKey(31), algorithm: .cosignature)!.verifier
    #expect(throws: LedgerError.self) {
      try receipt.verify(entry: entry, key: logSigner.verifier, witnesses: [stranger], quorum: 1)
    }
    // The log grows: the signatures were for what it was.
    let later = try log.append(shortEntries(700..<701), at: 700)
    #expect(later.note.signatures.count == 1)
    #expect(try log.add([SignedNote.Signature(name: "x", keyID: 1, bytes: [1])], to: new.checkpoint) == later)
  }

  @Test("A witness that saw another history does not sign, and its refusal is told")
  func otherHistory() async throws {
    let (_, folder, _, new) = try grown()
    let strangers = [
      Checkpoint(origin: logSigner.verifier.name, size: 300, root: TreeHash.leaf([1])),
      Checkpoint(origin: logSigner.verifier.name, size: 900, root: TreeHash.leaf([1])),
    ]
    for seen in strangers {
      let fake = FakeWitness(seen: seen)
      await #expect(throws: LedgerError.self) {
        try await Witness(key: fake.signer.verifier).cosign(new, reader: TileReader(folder, size: 700)) {
          try fake.answer($0)
        }
      }
    }
  }

  @Test("Wild answers are refused")
  func wildAnswers() throws {
    let (_, _, _, new) = try grown()
    let fake = FakeWitness(seen: nil)
    let witness = try Witness(key: fake.signer.verifier)
    let other = NoteSigner(name: "witness.example/w1", key: privateKey(40), algorithm: .cosignature)!
    let wrongText = try fake.signer.sign("other text\n", at: 1)
    for (status, body) in [
      (200, ""), (200, "\n"), (200, "nonsense\n"), (200, wrongText.line),
      (200, try other.sign(new.note.text, at: 1).line),
      (409, ""), (409, "x\n"), (409, "-1\n"), (409, "99999999999999999999\n"),
      (200, String(repeating: "a", count: 1 << 16)),
    ] {
      #expect(throws: LedgerError.self, "\(status) \(body.prefix(40))") {
        try witness.answer(status: status, body: Array(body.utf8), to: new)
      }
    }
    #expect(try witness.answer(status: 500, body: [], to: new) == .refused("500"))
    #expect(throws: LedgerError.self) { try Witness(key: logSigner.verifier) }
  }
}
