import FarmModel
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import KernelScene
import SceneModel

/// The HTTP API (docs/protocol.md): routes, and what they have in common.
struct MasterAPI: Sendable {
  typealias Context = BasicRequestContext

  let keeper: FarmKeeper
  let files: MasterFiles
  let planes: PlaneCache
  let previews: Previews
  let sessions: Sessions
  let hub: EventHub
  let ledger: LedgerLog
  let entries: EntryIndex
  let publicParts: PublicParts
  let bodies: BodyMemory
  let token: String?
  let usesTLS: Bool
  let logger: Logger

  static let sessionHeader = HTTPField.Name("glint-session")!

  func router() -> Router<Context> {
    let router = Router(context: Context.self)
    router.add(middleware: FaultMiddleware(logger: logger))
    router.add(middleware: TokenMiddleware(token: token, isPublic: { await publicParts.contains($0, $1) }))
    router.get("/") { _, _ in page() }
    router.get("/openapi.json") { _, _ in openAPI() }
    addAgentRoutes(to: router)
    addBundleRoutes(to: router)
    addJobRoutes(to: router)
    addPictureRoutes(to: router)
    addEventRoutes(to: router)
    addLedgerRoutes(to: router)
    return router
  }

  // MARK: - Bodies

  func answer(_ message: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireCoding.encoder.encode(message))))
  }

  var done: Response { Response(status: .noContent, headers: [.cacheControl: "no-store"]) }

  func message<Message: Decodable>(
    _ request: Request, _ type: Message.Type = Message.self, limit: Int = MasterLimits.controlBodyByteCount
  ) async throws -> Message {
    try await withBody(request, limit: limit) { bytes in
      do {
        return try WireCoding.decoder.decode(Message.self, from: Data(bytes))
      } catch {
        let place = "\(request.method.rawValue) \(request.uri.path)"
        throw APIFault(.badRequest, "malformed", "\(place): the body is not what is expected: \(MasterAPI.text(error))")
      }
    }
  }

  private static func text(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      let keys = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? "." + $0.stringValue }.joined()
      return keys.isEmpty ? "the document" : String(keys.drop { $0 == "." })
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing in \(path(context))"
    case .typeMismatch(let type, let context): return "\(path(context)) is no \(type)"
    case .valueNotFound(let type, let context): return "\(path(context)) is null, expected \(type)"
    case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
    default: return "\(error)"
    }
  }

  // MARK: - Parameters

  func hash(_ context: Context) throws -> ContentHash {
    let text = context.parameters.get("hash") ?? ""
    guard let hash = ContentHash(hex: text) else {
      throw APIFault(
        .badRequest, "malformed", "'\(text.prefix(80))' is no SHA-256; expected 64 lower-case hexadecimal digits")
    }
    return hash
  }

  func jobID(_ context: Context) -> JobID { JobID(String((context.parameters.get("job") ?? "").prefix(64))) }

  func leaseID(_ context: Context) -> LeaseID { LeaseID(String((context.parameters.get("lease") ?? "").prefix(64))) }

  func noJob(_ id: JobID) -> APIFault {
    APIFault(.notFound, "no_job", "job \(id): there is none; `glint jobs` lists them")
  }

  // MARK: - The page

  private func page() -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
        .contentSecurityPolicy:
          "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff",
      ],
      body: ResponseBody(byteBuffer: ByteBuffer(string: WebPage.html)))
  }

  private func openAPI() -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: OpenAPIDocument.text)))
  }
}

/// Which session belongs to which agent. Forgotten when the master ends: agents then register again, and keep their leases.
actor Sessions {
  private var agents: [String: KeyID] = [:]
  private var current: [KeyID: String] = [:]
  /// Results delivered lately.
  private var delivered: [LeaseID: KeyID] = [:]
  /// The same in the order of their delivery: a ring.
  private var deliveries: [LeaseID] = []
  private var oldestDelivery = 0
  /// The master ends: nobody is kept waiting.
  private(set) var isStopping = false

  func stop() { isStopping = true }

  func open(_ agent: KeyID) -> String {
    if let old = current[agent] { agents[old] = nil }
    var generator = SystemRandomNumberGenerator()
    let session = LeaseID(random: generator.next(), generator.next()).description
    agents[session] = agent
    current[agent] = session
    return session
  }

  func agent(_ session: String?) throws -> KeyID {
    guard let session, let agent = agents[session] else {
      throw APIFault(.conflict, "unknown_session", "this session is not known here (any more); register again")
    }
    return agent
  }

  func close(_ agent: KeyID) {
    if let session = current.removeValue(forKey: agent) { agents[session] = nil }
  }

  func noteDelivery(_ lease: LeaseID, _ agent: KeyID) {
    delivered[lease] = agent
    if deliveries.count < MasterLimits.rememberedDeliveries {
      deliveries.append(lease)
    } else {
      delivered[deliveries[oldestDelivery]] = nil
      deliveries[oldestDelivery] = lease
      oldestDelivery = (oldestDelivery + 1) % deliveries.count
    }
  }

  func hasDelivered(_ lease: LeaseID, _ agent: KeyID) -> Bool { delivered[lease] == agent }
}
