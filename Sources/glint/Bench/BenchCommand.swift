import ArgumentParser
import Foundation
import KernelScene
import LaneMath
import RenderKernel
import SceneImport
import SceneModel

/// `glint bench`
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures this machine.",
    subcommands: [
      TraversalCommand.self, ProfileCommand.self, LedgerCommand.self, ScreeningCommand.self, ViewsCommand.self,
    ])

  /// `glint bench traversal`
  struct TraversalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "traversal",
      abstract: "Rays a second of one thread: primary, diffuse, shadow.",
      discussion: """
          glint bench traversal scene.glb
          glint bench traversal scene.glb --embree libembree4.so.4 --rounds 5 --json

        The first frame's triangles are put into one mesh in world space. With --embree the same rays go through Embree
        (rtcIntersect1 and rtcOccluded1, high build quality) by turns with ours. With --beside its robust mode and its
        packets of 8 and 16 rays are measured too.
        """)

    @Argument(help: ArgumentHelp("glTF file.", valueName: "scene"), completion: .file(extensions: ["glb", "gltf"]))
    var scene: String

    @Option(help: ArgumentHelp("Embree 4's shared library, to compare with.", valueName: "file"), completion: .file())
    var embree: String?

    @Flag(help: "Let Embree build for its robust mode.")
    var robust = false

    @Flag(help: "Measure Embree's robust mode and its packets, too.")
    var beside = false

    @Option(help: "Times that each side answers each set of rays.")
    var rounds = 5

    @Option(help: ArgumentHelp("Threads that build.", valueName: "count"))
    var threads = 2

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
      guard (1...1000).contains(rounds) else { throw ValidationError("--rounds: expected 1 to 1000, found \(rounds)") }
      guard (1...64).contains(threads) else { throw ValidationError("--threads: expected 1 to 64, found \(threads)") }
    }

    private struct Row: Codable {
      var rays: String
      var count: Int
      /// Millions a second.
      var glint: Double
      var embree: Double?
      /// Median of the rounds' ratios.
      var ratio: Double?
      /// Embree built for its robust mode, single rays; and its packets of 8 and 16 rays.
      var embreeRobust: Double?
      var embreePackets8: Double?
      var embreePackets16: Double?
      /// Answers that differ from Embree's.
      var different: Int?
      /// Of our answers: equal hashes mean equal hits.
      var hash: String
    }

    private struct Document: Codable {
      var scene: String
      var triangles: Int
      var buildSeconds: Double
      var embreeBuildSeconds: Double?
      /// Structure, vertices and indices.
      var bytesPerTriangle: Double
      var rows: [Row]
    }

    func run() async throws {
      Interruption.leave()
      let imported = try GLTFImporter.load(URL(fileURLWithPath: scene), options: ImportOptions())
      let state = try imported.state(frame: imported.firstFrame)
      let mesh = TraversalCommand.flattened(imported.scene, state)
      guard mesh.triangleCount > 0, let camera = state.cameras.first else {
        throw CommandFailure(.badInput, "\(scene): nothing to trace; expected triangles and a camera")
      }
      let start = ContinuousClock.now
      let prepared = PreparedMesh(mesh, alphaTested: [], threadCount: threads)
      let buildSeconds = (ContinuousClock.now - start) / .seconds(1)
      let query = RayQuery(meshes: [prepared], instances: [MeshInstance(mesh: 0, objectToWorld: .identity)!])
      let theirs = try embree.map {
        try EmbreeLibrary(path: $0, mesh: mesh, isRobust: robust, threadCount: threads)
      }
      let robustTheirs: EmbreeLibrary? = try embree.flatMap {
        try beside ? EmbreeLibrary(path: $0, mesh: mesh, isRobust: true, threadCount: threads) : nil
      }
      let sets = BenchRays(mesh: mesh, query: query, camera: camera, width: 1024, height: 576).sets
      let document = Document(
        scene: URL(fileURLWithPath: scene).lastPathComponent, triangles: mesh.triangleCount, buildSeconds: buildSeconds,
        embreeBuildSeconds: theirs?.buildSeconds,
        bytesPerTriangle: Double(prepared.structureByteCount + mesh.positions.byteCount + mesh.indices.byteCount)
          / Double(mesh.triangleCount),
        rows: sets.map { measure($0, query, theirs, robustTheirs) })
      if json { return try Output.json(document) }
      show(document)
    }

    private func measure(
      _ set: BenchRays.Set, _ query: RayQuery, _ embree: EmbreeLibrary?, _ robust: EmbreeLibrary?
    ) -> Row {
      func rate(_ body: () -> Void) -> Double {
        let start = ContinuousClock.now
        body()
        return Double(set.rays.count) / ((ContinuousClock.now - start) / .seconds(1)) / 1e6
      }
      func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
      let answers = FlatBuffer<UInt32>(count: set.rays.count)
      let spare = FlatBuffer<UInt32>(count: set.rays.count)
      var (ours, theirs): ([Double], [Double]) = ([], [])
      var besides: [[Double]] = [[], [], []]
      for _ in 0..<rounds {
        ours.append(rate { set.isAnyHit ? query.anyHits(set.rays) : query.closestHits(set.rays) })
        if let embree {
          theirs.append(rate { embree.answer(set.rays, anyHit: set.isAnyHit, into: answers) })
          if let robust {
            besides[0].append(rate { robust.answer(set.rays, anyHit: set.isAnyHit, into: spare) })
            for (slot, width) in [(1, 8), (2, 16)] {
              besides[slot].append(
                rate { embree.answerPackets(of: width, set.rays, anyHit: set.isAnyHit, into: spare) })
            }
          }
        }
      }
      var hasher = ContentHasher()
      hasher.update(set.rays.triangles.bytes)
      if !set.isAnyHit { hasher.update(set.rays.distances.bytes) }
      let hash = String(hasher.finish().description.prefix(16))
      guard embree != nil else {
        return Row(rays: set.name, count: set.rays.count, glint: median(ours), hash: hash)
      }
      return Row(
        rays: set.name, count: set.rays.count, glint: median(ours), embree: median(theirs),
        ratio: median(zip(ours, theirs).map { $0 / $1 }),
        embreeRobust: besides[0].isEmpty ? nil : median(besides[0]),
        embreePackets8: besides[1].isEmpty ? nil : median(besides[1]),
        embreePackets16: besides[2].isEmpty ? nil : median(besides[2]),
        different: zip(set.rays.triangles.elements, answers.elements).count { $0 != $1 }, hash: hash)
    }

    private func show(_ document: Document) {
      func number(_ value: Double?, _ digits: Int = 2) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
      }
      Output.line(
        "\(document.scene): \(CountText.short(UInt64(document.triangles))) triangles, "
          + "\(number(document.bytesPerTriangle, 1)) bytes a triangle, built in \(number(document.buildSeconds, 3)) s"
          + (document.embreeBuildSeconds.map { " (Embree: \(number($0, 3)) s)" } ?? ""))
      for row in document.rows {
        Output.line(
          row.rays.padding(toLength: 11, withPad: " ", startingAt: 0)
            + "\(number(row.glint)) M rays/s"
            + (row.embree == nil
              ? ""
              : ", Embree \(number(row.embree)), ratio \(number(row.ratio)), \(row.different ?? 0) of \(row.count) differ")
            + (row.embreeRobust == nil
              ? ""
              : "; robust \(number(row.embreeRobust)), packets of 8 \(number(row.embreePackets8)), of 16 "
                + number(row.embreePackets16))
        )
      }
    }

    /// All triangles of a frame as one mesh in world space.
    private static func flattened(_ scene: Scene, _ state: FrameState) -> MeshArrays {
      var (positions, indices): ([Float], [UInt32]) = ([], [])
      for instance in state.instances {
        let mesh = scene.meshes[instance.mesh].arrays
        let first = UInt32(positions.count / 3)
        for vertex in 0..<mesh.vertexCount {
          let p = mesh.positions.pointer + 3 * vertex
          let world = instance.transform.point(SIMD3(p[0], p[1], p[2]))
          positions += [world.x, world.y, world.z]
        }
        indices += mesh.indices.elements.lazy.map { $0 + first }
      }
      return MeshArrays(positions: FlatBuffer(positions), indices: FlatBuffer(indices))
    }
  }
}
