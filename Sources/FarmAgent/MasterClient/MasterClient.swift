import FarmLedger
import AsyncHTTPClient
import FarmWire
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// The master's HTTP API (docs/protocol.md), typed: for the agent and for the command.
///
/// Requests are tried again after connection errors, 5xx and 429, by a stated policy; everything that the API lets change is
/// safe to send twice.
public final class MasterClient: Sendable {
  public let url: URL
  public let policy: RetryPolicy
  private let token: String?
  private let http: HTTPClient

  /// - Parameters:
  ///   - url: Such as `http://127.0.0.1:7878`; a path is kept as prefix.
  ///   - token: Sent as a bearer token.
  public init(url: URL, token: String?, policy: RetryPolicy = .command) throws(MasterError) {
    guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.host() != nil else {
      throw MasterError(
        .refused, "master: '\(url.absoluteString)' is no address; expected one such as http://127.0.0.1:7878")
    }
    self.url = url
    self.token = token
    self.policy = policy
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = TimeAmount(Limits.connectTimeout)
    configuration.redirectConfiguration = .disallow
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
    // Else a refused connection is tried again in silence until the deadline; the retry policy is ours.
    configuration.connectionPool.retryConnectionEstablishment = false
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Must be called before the client goes away.
  public func shutdown() async { try? await http.shutdown() }

  // MARK: - Calls

  struct Call: Sendable {
    var method: HTTPMethod
    var path: String
    var query: [(name: String, value: String)] = []
    var body = Body.none
    var headers: [(name: String, value: String)] = []
    /// Time for the whole answer beyond which the connection counts as dead; streams set none.
    var timeout: Duration = Limits.readTimeout
    /// Answers with these statuses are no errors.
    var policy: RetryPolicy?

    init(_ method: HTTPMethod, _ path: String) {
      self.method = method
      self.path = path
    }
  }

  enum Body: Sendable {
    case none
    case json([UInt8])
    case bytes([UInt8], contentType: String, isCompressed: Bool)
    /// A file in zstd format, streamed; `progress` hears of the bytes sent in this try.
    case compressedFile(URL, byteCount: Int, progress: (@Sendable (Int) -> Void)?)
  }

  /// JSON in, JSON out.
  func answer<Answer: Decodable>(to call: Call, as type: Answer.Type = Answer.self) async throws -> Answer {
    let bytes = try await bytes(of: call, limit: Limits.controlBodyByteCount)
    do {
      return try WireCoding.decoder.decode(Answer.self, from: Data(bytes))
    } catch {
      throw MasterError(
        .misunderstood,
        "\(location(call)): the master's answer is not what this glint expects (\(error)); are both of the same version?"
      )
    }
  }

  /// Where the answer's body does not matter.
  func perform(_ call: Call) async throws { _ = try await bytes(of: call, limit: Limits.controlBodyByteCount) }

  /// The whole body in memory.
  func bytes(of call: Call, limit: Int) async throws -> [UInt8] {
    try await retrying(call) { response in
      var buffer = try await response.body.collect(upTo: limit)
      return buffer.readBytes(length: buffer.readableBytes) ?? []
    }
  }

  /// The body into a file, which is removed again if the answer breaks off.
  func download(_ call: Call, to file: URL, limit: Int, progress: (@Sendable (Int) -> Void)? = nil) async throws {
    try await retrying(call) { response in
      guard FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o644]),
        let handle = try? FileHandle(forWritingTo: file)
      else {
        throw LocalFileError(description: "\(file.path): cannot be written (\(SystemText.reason(errno: errno)))")
      }
      var isComplete = false
      defer {
        try? handle.close()
        if !isComplete { try? FileManager.default.removeItem(at: file) }
      }
      var count = 0
      for try await buffer in response.body {
        count += buffer.readableBytes
        guard count <= limit else {
          throw MasterError(.misunderstood, "\(self.location(call)): the answer is longer than \(limit) bytes")
        }
        do {
          try handle.write(contentsOf: Data(buffer.readableBytesView))
        } catch {
          throw LocalFileError(description: "\(file.path): cannot be written (\(SystemText.reason(error)))")
        }
        progress?(buffer.readableBytes)
      }
      isComplete = true
    }
  }

  /// An open answer: server-sent events. One try; the caller comes back when it ends.
  func stream(_ call: Call) async throws -> HTTPClientResponse.Body {
    try await attempt(call, deadline: .distantFuture).body
  }

  // MARK: - Tries

  private func retrying<Result: Sendable>(
    _ call: Call, _ read: @Sendable (HTTPClientResponse) async throws -> Result
  ) async throws -> Result {
    let policy = call.policy ?? policy
    var backoff = Backoff(first: policy.first, limit: policy.limit)
    while true {
      do {
        let deadline = NIODeadline.now() + TimeAmount(call.timeout)
        let response = try await attempt(call, deadline: deadline)
        do {
          return try await read(response)
        } catch let error as MasterError {
          throw error
        } catch let error as LocalFileError {
          throw error
        } catch is CancellationError {
          throw CancellationError()
        } catch let error as NIOTooManyBytesError {
          throw MasterError(.misunderstood, "\(location(call)): the answer is longer than allowed (\(error))")
        } catch {
          throw unreachable(call, error)
        }
      } catch let error as MasterError where error.isTransient {
        try Task.checkCancellation()
        if let tries = policy.tries, backoff.failureCount + 1 >= tries { throw error }
        try await Task.sleep(for: backoff.next(random: Double.random(in: 0..<1)))
      }
    }
  }

  private func attempt(_ call: Call, deadline: NIODeadline) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: address(call))
    request.method = call.method
    request.headers.add(name: "user-agent", value: "glint")
    request.headers.add(name: "accept", value: "application/json, */*")
    if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
    for (name, value) in call.headers { request.headers.replaceOrAdd(name: name, value: value) }
    switch call.body {
    case .none: break
    case .json(let bytes):
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case .bytes(let bytes, let contentType, let isCompressed):
      request.headers.add(name: "content-type", value: contentType)
      if isCompressed { request.headers.add(name: "content-encoding", value: "zstd") }
      request.body = .bytes(ByteBuffer(bytes: bytes))
    case .compressedFile(let file, let byteCount, let progress):
      request.headers.add(name: "content-type", value: "application/octet-stream")
      request.headers.add(name: "content-encoding", value: "zstd")
      request.body = .stream(FileChunks(url: file, progress: progress), length: .known(Int64(byteCount)))
    }
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, deadline: deadline)
    } catch let error as LocalFileError {
      throw error
    } catch {
      // Cancellation arrives as an error of the client's own.
      try Task.checkCancellation()
      throw unreachable(call, error)
    }
    guard (200..<300).contains(response.status.code) else { throw await refusal(call, response) }
    return response
  }

  private func address(_ call: Call) -> String {
    var base = url.absoluteString
    while base.hasSuffix("/") { base.removeLast() }
    let query = call.query.map { "\($0.name)=\(MasterClient.escaped($0.value))" }.joined(separator: "&")
    return base + call.path + (query.isEmpty ? "" : "?" + query)
  }

  /// A value for a path or query.
  static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(
      withAllowedCharacters: CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) ?? text
  }

  private func location(_ call: Call) -> String { "\(call.method.rawValue) \(address(call))" }

  private func unreachable(_ call: Call, _ error: any Error) -> MasterError {
    var message = "no answer from a master at \(url.absoluteString) (\(MasterClient.reason(error)))"
    if ["127.0.0.1", "localhost", "::1"].contains(url.host() ?? "") {
      message += "; start one with `glint master`, or name another with --master or GLINT_MASTER"
    } else {
      message += "; check the address (--master or GLINT_MASTER) and that the master listens on it"
    }
    return MasterError(.unreachable, message)
  }

  /// What a person can use of the client library's errors.
  private static func reason(_ error: any Error) -> String {
    if let error = error as? HTTPClientError {
      switch error {
      case .connectTimeout: return "the connection was not made within \(Limits.connectTimeout)"
      case .deadlineExceeded, .readTimeout: return "it took too long"
      case .remoteConnectionClosed: return "the connection was closed"
      default: return error.description
      }
    }
    if let error = error as? NIOConnectionError {
      if let first = error.connectionErrors.first?.error as? IOError {
        return SystemText.reason(errno: first.errnoCode).lowercased()
      }
      if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
        return "the name '\(error.host)' is not known"
      }
    }
    if let error = error as? IOError { return SystemText.reason(errno: error.errnoCode).lowercased() }
    return "\(error)"
  }

  private func refusal(_ call: Call, _ response: HTTPClientResponse) async -> MasterError {
    let status = Int(response.status.code)
    var text = ""
    var code: String?
    if var body = try? await response.body.collect(upTo: 64 << 10) {
      let bytes = body.readBytes(length: body.readableBytes) ?? []
      if let fault = try? WireCoding.decoder.decode(ErrorAnswer.self, from: Data(bytes)) {
        text = fault.message
        code = fault.code
      } else {
        // A proxy's page, perhaps: its first words will do.
        text =
          String(decoding: bytes.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
          ?? ""
      }
    }
    if text.isEmpty { text = response.status.reasonPhrase }
    let kind: MasterError.Kind
    switch status {
    case 429, 500...599: kind = .busy
    case 401, 403: kind = .forbidden
    case 404, 410: kind = .notFound
    case 409: kind = .conflict
    case 300..<400:
      kind = .refused
      text = "it redirects to \(response.headers.first(name: "location") ?? "nowhere"); name that address with --master"
    default: kind = .refused
    }
    if status == 401 {
      text +=
        token == nil
        ? " (give the master's token with --token-file or GLINT_TOKEN)" : " (the token is not the master's)"
    }
    return MasterError(kind, text, status: status, code: code)
  }
}

/// A file of this machine that cannot be read or written.
public struct LocalFileError: Error, CustomStringConvertible, Sendable {
  public var description: String

  public init(description: String) { self.description = description }
}

/// A file's bytes in pieces, read as the connection takes them.
struct FileChunks: AsyncSequence, Sendable {
  typealias Element = ByteBuffer
  var url: URL
  var progress: (@Sendable (Int) -> Void)?
  static let chunkByteCount = 256 << 10

  struct AsyncIterator: AsyncIteratorProtocol {
    var url: URL
    var handle: FileHandle?
    var progress: (@Sendable (Int) -> Void)?

    mutating func next() async throws -> ByteBuffer? {
      do {
        if handle == nil { handle = try FileHandle(forReadingFrom: url) }
        guard let data = try handle?.read(upToCount: FileChunks.chunkByteCount), !data.isEmpty else {
          try handle?.close()
          return nil
        }
        progress?(data.count)
        return ByteBuffer(bytes: data)
      } catch {
        throw LocalFileError(description: "\(url.path): cannot be read (\(SystemText.reason(error)))")
      }
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(url: url, progress: progress) }
}

extension TimeAmount {
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
