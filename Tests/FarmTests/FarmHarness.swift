import FarmLedger
import Crypto
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import Logging
import NIOHTTP1
import KernelScene
import SceneModel
import ServiceLifecycle
import Testing

@testable import FarmAgent
@testable import FarmMaster

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A condition was not met in time.
struct Overdue: Error, CustomStringConvertible {
  var description: String
}

/// Looks every few milliseconds until `condition` gives something.
func eventually<Value: Sendable>(
  _ what: String, within limit: Duration = .seconds(50), _ condition: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if let value = try await condition() { return value }
    try await Task.sleep(for: .milliseconds(20))
  }
  throw Overdue(description: "not within \(limit): \(what)")
}

/// A service that runs beside a test, until it is stopped or abandoned.
final class RunningService: Sendable {
  private let group: ServiceGroup
  fileprivate let task: Task<Void, any Error>

  init(_ service: any Service) {
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .cancelGroup)
        ], logger: quietLogger))
    self.group = group
    task = Task { try await group.run() }
  }

  deinit { task.cancel() }

  /// Graceful.
  func stop() async throws {
    await group.triggerGracefulShutdown()
    try await task.value
  }

  /// As if the machine had died.
  func abandon() async {
    task.cancel()
    _ = await task.result
  }

  /// Ends by itself: gives what it threw.
  func failure() async -> (any Error)? {
    if case .failure(let error) = await task.result { error } else { nil }
  }
}

/// A client that closes with its owner, also where a test ends early.
final class OwnedClient: Sendable {
  let client: MasterClient

  init(_ client: MasterClient) { self.client = client }

  deinit { Task { [client] in await client.shutdown() } }
}

/// A master in this process, on a free port of loopback.
struct RunningMaster: Sendable {
  let url: URL
  private let owned: OwnedClient
  private let service: RunningService

  var client: MasterClient { owned.client }

  init(
    in folder: URL, port: Int = 0, token: String? = nil, change: (inout MasterConfiguration) -> Void = { _ in }
  ) async throws {
    var configuration = MasterConfiguration(dataDirectory: folder, port: port)
    configuration.token = token
    // An agent that has gone keeps others' checks waiting so long.
    configuration.policy.presenceSeconds = 1.5
    configuration.ledgerInterval = .zero
    change(&configuration)
    let (urls, continuation) = AsyncStream.makeStream(of: URL.self)
    let service = RunningService(
      MasterService(configuration: configuration, logger: quietLogger) { continuation.yield($0) })
    // Ends the wait if there is nothing to wait for.
    let watch = Task { [task = service.task] in
      let result = await task.result
      continuation.finish()
      if case .failure(let error) = result { throw error }
    }
    guard let url = await urls.first(where: { _ in true }) else {
      try await watch.value
      throw Overdue(description: "the master ended before it was ready")
    }
    self.url = url
    self.service = service
    owned = OwnedClient(try MasterClient(url: url, token: token, policy: .once))
  }

  func stop() async throws {
    await client.shutdown()
    try await service.stop()
  }

  /// Sends a bundle of the tiny scene and makes a job of it.
  func submit(
    frames: some Sequence<Int>, _ settings: RenderSettings, samples: Int, tile: Int = 16, folder: URL,
    name: String = "tiny"
  ) async throws -> JobID {
    let store = try PartStore(directory: folder)
    let manifest = try TinyScene.bundle(frames: frames, in: store)
    for part in try await client.announce(manifest) { try await upload(part, from: store) }
    return try await client.createJob(
      request(manifest, frames: frames, settings, samples: samples, tile: tile, name: name)
    ).id
  }

  func upload(_ part: BundleManifest.Part, from store: PartStore) async throws {
    let file = store.fileURL(part.hash)
    let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
    try await client.uploadPart(part, file: file, byteCount: size ?? 0)
  }

  func request(
    _ manifest: BundleManifest, frames: some Sequence<Int>, _ settings: RenderSettings, samples: Int, tile: Int = 16,
    name: String = "tiny"
  ) -> CreateJob {
    let spec = JobSpec(
      bundle: manifest.id, camera: 0, width: settings.width, height: settings.height, samples: samples,
      bounces: settings.bounces, seed: settings.seed, filter: settings.filter == .box ? "box" : "blackman-harris",
      kernelRevision: kernelRevision)
    return CreateJob(
      name: name, spec: spec, frames: FrameNumbers(frames), priority: 0, tile: tile, view: "neutral", exposure: 0,
      depth: 8)
  }

  /// Waits until all frames of a job are final and gives their digests.
  func digests(of job: JobID) async throws -> [Int: ContentHash] {
    let detail = try await eventually("job \(job) final") { () -> JobDetail? in
      let detail = try await client.job(job)
      if ["failed", "cancelled", "paused"].contains(detail.job.state) {
        throw Overdue(description: "the job is \(detail.job.state): \(detail.job.reason ?? "")")
      }
      return detail.job.state == "finished" && detail.frames.allSatisfy(\.isFinal) ? detail : nil
    }
    return Dictionary(
      uniqueKeysWithValues: detail.frames.compactMap { frame in frame.digest.map { (frame.number, $0) } })
  }

