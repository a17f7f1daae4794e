import Foundation

/// How messages become JSON.
public enum WireCoding {
  public static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  public static var decoder: JSONDecoder { JSONDecoder() }
}

/// The body of every refusal: `{"error": {"code": …, "message": …}}`.
public struct ErrorAnswer: Codable, Sendable, Equatable {
  private struct Body: Codable, Equatable {
    var code: String
    var message: String
  }

  /// For programs; stable.
  public var code: String
  /// For people: what, where, found, expected, what to do.
  public var message: String

  public init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  private enum CodingKeys: String, CodingKey { case error }

  public init(from decoder: any Decoder) throws {
    let body = try decoder.container(keyedBy: CodingKeys.self).decode(Body.self, forKey: .error)
    self.init(code: body.code, message: body.message)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Body(code: code, message: message), forKey: .error)
  }
}
