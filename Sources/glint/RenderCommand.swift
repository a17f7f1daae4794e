import ArgumentParser
import Foundation
import FrameRenderer
import ImageFiles
import KernelScene
import SceneImport
import Synchronization

/// `glint render`
struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Renders frames on this machine.",
    discussion: """
      Gives the same bytes as the farm, on any number of threads and with any tile. Each frame is written when it is done;
      Ctrl-C keeps those that are.

        glint render scene.glb
        glint render scene.glb --frames 1-48 --size 1920x1080 --samples 256 -o out/frame.####.png
        glint render scene.glb --env sky.hdr --exposure 0.5 --view agx --look punchy --json
        glint render scene.glb -o frame.####.pfm

      Files are PNG; a name that ends in .pfm gives a Portable Float Map: linear colour, without exposure and view.
      """)

  @OptionGroup(title: "Scene") var scene: SceneOptions
  @OptionGroup(title: "Picture") var picture: PictureOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where frames go; #### stands for the frame's number.", valueName: "pattern"),
    completion: .file())
  var output = "frame.####.png"

  @Option(
    help: ArgumentHelp("Threads that render. Default: all processors.", valueName: "count"),
    transform: Quantity.parseInteger(1...1024))
  var threads: Int?

  @OptionGroup var kernel: KernelOption

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    try scene.checkFiles()
    let kernel = try kernel.build()
    Interruption.leave()
    let start = ContinuousClock.now
    let imported = try GLTFImporter.load(scene.sceneURL, options: scene.importOptions())
    for warning in imported.warnings { Terminal.warn(warning.description) }
    let camera = imported.camera
    let frames = Array(imported.frameNumbers)
    let pattern = FramePattern(output)
    try makeFolder(for: pattern.path(frame: frames[0], isOnlyFrame: frames.count == 1))
    let renderer = LocalRenderer(
      scene: imported.scene, settings: picture.renderSettings, tile: picture.tile,
      kernel: kernel,
      threadCount: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let loadSeconds = Double(ContinuousClock.now - start)

    let renderStart = ContinuousClock.now
    let bar = ProgressBar("Rendering", total: Double(renderer.unitCount * frames.count))
    let meter = PathMeter()
    var files: [FetchedFrame] = []
    var total = WorkCounters()
    var (prepareSeconds, sampleSeconds) = (0.0, 0.0)
    try await renderer.render(
      frames: frames, state: { try imported.state(frame: $0) }, camera: camera,
      onUnit: { bar.advance(by: 1, detail: meter.add($0.paths)) },
      onFrame: { frame in
        let path = pattern.path(frame: frame.number, isOnlyFrame: frames.count == 1)
        try write(frame.picture, to: path)
        total = total + frame.counters
        prepareSeconds += frame.prepareSeconds
        sampleSeconds += frame.sampleSeconds
        if frame.counters.nonFiniteSamples > 0 {
          Terminal.warn(
            "frame \(frame.number): \(frame.counters.nonFiniteSamples) samples were not finite and became black")
        }
        files.append(
          FetchedFrame(
            number: frame.number, file: path, seconds: frame.seconds,
            rays: frame.counters.rays + frame.counters.shadowRays, digest: frame.picture.digest.hex))
        if !json { Output.line(path) }
      })
    bar.finish()
    let renderSeconds = Double(ContinuousClock.now - renderStart)
    if json {
      try Output.json(
        RenderDocument(
          frames: files, warnings: imported.warnings.map(\.description), loadSeconds: loadSeconds,
          prepareSeconds: prepareSeconds, sampleSeconds: sampleSeconds, renderSeconds: renderSeconds,
          paths: total.paths, pathsPerSecond: Double(total.paths) / max(renderSeconds, 1e-9),
          kernelRevision: kernelRevision, kernel: kernel.name))
    } else if Terminal.showsProgress {
      Terminal.note(
        "\(frames.count == 1 ? "1 frame" : "\(frames.count) frames") in \(DurationText.short(seconds: renderSeconds)), "
          + String(format: "%.2f Mpaths/s", Double(total.paths) / max(renderSeconds, 1e-9) / 1e6)
          + ", kernel \(kernel.name)")
    }
  }

  private func makeFolder(for path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.badInput, "--output: folder \(folder.path) cannot be made (\(error.localizedDescription))")
    }
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw CommandFailure(.badInput, "--output: folder \(folder.path) cannot be written to; choose another with -o")
    }
  }

  private func write(_ frame: FinishedFrame, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    let bytes =
      FramePattern(output).isFloatMap
      ? try frame.pfm()
      : try frame.png(view: picture.viewSettings, depth: picture.depth == .eight ? .eight : .sixteen)
    do {
      try AtomicFile.write(bytes, to: url)
    } catch {
      throw CommandFailure(.failedWork, "\(error)")
    }
  }
}

private struct RenderDocument: Encodable {
  var frames: [FetchedFrame]
  var warnings: [String]
  /// Import: reading, decoding, baking.
  var loadSeconds: Double
  /// Deforming meshes, building structures and tables, of all frames.
  var prepareSeconds: Double
  /// From a frame's first unit queued to its last one done, over all frames; the preparing of a following frame may be
  /// inside.
  var sampleSeconds: Double
  /// Everything after the import, pictures on disk included.
  var renderSeconds: Double
  var paths: UInt64
  var pathsPerSecond: Double
  var kernelRevision: Int
  /// The build that rendered, as `--kernel` has it.
  var kernel: String
}

/// Paths a second since the first.
private final class PathMeter: Sendable {
  private let start = ContinuousClock.now
  private let paths = Atomic<UInt64>(0)

  /// - Returns: The rate, for a progress bar.
  func add(_ count: UInt64) -> String {
    let total = paths.add(count, ordering: .relaxed).newValue
    let seconds = Double(ContinuousClock.now - start)
    return String(format: "%.2f Mpaths/s", Double(total) / max(seconds, 1e-3) / 1e6)
  }
}