  func agent(named name: String) async throws -> AgentSummary? {
    try await client.agents().agents.first { $0.name == name }
  }

  /// How many units an owner has been credited with.
  func creditedUnits(of contributor: SigningKeyFile) async throws -> Int {
    try await client.credits().credits.first { $0.contributor == contributor.publicKeyText }?.unitCount ?? 0
  }
}

/// A real agent in this process, of a contributor of its own.
struct RunningAgent: Sendable {
  let contributor: SigningKeyFile
  let service: RunningService

  init(
    _ name: String, of master: RunningMaster, in folder: TemporaryFolder, threads: Int = 1,
    alteration: AgentService.Alteration? = nil, selfTestChange: @escaping AgentService.Alteration = { $0 }
  ) throws {
    let data = folder.folder(name)
    contributor = try SigningKeyFile.readOrCreate(data.appendingPathComponent("contributor.key")).file
    let configuration = AgentConfiguration(
      master: master.url, name: name, contributorKey: contributor, threadCount: threads, dataDirectory: data)
    service = RunningService(
      AgentService(
        configuration: configuration, logger: quietLogger, alteration: alteration, selfTestChange: selfTestChange,
        report: { _ in }))
  }
}

/// An agent that does only what a test tells it, request by request.
struct ManualAgent: Sendable {
  let key: SigningKeyFile
  let contributor: SigningKeyFile
  let client: MasterClient
  let session: String

  init(_ name: String, of master: RunningMaster, in folder: TemporaryFolder, instance: String = "1") async throws {
    let data = folder.folder(name)
    key = try SigningKeyFile.readOrCreate(data.appendingPathComponent("agent.key")).file
    contributor = try SigningKeyFile.readOrCreate(data.appendingPathComponent("contributor.key")).file
    client = master.client
    let statement = Statements.agentKey(key.publicKey)
    session = try await client.register(
      RegisterAgent(
        name: name, agentKey: key.publicKeyText, contributorKey: contributor.publicKeyText,
        signature: Hex.text(try contributor.key.signature(for: statement)),
        proof: Hex.text(try key.key.signature(for: statement)), kernelRevision: kernelRevision, threadCount: 1,
        instance: instance, selfTest: SelfTestMessage(digests: SelfTest.golden, pathsPerSecond: 1e6))
    ).session
  }

  func lease(_ count: Int) async throws -> [LeasedUnit] {
    let ask = AskForWork(unitCount: count, prepared: [], waitSeconds: 0)
    return try await client.askForWork(ask, session: session, wait: .zero).leases.map { try LeasedUnit($0) }
  }

  func render(_ unit: LeasedUnit, from store: PartStore) async throws -> UnitOutcome {
    let manifest = try await client.manifest(of: unit.frame.bundle, session: session)
    let renderer = BundleRenderer(manifest: manifest, source: store, threadCount: 1)
    let frame = try renderer.prepare(frame: unit.frame.number, camera: unit.frame.camera)
    return try await RenderThreads(count: 1).render(
      frame, settings: unit.settings, tile: unit.tile, samples: unit.samples)
  }

  func commitment(_ unit: LeasedUnit, _ outcome: UnitOutcome) throws -> CommitMessage {
    let statement = Statements.result(
      lease: unit.id, spec: unit.spec, frame: unit.frame.number, digest: outcome.digest)
    return CommitMessage(
      digest: outcome.digest, counters: outcome.counters, signature: Hex.text(try key.key.signature(for: statement)))
  }

  func commit(_ unit: LeasedUnit, _ outcome: UnitOutcome) async throws {
    try await client.commit(unit.id, try commitment(unit, outcome), session: session)
  }

  func send(_ unit: LeasedUnit, _ payload: [UInt8]) async throws {
    try await client.upload(unit.id, payload: payload, session: session)
  }
}

extension RenderSettings {
  /// Few pixels, uneven edges.
  static func tiny(width: Int = 70, height: Int = 45) -> RenderSettings {
    var settings = RenderSettings(width: width, height: height, sampleCount: 1)
    settings.bounces = 3
    settings.seed = 7
    return settings
  }
}

/// What the frames of the tiny scene must be, without any farm.
func localDigests(
  frames: some Sequence<Int>, _ settings: RenderSettings, samples: Int, threads: Int, tile: Int
) async throws -> [Int: ContentHash] {
  var settings = settings
  settings.sampleCount = samples
  let renderer = LocalRenderer(
    scene: TinyScene.make(), settings: settings, tile: tile, threadCount: threads)
  var digests: [Int: ContentHash] = [:]
  try await renderer.render(frames: Array(frames), state: { TinyScene.state(frame: $0) }, camera: 0) { frame in
    digests[frame.number] = frame.picture.digest
  }
  return digests
}

extension UnitOutcome {
  /// A consistent lie: another value in the planes, and the digest that belongs to them.
  var falsified: UnitOutcome {
    let lie = UnitPlanes(tile: planes.tile, samples: planes.samples)
    for index in 0..<planes.values.count { lie.values.pointer[index] = planes.values[index] }
    lie.values.pointer[lie.values.count / 2] += 0.5
    return UnitOutcome(
      planes: lie, counters: counters, digest: ResultPayload.digest(lie, counters), seconds: seconds)
  }
}
