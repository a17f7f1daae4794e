import KernelScene
import Testing

@testable import FarmModel

@Suite("Frame plan")
struct FramePlanTests {
  struct Size: Sendable, CustomTestStringConvertible {
    var width: Int
    var height: Int
    var tile: Int

    var testDescription: String { "\(width)x\(height), tiles of \(tile)" }

    static let all = [
      Size(width: 1, height: 1, tile: 16), Size(width: 65, height: 33, tile: 16),
      Size(width: 127, height: 64, tile: 64),
      Size(width: 1025, height: 17, tile: 48), Size(width: 133, height: 101, tile: 1024),
    ]
  }

  @Test(
    "Units tile every pixel for every sample exactly once, in nodes of the tree of samples",
    arguments: Size.all, [1, 2, 3, 48, 63, 64, 65, 72, 100, 4096])
  func coverage(size: Size, samples: Int) throws {
    let plan = FramePlan(width: size.width, height: size.height, samples: samples, tile: size.tile)
    var passes: [Range<Int>: [TileRectangle]] = [:]
    for unit in plan.units {
      #expect(SampleTree.isNode(unit.samples, of: samples))
      passes[unit.samples, default: []].append(unit.tile)
    }
    // The passes follow one another without gap or overlap.
    var end = 0
    for range in passes.keys.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      #expect(range.lowerBound == end)
      end = range.upperBound
    }
    #expect(end == samples)
    for (range, tiles) in passes {
      let areInside = tiles.allSatisfy { tile in
        tile.x >= 0 && tile.y >= 0 && tile.x + tile.width <= size.width && tile.y + tile.height <= size.height
      }
      try #require(areInside, "samples \(range)")
      var counts = [UInt8](repeating: 0, count: size.width * size.height)
      for tile in tiles {
        for y in tile.y..<tile.y + tile.height {
          for x in tile.x..<tile.x + tile.width { counts[y * size.width + x] += 1 }
        }
      }
      #expect(counts.allSatisfy { $0 == 1 }, "samples \(range)")
    }
  }

  @Test("The preview is one sample of every pixel and comes first", arguments: Size.all, [1, 3, 100])
  func preview(size: Size, samples: Int) {
    let plan = FramePlan(width: size.width, height: size.height, samples: samples, tile: size.tile)
    #expect(plan.previewCount > 0)
    #expect(plan.units.prefix(plan.previewCount).allSatisfy { $0.samples == 0..<1 })
    #expect(plan.units.dropFirst(plan.previewCount).allSatisfy { $0.samples.lowerBound >= 1 })
    #expect((plan.units.count == plan.previewCount) == (samples == 1))
  }

  @Test("No unit has more paths than the limit says, and tile edges are multiples of 16")
  func bounds() {
    for samples in [1, 48, 4096, 65_536] {
      for tile in [16, 64, 256, 1024] {
        let plan = FramePlan(width: 2048, height: 1024, samples: samples, tile: tile)
        for unit in plan.units {
          #expect(unit.tile.pixelCount * unit.samples.count <= FramePlan.largeUnit)
          #expect(unit.tile.x % 16 == 0 && unit.tile.y % 16 == 0)
          #expect(unit.tile.width % 16 == 0 && unit.tile.height % 16 == 0)
        }
      }
    }
  }

  @Test("A frame has two passes, unless a unit would become too large", arguments: [2, 3, 72, 1000, 1025])
  func passes(samples: Int) {
    let plan = FramePlan(width: 480, height: 270, samples: samples, tile: 64)
    #expect(Set(plan.units.map(\.samples)) == [0..<1, 1..<samples])
    let large = FramePlan(width: 480, height: 270, samples: 1 << 16, tile: 64)
    #expect(Set(large.units.map(\.samples)).count == 65)
  }

  @Test("Columns are even, and so are rows", arguments: [640, 480, 1000, 1025, 1920, 17], [360, 270, 1080, 2160])
  func evenness(width: Int, height: Int) {
    for samples in [1, 72] {
      let plan = FramePlan(width: width, height: height, samples: samples, tile: 64)
      for range in Set(plan.units.map(\.samples)) {
        let tiles = plan.units.filter { $0.samples == range }.map(\.tile)
        // The last column may lack what its last 16 pixels have outside of the frame.
        let widths = tiles.map { ($0.width + 15) / 16 }
        let heights = tiles.map { ($0.height + 15) / 16 }
        #expect(widths.max()! - widths.min()! <= 1 && heights.max()! - heights.min()! <= 1)
      }
    }
    #expect(
      FramePlan(width: 640, height: 360, samples: 1, tile: 64).units.map(\.tile) == [
        TileRectangle(x: 0, y: 0, width: 320, height: 360), TileRectangle(x: 320, y: 0, width: 320, height: 360),
      ])
  }

  @Test("Equal numbers give equal plans")
  func determinism() {
    func make() -> FramePlan { FramePlan(width: 301, height: 203, samples: 100, tile: 32) }
    #expect(make() == make())
  }

  @Test(
    "Every unit knows the preview under its first pixel, however uneven the grids are",
    arguments: [(1280, 720), (1920, 1080), (4000, 17), (1000, 3000), (61, 43)])
  func previews(width: Int, height: Int) {
    for (samples, tile) in [(2, 16), (64, 64), (256, 64), (1024, 16), (4096, 256)] {
      let plan = FramePlan(width: width, height: height, samples: samples, tile: tile)
      for (unit, preview) in zip(plan.units, plan.previewOfUnits) {
        let under = plan.units[preview].tile
        #expect(preview < plan.previewCount)
        #expect((under.x..<under.x + under.width).contains(unit.tile.x))
        #expect((under.y..<under.y + under.height).contains(unit.tile.y))
      }
    }
  }
}
