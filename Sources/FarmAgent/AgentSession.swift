import FarmLedger
import Crypto
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel

/// A unit in this agent's hands.
struct LeasedUnit: Sendable {
  var id: LeaseID
  var frame: FrameKey
  /// Of the job's spec; part of what is signed.
  var spec = ContentHash(hashing: [])
  var settings: RenderSettings
  var tile: TileRectangle
  var samples: Range<Int>
  /// Until the master may give it to somebody else.
  var lifetime: Duration
}

/// This agent as the master knows it. Registers, and does so again whenever the master has forgotten it.
actor AgentSession: MasterLink {
  private let client: MasterClient
  private let configuration: AgentConfiguration
  private let agentKey: SigningKeyFile
  private let selfTest: SelfTest.Report
  private let report: @Sendable (AgentReport) -> Void
  /// This process: the master takes back what an earlier one with the same key held.
  private let instance = UUID().uuidString
  /// Under way or done.
  private var registration: Task<String, any Error>?

  init(
    client: MasterClient, configuration: AgentConfiguration, agentKey: SigningKeyFile,
    selfTest: SelfTest.Report, report: @escaping @Sendable (AgentReport) -> Void
  ) {
    self.client = client
    self.configuration = configuration
    self.agentKey = agentKey
    self.selfTest = selfTest
    self.report = report
  }

  /// Tries until the master answers.
  func register() async throws { _ = try await token() }

  func ask(unitCount: Int, preparedFrames: [FrameKey]) async throws -> [LeasedUnit] {
    let message = AskForWork(
      unitCount: unitCount,
      prepared: preparedFrames.map { PreparedFrameMessage(bundle: $0.bundle, frame: $0.number, camera: $0.camera) },
      waitSeconds: Double(Limits.longPoll.components.seconds))
    let answer = try await withSession { [client] in
      try await client.askForWork(message, session: $0, wait: Limits.longPoll)
    }
    return try answer.leases.map { try LeasedUnit($0) }
  }

  func renew(_ ids: [LeaseID]) async throws -> (held: [LeaseID], lifetime: Duration) {
    let answer = try await withSession { [client] in try await client.renew(ids, session: $0) }
    return (answer.held, .seconds(answer.seconds))
  }

  func giveBack(_ ids: [LeaseID]) async throws {
    try await withSession { [client] in try await client.giveBack(ids, session: $0) }
  }

  func reportFailure(_ id: LeaseID, reason: String) async throws {
    try await withSession { [client] in try await client.reportFailure(id, reason: reason, session: $0) }
  }

  /// Commits to the result's digest, then sends its planes. Tries until the master has taken or refused it.
  func deliver(_ unit: LeasedUnit, _ outcome: UnitOutcome) async throws {
    let statement = Statements.result(
      lease: unit.id, spec: unit.spec, frame: unit.frame.number, digest: outcome.digest)
    let message = CommitMessage(
      digest: outcome.digest, counters: outcome.counters,
      signature: Hex.text(try agentKey.key.signature(for: statement)))
    let payload = try await onOwnThread(named: "glint-pack") {
      ResultPayload.encode(outcome.planes, outcome.counters)
    }
    try await withSession { [client] session in
      try await client.commit(unit.id, message, session: session)
      try await client.upload(unit.id, payload: payload, session: session)
    }
  }

  func leave() async throws {
    guard let registration, let session = try? await registration.value else { return }
    try await client.leave(session: session)
  }

  func downloadPart(_ hash: ContentHash, to file: URL, limit: Int) async throws {
    try await withSession { [client] in try await client.downloadPart(hash, to: file, limit: limit, session: $0) }
  }

  func manifest(of bundle: ContentHash) async throws -> BundleManifest {
    try await withSession { [client] in try await client.manifest(of: bundle, session: $0) }
  }

  // MARK: - Session

  /// Runs `body` with the session, and once more with a new one if the master does not know the first.
  private func withSession<Answer: Sendable>(
    _ body: @Sendable (String) async throws -> Answer
  ) async throws -> Answer {
    let first = try await token()
    do {
      return try await body(first)
    } catch let error as MasterError where error.isUnknownSession {
      if let current = registration, (try? await current.value) == first { registration = nil }
      return try await body(try await token())
    }
  }

  private func token() async throws -> String {
    if let registration {
      do { return try await registration.value } catch {
        if self.registration == registration { self.registration = nil }
      }
      try Task.checkCancellation()
    }
    if let registration { return try await registration.value }
    let task = Task { try await registerOnce() }
    registration = task
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// One try: the master shall know that this machine is broken, not dishonest.
  func tellBroken(_ report: SelfTest.Report) async {
    guard let message = try? registration(report) else { return }
    _ = try? await client.register(message)
  }

  private func registration(_ selfTest: SelfTest.Report) throws -> RegisterAgent {
    let statement = Statements.agentKey(agentKey.publicKey)
    return RegisterAgent(
      name: configuration.name, agentKey: agentKey.publicKeyText,
      contributorKey: configuration.contributorKey.publicKeyText,
      signature: Hex.text(try configuration.contributorKey.key.signature(for: statement)),
      proof: Hex.text(try agentKey.key.signature(for: statement)), kernelRevision: kernelRevision,
      threadCount: configuration.threadCount, instance: instance,
      selfTest: SelfTestMessage(digests: selfTest.digests, pathsPerSecond: selfTest.pathsPerSecond))
  }

  private func registerOnce() async throws -> String {
    let message = try registration(selfTest)
    var backoff = Backoff()
    while true {
      do {
        let answer = try await client.register(message)
        report(.registered)
        return answer.session
      } catch let error as MasterError where error.isTransient {
        report(.waitingForMaster(reason: error.description))
        try await Task.sleep(for: backoff.next(random: Double.random(in: 0..<1)))
      }
    }
  }
}

extension LeasedUnit {
  /// Checks what came: a unit that makes no sense is the master's fault, and must not harm this machine.
  init(_ message: LeaseMessage) throws {
    func fault(_ text: String) -> MasterError { MasterError(.misunderstood, "lease \(message.id): \(text)") }
    id = message.id
    let spec = message.spec
    guard spec.fault == nil, FrameNumbers.limits.contains(message.frame) else {
      throw fault(spec.fault ?? "frame \(message.frame)")
    }
    guard message.x >= 0, message.y >= 0, (1...1024).contains(message.width), (1...1024).contains(message.height),
      message.x <= spec.width - message.width, message.y <= spec.height - message.height
    else {
      throw fault(
        "tile at (\(message.x), \(message.y)) of \(message.width)x\(message.height) does not fit \(spec.width)x\(spec.height)"
      )
    }
    guard message.firstSample >= 0, (1...spec.samples).contains(message.sampleCount),
      message.firstSample <= spec.samples - message.sampleCount, message.seconds > 0, message.seconds < 1e6
    else { throw fault("samples or time that make no sense") }
    frame = FrameKey(bundle: spec.bundle, number: message.frame, camera: spec.camera)
    self.spec = spec.hash
    settings = RenderSettings(spec)
    tile = TileRectangle(x: message.x, y: message.y, width: message.width, height: message.height)
    samples = message.firstSample..<(message.firstSample + message.sampleCount)
    lifetime = .seconds(message.seconds)
    guard spec.kernelRevision == kernelRevision else {
      throw fault("kernel revision \(spec.kernelRevision), this agent has \(kernelRevision)")
    }
    guard SampleTree.isNode(samples, of: spec.samples) else {
      throw fault("samples \(samples) are no node of the tree over \(spec.samples) samples")
    }
  }
}

/// Bytes as lower-case hexadecimal digits.
enum Hex {
  static func text(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
}
