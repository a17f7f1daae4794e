import FarmModel
import FarmWire
import Foundation
import Synchronization
import Testing

@testable import FarmAgent

/// A `glint` process that this test started, and what it says.
private final class GlintProcess: Sendable {
  private struct State {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var openStreams = 2
    var status: Int32?
    var waiters: [CheckedContinuation<Int32, Never>] = []
  }

  private let process: Mutex<Process>
  private let state = Mutex(State())
  let id: Int32

  /// The executable beside the test bundle.
  static func executable() throws -> URL {
    var folders = [URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(), Bundle.main.bundleURL]
    folders += Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    for folder in folders {
      let file = folder.appendingPathComponent("glint")
      if FileManager.default.isExecutableFile(atPath: file.path) { return file }
    }
    throw Overdue(description: "glint is not in \(folders.map(\.path)); build it first")
  }

  /// - Parameter home: Holds keys and caches, so that the user's own stay as they are.
  init(_ arguments: [String], home: URL) throws {
    let process = Process()
    process.executableURL = try GlintProcess.executable()
    process.arguments = arguments
    process.currentDirectoryURL = home
    var environment = ProcessInfo.processInfo.environment
    for name in ["GLINT_MASTER", "GLINT_TOKEN"] { environment[name] = nil }
    environment["HOME"] = home.path
    for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
      environment[name] = home.appendingPathComponent(name).path
    }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    id = process.processIdentifier
    self.process = Mutex(process)
    read(output.fileHandleForReading) { $0.output += $1 }
    read(errors.fileHandleForReading) { $0.errors += $1 }
  }

  deinit { if process.withLock({ $0.isRunning }) { kill(id, SIGKILL) } }

  private func read(_ handle: FileHandle, _ add: @escaping @Sendable (inout State, [UInt8]) -> Void) {
    let source = UncheckedHandle(handle)
    let thread = Thread { [weak self] in
      while true {
        let data = source.handle.availableData
        if data.isEmpty { break }
        self?.state.withLock { add(&$0, [UInt8](data)) }
      }
      self?.streamEnded()
    }
    thread.start()
  }

  /// A handle on its way to the one thread that reads it.
  private struct UncheckedHandle: @unchecked Sendable {
    // Sendable because nobody else touches it.
    let handle: FileHandle
    init(_ handle: FileHandle) { self.handle = handle }
  }

  private func streamEnded() {
    let isLast = state.withLock { state in
      state.openStreams -= 1
      return state.openStreams == 0
    }
    guard isLast else { return }
    let status = process.withLock { process in
      process.waitUntilExit()
      return process.terminationStatus
    }
    let waiters = state.withLock { state in
      state.status = status
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: status) }
  }

  var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
  var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

  /// Nil while it runs.
  var status: Int32? { state.withLock { $0.status } }

  /// The exit status, or the signal's number.
  func end() async -> Int32 {
    await withCheckedContinuation { continuation in
      let status: Int32? = state.withLock { state in
        if state.status == nil { state.waiters.append(continuation) }
        return state.status
      }
      if let status { continuation.resume(returning: status) }
    }
  }

  func signal(_ number: Int32) { kill(id, number) }

  /// Runs a command to its end and gives what it printed.
  static func run(_ arguments: [String], home: URL) async throws -> String {
    let process = try GlintProcess(arguments, home: home)
    let status = await process.end()
    guard status == 0 else {
      throw Overdue(description: "glint \(arguments.joined(separator: " ")) ended with \(status): \(process.errors)")
    }
    return process.output
  }
}

@Suite("Processes", .timeLimit(.minutes(3)))
struct ProcessTests {
  private struct Picture {
    var scene: String
    var size: String
    var frames: String
    var samples: Int

    var options: [String] {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scenes/\(scene).glb")
      return [file.path, "--size", size, "--frames", frames, "--samples", "\(samples)", "--bounces", "4", "--json"]
    }
  }

  private struct Rendered: Decodable {
    struct Frame: Decodable {
      var number: Int
      var digest: String
    }

