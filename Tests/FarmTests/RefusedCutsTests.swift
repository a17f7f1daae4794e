import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Testing

@testable import FarmAgent

@Suite("Units from outside")
struct RefusedCutsTests {
  private static let spec = JobSpec(
    bundle: ContentHash(hashing: [1]), camera: 0, width: 64, height: 48, samples: 72, bounces: 2, seed: 1,
    filter: "box", kernelRevision: kernelRevision)

  private static func lease(_ samples: Range<Int>, _ change: (inout JobSpec) -> Void = { _ in }) -> LeaseMessage {
    var spec = spec
    change(&spec)
    let record = LeaseRecord(
      id: .sample(1), ref: UnitRef(job: JobID("j"), frame: 1, unit: 0), agent: KeyID("a"), isCheck: false, grantedAt: 0,
      deadline: 10)
    let plan = FramePlan(width: 64, height: 48, samples: 72, tile: 64)
    var message = LeaseMessage(record, spec: spec, unit: plan.units[0], seconds: 30)
    (message.firstSample, message.sampleCount) = (samples.lowerBound, samples.count)
    return message
  }

  /// Neither the shape of a node, nor one of 72 samples.
  private static let noNodes = [2..<4, 1..<73, 1..<71, 2..<72, 4..<8, 0..<64, 64..<72, 3..<6, 33..<72, 72..<73]

  @Test("An agent takes samples that are a node of the tree, and refuses others by name")
  func leases() throws {
    for samples in [0..<1, 0..<72, 1..<72, 1..<2, 65..<72, 33..<65, 72 - 1..<72] {
      #expect(try LeasedUnit(RefusedCutsTests.lease(samples)).samples == samples)
    }
    for samples in RefusedCutsTests.noNodes {
      #expect {
        try LeasedUnit(RefusedCutsTests.lease(samples))
      } throws: { "\($0)".contains("sample") }
    }
    #expect {
      try LeasedUnit(RefusedCutsTests.lease(0..<1) { $0.kernelRevision -= 1 })
    } throws: { "\($0)".contains("kernel revision \(kernelRevision - 1)") }
  }

  @Test(
    "Whoever renders entries of a ledger again refuses samples and tiles that cannot be, before it fetches anything")
  func replay() async throws {
    let folder = try TemporaryFolder()
    let client = try MasterClient(url: URL(string: "http://127.0.0.1:9")!, token: nil)
    let replay = UnitReplay(
      client: client, cache: try PartStore(directory: folder.folder("cache")), kernel: KernelChoice.fastest,
      threadCount: 1)
    let tile = TileRectangle(x: 0, y: 0, width: 64, height: 48)
    for samples in RefusedCutsTests.noNodes {
      await #expect {
        _ = try await replay.render(RefusedCutsTests.spec, frame: 1, tile: tile, samples: samples)
      } throws: { "\($0)".contains("no node") }
    }
    for tile in [
      TileRectangle(x: 16, y: 0, width: 64, height: 48), TileRectangle(x: 0, y: 16_000, width: 64, height: 16),
      TileRectangle(x: 0, y: 0, width: 0, height: 48),
    ] {
      await #expect {
        _ = try await replay.render(RefusedCutsTests.spec, frame: 1, tile: tile, samples: 1..<72)
      } throws: { "\($0)".contains("outside") }
    }
    await client.shutdown()
  }
}
