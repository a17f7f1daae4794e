import ArgumentParser
import Foundation
import FrameRenderer
import KernelScene
import SceneImport

extension BenchCommand {
  /// `glint bench profile`
  struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "profile",
      abstract: "Where a frame's time goes: build, traverse, surfaces and textures, shade, shadows, film.",
      discussion: """
          glint bench profile scene.glb --env sky.hdr --size 512x288 --samples 16
          glint bench profile scene.glb --kernel v3 --json

        Renders the first frame on one thread. The work is that of `glint render`; no picture is written.
        """)

    @OptionGroup(title: "Scene") var scene: SceneOptions
    @OptionGroup(title: "Picture") var picture: PictureOptions
    @OptionGroup var kernel: KernelOption

    @Flag(help: "Print one JSON document.")
    var json = false

    private struct Document: Encodable {
      var scene: String
      var kernel: String
      /// Seconds: reading, decoding and baking; structures and tables; then by stage of the kernel.
      var load: Double
      var build: Double
      var stages: [String: Double]
      /// Everything from the first path to the last.
      var render: Double
      var paths: UInt64
    }

    func run() async throws {
      try scene.checkFiles()
      let kernel = try kernel.build()
      Interruption.leave()
      let start = ContinuousClock.now
      let imported = try GLTFImporter.load(scene.sceneURL, options: scene.importOptions())
      let camera = imported.camera
      let number = scene.frames?.first ?? imported.firstFrame
      let state = try imported.state(frame: number)
      let loaded = ContinuousClock.now
      let preparer = FramePreparer(scene: imported.scene, kernel: kernel, threadCount: 1)
      let frame = try preparer.prepare(state, number: number, camera: camera)
      let built = ContinuousClock.now

      let settings = try picture.renderSettings(aspect: imported.aspect)
      let times = StageTimes()
      var paths: UInt64 = 0
      let bar = ProgressBar("Rendering", total: Double(settings.width * settings.height))
      for tile in TileGrid(width: settings.width, height: settings.height, edge: picture.tile).tiles {
        let samples = 0..<picture.samples
        paths += try RenderThreads.renderNow(frame, settings: settings, tile: tile, samples: samples, times: times)
          .counters.paths
        bar.advance(by: Double(tile.pixelCount))
      }
      bar.finish()
      let done = ContinuousClock.now
      let document = Document(
        scene: scene.sceneURL.lastPathComponent, kernel: kernel.name, load: Double(loaded - start),
        build: Double(built - loaded),
        stages: Dictionary(
          uniqueKeysWithValues: StageTimes.Stage.allCases.map { ("\($0)", Double(times[$0])) }),
        render: Double(done - built), paths: paths)
      if json { return try Output.json(document) }
      show(document)
    }

    private func show(_ document: Document) {
      let total = document.load + document.build + document.render
      func line(_ name: String, _ seconds: Double) {
        Output.line(
          name.padding(toLength: 24, withPad: " ", startingAt: 0)
            + String(format: "%8.3f s %5.1f %%", seconds, 100 * seconds / max(total, 1e-9)))
      }
      line("load", document.load)
      line("build", document.build)
      for (name, stage) in [
        ("camera rays", "camera"), ("traverse", "traversal"), ("surfaces and textures", "surfaces"),
        ("shade and sample", "shading"), ("shadow rays", "shadows"), ("film", "film"),
      ] { line(name, document.stages[stage] ?? 0) }
      line("digests and the rest", document.render - document.stages.values.reduce(0, +))
      Output.line(
        String(
          format: "%.2f Mpaths/s on one thread, kernel %@", Double(document.paths) / max(document.render, 1e-9) / 1e6,
          document.kernel))
    }
  }
}
