import FarmModel
import Foundation
import Synchronization

/// A `glint` process that this test started, and what it says.
final class GlintProcess: Sendable {
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

  /// Starts a master, and returns when it listens.
  static func master(
    in folder: TemporaryFolder, listen: String, options: [String] = []
  ) async throws -> (GlintProcess, URL) {
    let master = try GlintProcess(
      ["master", "--listen", listen, "--data", folder.folder("master").path] + options, home: folder.url)
    let url = try await eventually("the master listens") { () -> URL? in
      if let line = master.output.split(separator: "\n").first(where: { $0.hasPrefix("Listening on ") }) {
        return URL(string: String(line.dropFirst("Listening on ".count)))
      }
      if let status = master.status { throw Overdue(description: "the master ended (\(status)): \(master.errors)") }
      return nil
    }
    return (master, url)
  }
}

/// What is asked of `glint render` and `glint submit` alike.
struct Picture {
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

/// What `glint render --json` prints.
struct Rendered: Decodable {
  struct Frame: Decodable {
    var number: Int
    var digest: String
  }

  var frames: [Frame]
  var digests: [Int: String] { Dictionary(uniqueKeysWithValues: frames.map { ($0.number, $0.digest) }) }
}

/// What `glint submit --json` prints.
struct Submitted: Decodable { var job: JobID }
