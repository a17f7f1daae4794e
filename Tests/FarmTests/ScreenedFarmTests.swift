import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Testing

@testable import FarmAgent
@testable import FarmMaster

@Suite("Screening in a running farm", .timeLimit(.minutes(2)))
struct ScreenedFarmTests {
  @Test("A black tile that no draw would have found is found by its preview, and its author banned")
  func blackTile() async throws {
    let folder = try TemporaryFolder()
    let master = try await RunningMaster(in: folder.folder("master")) {
      // Nothing is drawn, and nobody checks because of idleness.
      $0.policy.checkRate = 1e-12
      $0.policy.probationCount = 0
      $0.policy.checksWhenIdle = false
    }
    let job = try await master.submit(
      frames: 1...1, .tiny(width: 128, height: 128), samples: 16, tile: 64, folder: folder.folder("bundle"))
    let store = try PartStore(directory: folder.folder("bundle"))
    let honest = try await ManualAgent("honest", of: master, in: folder)
    let liar = try await ManualAgent("liar", of: master, in: folder)
    func deliver(_ agent: ManualAgent, _ unit: LeasedUnit, lies: Bool = false) async throws {
      var outcome = try await agent.render(unit, from: store)
      if lies {
        let planes = UnitPlanes(tile: unit.tile, samples: unit.samples)
        outcome = UnitOutcome(
          planes: planes, counters: outcome.counters, digest: ResultPayload.digest(planes, outcome.counters),
          seconds: 0)
      }
      try await agent.commit(unit, outcome)
      try await agent.send(unit, ResultPayload.encode(outcome.planes, outcome.counters))
    }
    // The preview is honest; of the rest one unit is black.
    let preview = try await honest.lease(1)
    #expect(preview.map(\.samples) == [0..<1])
    try await deliver(honest, preview[0])
    let last = try #require(try await liar.lease(1).first)
    while let unit = try await honest.lease(1).first { try await deliver(honest, unit) }
    try await deliver(liar, last, lies: true)
    // The frame is whole, so it is screened; whoever is asked for the check renders it as it is.
    let banned = try await eventually("the liar is banned") { () -> AgentSummary? in
      for unit in try await honest.lease(4) { try await deliver(honest, unit) }
      return try await master.client.agents().agents.first { $0.state == "banned" }
    }
    #expect(banned.name == "liar")
    // Its unit is rendered again, and the picture is right.
    let digest = try await eventually("the picture is made anew") { () -> ContentHash? in
      for unit in try await honest.lease(4) { try await deliver(honest, unit) }
      let frame = try await master.client.job(job).frames[0]
      return frame.state == "finished" ? frame.digest : nil
    }
    let expected = try await localDigests(
      frames: 1...1, .tiny(width: 128, height: 128), samples: 16, threads: 1, tile: 64)
    #expect(digest == expected[1])
    try await master.stop()
  }
}
