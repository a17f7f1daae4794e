import Crypto

/// Checks the signatures of one name and key: of a log, or of a witness.
public struct VerifierKey: Sendable, Equatable, CustomStringConvertible {
  public enum Algorithm: UInt8, Sendable {
    /// Over the note's text.
    case ed25519 = 1
    /// A witness's, over time and text (`c2sp.org/tlog-cosignature`).
    case cosignature = 4
  }

  public let name: String
  public let algorithm: Algorithm
  /// 32 bytes.
  public let publicKey: [UInt8]
  /// With the name, tells whose a signature is.
  public let id: UInt32

  public init?(name: String, algorithm: Algorithm, publicKey: [UInt8]) {
    guard SignedNote.isKeyName(name), publicKey.count == 32,
      (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
    else { return nil }
    self.name = name
    self.algorithm = algorithm
    self.publicKey = publicKey
    id = VerifierKey.id(name: name, algorithm: algorithm, publicKey: publicKey)
  }

  /// Reads `name+hash+base64`.
  public init(_ text: String) throws(LedgerError) {
    func fault(_ found: String) -> LedgerError {
      LedgerError(.malformed, "verifier key '\(text.prefix(120))': \(found); expected name+hash+base64")
    }
    // Base64 may hold plus signs, a name may not.
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw fault("has not three parts") }
    guard let bytes = Base64.decode(parts[2]), bytes.count == 33 else {
      throw fault("its key is not 33 bytes of base64")
    }
    guard let algorithm = Algorithm(rawValue: bytes[0]) else {
      throw fault("its algorithm is \(bytes[0]), expected 1 (Ed25519) or 4 (a witness's Ed25519)")
    }
    guard let key = VerifierKey(name: String(parts[0]), algorithm: algorithm, publicKey: Array(bytes.dropFirst()))
    else {
      throw fault("its name or key cannot be")
    }
    guard parts[1] == VerifierKey.hexadecimal(key.id) else {
      throw fault("its hash is \(parts[1]), that of its name and key is \(VerifierKey.hexadecimal(key.id))")
    }
    self = key
  }

  public var description: String {
    "\(name)+\(VerifierKey.hexadecimal(id))+\(Base64.encode([algorithm.rawValue] + publicKey))"
  }

  private static func hexadecimal(_ id: UInt32) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// First four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ key).
  private static func id(name: String, algorithm: Algorithm, publicKey: [UInt8]) -> UInt32 {
    SHA256.hash(data: Array(name.utf8) + [0x0A, algorithm.rawValue] + publicKey).prefix(4)
      .reduce(0) { $0 << 8 | UInt32($1) }
  }

  func isValid(_ signature: SignedNote.Signature, of text: String) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
    switch algorithm {
    case .ed25519: return signature.bytes.count == 64 && key.isValidSignature(signature.bytes, for: Array(text.utf8))
    case .cosignature:
      guard let time = VerifierKey.time(of: signature) else { return false }
      return key.isValidSignature(signature.bytes.dropFirst(8), for: VerifierKey.cosigned(text, at: time))
    }
  }

  /// When a witness says that it signed: seconds since 1970. Nil unless it has the form of a cosignature.
  static func time(of signature: SignedNote.Signature) -> UInt64? {
    guard signature.bytes.count == 72 else { return nil }
    let time = signature.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return time <= UInt64(Int64.max) ? time : nil
  }

  fileprivate static func cosigned(_ text: String, at time: UInt64) -> [UInt8] {
    Array("cosignature/v1\ntime \(time)\n\(text)".utf8)
  }
}

/// Signs notes: the log's private key, or a witness's.
public struct NoteSigner: Sendable {
  public let verifier: VerifierKey
  private let key: Curve25519.Signing.PrivateKey

  /// Nil if `name` cannot be a key's: it is empty, or has spaces or plus signs.
  public init?(name: String, key: Curve25519.Signing.PrivateKey, algorithm: VerifierKey.Algorithm = .ed25519) {
    guard
      let verifier = VerifierKey(
        name: name, algorithm: algorithm, publicKey: Array(key.publicKey.rawRepresentation))
    else { return nil }
    self.verifier = verifier
    self.key = key
  }

  /// - Parameter time: Seconds since 1970, for cosignatures.
  public func sign(_ text: String, at time: UInt64 = 0) throws(LedgerError) -> SignedNote.Signature {
    do {
      switch verifier.algorithm {
      case .ed25519:
        return SignedNote.Signature(
          name: verifier.name, keyID: verifier.id, bytes: Array(try key.signature(for: Array(text.utf8))))
      case .cosignature:
        let stamp = (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) }
        return SignedNote.Signature(
          name: verifier.name, keyID: verifier.id,
          bytes: stamp + Array(try key.signature(for: VerifierKey.cosigned(text, at: time))))
      }
    } catch {
      throw LedgerError(.storage, "note: not signed by \(verifier.name) (\(error))")
    }
  }
}
