/// Text with signatures (`c2sp.org/signed-note`).
public struct SignedNote: Sendable, Equatable {
  public struct Signature: Sendable, Equatable {
    /// Of the key.
    public var name: String
    public var keyID: UInt32
    /// Without the key's ID.
    public var bytes: [UInt8]

    public init(name: String, keyID: UInt32, bytes: [UInt8]) {
      self.name = name
      self.keyID = keyID
      self.bytes = bytes
    }

    /// `— name base64`, with its newline.
    var line: String {
      let id = (0..<4).map { UInt8(truncatingIfNeeded: keyID >> UInt32(24 - 8 * $0)) }
      return "\u{2014} \(name) \(Base64.encode(id + bytes))\n"
    }
  }

  /// What is signed: ends with a newline.
  public var text: String
  public var signatures: [Signature]

  public init(text: String, signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  public var encoded: String { text + "\n" + signatures.map(\.line).joined() }

  /// Reads a note that anybody may have written; whether its signatures hold is another question.
  public init(_ bytes: [UInt8]) throws(LedgerError) {
    func fault(_ text: String) -> LedgerError { LedgerError(.malformed, "note: \(text)") }
    guard bytes.count <= LedgerLimits.noteByteCount else {
      throw fault("\(bytes.count) bytes, expected at most \(LedgerLimits.noteByteCount)")
    }
    guard let whole = String(validating: bytes, as: UTF8.self) else { throw fault("is not UTF-8") }
    guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw fault("has control characters") }
    // The last empty line parts text and signatures.
    let newline = UInt8(ascii: "\n")
    var end = bytes.count - 2
    while end >= 0, !(bytes[end] == newline && bytes[end + 1] == newline) { end -= 1 }
    guard end >= 0, bytes.last == newline else {
      throw fault("expected text, an empty line and signatures, found no empty line before signatures")
    }
    text = String(decoding: bytes[...end], as: UTF8.self)
    signatures = try SignedNote.signatures(String(whole.utf8.dropFirst(end + 2))!)
    guard !signatures.isEmpty else { throw fault("has no signature") }
  }

  /// Signature lines, each with its newline.
  static func signatures(_ lines: String) throws(LedgerError) -> [Signature] {
    func fault(_ text: String) -> LedgerError { LedgerError(.malformed, "note: \(text)") }
    guard lines.isEmpty || lines.hasSuffix("\n") else { throw fault("its last line has no end") }
    let all = lines.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard all.count <= LedgerLimits.signatureCount else {
      throw fault("\(all.count) signatures, expected at most \(LedgerLimits.signatureCount)")
    }
    var signatures: [Signature] = []
    for line in all {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 3, words[0] == "\u{2014}", SignedNote.isKeyName(words[1]),
        let bytes = Base64.decode(words[2]), bytes.count > 4
      else { throw fault("'\(line.prefix(80))' is no signature line; expected '\u{2014} name base64'") }
      let keyID = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      signatures.append(Signature(name: String(words[1]), keyID: keyID, bytes: Array(bytes.dropFirst(4))))
    }
    return signatures
  }

  /// Not empty, without spaces, plus signs and control characters.
  static func isKeyName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty
      && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 }
  }

  /// The signatures that a key made, if they hold; none if it made none.
  ///
  /// - Throws: If one that says it is that key's does not hold.
  func verified(by key: VerifierKey) throws(LedgerError) -> [Signature] {
    let own = signatures.filter { $0.name == key.name && $0.keyID == key.id }
    for signature in own where !key.isValid(signature, of: text) {
      throw LedgerError(.damaged, "note: the signature by \(key.name) does not hold; somebody changed the text")
    }
    return own
  }
}
