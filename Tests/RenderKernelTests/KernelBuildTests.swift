import FrameRenderer
import KernelScene
import LaneMath
import Testing

/// Every build of the kernel over the same units.
@Suite("Builds of the kernel")
struct KernelBuildTests {
  private static let hasAll = KernelChoice.available.count == KernelChoice.names.count
  private static let skipped: Comment = """
    this processor cannot run all of \(KernelChoice.names.joined(separator: ", ")), only \
    \(KernelChoice.available.map(\.name).joined(separator: ", "))
    """

  private struct Result: Equatable {
    var digest: UInt64
    var counters: WorkCounters
  }

  /// Digests of some units that do not fill lanes evenly.
  private func results(_ build: any KernelBuild, _ description: FrameDescription) throws -> [Result] {
    let alphaTested = description.materials.map { $0.alphaMode != .opaque }
    let frame = build.prepare(
      description, meshes: description.meshes.map { build.prepare($0, alphaTested: alphaTested, threadCount: 2) },
      textures: build.prepare(description.textures, for: description.materials, threadCount: 2),
      environment: description.environment.map { build.prepare($0) })
    var size = RenderSettings(width: 61, height: 43, sampleCount: 16)
    size.bounces = 6
    return try [
      (TileRectangle(x: 0, y: 0, width: 61, height: 43), 0..<4),
      (TileRectangle(x: 16, y: 16, width: 7, height: 3), 8..<16),
      (TileRectangle(x: 60, y: 42, width: 1, height: 1), 5..<6),
    ].map { tile, samples in
      let unit = try frame.render(
        settings: size, frameNumber: 3, tile: tile, samples: samples, times: nil, isCancelled: { false })
      return Result(digest: digest(unit.planes.values.bytes), counters: unit.counters)
    }
  }

  private func check(_ builds: [any KernelBuild]) throws {
    var dark = mixedScene()
    dark.environment = nil
    for description in [mixedScene(), dark] {
      let expected = try results(try KernelChoice.named("scalar"), description)
      for build in builds {
        #expect(try results(build, description) == expected, "\(build.name), \(build.laneCount) lanes")
      }
    }
  }

  @Test("All that this processor can run give the bits and counters of the scalar reference")
  func available() throws { try check(KernelChoice.available) }

  @Test("None is missing here", .enabled(if: hasAll, skipped))
  func all() {
    #expect(KernelChoice.available.map(\.name) == KernelChoice.names)
  }

  @Test("The scalar reference comes first, the widest last")
  func order() {
    let lanes = KernelChoice.available.map(\.laneCount)
    #expect(lanes.first == 1)
    #expect(lanes == lanes.sorted())
    #expect(KernelChoice.fastest.laneCount == lanes.last)
  }

  @Test("A build that does not exist is refused by name")
  func unknown() {
    #expect(throws: KernelChoice.Unavailable.self) { try KernelChoice.named("v9") }
  }
}