    var frames: [Frame]
    var digests: [Int: String] { Dictionary(uniqueKeysWithValues: frames.map { ($0.number, $0.digest) }) }
  }

  private struct Submitted: Decodable { var job: JobID }

  private func start(master folder: TemporaryFolder, listen: String) async throws -> (GlintProcess, URL) {
    let master = try GlintProcess(
      ["master", "--listen", listen, "--data", folder.folder("master").path], home: folder.url)
    let url = try await eventually("the master listens") { () -> URL? in
      if let line = master.output.split(separator: "\n").first(where: { $0.hasPrefix("Listening on ") }) {
        return URL(string: String(line.dropFirst("Listening on ".count)))
      }
      if let status = master.status { throw Overdue(description: "the master ended (\(status)): \(master.errors)") }
      return nil
    }
    return (master, url)
  }

  @Test("A master killed in the middle of its jobs goes on after a restart, and every frame has a local render's bits")
  func killedMaster() async throws {
    let folder = try TemporaryFolder()
    let home = folder.url
    let pictures = [
      Picture(scene: "cornell", size: "160x160", frames: "1", samples: 24),
      Picture(scene: "gallery", size: "96x54", frames: "1-2", samples: 8),
      Picture(scene: "interior", size: "96x54", frames: "1-3", samples: 8),
    ]
    var (master, url) = try await start(master: folder, listen: "127.0.0.1:0")
    let owned = OwnedClient(try MasterClient(url: url, token: nil, policy: .command))
    let client = owned.client
    var jobs: [JobID] = []
    for picture in pictures {
      let text = try await GlintProcess.run(
        ["submit", "--master", url.absoluteString, "--tile", "16"] + picture.options, home: home)
      jobs.append(try JSONDecoder().decode(Submitted.self, from: Data(text.utf8)).job)
    }
    let agent = try GlintProcess(
      [
        "agent", "--master", url.absoluteString, "--name", "worker", "--threads", "1", "--data",
        folder.folder("agent").path,
      ], home: home)
    let first = jobs[0]
    let atDeath = try await eventually("a received unit") { () -> JobSummary? in
      let job = try await client.job(first).job
      return job.receivedUnitCount > 0 ? job : nil
    }
    master.signal(SIGKILL)
    #expect(await master.end() == SIGKILL)
    #expect(atDeath.state == "active")

    (master, url) = try await start(master: folder, listen: "127.0.0.1:\(url.port!)")
    // Nothing that the dead master had acknowledged is lost.
    #expect(try await client.job(first).job.receivedUnitCount >= atDeath.receivedUnitCount)
    for (picture, job) in zip(pictures, jobs) {
      let detail = try await eventually("job \(picture.scene) finished", within: .seconds(80)) { () -> JobDetail? in
        let detail = try await client.job(job)
        return detail.job.state == "finished" ? detail : nil
      }
      let found = Dictionary(uniqueKeysWithValues: detail.frames.map { ($0.number, $0.digest?.hex ?? "") })
      for (threads, tile) in [("1", "16"), ("2", "64")] {
        let text = try await GlintProcess.run(
          [
            "render", "--threads", threads, "--tile", tile, "-o",
            folder.folder("out").path + "/\(picture.scene).####.png",
          ] + picture.options, home: home)
        let rendered = try JSONDecoder().decode(Rendered.self, from: Data(text.utf8))
        #expect(rendered.digests == found, "\(picture.scene), \(threads) threads, tiles of \(tile)")
      }
    }
    let credits = try await client.credits().credits
    let unitCount = try await client.jobs().jobs.map(\.unitCount).reduce(0, +)
    #expect(credits.map(\.unitCount).reduce(0, +) == unitCount)
    agent.signal(SIGTERM)
    #expect(await agent.end() == 0, "\(agent.errors)")
    await owned.client.shutdown()
    master.signal(SIGTERM)
    #expect(await master.end() == 0, "\(master.errors)")
  }
}
