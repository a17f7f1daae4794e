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
public struct LeaseID: Sendable, Hashable, Codable, CustomStringConvertible {
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

  public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// An Ed25519 public key in 64 hexadecimal digits: an agent's, or a contributor's.
public struct KeyID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public let description: String

  public init(_ text: String) { description = text }

  public init(from decoder: any Decoder) throws { description = try decoder.singleValueContainer().decode(String.self) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
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
}

private func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Numbers of 16 lower-case hexadecimal digits each; nil if the text is not exactly that.
private func numbers(_ text: String, _ count: Int) -> [UInt64]? {
  var numbers: [UInt64] = []
  var (value, digits): (UInt64, Int) = (0, 0)
  for digit in text.utf8 {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
    default: return nil
    }
    digits += 1
    if digits % 16 == 0 {
      numbers.append(value)
      value = 0
    }
  }
  return digits == 16 * count ? numbers : nil
}
