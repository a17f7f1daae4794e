import LaneMath
import Testing

@testable import RenderKernel

@Suite("Bits")
struct DeterminismTests {
  private let size = settings(48, 32, bounces: 5)

  @Test("One lane and eight lanes render the same bits and count the same work")
  func lanes() {
    let frame = prepared(mixedScene())
    let wide = render(frame, size, samples: 0..<8, lanes: .wide)
    let scalar = render(frame, size, samples: 0..<8, lanes: .scalar)
    #expect(sameBits(wide.planes.values, scalar.planes.values))
    #expect(wide.counters == scalar.counters)
    #expect(wide.counters.nonFiniteSamples == 0)
  }

  @Test("Both acceleration structures render the same bits and count the same work")
  func structures() {
    let wide = render(prepared(mixedScene(), kind: .wide), size, samples: 0..<4)
    let reference = render(prepared(mixedScene(), kind: .reference), size, samples: 0..<4)
    #expect(sameBits(wide.planes.values, reference.planes.values))
    #expect(wide.counters == reference.counters)
  }

  @Test(
    "However tiles and samples are cut, the film has the same bits and the work the same sum",
    arguments: [1, 2, 3, 16, 23])
  func cuts(sampleCount: Int) throws {
    let frame = prepared(mixedScene())
    let whole = render(frame, size, samples: 0..<sampleCount)
    var random = SeededGenerator(seed: UInt64(sampleCount))
    for _ in 0..<3 {
      let film = Film(width: 48, height: 32, sampleCount: sampleCount)
      var counters = WorkCounters()
      for cut in RandomCuts.units(width: 48, height: 32, sampleCount: sampleCount, &random) {
        let unit = try renderUnit(
          frame, settings: size, frameNumber: 1, tile: cut.tile, samples: cut.samples)
        film.add(unit.planes)
        counters = counters + unit.counters
      }
      #expect(film.isComplete)
      #expect(sameBits(film.sums, whole.planes.values))
      #expect(counters == whole.counters)
    }
  }

  @Test("Asking where time goes changes no bit, and every stage takes some")
  func times() throws {
    let frame = prepared(mixedScene())
    let times = StageTimes()
    let tile = TileRectangle(x: 0, y: 0, width: 48, height: 32)
    let start = ContinuousClock.now
    let timed = try renderUnit(frame, settings: size, frameNumber: 1, tile: tile, samples: 0..<8, times: times)
    let elapsed = ContinuousClock.now - start
    let plain = try renderUnit(frame, settings: size, frameNumber: 1, tile: tile, samples: 0..<8)
    #expect(sameBits(timed.planes.values, plain.planes.values))
    #expect(timed.counters == plain.counters)
    var sum = Duration.zero
    for stage in StageTimes.Stage.allCases {
      #expect(times[stage] > .zero, "\(stage)")
      sum += times[stage]
    }
    #expect(sum <= elapsed)
  }

  @Test("Seed and frame number change the samples")
  func seeds() {
    let frame = prepared(mixedScene())
    var other = size
    other.seed = 1
    let first = render(frame, size, samples: 0..<1).planes.values
    #expect(!sameBits(first, render(frame, other, samples: 0..<1).planes.values))
    #expect(!sameBits(first, render(frame, size, samples: 0..<1, frameNumber: 2).planes.values))
  }

  @Test("A cancelled unit stops")
  func cancellation() {
    let frame = prepared(mixedScene())
    #expect(throws: Cancelled.self) {
      try renderUnit(
        frame, settings: size, frameNumber: 1, tile: TileRectangle(x: 0, y: 0, width: 48, height: 32), samples: 0..<64,
        options: ExecutionOptions(), isCancelled: { true })
    }
  }

  @Test("Squares are those of the samples")
  func squares() {
    let planes = render(prepared(mixedScene()), size, samples: 3..<4).planes
    let n = planes.tile.pixelCount
    for i in 0..<3 * n { #expect(planes.values[3 * n + i] == planes.values[i] * planes.values[i]) }
  }
}
