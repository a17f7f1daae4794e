import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Synchronization
import Testing

@testable import FarmAgent
@testable import FarmMaster

@Suite("A farm from submission to picture", .timeLimit(.minutes(2)), .serialized)
struct FarmTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("Frames have the digests of a local render, whatever agents, threads and tiles", arguments: [1, 3])
  func exactness(agentCount: Int) async throws {
    let frames = 1...3
    let settings = RenderSettings.tiny()
    let master = try await RunningMaster(in: folder.folder("master"))
    let agents = try (0..<agentCount).map {
      try RunningAgent("agent\($0)", of: master, in: folder, threads: 1 + $0 % 2)
    }
    let job = try await master.submit(frames: frames, settings, samples: 11, folder: folder.folder("bundle"))
    let digests = try await master.digests(of: job)
    for agent in agents { try await agent.service.stop() }
    for (threads, tile) in [(1, 16), (2, 64)] {
      #expect(
        try await localDigests(frames: frames, settings, samples: 11, threads: threads, tile: tile) == digests,
        "\(threads) threads, tiles of \(tile)")
    }
    let detail = try await master.client.job(job).job
    #expect(detail.finishedUnitCount == detail.unitCount)
    // Every unit is credited to one contributor.
    var credited = 0
    for agent in agents { credited += try await master.creditedUnits(of: agent.contributor) }
    #expect(credited == detail.unitCount)
    // Planes are not kept once the picture is final.
    let results = folder.folder("master").appendingPathComponent("results/\(job)")
    _ = try await eventually("removed planes") {
      try FileManager.default.contentsOfDirectory(atPath: results.path).isEmpty ? true : nil
    }
    let picture = folder.url.appendingPathComponent("2.png")
    try await master.client.downloadPicture(job: job, frame: 2, to: picture)
    #expect(try Data(contentsOf: picture).starts(with: [0x89, 0x50, 0x4E, 0x47]))
    try await master.stop()
  }

  @Test(
    "Frames of a list and negative frames have the digests of a local render, and pictures under their numbers",
    arguments: [[1, 4], [-5, -4, -1], [-2, 0, 3]])
  func frameLists(numbers: [Int]) async throws {
    let settings = RenderSettings.tiny()
    let data = folder.folder("master")
    var master = try await RunningMaster(in: data)
    let job = try await master.submit(frames: numbers, settings, samples: 5, folder: folder.folder("bundle"))
    // The list outlives the master.
    try await master.stop()
    master = try await RunningMaster(in: data)
    let agents = try ["a", "b"].map { try RunningAgent($0, of: master, in: folder) }
    let digests = try await master.digests(of: job)
    for agent in agents { try await agent.service.stop() }
    let local = try await localDigests(frames: numbers, settings, samples: 5, threads: 2, tile: 64)
    #expect(digests == local && digests.count == numbers.count && Set(digests.values).count == numbers.count)
    let detail = try await master.client.job(job)
    #expect(detail.job.frames == FrameNumbers(numbers).description && detail.job.frameCount == numbers.count)
    #expect(detail.job.firstFrame == numbers.first && detail.job.lastFrame == numbers.last)
    #expect(detail.frames.map(\.number) == numbers)
    var pictures: Set<Data> = []
    for number in numbers {
      let file = folder.url.appendingPathComponent("\(number).png")
      try await master.client.downloadPicture(job: job, frame: number, to: file)
      pictures.insert(try Data(contentsOf: file))
    }
    #expect(pictures.count == numbers.count)
    let missing = folder.url.appendingPathComponent("missing.png")
    await #expect(throws: MasterError.self) {
      try await master.client.downloadPicture(job: job, frame: 2, to: missing)
    }
    try await master.stop()
  }

  @Test("An agent that lies is banned, earns nothing for what is void, and no lie is in a picture", arguments: [0, 3])
  func liar(honestUnits: Int) async throws {
    let frames = 1...2
    let settings = RenderSettings.tiny()
    let master = try await RunningMaster(in: folder.folder("master")) {
      $0.policy.checkRate = 1
      $0.policy.probationCount = 1_000_000
    }
    let job = try await master.submit(frames: frames, settings, samples: 16, folder: folder.folder("bundle"))
    let count = Mutex(0)
    let liar = try RunningAgent("liar", of: master, in: folder) { outcome in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number > honestUnits ? outcome.falsified : outcome
    }
    // Its first results are in before anybody else comes.
    _ = try await eventually("a result of the liar") {
      (try await master.agent(named: "liar")?.unitCount ?? 0) > 0 ? true : nil
    }
    let honest = try ["a", "b"].map { try RunningAgent($0, of: master, in: folder) }
    let digests = try await master.digests(of: job)
    #expect(try await master.agent(named: "liar")?.state == "banned")
    let error = await liar.service.failure()
    #expect((error as? MasterError)?.kind == .forbidden, "\(String(describing: error))")
    let unitCount = try await master.client.job(job).job.unitCount
    var credited = 0
    for agent in honest { credited += try await master.creditedUnits(of: agent.contributor) }
    let earned = try await master.creditedUnits(of: liar.contributor)
    #expect(earned <= honestUnits)
    #expect(credited + earned == unitCount)
    for agent in honest { try await agent.service.stop() }
    #expect(try await master.agent(named: "a")?.reason == nil)
    #expect(try await master.agent(named: "b")?.reason == nil)
    #expect(digests == (try await localDigests(frames: frames, settings, samples: 16, threads: 2, tile: 64)))
    try await master.stop()
  }

  @Test("The units of an agent that vanished are rendered by another")
  func vanished() async throws {
    let frames = 1...4
    let settings = RenderSettings.tiny(width: 130, height: 90)
    let master = try await RunningMaster(in: folder.folder("master")) { $0.policy.leaseSeconds = 3 }
    let job = try await master.submit(frames: frames, settings, samples: 32, folder: folder.folder("bundle"))
    // One takes units and is never heard of again; one dies at work.
    let silent = try await ManualAgent("silent", of: master, in: folder)
    let held = try await silent.lease(3)
    #expect(held.count == 3)
    let dying = try RunningAgent("dying", of: master, in: folder)
    _ = try await eventually("a result") {
      try await master.client.job(job).job.receivedUnitCount > 0 ? true : nil
    }
    await dying.service.abandon()
    let before = try await master.client.job(job).job
    #expect(before.state == "active")
    let heir = try RunningAgent("heir", of: master, in: folder, threads: 2)
    let digests = try await master.digests(of: job)
    #expect(try await master.agent(named: "silent")?.unitCount == 0)
    let (first, second) = (
      try await master.creditedUnits(of: dying.contributor), try await master.creditedUnits(of: heir.contributor)
    )
    #expect(first + second == before.unitCount)
    #expect(second >= 3)
    try await heir.service.stop()
    #expect(digests == (try await localDigests(frames: frames, settings, samples: 32, threads: 2, tile: 16)))
    // The late result is refused in words.
    await #expect {
      try await silent.client.commit(
        held[0].id, CommitMessage(digest: ContentHash(hashing: []), counters: WorkCounters(), signature: ""),
        session: silent.session)
    } throws: { ($0 as? MasterError)?.code == "lease_gone" }
    try await master.stop()
  }

  @Test("An agent that stops in good order delivers what it has rendered, and another does the rest")
  func gracefulStop() async throws {
    let settings = RenderSettings.tiny(width: 130, height: 90)
    // Only an answer that crosses the goodbye must run out.
    let master = try await RunningMaster(in: folder.folder("master")) { $0.policy.leaseSeconds = 4 }
    let job = try await master.submit(frames: 1...2, settings, samples: 32, folder: folder.folder("bundle"))
    let first = try RunningAgent("first", of: master, in: folder)
    _ = try await eventually("a result") {
      try await master.client.job(job).job.receivedUnitCount > 0 ? true : nil
    }
    try await first.service.stop()
    let received = try await master.client.job(job).job.receivedUnitCount
    #expect(try await master.agent(named: "first")?.unitCount == received)
    let second = try RunningAgent("second", of: master, in: folder)
    #expect(
      try await master.digests(of: job)
        == (try await localDigests(frames: 1...2, settings, samples: 32, threads: 1, tile: 64)))
    #expect(try await master.creditedUnits(of: first.contributor) == received)
    try await second.service.stop()
    try await master.stop()
  }

  @Test("A restarted master goes on where it was: agents register again and keep their leases")
  func restart() async throws {
    let settings = RenderSettings.tiny()
    let data = folder.folder("master")
    let bundle = folder.folder("bundle")
    var master = try await RunningMaster(in: data)
    let job = try await master.submit(frames: 1...2, settings, samples: 4, folder: bundle)
    let store = try PartStore(directory: bundle)
    var manual = try await ManualAgent("manual", of: master, in: folder)
    let units = try await manual.lease(2)
    let outcomes = try await [manual.render(units[0], from: store), manual.render(units[1], from: store)]
    // One is committed but not sent, when the master ends.
    try await manual.commit(units[0], outcomes[0])
    let port = master.url.port!
    try await master.stop()
    master = try await RunningMaster(in: data, port: port)
    #expect(master.url.port == port)
    let old = ManualAgent(renewing: manual, master)
    await #expect {
      _ = try await old.lease(1)
    } throws: { ($0 as? MasterError)?.isUnknownSession == true }
    manual = try await ManualAgent("manual", of: master, in: folder)
    try await manual.send(units[0], ResultPayload.encode(outcomes[0].planes, outcomes[0].counters))
    try await manual.commit(units[1], outcomes[1])
    try await manual.send(units[1], ResultPayload.encode(outcomes[1].planes, outcomes[1].counters))
    #expect(try await master.client.job(job).job.receivedUnitCount == 2)
    let agent = try RunningAgent("agent", of: master, in: folder)
    #expect(
      try await master.digests(of: job)
        == (try await localDigests(frames: 1...2, settings, samples: 4, threads: 1, tile: 64)))
    try await agent.service.stop()
    try await master.stop()
  }
}

extension ManualAgent {
  /// With the session of an earlier master.
  init(renewing agent: ManualAgent, _ master: RunningMaster) {
    key = agent.key
    contributor = agent.contributor
    client = master.client
    session = agent.session
  }
}
