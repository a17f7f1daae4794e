/// A job's name for programs: 16 hexadecimal digits.
public struct JobID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  /// The digits as a number, which is quick to compare; `other` where they are none.
  private let number: UInt64
  private let other: String?

  public init(_ text: String) {
    number = numbers(text, 1)?[0] ?? 0
    other = numbers(text, 1) == nil ? text : nil
  }

  public init(random: UInt64) {
    number = random
    other = nil
  }

  public var description: String { other ?? hexadecimal(number) }

  /// The digits as a number; nil where they are none.
  var digits: UInt64? { other == nil ? number : nil }

  // What is no digits is never kept: its hash need not tell it from others.
  public func hash(into hasher: inout Hasher) { hasher.combine(number) }

  public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public static func < (a: JobID, b: JobID) -> Bool {
    a.other == nil && b.other == nil ? a.number < b.number : a.description < b.description
  }
}

/// A lease's name, and the secret that lets its holder deliver: 32 hexadecimal digits.
public struct LeaseID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64
  private let other: String?

  public init(_ text: String) {
    let found = numbers(text, 2)
    high = found?[0] ?? 0
    low = found?[1] ?? 0
    other = found == nil ? text : nil
  }

  public init(random high: UInt64, _ low: UInt64) {
    self.high = high
    self.low = low
    other = nil
  }

  public var description: String { other ?? hexadecimal(high) + hexadecimal(low) }

  /// The digits as two numbers; nil where they are none.
  var digits: (high: UInt64, low: UInt64)? { other == nil ? (high, low) : nil }

  // Random digits: half of them tell leases apart.
  public func hash(into hasher: inout Hasher) { hasher.combine(high) }

  public static func < (a: LeaseID, b: LeaseID) -> Bool {
    a.other == nil && b.other == nil ? (a.high, a.low) < (b.high, b.low) : a.description < b.description
  }

  public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// An Ed25519 public key in 64 hexadecimal digits: an agent's, or a contributor's. A reference to the digits: records of
/// millions of units name few keys.
public struct KeyID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  private final class Digits: Sendable {
    let text: String
    /// Nil if they are no digits.
    let bytes: KeyBytes?
    /// Of the first 32 digits, which tell keys apart; of all where they are no digits.
    let hash: (UInt64, UInt64)

    init(_ text: String) {
      self.text = text
      if let found = numbers(text, 4) {
        bytes = KeyBytes(numbers: found)
        hash = (found[0], found[1])
      } else {
        bytes = nil
        hash = (text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }, 0)
      }
    }
  }

  private let digits: Digits

  public init(_ text: String) { digits = Digits(text) }

  public var description: String { digits.text }

  /// The key itself; nil if this is none.
  var bytes: KeyBytes? { digits.bytes }

  public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public static func == (a: KeyID, b: KeyID) -> Bool {
    a.digits === b.digits || (a.digits.hash == b.digits.hash && a.digits.text == b.digits.text)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(digits.hash.0)
    hasher.combine(digits.hash.1)
  }

  public static func < (a: KeyID, b: KeyID) -> Bool { a.description < b.description }
}

/// One unit: which of a frame's plan.
public struct UnitRef: Sendable, Hashable, Codable {
  public var job: JobID
  /// The frame's number in the animation.
  public var frame: Int
  /// Index into `FramePlan.units`.
  public var unit: Int

  public init(job: JobID, frame: Int, unit: Int) {
    self.job = job
    self.frame = frame
    self.unit = unit
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(job)
    hasher.combine(frame &* 0x1_0000_0001 ^ unit &* 0x9e3779b97f4a7c1)
  }
}

private func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Numbers of 16 lower-case hexadecimal digits each; nil if the text is not exactly that.
private func numbers(_ text: String, _ count: Int) -> [UInt64]? {
  var numbers: [UInt64] = []
  return readNumbers(text, count) { numbers.append($0) } ? numbers : nil
}

/// Reads numbers of 16 lower-case hexadecimal digits each.
///
/// - Returns: Whether the text is exactly `count` of them. Otherwise some may have been read.
func readNumbers(_ text: String, _ count: Int, _ take: (UInt64) -> Void) -> Bool {
  var text = text
  return text.withUTF8 { digits in
    guard digits.count == 16 * count else { return false }
    for start in stride(from: 0, to: digits.count, by: 16) {
      var value: UInt64 = 0
      for digit in digits[start..<start + 16] {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
        default: return false
        }
      }
      take(value)
    }
    return true
  }
}
