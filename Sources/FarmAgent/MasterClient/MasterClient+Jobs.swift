import FarmModel
import FarmWire
import Foundation
import SceneModel

/// What people and scripts ask and tell (docs/protocol.md).
extension MasterClient {
  public func status() async throws -> StatusAnswer { try await answer(to: Call(.GET, "/v1/status")) }

  public func jobs() async throws -> JobList { try await answer(to: Call(.GET, "/v1/jobs")) }

  public func job(_ id: JobID) async throws -> JobDetail { try await answer(to: Call(.GET, "/v1/jobs/\(id)")) }

  /// The one job whose id begins with `text`.
  public func jobID(beginning text: String) async throws -> JobID {
    let found = try await jobs().jobs.map(\.id).filter { $0.description.hasPrefix(text.lowercased()) }
    if found.count == 1 { return found[0] }
    if let exact = found.first(where: { $0.description == text }) { return exact }
    throw MasterError(
      .notFound,
      found.isEmpty
        ? "job: no job's id begins with '\(text)'; `glint jobs` lists them"
        : "job: \(found.count) jobs' ids begin with '\(text)'; give more of it")
  }

  public func createJob(_ message: CreateJob) async throws -> JobSummary {
    try await answer(to: Call(.POST, "/v1/jobs", json: message))
  }

  public func change(_ job: JobID, _ action: JobAction) async throws -> JobSummary {
    try await answer(to: Call(.POST, "/v1/jobs/\(job)/\(action.rawValue)"))
  }

  public func setPriority(_ job: JobID, _ priority: Int) async throws -> JobSummary {
    try await answer(to: Call(.POST, "/v1/jobs/\(job)/priority", json: PriorityMessage(priority: priority)))
  }

  /// - Parameter credit: Nil: no limit.
  public func setBudget(_ job: JobID, _ credit: UInt64?) async throws -> JobSummary {
    try await answer(to: Call(.POST, "/v1/jobs/\(job)/budget", json: BudgetMessage(credit: credit)))
  }

  /// Ledger entries that pay an agent.
  public func entries(of agent: KeyID, from first: UInt64) async throws -> EntryList {
    var call = Call(.GET, "/v1/agents/\(agent)/entries")
    call.query = [("from", "\(first)")]
    return try await answer(to: call)
  }

  /// The spec of a job that is not private.
  public func spec(_ hash: ContentHash) async throws -> JobSpec {
    try await answer(to: Call(.GET, "/v1/specs/\(hash.hex)"), as: SpecAnswer.self).spec
  }

  public func agents() async throws -> AgentList { try await answer(to: Call(.GET, "/v1/agents")) }

  /// - Parameter job: Nil: from all jobs.
  public func credits(of job: JobID? = nil) async throws -> CreditList {
    var call = Call(.GET, "/v1/credits")
    if let job { call.query = [("job", job.description)] }
    return try await answer(to: call)
  }

  /// Tells the master of a bundle; the answer says which parts it lacks.
  public func announce(_ manifest: BundleManifest) async throws -> [BundleManifest.Part] {
    let bytes = manifest.encoded()
    var call = Call(.PUT, "/v1/bundles/\(manifest.id.hex)")
    call.body = .bytes(bytes, contentType: "application/octet-stream", isCompressed: false)
    call.timeout = Limits.transferTimeout(byteCount: bytes.count)
    return try await answer(to: call, as: MissingParts.self).missing
  }

  /// Sends a part from its compressed file.
  ///
  /// - Parameter progress: Hears of bytes as they are sent; a try that starts over takes them back.
  public func uploadPart(
    _ part: BundleManifest.Part, file: URL, byteCount: Int, progress: (@Sendable (Int) -> Void)? = nil
  ) async throws {
    var call = Call(.PUT, "/v1/parts/\(part.hash.hex)")
    call.query = [("size", "\(part.byteCount)")]
    call.body = .compressedFile(file, byteCount: byteCount, progress: progress)
    call.timeout = Limits.transferTimeout(byteCount: byteCount)
    try await perform(call)
  }

  /// A finished frame's PNG, into a file.
  public func downloadPicture(job: JobID, frame: Int, to file: URL) async throws {
    var call = Call(.GET, "/v1/jobs/\(job)/frames/\(frame).png")
    call.timeout = Limits.transferTimeout(byteCount: 64 << 20)
    try await download(call, to: file, limit: Limits.pictureByteCount)
  }

  /// The names of a job's events as they come. Ends when the connection does.
  public func events(job: JobID) async throws -> AsyncThrowingStream<String, any Error> {
    var call = Call(.GET, "/v1/jobs/\(job)/events")
    call.headers.append(("accept", "text/event-stream"))
    let body = try await stream(call)
    return AsyncThrowingStream { continuation in
      let task = Task {
        do {
          var parser = EventParser()
          for try await buffer in body {
            for event in parser.read(buffer.readableBytesView) { continuation.yield(event) }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// Server-sent events (WHATWG HTML, section 9.2), as far as this client needs them: one element for each event, its name.
struct EventParser {
  /// A longer line is no event of ours; it is dropped.
  private static let lineByteLimit = 1 << 20

  private var line: [UInt8] = []
  private var isOverlong = false
  private var name = ""
  private var hasData = false

  mutating func read(_ bytes: some Sequence<UInt8>) -> [String] {
    var events: [String] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        if line.count < EventParser.lineByteLimit { line.append(byte) } else { isOverlong = true }
        continue
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let text = isOverlong ? ":" : String(decoding: line, as: UTF8.self)
      line.removeAll(keepingCapacity: true)
      isOverlong = false
      if text.isEmpty {
        if hasData { events.append(name.isEmpty ? "message" : name) }
        name = ""
        hasData = false
      } else if text.hasPrefix("event:") {
        name = text.dropFirst(6).trimmingCharacters(in: .whitespaces)
      } else if text.hasPrefix("data") {
        hasData = true
      }
    }
    return events
  }
}
