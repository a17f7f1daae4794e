import SceneModel
import Testing

@testable import FarmLedger

@Suite("Signed notes")
struct NoteTests {
  static let foo = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

  @Test("A published verifier key is read, and its hash is checked")
  func verifierKey() throws {
    let key = try VerifierKey(NoteTests.foo)
    #expect(key.name == "example.com/foo" && key.id == 0x530d_903a && key.algorithm == .ed25519)
    #expect(key.description == NoteTests.foo)
    for wrong in [
      "", "example.com/foo", "example.com/foo+530d903a", NoteTests.foo + "=",
      NoteTests.foo.replacing("530d903a", with: "530d903b"), NoteTests.foo.replacing("530d903a", with: "530D903A"),
      NoteTests.foo.replacing("/foo", with: "/fob"), NoteTests.foo.replacing("+Aek", with: "+Bek"),
      NoteTests.foo.replacing("example", with: "exam ple"), NoteTests.foo.replacing("3U2k", with: "3U2l"),
    ] {
      #expect(throws: LedgerError.self, "\(wrong)") { try VerifierKey(wrong) }
    }
  }

  @Test("A note comes back as it was written, and holds for its key alone")
  func roundTrip() throws {
    let text = "log\n\nwith an empty line\n"
    let note = SignedNote(text: text, signatures: [try logSigner.sign(text)])
    let read = try SignedNote(Array(note.encoded.utf8))
    #expect(read == note)
    #expect(try read.verified(by: logSigner.verifier).count == 1)
    let stranger = NoteSigner(name: "farm.example/ledger", key: privateKey(2))!
    #expect(try read.verified(by: stranger.verifier).isEmpty)
  }

  @Test("A changed byte of a note is noticed")
  func tampering() throws {
    let head = Checkpoint(origin: logSigner.verifier.name, size: 70_000, root: TreeHash.leaf([1]))
    let signed = try SignedCheckpoint(head, by: logSigner)
    #expect(try SignedCheckpoint(signed.bytes, key: logSigner.verifier) == signed)
    for index in signed.bytes.indices {
      var bytes = signed.bytes
      bytes[index] ^= 1
      #expect(throws: LedgerError.self, "byte \(index)") { try SignedCheckpoint(bytes, key: logSigner.verifier) }
      #expect(throws: LedgerError.self) { try SignedCheckpoint(Array(bytes.prefix(index)), key: logSigner.verifier) }
    }
  }

  @Test("Text that is no checkpoint is refused")
  func malformedCheckpoints() {
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    for text in [
      "", "\n", "a\n1\n", "a\n1\n\(root)", "\n1\n\(root)\n", "a\n01\n\(root)\n", "a\n-1\n\(root)\n", "a\n1\n\(root)x\n",
      "a\n1\n\(root)\n\n", "a\n18446744073709551616\n\(root)\n", "a\n18446744073709551615\n\(root)\n",
      "a\n \n\(root)\n",
      "a\n0\n" + root.replacing("47", with: "48") + "\n",
    ] {
      #expect(throws: LedgerError.self, "\(text)") { try Checkpoint(text: text) }
    }
    #expect((try? Checkpoint(text: "a\n0\n\(root)\nextension\n"))?.size == 0)
  }

  @Test("Huge and wild notes are refused")
  func hostile() {
    #expect(throws: LedgerError.self) { try SignedNote([UInt8](repeating: 0x0A, count: 1 << 20)) }
    let lines = String(repeating: "\u{2014} a AAAAAAA=\n", count: 1000)
    #expect(throws: LedgerError.self) { try SignedNote(Array("text\n\n\(lines)".utf8)) }
    #expect(throws: LedgerError.self) { try SignedNote(Array("text\r\n\n\u{2014} a AAAAAAA=\n".utf8)) }
    #expect(throws: LedgerError.self) { try SignedNote([0xFF, 0x0A, 0x0A, 0x0A]) }
    var random = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
        [0x0A, 0x20, 0x2B, 0x3D, 0x41, 0xE2, 0x80, 0x94].randomElement(using: &random)! as UInt8
      }
      // None of it may trap; little of it is a note.
      _ = try? SignedNote(bytes)
      _ = try? Receipt(bytes)
    }
  }

  @Test("Base64 has one text for each value")
  func base64() {
    var random = SeededGenerator(seed: 2)
    for count in 0..<50 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    #expect(Base64.encode(Array("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw==")
    for text in ["A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA=A", "AA-_", "AAAA\n", "AA==AAAA"] {
      #expect(Base64.decode(text) == nil, "\(text)")
    }
  }

  @Test("Names with spaces and plus signs are no key's")
  func names() {
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
      #expect(NoteSigner(name: name, key: privateKey(1)) == nil, "\(name)")
    }
  }
}
