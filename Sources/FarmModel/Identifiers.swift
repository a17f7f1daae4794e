/// A job's name for programs: 16 hexadecimal digits.
public struct JobID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public let description: String

  public init(_ text: String) { description = text }

  public init(random: UInt64) { description = hexadecimal(random) }

  public init(from decoder: any Decoder) throws { description = try decoder.singleValueContainer().decode(String.self) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public static func < (a: JobID, b: JobID) -> Bool { a.description < b.description }
}

/// A lease's name, and the secret that lets its holder deliver: 32 hexadecimal digits.
public struct LeaseID: Sendable, Hashable, Codable, CustomStringConvertible {
  public let description: String

  public init(_ text: String) { description = text }

  public init(random high: UInt64, _ low: UInt64) { description = hexadecimal(high) + hexadecimal(low) }

  public init(from decoder: any Decoder) throws { description = try decoder.singleValueContainer().decode(String.self) }

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
