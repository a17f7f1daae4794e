import Foundation

/// Why the master could not be asked, or did not agree.
public struct MasterError: Error, CustomStringConvertible, Sendable {
  public enum Kind: Sendable, Equatable {
    /// No answer: not running, wrong address, network down.
    case unreachable
    /// It answers, but cannot do it now: 5xx or 429.
    case busy
    /// 401 or 403.
    case forbidden
    /// 404 or 410.
    case notFound
    /// 409: the state does not allow it.
    case conflict
    /// Any other refusal: what we sent is wrong.
    case refused
    /// Its answer is none that we understand.
    case misunderstood
  }

  public var kind: Kind
  public var description: String
  /// The HTTP status, if there was an answer.
  public var status: Int?
  /// The master's own word for the fault, for programs.
  public var code: String?

  public init(_ kind: Kind, _ description: String, status: Int? = nil, code: String? = nil) {
    self.kind = kind
    self.description = description
    self.status = status
    self.code = code
  }

  /// The master does not know this agent's session: it was restarted, or has forgotten it.
  public var isUnknownSession: Bool { code == "unknown_session" }

  /// Trying the same again later may help.
  public var isTransient: Bool { kind == .unreachable || kind == .busy }
}

/// How often a request is tried.
public struct RetryPolicy: Sendable {
  /// Tries altogether; nil: for ever.
  public var tries: Int?
  public var first: Duration
  public var limit: Duration

  public init(tries: Int?, first: Duration = Limits.firstRetryDelay, limit: Duration = Limits.retryDelay) {
    self.tries = tries
    self.first = first
    self.limit = limit
  }

  public static let once = RetryPolicy(tries: 1)
  /// A person waits for it.
  public static let command = RetryPolicy(tries: Limits.commandTries, limit: .seconds(4))
  /// A result that must arrive; ends by cancellation.
  public static let forever = RetryPolicy(tries: nil)
}
