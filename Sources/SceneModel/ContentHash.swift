import Crypto

/// The SHA-256 of some bytes: the name of a part, a bundle, a result or a film.
public struct ContentHash: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public static let byteCount = 32

  /// The 32 bytes as four big-endian words, first bytes first.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Hashes `bytes`.
  public init(hashing bytes: UnsafeRawBufferPointer) {
    var hasher = ContentHasher()
    hasher.update(bytes)
    self = hasher.finish()
  }

  /// Hashes `bytes`.
  public init(hashing bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { ContentHash(hashing: $0) }
  }

  /// - Parameter bytes: The hash itself; nil unless there are 32.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == ContentHash.byteCount else { return nil }
    var w: [UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { w[index / 8] = w[index / 8] << 8 | UInt64(byte) }
    words = (w[0], w[1], w[2], w[3])
  }

  /// - Parameter raw: The hash itself: at least 32 bytes, of which the first 32 are taken. Allocates nothing.
  public init(loading raw: UnsafeRawPointer) {
    func word(_ index: Int) -> UInt64 { raw.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self).bigEndian }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Writes the 32 bytes, without allocating.
  ///
  /// - Parameter raw: Room for 32 bytes.
  public func store(to raw: UnsafeMutableRawPointer) {
    raw.storeBytes(of: words.0.bigEndian, as: UInt64.self)
    raw.storeBytes(of: words.1.bigEndian, toByteOffset: 8, as: UInt64.self)
    raw.storeBytes(of: words.2.bigEndian, toByteOffset: 16, as: UInt64.self)
    raw.storeBytes(of: words.3.bigEndian, toByteOffset: 24, as: UInt64.self)
  }

  /// - Parameter hex: 64 digits, lower case.
  public init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == 2 * ContentHash.byteCount else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ContentHash.byteCount)
    func value(_ digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
  }

  /// 64 digits, lower case.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first twelve digits: enough for a person.
  public var short: String { String(hex.prefix(12)) }

  public var description: String { hex }

  public static func == (a: ContentHash, b: ContentHash) -> Bool { a.words == b.words }
  public static func < (a: ContentHash, b: ContentHash) -> Bool { a.words < b.words }

  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let hash = ContentHash(hex: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "expected a SHA-256 as 64 lower-case hexadecimal digits, found '\(text.prefix(80))'")
    }
    self = hash
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// Hashes bytes that come in pieces.
public struct ContentHasher: Sendable {
  private var sha = SHA256()

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { sha.update(bufferPointer: bytes) }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { sha.update(bufferPointer: $0) } }

  public func finish() -> ContentHash { ContentHash(bytes: Array(sha.finalize()))! }
}
