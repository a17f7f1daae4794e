import FarmModel
import FarmStore
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import SceneModel

extension HTTPResponse.Status {
  /// RFC 4918, section 11.5.
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

/// A refusal, as the protocol words it.
struct APIFault: HTTPResponseError {
  var status: HTTPResponse.Status
  var code: String
  var message: String

  init(_ status: HTTPResponse.Status, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  init(_ fault: FarmFault) {
    code = fault.code
    message = fault.description
    // Told apart from other refusals by its code: the agent registers again.
    if fault.code == "unknown_session" {
      status = .conflict
      return
    }
    status =
      switch fault.kind {
      case .notFound: .notFound
      case .conflict: .conflict
      case .refused: .badRequest
      case .forbidden: .forbidden
      }
  }

  init(_ fault: BundleError) {
    message = fault.description
    switch fault.kind {
    case .storage(let code):
      self.code = code == ENOSPC ? "disk_full" : "storage"
      status = .insufficientStorage
      if code == ENOSPC { message += "; free space on the master's disk" }
    case .tooLarge:
      code = "too_large"
      status = .contentTooLarge
    case .wrongHash:
      code = "wrong_hash"
      status = .badRequest
    default:
      code = "malformed"
      status = .badRequest
    }
  }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    let bytes = (try? WireCoding.encoder.encode(ErrorAnswer(code: code, message: message))) ?? Data()
    return Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

/// Puts every error into the protocol's words, and hides the master's inner state.
struct FaultMiddleware<Context: RequestContext>: RouterMiddleware {
  let logger: Logger

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let fault = describe(error, request)
      return try fault.response(from: request, context: context)
    }
  }

  private func describe(_ error: any Error, _ request: Request) -> APIFault {
    switch error {
    case let fault as APIFault: return fault
    case let fault as FarmFault: return APIFault(fault)
    case let fault as BundleError: return APIFault(fault)
    case let error as StoreError:
      return APIFault(
        .serviceUnavailable, error.kind == .fullDisk ? "disk_full" : "storage",
        "the master cannot write its state: \(error.description)")
    case let error as DurableFile.Failure:
      return APIFault(
        .insufficientStorage, error.errno == ENOSPC ? "disk_full" : "storage",
        "the master cannot write: \(error.description)")
    case let error as any HTTPResponseError:
      let name = "\(request.method.rawValue) \(request.uri.path)"
      return error.status == .notFound
        ? APIFault(.notFound, "no_route", "\(name): there is nothing here; GET /openapi.json lists what is")
        : APIFault(error.status, "http", "\(name): \(error.status.reasonPhrase)")
    case is CancellationError:
      return APIFault(.serviceUnavailable, "stopping", "the master is stopping; try again")
    default:
      logger.error("\(request.method.rawValue) \(request.uri.path): \(error)")
      return APIFault(.internalServerError, "internal", "the master failed (its log says more); try again")
    }
  }
}

/// Lets in who shows the token, where one is set.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
  let token: String?
  /// Whether a spec, bundle or part is shown to everybody.
  let isPublic: @Sendable (_ kind: String, ContentHash) async -> Bool

  /// What a browser needs before anybody has shown a token.
  private static var openPaths: [[Substring]] { [[], ["openapi.json"], ["v1", "login"]] }

  /// The ledger is there for everybody: it holds hashes, keys and counts.
  private static func isOpen(_ path: [Substring]) -> Bool { openPaths.contains(path) || path.first == "ledger" }

  static var cookie: String { "glint-token" }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    try TokenMiddleware.refuseForeignPages(request, hasToken: token != nil)
    // Segments as the router sees them: it ignores empty ones.
    let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: true)
    guard let token, !TokenMiddleware.isOpen(path) else { return try await next(request, context) }
    var shown: String?
    if let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") {
      shown = String(header.dropFirst(7))
    } else if let cookie = request.cookies[TokenMiddleware.cookie] {
      shown = cookie.value
    }
    guard let shown, TokenMiddleware.isEqual(shown, token) else {
      if request.method == .get, path.count == 3, path[0] == "v1", ["specs", "bundles", "parts"].contains(path[1]),
        let hash = ContentHash(hex: String(path[2])), await isPublic(String(path[1]), hash)
      {
        return try await next(request, context)
      }
      throw APIFault(.unauthorized, "no_token", "this master wants its token")
    }
    return try await next(request, context)
  }

  /// Without a token, whoever can connect may do everything; pages of other sites that run in a browser here must not
  /// (DNS rebinding, cross-site requests).
  private static func refuseForeignPages(_ request: Request, hasToken: Bool) throws {
    let host = request.head.authority ?? ""
    if !hasToken {
      let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }.dropFirst()) : String(host.prefix { $0 != ":" })
      guard name == "localhost" || name == "::1" || name.hasPrefix("127.") else {
        throw APIFault(
          .forbidden, "foreign_host",
          "this master answers on loopback names only, not on '\(name.prefix(100))'; behind a proxy, start it with a token"
        )
      }
    }
    if let origin = request.headers[.origin], origin != "null", request.method != .get, request.method != .head {
      guard origin.lowercased().hasSuffix("://" + host.lowercased()) else {
        throw APIFault(.forbidden, "foreign_origin", "requests from pages of \(origin.prefix(100)) are not taken")
      }
    }
  }

  /// Takes as long for a wrong token as for the right one.
  static func isEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var difference = a.count ^ b.count
    for index in 0..<max(a.count, b.count) {
      difference |= Int(index < a.count ? a[index] : 0) ^ Int(index < b.count ? b[index] : 0)
    }
    return difference == 0
  }
}
