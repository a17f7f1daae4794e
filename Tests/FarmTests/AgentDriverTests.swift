import FarmModel
import Foundation
import FrameRenderer
import Logging
import KernelScene
import SceneModel
import Testing

@testable import FarmAgent

@Suite("Agent driver", .timeLimit(.minutes(1)))
struct AgentDriverTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func master(frames: ClosedRange<Int> = 1...2, size: Int = 32, passes: [Range<Int>] = [0..<1, 1..<2]) throws
    -> FakeMaster
  {
    try FakeMaster(frames: frames, size: size, passes: passes, store: PartStore(directory: folder.folder("library")))
  }

  func driver(
    _ master: FakeMaster, name: String = "agent", threads: Int = 2, alteration: AgentService.Alteration? = nil
  ) throws -> AgentDriver {
    AgentDriver(
      session: master, store: try PartStore(directory: folder.folder(name)), threadCount: threads,
      alteration: alteration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, report: { _ in })
  }

  /// What the unit's digest must be: rendered here, without an agent.
  func expectedDigests(_ master: FakeMaster) async throws -> [LeaseID: ContentHash] {
    let renderer = BundleRenderer(manifest: master.manifest, source: master.store, threadCount: 1)
    let threads = RenderThreads(count: 1)
    var digests: [LeaseID: ContentHash] = [:]
    for unit in await master.units.values {
      let frame = try renderer.prepare(frame: unit.frame.number, camera: 0)
      digests[unit.id] = try await threads.render(
        frame, settings: unit.settings, tile: unit.tile, samples: unit.samples
      ).digest
    }
    return digests
  }

  @Test("Every unit is delivered once, with the bits that a local render has", arguments: [1, 3])
  func allUnits(agentCount: Int) async throws {
    let master = try master()
    let drivers = try (0..<agentCount).map { try driver(master, name: "agent\($0)", threads: 1 + $0 % 2) }
    let runs = drivers.map { driver in Task { try await driver.run() } }
    await master.wait { $0.results.count == $0.units.count }
    for driver in drivers { await driver.stop() }
    for run in runs { try await run.value }
    #expect(await master.results.mapValues(\.digest) == (try await expectedDigests(master)))
    #expect(await master.deliveryCounts.values.allSatisfy { $0 == 1 })
  }

  @Test("Each part is fetched once by an agent, and not again by the next one in the same folder")
  func partsOnce() async throws {
    let master = try master()
    for _ in 0..<2 {
      let driver = try driver(master)
      let run = Task { try await driver.run() }
      await master.wait { $0.results.count == $0.units.count }
      await driver.stop()
      try await run.value
    }
    let downloads = await master.downloads
    #expect(Set(downloads.keys) == Set(master.manifest.allParts.map(\.hash)))
    #expect(downloads.values.allSatisfy { $0 == 1 })
  }

  @Test("A damaged download is fetched again")
  func damagedDownload() async throws {
    let master = try master()
    await master.corrupt(downloads: 1)
    let driver = try driver(master)
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == $0.units.count }
    await driver.stop()
    try await run.value
    #expect(await master.downloads.values.reduce(0, +) == master.manifest.allParts.count + 1)
  }

  @Test("Parts that stay damaged fail the frame's units, with the reason")
  func lastingDamage() async throws {
    let master = try master(frames: 1...1, passes: [0..<1])
    await master.corrupt(downloads: .max)
    let driver = try driver(master)
    let run = Task { try await driver.run() }
    await master.wait { master in
      master.happenings.contains { if case .failed(_, let reason) = $0 { reason.contains("part") } else { false } }
    }
    await driver.stop()
    try await run.value
    #expect(await master.results.isEmpty)
  }

  @Test("On stop every unfinished unit goes back")
  func stop() async throws {
    let master = try master(frames: 1...1, size: 64, passes: [0..<64])
    let driver = try driver(master, threads: 1)
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == 1 }
    await driver.stop()
    try await run.value
    let (results, returned) = await (Set(master.results.keys), master.returned)
    #expect(!returned.isEmpty)
    #expect(results.isDisjoint(with: returned))
    // A second agent does the rest.
    let second = try self.driver(master, name: "second")
    let secondRun = Task { try await second.run() }
    await master.wait { $0.results.count == $0.units.count }
    await second.stop()
    try await secondRun.value
  }

  @Test("An agent that dies gives nothing back and says nothing more")
  func abandon() async throws {
    let master = try master(frames: 1...1, size: 64, passes: [0..<64])
    let driver = try driver(master, threads: 1)
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == 1 }
    await driver.abandon()
    await #expect(throws: CancellationError.self) { try await run.value }
    #expect(await master.returned.isEmpty)
  }

  @Test("A master that is away for a while is asked again, and all gets done")
  func away() async throws {
    let master = try master(frames: 1...1)
    await master.failAsking(with: [MasterError(.unreachable, "away"), MasterError(.busy, "busy")])
    let driver = try driver(master)
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == $0.units.count }
    await driver.stop()
    try await run.value
    #expect(await master.happenings.prefix(3) == [.asked, .asked, .asked])
  }

  @Test("An agent that is turned away ends with the master's reason")
  func turnedAway() async throws {
    let master = try master()
    await master.failAsking(with: [MasterError(.forbidden, "banned")])
    let driver = try driver(master)
    let error = await #expect(throws: MasterError.self) { try await driver.run() }
    #expect(error?.description == "banned")
  }

  @Test("A refused result is dropped, and the others go on")
  func refusedResult() async throws {
    let master = try master(frames: 1...1)
    await master.failDelivery(with: [MasterError(.conflict, "somebody was faster")])
    let driver = try driver(master)
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == $0.units.count - 1 }
    await driver.stop()
    try await run.value
    #expect(await master.results.count == master.units.count - 1)
  }

  @Test("Leases that the master has taken back are dropped at the next renewal")
  func takenBack() async throws {
    let master = try master(frames: 1...1, size: 64, passes: [0..<4096])
    await master.shorten(lifetime: .milliseconds(50))
    let driver = try driver(master, threads: 1)
    let run = Task { try await driver.run() }
    await master.wait { $0.happenings.contains(.renewed) }
    await master.forgetLeases()
    let askedBefore = await master.happenings.count { $0 == .asked }
    await master.wait { $0.happenings.count { $0 == .asked } > askedBefore }
    await driver.abandon()
    _ = await run.result
    #expect(await master.returned.isEmpty)
  }

  @Test("What an alteration changes is what is delivered")
  func alteration() async throws {
    let master = try master(frames: 1...1)
    let lie = ContentHash(hashing: [42])
    let driver = try driver(master) { outcome in
      var outcome = outcome
      outcome.digest = lie
      return outcome
    }
    let run = Task { try await driver.run() }
    await master.wait { $0.results.count == $0.units.count }
    await driver.stop()
    try await run.value
    #expect(await master.results.values.allSatisfy { $0.digest == lie })
  }
}
