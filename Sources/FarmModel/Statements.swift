import Crypto
import SceneModel

/// The exact bytes that keys sign (docs/protocol.md). Every statement begins with a tag of its own, so that a signature of
/// one kind never passes for another.
public enum Statements {
  /// What a contributor's key signs: this agent works for me.
  public static func agentKey(_ publicKey: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.tag("glint agent key 1\n")
    writer.integer(UInt32(publicKey.count))
    for byte in publicKey { writer.integer(byte) }
    return writer.bytes
  }

  /// What an agent's key signs: this is what the unit gave. The digest covers tile, samples, counters and planes.
  ///
  /// - Parameter frame: Within `FrameNumbers.limits`.
  public static func result(lease: LeaseID, spec: ContentHash, frame: Int, digest: ContentHash) -> [UInt8] {
    var writer = ByteWriter()
    writer.tag("glint signed result 1\n")
    writer.string(lease.description)
    writer.hash(spec)
    writer.integer(Int32(frame))
    writer.hash(digest)
    return writer.bytes
  }

  /// What a contributor's key signs: credit of mine is paid out to this address.
  ///
  /// - Parameters:
  ///   - address: 20 bytes.
  ///   - registeredAt: Whole seconds since 1970; of two statements of one key the later holds.
  public static func payoutAddress(_ address: [UInt8], of contributor: KeyBytes, registeredAt: UInt64) -> [UInt8] {
    precondition(address.count == 20)
    var writer = ByteWriter()
    writer.tag("glint payout address 1\n")
    writer.raw(contributor.bytes)
    writer.raw(address)
    writer.integer(registeredAt)
    return writer.bytes
  }

  /// - Parameters:
  ///   - signature: Hexadecimal digits.
  ///   - key: An Ed25519 public key.
  public static func isValid(signature: String, of statement: [UInt8], by key: KeyID) -> Bool {
    guard let raw = bytes(hexadecimal: key.description, count: 32),
      let signed = bytes(hexadecimal: signature, count: 64),
      let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
    else { return false }
    return publicKey.isValidSignature(signed, for: statement)
  }

  /// Bytes of lower-case hexadecimal digits; nil if they are not exactly `count` bytes.
  public static func bytes(hexadecimal text: String, count: Int) -> [UInt8]? {
    guard text.utf8.count == 2 * count else { return nil }
    var text = text
    return text.withUTF8 { digits in
      var isHexadecimal = true
      func value(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - UInt8(ascii: "a") + 10
        default:
          isHexadecimal = false
          return 0
        }
      }
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, initializedCount in
        for index in 0..<count { bytes[index] = value(digits[2 * index]) << 4 | value(digits[2 * index + 1]) }
        initializedCount = count
      }
      return isHexadecimal ? bytes : nil
    }
  }

  /// Lower-case digits of bytes.
  public static func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The number with these 16 lower-case digits; nil if they are anything else.
  static func number(hexadecimal text: String) -> UInt64? {
    bytes(hexadecimal: text, count: 8)?.reduce(0) { $0 << 8 | UInt64($1) }
  }
}
