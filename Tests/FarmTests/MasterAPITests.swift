import FarmLedger
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import NIOHTTP1
import KernelScene
import SceneModel
import Testing

@testable import FarmAgent
@testable import FarmMaster

@Suite("The master's API", .timeLimit(.minutes(1)))
struct MasterAPITests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func master(
    token: String? = nil, change: (inout MasterConfiguration) -> Void = { _ in }
  ) async throws -> RunningMaster {
    try await RunningMaster(in: folder.folder("master"), token: token, change: change)
  }

  /// The refusal that `body` meets.
  private func refusal(_ body: () async throws -> Void) async -> MasterError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? MasterError ?? MasterError(.misunderstood, "\(error)")
    }
  }

  private func post(_ text: String, to path: String, _ client: MasterClient) async throws {
    var call = MasterClient.Call(.POST, path)
    call.body = .json(Array(text.utf8))
    try await client.perform(call)
  }

  @Test("Where a token is set, nothing of the API answers without it, and the page does")
  func token() async throws {
    let master = try await master(token: "open-sesame")
    #expect(try await master.client.status().kernelRevision == kernelRevision)
    for wrong in [nil, "", "open-sesam", "open-sesame2", "OPEN-SESAME"] {
      let owned = OwnedClient(try MasterClient(url: master.url, token: wrong, policy: .once))
      let client = owned.client
      let calls: [(HTTPMethod, String)] = [
        (.GET, "/v1/status"), (.GET, "/v1/jobs"), (.POST, "/v1/jobs"), (.POST, "/v1/agents"), (.POST, "/v1/leases"),
        (.GET, "/v1/jobs/1/events"), (.GET, "/v1/nothing"),
      ]
      for (method, path) in calls {
        let fault = await refusal { try await client.perform(MasterClient.Call(method, path)) }
        #expect(fault?.status == 401 && fault?.code == "no_token", "\(method) \(path): \(String(describing: fault))")
      }
      let page = try await client.bytes(of: MasterClient.Call(.GET, "/"), limit: 4 << 20)
      #expect(String(decoding: page, as: UTF8.self).contains("<html"))
    }
    try await master.stop()
  }

  @Test("A job that is not there is named in the refusal, whatever is asked of it")
  func unknownJob() async throws {
    let master = try await master()
    let id = JobID("0123456789abcdef")
    let faults = await [
      refusal { _ = try await master.client.job(id) }, refusal { _ = try await master.client.change(id, .pause) },
      refusal { _ = try await master.client.change(id, .retry) },
      refusal { _ = try await master.client.setPriority(id, 3) },
      refusal {
        try await master.client.downloadPicture(job: id, frame: 1, to: folder.url.appendingPathComponent("1.png"))
      },
    ]
    for fault in faults {
      #expect(fault?.status == 404 && fault?.code == "no_job")
      #expect(fault?.description.contains(id.description) == true)
    }
    let route = await refusal { try await master.client.perform(MasterClient.Call(.GET, "/v1/nothing")) }
    #expect(route?.status == 404 && route?.code == "no_route")
    try await master.stop()
  }

  @Test("Malformed JSON is refused with the place of the fault")
  func malformed() async throws {
    let master = try await master()
    let spec = #"{"bundle": "\#(String(repeating: "0", count: 64))", "camera": 0, "width": "wide"}"#
    let cases = [
      ("/v1/jobs", "{", "the document"), ("/v1/jobs", #"{"name": 3}"#, "name"),
      ("/v1/jobs", #"{"name": "a"}"#, "'spec' is missing"),
      ("/v1/jobs", #"{"name": "a", "spec": \#(spec)}"#, "spec.width"),
      ("/v1/jobs", #"{"name": "a", "spec": {"bundle": "xyz"}}"#, "spec.bundle"), ("/v1/jobs", "[]", "the document"),
      ("/v1/agents", #"{"name": null}"#, "name"), ("/v1/jobs/1/priority", #"{"priority": 1.5}"#, "priority"),
    ]
    for (path, text, place) in cases {
      let fault = await refusal { try await post(text, to: path, master.client) }
      #expect(fault?.status == 400 && fault?.code == "malformed", "\(text): \(String(describing: fault))")
      #expect(fault?.description.contains(place) == true, "\(text): \(String(describing: fault))")
      #expect(fault?.description.contains("POST \(path)") == true, "\(String(describing: fault))")
    }
    try await master.stop()
  }

  @Test("A body beyond the limit is refused, declared or not, and the master lives on")
  func oversized() async throws {
    let master = try await master()
    let text = #"{"name": ""# + String(repeating: "x", count: MasterLimits.controlBodyByteCount) + #""}"#
    for path in ["/v1/jobs", "/v1/agents"] {
      let fault = await refusal { try await post(text, to: path, master.client) }
      #expect(fault?.status == 413 && fault?.code == "too_large", "\(String(describing: fault))")
    }
    let part = BundleManifest.Part(hash: ContentHash(hashing: [1]), byteCount: BundleLimits.partByteCount + 1)
    let file = folder.url.appendingPathComponent("file")
    try Data([1]).write(to: file)
    let fault = await refusal { try await master.client.uploadPart(part, file: file, byteCount: 1) }
    #expect(fault?.status == 413)
    #expect(try await master.client.status().jobCount == 0)
    try await master.stop()
  }

  @Test("Bodies that together take more memory than they may are refused for now, and what they held is given back")
  func bodiesTogether() async throws {
    let master = try await master { $0.bodyByteCount = 40_000 }
    let text = #"{"name": ""# + String(repeating: "x", count: 60_000) + #""}"#
    // More tries than would fit if anything that a body held were kept.
    for _ in 0..<5 {
      let fault = await refusal { try await post(text, to: "/v1/jobs", master.client) }
      #expect(fault?.status == 503 && fault?.code == "busy" && fault?.kind == .busy, "\(String(describing: fault))")
      let small = await refusal { try await post(String(repeating: " ", count: 30_000), to: "/v1/jobs", master.client) }
      #expect(small?.code == "malformed", "\(String(describing: small))")
    }
    try await master.stop()
    let memory = BodyMemory(limit: 10)
    #expect(memory.take(4) && memory.take(6) && !memory.take(1) && memory.byteCount == 10)
    memory.giveBack(6)
    #expect(memory.take(1) && !memory.take(6) && !memory.take(.max) && memory.byteCount == 5)
    // A minute for anything, then at least four kilobytes a second.
    #expect(!BodyMemory.isTooSlow(1, after: .seconds(59)) && BodyMemory.isTooSlow(1, after: .seconds(61)))
    #expect(!BodyMemory.isTooSlow(1 << 20, after: .seconds(300)) && BodyMemory.isTooSlow(1 << 20, after: .seconds(330)))
  }

  @Test("Parts that are cut, changed or misnamed are refused; the good one is taken, and the missing ones grow fewer")
  func parts() async throws {
    let master = try await master()
    let client = master.client
    let store = try PartStore(directory: folder.folder("bundle"))
    let manifest = try TinyScene.bundle(frames: 1...2, in: store)
    var missing = try await client.announce(manifest)
    #expect(Set(missing) == Set(manifest.allParts))
    let settings = RenderSettings.tiny()
    let early = await refusal {
      _ = try await client.createJob(master.request(manifest, frames: 1...2, settings, samples: 1))
    }
    #expect(early?.status == 400 && early?.code == "missing_parts")
    let file = folder.url.appendingPathComponent("upload")
    func send(_ bytes: [UInt8], as part: BundleManifest.Part) async throws -> MasterError? {
      try Data(bytes).write(to: file)
      return await refusal { try await client.uploadPart(part, file: file, byteCount: bytes.count) }
    }
    while let part = missing.first {
      let compressed = [UInt8](try Data(contentsOf: store.fileURL(part.hash)))
      for count in [0, 1, compressed.count / 2, compressed.count - 1] {
        #expect(try await send(Array(compressed.prefix(count)), as: part)?.status == 400, "\(count) bytes")
      }
      let content = try store.bytes(of: part)
      var changed = withExtendedLifetime(content) { [UInt8](content.elements) }
      changed[changed.count / 2] ^= 1
      #expect(try await send(Zstd.compress(changed), as: part)?.code == "wrong_hash")
      #expect(try await send(Zstd.compress(changed + [0]), as: part)?.status == 413)
      let noise = [UInt8](repeating: 7, count: part.byteCount + part.byteCount / 128 + 5000)
      #expect(try await send(noise, as: part)?.status == 413)
      #expect(try await client.announce(manifest) == missing)
      let absent = await refusal { try await client.downloadPart(part.hash, to: file, limit: 1 << 20) }
      #expect(absent?.status == 404)
      // Twice is as good as once.
      for _ in 0..<2 { #expect(try await send(compressed, as: part) == nil) }
      missing.removeFirst()
      #expect(try await client.announce(manifest) == missing)
      try await client.downloadPart(part.hash, to: file, limit: 1 << 20)
      #expect([UInt8](try Data(contentsOf: file)) == compressed)
    }
    // Nothing half-written stays behind.
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.folder("master").path + "/parts")
    #expect(names.count == manifest.allParts.count)
    _ = try await client.createJob(master.request(manifest, frames: 1...2, settings, samples: 1))
    try await master.stop()
  }

  @Test("A manifest under another's name, or one that is none, is refused")
  func manifests() async throws {
    let master = try await master()
    let manifest = try TinyScene.bundle(frames: 1...1, in: PartStore(directory: folder.folder("bundle")))
    func put(_ bytes: [UInt8], as name: String) async -> MasterError? {
      var call = MasterClient.Call(.PUT, "/v1/bundles/" + name)
      call.body = .bytes(bytes, contentType: "application/octet-stream", isCompressed: false)
      return await refusal { try await master.client.perform(call) }
    }
    let other = ContentHash(hashing: [])
    #expect(await put(manifest.encoded(), as: other.hex)?.code == "wrong_hash")
    #expect(await put(Array(manifest.encoded().dropLast()), as: manifest.id.hex)?.code == "malformed")
    #expect(await put(manifest.encoded(), as: "..%2F..%2Fetc")?.status == 400)
    #expect(await put(manifest.encoded(), as: manifest.id.hex.uppercased())?.status == 400)
    #expect(await put(manifest.encoded(), as: manifest.id.hex) == nil)
    try await master.stop()
  }

  @Test("A job with values out of bounds is refused by name; the same request twice makes one job")
  func jobs() async throws {
    let master = try await master()
    let settings = RenderSettings.tiny()
    let first = try await master.submit(frames: 1...2, settings, samples: 1, folder: folder.folder("bundle"))
    let store = try PartStore(directory: folder.folder("bundle"))
    let manifest = try TinyScene.bundle(frames: 1...2, in: store)
    let good = master.request(manifest, frames: 1...2, settings, samples: 1)
    let changes: [(String, (inout CreateJob) -> Void)] = [
      ("camera", { $0.spec.camera = 1 }), ("frames", { $0.frames = FrameNumbers(1...3) }),
      ("frames", { $0.frames = FrameNumbers([-1, 1]) }), ("frames", { $0.frames = FrameNumbers() }),
      ("frames", { $0.frames = nil }), ("frames", { $0.firstFrame = 1 }),
      ("frames", { ($0.frames, $0.firstFrame, $0.lastFrame) = (nil, 2, 1) }),
      ("frames", { ($0.frames, $0.firstFrame, $0.lastFrame) = (nil, .min, .max) }),
      ("frames", { ($0.frames, $0.firstFrame) = (nil, 1) }), ("width", { $0.spec.width = 0 }),
      ("samples", { $0.spec.samples = 1 << 40 }), ("name", { $0.name = "" }), ("view", { $0.view = "film" }),
      ("tile", { $0.tile = 17 }), ("requestID", { $0.requestID = "" }), ("revision", { $0.spec.kernelRevision += 1 }),
      ("bundle", { $0.spec.bundle = ContentHash(hashing: []) }),
    ]
    for (name, change) in changes {
      var request = good
      change(&request)
      let fault = await refusal { _ = try await master.client.createJob(request) }
      #expect(fault?.status == 400, "\(name): \(String(describing: fault))")
      #expect(fault?.description.contains(name) == true, "\(name): \(String(describing: fault))")
    }
    // As clients sent it that know ranges only.
    var range = good
    (range.frames, range.firstFrame, range.lastFrame, range.requestID) = (nil, 1, 2, "range")
    #expect(try await master.client.createJob(range).frames == "1-2")
    let times = try await master.client.job(first).job
    let written = try Date(times.createdAtISO, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    #expect(abs(written.timeIntervalSince1970 - times.createdAt) < 0.002 && times.endedAtISO == nil)
    let ids = [try await master.client.createJob(good).id, try await master.client.createJob(good).id]
    #expect(ids[0] == ids[1] && ids[0] != first)
    #expect(try await master.client.jobs().jobs.count == 3)
    #expect(try await master.client.change(first, .cancel).state == "cancelled")
    let conflict = await refusal { _ = try await master.client.change(first, .pause) }
    #expect(conflict?.status == 409 && conflict?.description.contains("cancelled") == true)
    try await master.stop()
  }

  @Test("Planes that are not what was committed are refused; the right ones are taken, also twice")
  func results() async throws {
    let master = try await master()
    let settings = RenderSettings.tiny()
    let job = try await master.submit(frames: 1...1, settings, samples: 2, folder: folder.folder("bundle"))
    let store = try PartStore(directory: folder.folder("bundle"))
    let agent = try await ManualAgent("manual", of: master, in: folder)
    let unit = try await agent.lease(1)[0]
    let outcome = try await agent.render(unit, from: store)
    let payload = ResultPayload.encode(outcome.planes, outcome.counters)

    let early = await refusal { try await agent.send(unit, payload) }
    #expect(early?.status == 409 && early?.code == "no_commitment")
    var message = try agent.commitment(unit, outcome)
    message.digest = ContentHash(hashing: [])
    #expect(
      await refusal { try await agent.client.commit(unit.id, message, session: agent.session) }?.code == "bad_signature"
    )
    message = try agent.commitment(unit, outcome)
    message.counters.paths += 1
    #expect(
      await refusal { try await agent.client.commit(unit.id, message, session: agent.session) }?.code == "bad_counters")
    for _ in 0..<2 { try await agent.commit(unit, outcome) }
    let other = await refusal { try await agent.commit(unit, outcome.falsified) }
    #expect(other?.status == 409 && other?.code == "other_commitment")

    let lie = outcome.falsified
    #expect(
      await refusal { try await agent.send(unit, ResultPayload.encode(lie.planes, lie.counters)) }?.code == "wrong_hash"
    )
    for count in [0, 10, payload.count / 2, payload.count - 1] {
      #expect(
        await refusal { try await agent.send(unit, Array(payload.prefix(count))) }?.status == 400, "\(count) bytes")
    }
    let noise = [UInt8](repeating: 1, count: 2 * ResultPayload.byteCount(pixelCount: unit.tile.pixelCount) + 10_000)
    #expect(await refusal { try await agent.send(unit, noise) }?.status == 413)
    outcome.planes.values.pointer[3] = .nan
    #expect(
      await refusal { try await agent.send(unit, ResultPayload.encode(outcome.planes, outcome.counters)) }?.status
        == 400)
    #expect(try await master.client.job(job).job.receivedUnitCount == 0)

    for _ in 0..<3 {
      try await agent.send(unit, payload)
      try await agent.client.commit(unit.id, try agent.commitment(unit, outcome), session: agent.session)
      #expect(try await master.agent(named: "manual")?.unitCount == 1)
      #expect(try await master.client.job(job).job.receivedUnitCount == 1)
    }
    let stranger = try await ManualAgent("stranger", of: master, in: folder)
    let unitOfStranger = try await stranger.lease(1)[0]
    let foreign = await refusal { try await agent.commit(unitOfStranger, outcome) }
    #expect(foreign?.status == 409 && foreign?.code == "lease_gone")
    try await master.stop()
  }

  @Test("An agent without a right signature, proof or revision is not let in")
  func registration() async throws {
    let master = try await master()
    let agent = try await ManualAgent("manual", of: master, in: folder)
    let other = try SigningKeyFile.readOrCreate(folder.url.appendingPathComponent("other.key")).file
    let statement = Statements.agentKey(agent.key.publicKey)
    let good = RegisterAgent(
      name: "manual", agentKey: agent.key.publicKeyText, contributorKey: agent.contributor.publicKeyText,
      signature: Hex.text(try agent.contributor.key.signature(for: statement)),
      proof: Hex.text(try agent.key.key.signature(for: statement)), kernelRevision: kernelRevision, threadCount: 1,
      instance: "1", selfTest: SelfTestMessage(digests: SelfTest.golden, pathsPerSecond: 1e6))
    let foreign = Hex.text(try other.key.signature(for: statement))
    let changes: [(String, Int, (inout RegisterAgent) -> Void)] = [
      ("signature", 400, { $0.signature = foreign }), ("proof", 400, { $0.proof = foreign }),
      ("agentKey", 400, { $0.agentKey = "zz" }), ("contributorKey", 400, { $0.contributorKey += "00" }),
      ("name", 400, { $0.name = "a\nb" }), ("threadCount", 400, { $0.threadCount = 0 }),
      ("instance", 400, { $0.instance = "" }), ("revision", 403, { $0.kernelRevision += 1 }),
    ]
    for (name, status, change) in changes {
      var message = good
      change(&message)
      let fault = await refusal { _ = try await master.client.register(message) }
      #expect(
        fault?.status == status && fault?.description.contains(name) == true, "\(name): \(String(describing: fault))")
    }
    // A new session ends the old one.
    let session = try await master.client.register(good).session
    let fault = await refusal { _ = try await agent.lease(1) }
    #expect(fault?.isUnknownSession == true && fault?.status == 409)
    _ = try await master.client.renew([], session: session)
    try await master.stop()
  }

  @Test("A port in use is said in these words, and an address open to others wants a token")
  func addresses() async throws {
    let master = try await master()
    let port = master.url.port!
    await #expect {
      _ = try await RunningMaster(in: folder.folder("second"), port: port)
    } throws: { error in
      let fault = error as? MasterFault
      return fault?.kind == .system && fault?.description.contains("127.0.0.1:\(port) is in use") == true
    }
    await #expect {
      _ = try await RunningMaster(in: folder.folder("second")) { $0.host = "0.0.0.0" }
    } throws: { ($0 as? MasterFault)?.kind == .usage && "\($0)".contains("token") }
    #expect(try await master.client.status().jobCount == 0)
    try await master.stop()
  }
}
