import FarmModel
import FarmWire
import Foundation
import NIOHTTP1
import SceneModel

/// What agents ask and tell (docs/protocol.md).
extension MasterClient {
  static let sessionHeader = "glint-session"

  func register(_ message: RegisterAgent) async throws -> AgentRegistration {
    var call = try Call(.POST, "/v1/agents", json: message)
    // The session tries again, and says that it waits.
    call.policy = .once
    return try await answer(to: call)
  }

  func leave(session: String) async throws {
    var call = Call(.DELETE, "/v1/agents/session")
    call.headers.append((MasterClient.sessionHeader, session))
    call.policy = .once
    call.timeout = Limits.goodbyeTimeout
    try await perform(call)
  }

  /// - Parameter wait: How long the master may hold the question open while there is no work.
  func askForWork(_ message: AskForWork, session: String, wait: Duration) async throws -> LeaseList {
    var call = try Call(.POST, "/v1/leases", json: message, session: session)
    call.timeout = wait + Limits.readTimeout
    // The schedule has its own patience.
    call.policy = .once
    return try await answer(to: call)
  }

  func renew(_ leases: [LeaseID], session: String) async throws -> RenewAnswer {
    var call = try Call(.POST, "/v1/leases/renew", json: LeaseIDs(leases), session: session)
    call.policy = .once
    return try await answer(to: call)
  }

  func giveBack(_ leases: [LeaseID], session: String) async throws {
    try await perform(Call(.POST, "/v1/leases/return", json: LeaseIDs(leases), session: session))
  }

  func reportFailure(_ lease: LeaseID, reason: String, session: String) async throws {
    try await perform(
      Call(.POST, "/v1/leases/\(lease)/failure", json: FailureMessage(reason: reason), session: session))
  }

  /// Commits to a result, before its planes are sent.
  func commit(_ lease: LeaseID, _ message: CommitMessage, session: String) async throws {
    try await perform(Call(.POST, "/v1/leases/\(lease)/result", json: message, session: session))
  }

  /// Sends the planes of a committed result.
  ///
  /// - Parameter payload: zstd.
  func upload(_ lease: LeaseID, payload: [UInt8], session: String) async throws {
    var call = Call(.PUT, "/v1/leases/\(lease)/planes")
    call.headers.append((MasterClient.sessionHeader, session))
    call.body = .bytes(payload, contentType: "application/octet-stream", isCompressed: true)
    call.timeout = Limits.transferTimeout(byteCount: payload.count)
    try await perform(call)
  }

  // MARK: - Bundles, for agents and people

  public func manifest(of bundle: ContentHash, session: String? = nil) async throws -> BundleManifest {
    var call = Call(.GET, "/v1/bundles/\(bundle.hex)")
    if let session { call.headers.append((MasterClient.sessionHeader, session)) }
    return try BundleManifest(decoding: try await bytes(of: call, limit: BundleLimits.manifestByteCount))
  }

  /// A part's compressed bytes, into a file.
  public func downloadPart(_ hash: ContentHash, to file: URL, limit: Int, session: String? = nil) async throws {
    var call = Call(.GET, "/v1/parts/\(hash.hex)")
    if let session { call.headers.append((MasterClient.sessionHeader, session)) }
    call.timeout = Limits.transferTimeout(byteCount: limit)
    try await download(call, to: file, limit: limit)
  }
}

extension MasterClient.Call {
  init(_ method: HTTPMethod, _ path: String, json message: some Encodable, session: String? = nil) throws {
    self.init(method, path)
    body = .json([UInt8](try WireCoding.encoder.encode(message)))
    if let session { headers.append((MasterClient.sessionHeader, session)) }
  }
}
