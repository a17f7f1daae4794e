import FarmWire
import Foundation
import Testing

@testable import FarmAgent

@Suite("Master client", .timeLimit(.minutes(1)))
struct MasterClientTests {
  struct Word: Codable, Equatable { var word: String }

  static let quick = RetryPolicy(tries: 3, first: .milliseconds(1), limit: .milliseconds(2))

  /// Runs `body` against a server that answers by script.
  func withServer<Result>(
    policy: RetryPolicy = quick, token: String? = nil, _ script: @escaping ScriptedServer.Script,
    _ body: (MasterClient, ScriptedServer) async throws -> Result
  ) async throws -> Result {
    let server = ScriptedServer(script)
    defer { server.stop() }
    let client = try MasterClient(url: server.url, token: token, policy: policy)
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
    await client.shutdown()
    return try result.get()
  }

  func failure(_ body: () async throws -> Void) async -> MasterError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? MasterError
    }
  }

  func refusal(_ status: Int, _ message: String) -> [UInt8] {
    ScriptedServer.response(status, json: #"{"error":{"code":"test","message":"\#(message)"}}"#)
  }

  @Test("A busy master is asked again, and its answer then counts")
  func busy() async throws {
    try await withServer { _, number in
      number < 3
        ? ScriptedServer.response(503, json: "{}") : ScriptedServer.response(200, json: #"{"word":"yes"}"#)
    } _: { client, server in
      let answer = try await client.answer(to: .init(.GET, "/x"), as: Word.self)
      #expect(answer == Word(word: "yes"))
      #expect(server.requests.count == 3)
    }
  }

  @Test("It gives up after the stated number of tries")
  func givesUp() async throws {
    try await withServer { _, _ in
      ScriptedServer.response(503, json: "{}")
    } _: { client, server in
      let error = await failure { try await client.perform(.init(.POST, "/x")) }
      #expect(error?.kind == .busy)
      #expect(server.requests.count == 3)
    }
  }

  @Test("A refusal is not repeated", arguments: [400, 401, 403, 404, 409, 413, 422])
  func refused(status: Int) async throws {
    try await withServer { _, _ in
      ScriptedServer.response(status, json: "{}")
    } _: { client, server in
      let error = await failure { try await client.perform(.init(.POST, "/x")) }
      #expect(error?.status == status)
      #expect(error?.isTransient == false)
      #expect(server.requests.count == 1)
    }
  }

  @Test("A missing token is named, with the options that give one")
  func missingToken() async throws {
    try await withServer { _, _ in
      ScriptedServer.response(401, json: "{}")
    } _: { client, _ in
      let error = await failure { try await client.perform(.init(.GET, "/x")) }
      #expect(error?.kind == .forbidden)
      #expect(error?.description.contains("--token-file") == true)
    }
  }

  @Test("The token travels as a bearer token")
  func token() async throws {
    try await withServer(token: "secret") { _, _ in
      ScriptedServer.response(200, json: "{}")
    } _: { client, server in
      try await client.perform(.init(.GET, "/x"))
      #expect(server.requests.first?.headers["authorization"] == "Bearer secret")
    }
  }

  @Test("An answer that breaks off is fetched again")
  func brokenAnswer() async throws {
    try await withServer { _, number in
      let body = Array(#"{"word":"whole"}"#.utf8)
      return number == 1
        ? ScriptedServer.response(200, body.prefix(5), declaredLength: body.count) : ScriptedServer.response(200, body)
    } _: { client, server in
      let answer = try await client.answer(to: .init(.GET, "/x"), as: Word.self)
      #expect(answer.word == "whole")
      #expect(server.requests.count == 2)
    }
  }

  @Test("A master that hangs up without a word counts as unreachable")
  func hangsUp() async throws {
    try await withServer { _, _ in
      nil
    } _: { client, server in
      let error = await failure { try await client.perform(.init(.GET, "/x")) }
      #expect(error?.kind == .unreachable)
      #expect(server.requests.count >= 3)
    }
  }

  @Test("Nobody there: the message says where it looked and what to do")
  func nobody() async throws {
    let url = URL(string: "http://127.0.0.1:\(ScriptedServer.unusedPort())")!
    let client = try MasterClient(url: url, token: nil, policy: Self.quick)
    let error = await failure { try await client.perform(.init(.GET, "/x")) }
    await client.shutdown()
    #expect(error?.kind == .unreachable)
    #expect(error?.description.contains(url.absoluteString) == true)
    #expect(error?.description.contains("glint master") == true)
  }

  @Test("An answer of another shape is not understood, and not repeated")
  func otherShape() async throws {
    try await withServer { _, _ in
      ScriptedServer.response(200, json: #"{"other":1}"#)
    } _: { client, server in
      let error = await failure { _ = try await client.answer(to: .init(.GET, "/x"), as: Word.self) }
      #expect(error?.kind == .misunderstood)
      #expect(server.requests.count == 1)
    }
  }

  @Test("A redirection is not followed, so the token goes nowhere else")
  func redirection() async throws {
    try await withServer { _, _ in
      ScriptedServer.response(302, [], headers: ["location: http://elsewhere.example/"])
    } _: { client, server in
      let error = await failure { try await client.perform(.init(.GET, "/x")) }
      #expect(error?.kind == .refused)
      #expect(error?.description.contains("elsewhere.example") == true)
      #expect(server.requests.count == 1)
    }
  }

  @Test("A download longer than its limit is refused and leaves no file")
  func longDownload() async throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("part")
    try await withServer { _, _ in
      ScriptedServer.response(200, [UInt8](repeating: 1, count: 5000))
    } _: { client, _ in
      let error = await failure { try await client.download(.init(.GET, "/x"), to: file, limit: 4999) }
      #expect(error?.kind == .misunderstood)
      #expect(!FileManager.default.fileExists(atPath: file.path))
      try await client.download(.init(.GET, "/x"), to: file, limit: 5000)
      let bytes = try Data(contentsOf: file)
      #expect(bytes.count == 5000)
    }
  }

  @Test("A download that breaks off starts again and ends with the right bytes")
  func brokenDownload() async throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("part")
    let body = (0..<9000).map { UInt8(truncatingIfNeeded: $0) }
    try await withServer { _, number in
      number == 1
        ? ScriptedServer.response(200, body.prefix(100), declaredLength: 9000) : ScriptedServer.response(200, body)
    } _: { client, _ in
      try await client.download(.init(.GET, "/x"), to: file, limit: 9000)
      let bytes = try Data(contentsOf: file)
      #expect(Array(bytes) == body)
    }
  }

  @Test("A file is sent whole, with its length and encoding declared")
  func upload() async throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("part")
    let body = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try Data(body).write(to: file)
    try await withServer { _, _ in
      ScriptedServer.response(200, json: "{}")
    } _: { client, server in
      var call = MasterClient.Call(.PUT, "/x")
      call.body = .compressedFile(file, byteCount: body.count, progress: nil)
      try await client.perform(call)
      #expect(server.requests.first?.body == body)
      #expect(server.requests.first?.headers["content-encoding"] == "zstd")
    }
  }

  @Test("What is no HTTP address is refused at once", arguments: ["ftp://a", "localhost:7878", "http://", "path/only"])
  func noAddress(text: String) throws {
    let url = try #require(URL(string: text))
    #expect(throws: MasterError.self) { try MasterClient(url: url, token: nil) }
  }

  @Test("Waits double up to their limit, and each lies in its upper half")
  func backoff() {
    var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
    let random = [0.0, 0.5, 0.999, 0.0, 0.999, 0.5]
    let longest: [Double] = [0.1, 0.2, 0.4, 0.8, 1, 1]
    for (value, limit) in zip(random, longest) {
      let wait = backoff.next(random: value)
      #expect(wait >= .seconds(limit / 2) && wait <= .seconds(limit))
    }
  }
}
