import Crypto
import FarmModel
import FarmStore
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Synchronization
import Testing

@testable import FarmAgent
@testable import FarmLedger
@testable import FarmMaster

@Suite("The ledger of a running farm", .timeLimit(.minutes(2)), .serialized)
struct LedgerServiceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Everything is checked, so everything settles.
  private func master(token: String? = nil) async throws -> RunningMaster {
    try await RunningMaster(in: folder.folder("master"), token: token) { $0.policy.probationCount = 1_000_000 }
  }

  private func settled(_ job: JobID, _ master: RunningMaster) async throws -> JobSummary {
    try await eventually("job \(job) settled") {
      let summary = try await master.client.job(job).job
      return summary.finishedUnitCount == summary.unitCount ? summary : nil
    }
  }

  @Test("An agent keeps a receipt of every settled unit, which holds without the master; a fork of the log is told")
  func receipts() async throws {
    let master = try await master()
    let agent = try RunningAgent("agent", of: master, in: folder)
    let job = try await master.submit(frames: 1...2, .tiny(), samples: 4, folder: folder.folder("bundle"))
    let summary = try await settled(job, master)
    #expect(summary.credit > 0)
    let key = KeyID(
      try SigningKeyFile(reading: folder.folder("agent").appendingPathComponent("agent.key")).publicKeyText)
    let receipts = folder.folder("receipts")
    let faults = Mutex<[String]>([])
    func keeper(_ source: (any LogSource)? = nil) -> ReceiptKeeper {
      ReceiptKeeper(client: master.client, source: source, agent: key, folder: receipts) { report in
        if case .ledgerFault(let text) = report { faults.withLock { $0.append(text) } }
      }
    }
    let files = try await eventually("receipts of all units") { () -> [String]? in
      try await keeper().fetch()
      let names = try FileManager.default.contentsOfDirectory(atPath: receipts.path).filter {
        $0.hasSuffix(Receipt.fileExtension)
      }
      return names.count == summary.unitCount ? names : nil
    }
    let log = DiskLogFolder(folder.folder("master").appendingPathComponent("ledger"))
    let logKey = try #require(try await log.publishedKey())
    var paid: Set<LedgerEntry.Unit> = []
    for name in files {
      let receipt = try Receipt([UInt8](Data(contentsOf: receipts.appendingPathComponent(name))))
      let entry = try #require(receipt.extra)
      _ = try receipt.verify(entry: entry, key: logKey)
      paid.insert(try LedgerEntry(entry).unit)
    }
    #expect(paid.count == summary.unitCount)

    // The same key signs another history.
    let other = MemoryLogFolder()
    let secret = try SigningKeyFile(reading: folder.folder("master").appendingPathComponent("ledger.key"))
    var forged = TileLog(other, signer: NoteSigner(name: logKey.name, key: secret.key)!)
    try forged.append((0..<200).map { Array("entry \($0)".utf8) }, at: 0)
    await keeper(other).look()
    let fault = try #require(faults.withLock { $0.first })
    #expect(fault.contains("history was rewritten") && fault.contains("fork-"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: receipts.path).contains { $0.hasPrefix("fork-") })
    try await agent.service.stop()
    try await master.stop()
  }

  @Test("Balances that are not what the log says are made anew when a master starts")
  func rebuilt() async throws {
    var master = try await master()
    let agent = try RunningAgent("agent", of: master, in: folder)
    let job = try await master.submit(frames: 1...1, .tiny(), samples: 2, folder: folder.folder("bundle"))
    _ = try await settled(job, master)
    let before = try await master.client.credits().credits
    try await agent.service.stop()
    try await master.stop()
    let database = folder.folder("master").appendingPathComponent("farm.sqlite").path
    let store = try SQLiteStore(path: database)
    var balances = try await store.load().balances
    #expect(!balances.isEmpty)
    balances[0].balance = LedgerBalance()
    try await store.write([.balance(balances[0])])
    try store.close()
    master = try await self.master()
    #expect(try await master.client.credits().credits == before)
    #expect(before.allSatisfy { $0.credit > 0 })
    try await master.stop()
  }

  @Test("Where a token is set, the log is open to all, and specs and parts of public jobs only")
  func visibility() async throws {
    let master = try await master(token: "sesame")
    let store = try PartStore(directory: folder.folder("bundle"))
    let manifest = try TinyScene.bundle(frames: 1...1, in: store)
    let stranger = OwnedClient(try MasterClient(url: master.url, token: nil, policy: .once))
    func shows(_ spec: JobSpec) async -> [Bool] {
      let part = folder.url.appendingPathComponent("part")
      let tries: [() async throws -> Void] = [
        { _ = try await stranger.client.spec(spec.hash) },
        { _ = try await stranger.client.manifest(of: spec.bundle) },
        { try await stranger.client.downloadPart(manifest.allParts[0].hash, to: part, limit: 1 << 20) },
      ]
      var shown: [Bool] = []
      for attempt in tries { shown.append((try? await attempt()) != nil) }
      return shown
    }
    for part in try await master.client.announce(manifest) { try await master.upload(part, from: store) }
    var request = master.request(manifest, frames: 1...1, .tiny(), samples: 2)
    #expect(try await master.client.createJob(request).isPrivate)
    #expect(await shows(request.spec) == [false, false, false])
    request.isPrivate = false
    request.requestID = "public"
    #expect(try await !master.client.createJob(request).isPrivate)
    #expect(await shows(request.spec) == [true, true, true])
    #expect(try await stranger.client.logFile("ledger/checkpoint", limit: 1 << 16) != nil)
    #expect(try await stranger.client.logFile("ledger/tile/0/000", limit: 1 << 16) == nil)
    for path in [
      "ledger/../ledger.key", "ledger/tile/0/0", "ledger/staging/0", "ledger/tile/0/x000/000", "ledger/.lock",
    ] {
      #expect(try await stranger.client.logFile(path, limit: 1 << 16) == nil, "\(path)")
    }
    await #expect(throws: MasterError.self) { _ = try await stranger.client.jobs() }
    try await master.stop()
  }

  @Test("A job pauses when its budget is used up, says how to raise it, and goes on when it is raised")
  func budget() async throws {
    let master = try await master()
    let store = try PartStore(directory: folder.folder("bundle"))
    let manifest = try TinyScene.bundle(frames: 1...4, in: store)
    for part in try await master.client.announce(manifest) { try await master.upload(part, from: store) }
    var request = master.request(manifest, frames: 1...4, .tiny(width: 130, height: 90), samples: 16)
    request.budget = 1
    request.estimatedCredit = 5
    let job = try await master.client.createJob(request).id
    let agent = try RunningAgent("agent", of: master, in: folder)
    let paused = try await eventually("the job pauses") { () -> JobSummary? in
      let summary = try await master.client.job(job).job
      return summary.state == "paused" ? summary : nil
    }
    #expect(paused.reason?.contains("glint budget \(job)") == true)
    #expect(paused.credit + paused.pendingCredit >= 1 && paused.estimatedCredit == 5 && paused.budget == 1)
    #expect(try await master.client.setBudget(job, 2).state == "paused")
    #expect(try await master.client.setBudget(job, nil).state == "active")
    _ = try await master.digests(of: job)
    #expect(try await settled(job, master).credit > 2)
    try await agent.service.stop()
    try await master.stop()
  }

  @Test("A machine that fails the self-test gets no work, and hears what it looks like")
  func brokenAtStart() async throws {
    let master = try await master()
    let agent = try RunningAgent("broken", of: master, in: folder, selfTestChange: { $0.falsified })
    let failure = await agent.service.failure()
    // Another build of the kernel is right, so it is that build.
    let text = (failure as? SelfTestFailure)?.description ?? "\(String(describing: failure))"
    #expect(text.contains("the same wrong bits every time") && text.contains("--kernel"), "\(text)")
    #expect(try await master.agent(named: "broken") == nil)
    // One that hides it from itself is told by the master.
    let manual = try await ManualAgent("manual", of: master, in: folder)
    let statement = Statements.agentKey(manual.key.publicKey)
    let message = RegisterAgent(
      name: "manual", agentKey: manual.key.publicKeyText, contributorKey: manual.contributor.publicKeyText,
      signature: Hex.text(try manual.contributor.key.signature(for: statement)),
      proof: Hex.text(try manual.key.key.signature(for: statement)), kernelRevision: kernelRevision, threadCount: 1,
      instance: "1",
      selfTest: SelfTestMessage(digests: SelfTest.golden.map { _ in ContentHash(hashing: []) }, pathsPerSecond: 1))
    await #expect {
      _ = try await master.client.register(message)
    } throws: { ($0 as? MasterError)?.code == "self_test_failed" }
    try await master.stop()
  }

  @Test("A banned agent whose machine fails the self-test again is called broken, not a liar")
  func brokenLater() async throws {
    let master = try await master()
    _ = try await master.submit(frames: 1...2, .tiny(), samples: 4, folder: folder.folder("bundle"))
    let tests = Mutex(0)
    // The first round of the self-test passes; later the memory fails.
    let agent = try RunningAgent(
      "hot", of: master, in: folder, alteration: { $0.falsified },
      selfTestChange: { outcome in
        let count = tests.withLock { tests in
          tests += 1
          return tests
        }
        return count > SelfTest.golden.count && count % 3 == 0 ? outcome.falsified : outcome
      })
    let failure = await agent.service.failure()
    let text = (failure as? SelfTestFailure)?.description ?? "\(String(describing: failure))"
    #expect(text.contains("failing memory") && text.contains("Nobody takes this for dishonesty"), "\(text)")
    let told = try #require(try await master.agent(named: "hot"))
    #expect(told.state == "banned")
    // Who registers with that key again is told the same.
    let error = await refusedRegistration(of: "hot", master)
    #expect(error?.code == "broken_machine" && error?.description.contains("Nobody thinks that you lie") == true)
    try await master.stop()
  }

  private func refusedRegistration(of name: String, _ master: RunningMaster) async -> MasterError? {
    do {
      _ = try await ManualAgent(name, of: master, in: folder)
      return nil
    } catch {
      return error as? MasterError
    }
  }

  /// Answers as `c2sp.org/tlog-witness` says, from what it saw last.
  private final class LoopbackWitness: Sendable {
    let signer = NoteSigner(
      name: "witness.example/w1", key: Curve25519.Signing.PrivateKey(), algorithm: .cosignature)!
    private let seen = Mutex<UInt64>(0)
    let conflictCount = Mutex(0)

    func answer(_ request: ScriptedServer.Request) -> [UInt8] {
      guard request.method == "POST", request.target == "/farm/add-checkpoint" else {
        return ScriptedServer.response(404, [])
      }
      let parts = String(decoding: request.body, as: UTF8.self).split(separator: "\n\n", maxSplits: 1)
      guard parts.count == 2, let old = UInt64(parts[0].split(separator: "\n")[0].dropFirst(4)),
        let note = try? SignedNote(Array(parts[1].utf8)), let head = try? Checkpoint(text: note.text)
      else { return ScriptedServer.response(400, []) }
      return seen.withLock { seen in
        guard old == seen else {
          conflictCount.withLock { $0 += 1 }
          return ScriptedServer.response(409, Array("\(seen)\n".utf8))
        }
        seen = head.size
        guard let line = try? signer.sign(note.text, at: 1_700_000_000).line else {
          return ScriptedServer.response(500, [])
        }
        return ScriptedServer.response(200, Array(line.utf8))
      }
    }
  }

  @Test("A master has its checkpoints signed by its witnesses, waits for none, and learns what they saw last")
  func witnesses() async throws {
    let witness = LoopbackWitness()
    let server = ScriptedServer { request, _ in witness.answer(request) }
    defer { server.stop() }
    let addresses = try [
      // One that is down.
      "\(NoteSigner(name: "down.example", key: Curve25519.Signing.PrivateKey(), algorithm: .cosignature)!.verifier)@http://127.0.0.1:\(ScriptedServer.unusedPort())",
      "\(witness.signer.verifier)@\(server.url.absoluteString)/farm",
    ].map { try WitnessAddress($0) }
    let log = DiskLogFolder(folder.folder("master").appendingPathComponent("ledger"))
    var size: UInt64 = 0
    for run in 1...2 {
      let master = try await RunningMaster(in: folder.folder("master")) {
        $0.policy.probationCount = 1_000_000
        $0.witnesses = addresses
      }
      let agent = try RunningAgent("agent\(run)", of: master, in: folder)
      let job = try await master.submit(
        frames: 1...1, .tiny(), samples: 4, folder: folder.folder("bundle"), name: "run \(run)")
      _ = try await settled(job, master)
      let key = try #require(try await log.publishedKey())
      let (known, witnessKey) = (size, witness.signer.verifier)
      size = try await eventually("a signed checkpoint of run \(run)") { () -> UInt64? in
        let signed = try SignedCheckpoint(try await log.checkpointBytes(), key: key)
        let times = try signed.cosignatures(by: [witnessKey]).map(\.time)
        return signed.checkpoint.size > known && times == [1_700_000_000] ? signed.checkpoint.size : nil
      }
      try await agent.service.stop()
      try await master.stop()
      // As if the master had died before it could publish the signature.
      let file = folder.folder("master").appendingPathComponent("ledger/checkpoint")
      var note = try SignedNote([UInt8](Data(contentsOf: file)))
      note.signatures.removeAll { $0.name == witnessKey.name }
      try Data(note.encoded.utf8).write(to: file)
    }
    // So the second master did not know what the witness had seen.
    #expect(witness.conflictCount.withLock { $0 } >= 1)
  }

  @Test(
    "A witness's address is its key and its URL",
    arguments: [
      "w", "w@http://h", "w+1234abcd+AAAA@http://h", "https://h/w", "@https://h",
      "farm.example+0e9a7d5c+AQ==@https://h",
    ])
  func malformedWitness(text: String) {
    let error = #expect(throws: MasterFault.self) { try WitnessAddress(text) }
    #expect(error?.description.contains("--witness") == true)
  }

  @Test("An agent finds entries that the master does not know by agent any more, and tells a trouble once")
  func forgottenEntries() async throws {
    let master = try await master()
    let agent = try RunningAgent("agent", of: master, in: folder)
    let job = try await master.submit(frames: 1...2, .tiny(), samples: 4, folder: folder.folder("bundle"))
    let count = try await settled(job, master).unitCount
    let key = KeyID(
      try SigningKeyFile(reading: folder.folder("agent").appendingPathComponent("agent.key")).publicKeyText)
    let log = MasterLogSource(client: master.client)
    let size = try await eventually("all entries are in the log") { () -> UInt64? in
      let size = try Checkpoint(text: SignedNote(try await log.checkpointBytes()).text).size
      return size >= count ? size : nil
    }
    // A master that knows nothing by agent, but has the log.
    let forgetful = ScriptedServer { request, _ in
      guard request.target.contains("/entries") else { return ScriptedServer.response(503, json: "{}") }
      return ScriptedServer.response(200, json: #"{"entries": [], "knownFrom": \#(size)}"#)
    }
    defer { forgetful.stop() }
    let client = OwnedClient(try MasterClient(url: forgetful.url, token: nil, policy: .once))
    let receipts = folder.folder("receipts")
    let troubles = Mutex<[String]>([])
    @Sendable func report(_ report: AgentReport) {
      if case .receiptsDelayed(let text) = report { troubles.withLock { $0.append(text) } }
    }
    // It was here before there was any entry.
    let published = try await log.checkpointBytes()
    let verifier = try #require(try await log.publishedKey())
    let memory = ReceiptKeeper.Memory(
      key: verifier.description, origin: verifier.name, size: 0, root: TreeHash.empty,
      note: String(decoding: published, as: UTF8.self), next: 0)
    try FileManager.default.createDirectory(at: receipts, withIntermediateDirectories: true)
    try JSONEncoder().encode(memory).write(to: receipts.appendingPathComponent("log.json"))
    // It breaks off half-way, and goes on where it was.
    let broken = FailingLog(log: log, failsFrom: 5)
    var starts: [UInt64] = []
    for _ in 0..<2 {
      let keeper = ReceiptKeeper(client: client.client, source: broken, agent: key, folder: receipts, report: { _ in })
      await #expect(throws: FailingLog.Failure.self) { try await keeper.fetch() }
      starts.append(try await keeper.memory()?.next ?? 0)
      broken.restart()
    }
    #expect(starts[0] > 0 && starts[1] > starts[0], "\(starts)")
    let keeper = ReceiptKeeper(client: client.client, source: log, agent: key, folder: receipts, report: report)
    try await keeper.fetch()
    let names = try FileManager.default.contentsOfDirectory(atPath: receipts.path)
    #expect(names.count { $0.hasSuffix(Receipt.fileExtension) } == count)
    #expect(try await keeper.memory()?.next == size)
    // The same trouble again and again is told once.
    let cut = ReceiptKeeper(
      client: client.client, source: MasterLogSource(client: client.client), agent: key, folder: receipts,
      report: report)
    for _ in 0..<3 { await cut.look() }
    #expect(troubles.withLock { $0 }.count == 1)
    #expect(troubles.withLock { $0 }.first?.contains(receipts.path) == true)
    try await agent.service.stop()
    try await master.stop()
  }
}

/// A log of which only so many files can be read, until it is restarted.
private final class FailingLog: LogSource {
  struct Failure: Error {}

  private let log: MasterLogSource
  private let failsFrom: Int
  private let count = Mutex(0)

  init(log: MasterLogSource, failsFrom: Int) {
    self.log = log
    self.failsFrom = failsFrom
  }

  func restart() { count.withLock { $0 = 0 } }

  func read(_ path: String, limit: Int) async throws -> [UInt8]? {
    let number = count.withLock { count in
      count += 1
      return count
    }
    if number >= failsFrom { throw Failure() }
    return try await log.read(path, limit: limit)
  }
}
