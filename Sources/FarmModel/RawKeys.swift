/// An Ed25519 public key as its 32 bytes: what `KeyID` writes in digits. Flat, so that millions can be read without
/// allocating.
public struct KeyBytes: Sendable, Hashable, Comparable {
  public static let byteCount = 32

  /// In memory order.
  private let words: SIMD4<UInt64>

  /// - Parameter raw: At least 32 bytes; the first 32 are taken.
  public init(loading raw: UnsafeRawPointer) { words = raw.loadUnaligned(as: SIMD4<UInt64>.self) }

  /// - Parameter numbers: Four, of eight bytes each, the first byte the highest.
  init(numbers: [UInt64]) {
    words = SIMD4(numbers[0].bigEndian, numbers[1].bigEndian, numbers[2].bigEndian, numbers[3].bigEndian)
  }

  /// Nil unless there are 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == KeyBytes.byteCount else { return nil }
    self = bytes.withUnsafeBytes { KeyBytes(loading: $0.baseAddress!) }
  }

  /// Nil unless it is 64 lower-case hexadecimal digits.
  public init?(_ key: KeyID) {
    guard let bytes = key.bytes else { return nil }
    self = bytes
  }

  public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
  public var id: KeyID { KeyID(Statements.hexadecimal(bytes)) }

  /// In the order of the bytes, which is that of the digits.
  public static func < (a: KeyBytes, b: KeyBytes) -> Bool {
    for index in 0..<4 where a.words[index] != b.words[index] {
      return a.words[index].bigEndian < b.words[index].bigEndian
    }
    return false
  }
}

/// An Ed25519 signature as its 64 bytes.
public struct SignatureBytes: Sendable, Hashable {
  public static let byteCount = 64

  private let words: SIMD8<UInt64>

  /// - Parameter raw: At least 64 bytes; the first 64 are taken.
  public init(loading raw: UnsafeRawPointer) { words = raw.loadUnaligned(as: SIMD8<UInt64>.self) }

  /// Nil unless there are 64 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == SignatureBytes.byteCount else { return nil }
    self = bytes.withUnsafeBytes { SignatureBytes(loading: $0.baseAddress!) }
  }

  /// Nil unless it is 128 lower-case hexadecimal digits.
  public init?(hexadecimal text: String) {
    var words = SIMD8<UInt64>()
    var count = 0
    let isWhole = readNumbers(text, 8) { number in
      words[count] = number.bigEndian
      count += 1
    }
    guard isWhole else { return nil }
    self.words = words
  }

  public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
  public var hexadecimal: String { Statements.hexadecimal(bytes) }
}
