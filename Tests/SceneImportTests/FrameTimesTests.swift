import Foundation
import SceneModel
import Testing

@testable import SceneImport

@Suite("Frame times")
struct FrameTimesTests {
  /// How a key's time is computed before it is stored: by Blender, by exporters in single precision, by a product.
  enum Arithmetic: CaseIterable { case double, single, product }

  struct Grid: Sendable, CustomTestStringConvertible {
    var rate: Double
    /// Frames between keys.
    var step: Int
    var interpolation: String
    /// Whether the first key was moved to 0.
    var isSlid: Bool

    var testDescription: String {
      "\(rate) frames a second, every \(step), \(interpolation), \(isSlid ? "slid" : "as in Blender")"
    }

    static let all: [Grid] = {
      var grids: [Grid] = []
      let ntsc: [Double] = [24 / 1.001, 30 / 1.001]
      let multiplied: [Double] = [24 * 1.001, 30 * 1.001]
      for rate in [24, 25, 30, 50, 60] + ntsc + multiplied {
        for step in [1, 2] {
          for interpolation in ["STEP", "LINEAR", "CUBICSPLINE"] {
            for isSlid in [false, true] {
              grids.append(Grid(rate: rate, step: step, interpolation: interpolation, isSlid: isSlid))
            }
          }
        }
      }
      return grids
    }()
  }

  static let frameCount = 10_000

  /// A scene whose node is at x = k on the k-th frame from the first key on.
  private func scene(_ grid: Grid, _ arithmetic: Arithmetic, firstFrame: Int) -> SmallFile {
    var times: [Float] = []
    var values: [Float] = []
    for k in stride(from: 0, to: FrameTimesTests.frameCount, by: grid.step) {
      let frame = grid.isSlid ? k : firstFrame + k
      switch arithmetic {
      case .double: times.append(Float(Double(frame) / grid.rate))
      case .single: times.append(Float(frame) / Float(grid.rate))
      case .product: times.append(Float(frame) * Float(1 / grid.rate))
      }
      let value: [Float] = [Float(k), 0, 0]
      values += grid.interpolation == "CUBICSPLINE" ? [0, 0, 0] + value + [0, 0, 0] : value
    }
    var file = SmallFile()
    let (position, input, output) = (file.triangle(), file.floats(times, "SCALAR"), file.floats(values, "VEC3"))
    file.members += [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]", "\"nodes\":[{\"mesh\":0}]",
      """
      "animations":[{"channels":[{"sampler":0,"target":{"node":0,"path":"translation"}}],\
      "samplers":[{"input":\(input),"output":\(output),"interpolation":"\(grid.interpolation)"}]}]
      """,
    ]
    return file
  }

  private func check(_ grid: Grid, _ imported: ImportedScene, firstFrame: Int) throws {
    let first = grid.isSlid ? 1 : firstFrame
    let lastKey = (FrameTimesTests.frameCount - 1) / grid.step * grid.step
    #expect(imported.frameNumbers == FrameNumbers(first...first + lastKey))
    var off: [Int] = []
    for k in 0...lastKey {
      let x = try #require(try imported.state(frame: first + k).instances.first).transform.x.w
      let isRight: Bool
      if k % grid.step == 0 {
        isRight = x == Float(k)
      } else {
        // On twos: held, or half way.
        isRight = grid.interpolation == "STEP" ? x == Float(k - 1) : (x - Float(k)).magnitude < 0.05
      }
      if !isRight { off.append(first + k) }
    }
    #expect(off.isEmpty, "\(off.count) frames are off, the first of them \(off.prefix(10))")
  }

  @Test("Ten thousand frames meet their keys exactly at a given rate", arguments: Grid.all)
  func given(_ grid: Grid) throws {
    var options = ImportOptions()
    // As people write it.
    options.framesPerSecond = (grid.rate * 1000).rounded() / 1000
    for arithmetic in Arithmetic.allCases {
      try check(grid, try scene(grid, arithmetic, firstFrame: 101).load(options), firstFrame: 101)
    }
  }

  @Test("The rate is found where the keys are on its grid", arguments: Grid.all)
  func inferred(_ grid: Grid) throws {
    let imported = try scene(grid, .double, firstFrame: 1).load()
    // Keys at even frames of 50 and 60 are keys on ones of 25 and 30.
    let expected = grid.step == 2 && grid.isSlid && grid.rate >= 50 ? grid.rate / 2 : grid.rate
    #expect((imported.framesPerSecond - expected).magnitude < 1e-9)
    let isSaid = imported.warnings.contains { $0.kind == .choice && $0.description.contains("frames a second") }
    #expect(isSaid)
    guard expected == grid.rate else { return }
    try check(grid, imported, firstFrame: 1)
  }

  @Test("Keys that fit several rates are told with all of them")
  func ambiguous() throws {
    let (times, remark) = try FrameTimes.decide(keys: [0, 2], rate: nil, firstFrame: nil)
    #expect(times.rate == 24)
    #expect(remark?.contains("and of 25, 30") == true)
  }

  @Test("Rates above 60 are taken where a key is on every frame only")
  func highRates() {
    #expect(FrameTimes.inferredRate((0..<240).map { Float($0) / 120 }) == 120)
    // A run cycle with a few keys that fit by chance.
    #expect(FrameTimes.inferredRate([0, 1.0 / 120, 0.5, 1.1583333]) == nil)
  }

  @Test("29.97 stands for NTSC's rate, and for what Blender's exporter makes of it")
  func ntsc() throws {
    #expect(FrameTimes.exact(29.97) == 30 / 1.001 && FrameTimes.exact(23.976) == 24 / 1.001)
    #expect(FrameTimes.exact(30) == 30 && FrameTimes.exact(29.5) == 29.5)
    let keys = (1...48).map { Float(Double($0) / (30 * 1.001)) }
    let (times, remark) = try FrameTimes.decide(keys: keys, rate: 29.97, firstFrame: nil)
    #expect(times.rate == 30 * 1.001 && times.keyed == 1...48)
    #expect(remark?.contains("30.03") == true)
  }

  @Test("The frame with the first key can be given another number")
  func renumbering() throws {
    let keys = (101...124).map { Float($0) / 24 }
    func keyed(_ keys: [Float], _ first: Int?) throws -> ClosedRange<Int> {
      try FrameTimes.decide(keys: keys, rate: nil, firstFrame: first).times.keyed
    }
    #expect(try keyed(keys, nil) == 101...124)
    #expect(try keyed(keys, 1) == 1...24)
    #expect(try keyed(keys.map { $0 - keys[0] }, 101) == 101...124)
    #expect(try keyed([], nil) == 1...1)
    #expect(try keyed([], 7) == 7...7)
    let (times, _) = try FrameTimes.decide(keys: keys, rate: nil, firstFrame: -10)
    #expect((times.seconds(-10) - Double(keys[0])).magnitude < 1e-6)
  }

  @Test("Frames around keys that are on no frame are part of the range")
  func offGrid() throws {
    let (times, remark) = try FrameTimes.decide(keys: [0.51, 1.013], rate: nil, firstFrame: nil)
    #expect(times.rate == 24 && times.keyed == 12...25)
    #expect(remark?.contains("no standard rate") == true)
    #expect(throws: ImportError.self) { try FrameTimes.decide(keys: [0, 1e30], rate: nil, firstFrame: nil) }
  }
}
