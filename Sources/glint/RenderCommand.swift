import ArgumentParser
import Foundation
import FrameRenderer
import ImageFiles
import KernelScene
import SceneImport
import SceneModel
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
        glint render scene.glb --scale 50% --crop 320,180,320,180 -o part.exr
        glint render scene.glb --frames 1-48 --skip-existing -o out/

      The ending of --output decides the format. .png is developed: with exposure and view transform. .exr (OpenEXR) and .pfm
      (Portable Float Map) are linear colour, without them. A folder gets frame.####.png. The last run of # is the frame's
      number, also in a folder's name; %04d is understood, too. Without either, several frames get .0001 before the ending.
      """)

  @OptionGroup(title: "Scene") var scene: SceneOptions
  @OptionGroup(title: "Picture") var picture: PictureOptions

  @Option(name: .shortAndLong, help: OutputOption.help, completion: .file(), transform: OutputOption.parse)
  var output = FramePattern.standard

  @Option(help: "Type of the channels of .exr files.")
  var exrType: EXRTypeName = .half

  @Flag(help: "Leave frames whose files are there and not empty.")
  var skipExisting = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Render only this part, with the very pixels of the whole: from the top left corner, in pixels or all in per cent. Default: all of it.",
      valueName: "x,y,w,h"),
    transform: CropOption.parse)
  var crop: CropOption?

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
    Terminal.tell(imported.warnings)
    let camera = imported.camera
    let settings = try picture.renderSettings(aspect: imported.aspect)
    let size = PictureSize(width: settings.width, height: settings.height)
    let rectangle = try crop?.rectangle(in: size)
    let frames = imported.frameNumbers
    let files = FrameFiles(pattern: output, isOnlyFrame: frames.count == 1)
    let pending = skipExisting ? files.missing(of: frames) : frames
    try files.prepare(pending)
    if skipExisting { SkippedFrames.tell(frames.count - pending.count, of: frames.count) }
    let progress = RenderProgress(frames: frames, pending: pending, files: files)
    Interruption.leave { progress.lastWords() }
    let renderer = LocalRenderer(
      scene: imported.scene, settings: settings, crop: rectangle, tile: picture.tile, kernel: kernel,
      threadCount: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let loadSeconds = Double(ContinuousClock.now - start)

    // Hashed beside the first frame's rendering; map files carry no text.
    let scene = imported.scene
    let namer = output.format == .pfm ? nil : Task.detached { try SceneNamer(scene, threadCount: 1) }
    let renderStart = ContinuousClock.now
    let bar = ProgressBar("Rendering", total: Double(renderer.unitCount * pending.count))
    let meter = PathMeter()
    var rendered: [RenderedFrame] = []
    var total = WorkCounters()
    var (prepareSeconds, sampleSeconds) = (0.0, 0.0)
    do {
      try await renderer.render(
        frames: Array(pending), state: { try imported.state(frame: $0) }, camera: camera,
        onUnit: { counters in
          let rate = meter.add(counters.paths)
          bar.advance(by: 1, detail: "\(progress.doneCount)/\(frames.count) frames  \(rate)")
        },
        onFrame: { frame in
          let path = files.path(frame.number)
          let bundle = try await namer?.value.id(frame: frame.number, state: imported.state(frame: frame.number))
          let bytes = try encode(
            frame.picture,
            PictureDescription(settings: settings, camera: camera, frame: frame.number, bundle: bundle, crop: rectangle)
          )
          try progress.finish(frame.number) { try write(bytes, to: path) }
          total = total + frame.counters
          prepareSeconds += frame.prepareSeconds
          sampleSeconds += frame.sampleSeconds
          if frame.counters.nonFiniteSamples > 0 {
            Terminal.warn(
              "frame \(frame.number): \(frame.counters.nonFiniteSamples) samples were not finite and became black")
          }
          rendered.append(RenderedFrame(frame, file: path))
          if !json { Output.path(path) }
        })
    } catch {
      // A full disk, say: what is there stays, and the rest can be rendered when there is room.
      bar.finish()
      for word in progress.lastWords() { Terminal.note(word) }
      throw error
    }
    bar.finish()
    let renderSeconds = Double(ContinuousClock.now - renderStart)
    if json {
      try Output.json(
        RenderDocument(
          frames: rendered, skippedFrames: frames.filter { !pending.contains($0) }, width: settings.width,
          height: settings.height, warnings: imported.warnings.map(\.description),
          wallSeconds: Double(ContinuousClock.now - start),
          threadSeconds: rendered.reduce(0) { $0 + $1.threadSeconds }, loadSeconds: loadSeconds,
          prepareSeconds: prepareSeconds, sampleSeconds: sampleSeconds, renderSeconds: renderSeconds,
          paths: total.paths, pathsPerSecond: Double(total.paths) / max(renderSeconds, 1e-9),
          kernelRevision: kernelRevision, kernel: kernel.name))
    } else if Terminal.showsProgress, !rendered.isEmpty {
      Terminal.note(
        "\(rendered.count == 1 ? "1 frame" : "\(rendered.count) frames") in \(DurationText.short(seconds: renderSeconds)), "
          + String(format: "%.2f Mpaths/s", Double(total.paths) / max(renderSeconds, 1e-9) / 1e6)
          + ", kernel \(kernel.name)")
    }
  }

  private func encode(_ frame: FinishedFrame, _ description: PictureDescription) throws -> [UInt8] {
    switch output.format {
    case .png:
      let view = picture.viewSettings
      return try frame.png(
        view: view, depth: picture.depth == .eight ? .eight : .sixteen,
        metadata: description.metadata(digest: frame.digest, view: view))
    case .exr:
      let placement = description.crop.map {
        CropPlacement(
          x: $0.x, y: $0.y, wholeWidth: description.settings.width, wholeHeight: description.settings.height)
      }
      return try frame.exr(
        pixelType: exrType.pixelType, placement: placement,
        metadata: description.metadata(digest: frame.digest, view: nil))
    case .pfm: return try frame.pfm()
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try AtomicFile.write(bytes, to: URL(fileURLWithPath: path))
    } catch {
      throw CommandFailure(.failedWork, "\(error)")
    }
  }
}

/// One frame in `render --json`.
private struct RenderedFrame: Encodable {
  var number: Int
  var file: String
  /// Its preparing and its rendering by the clock. Frames overlap, so the sum over frames may exceed the run's time.
  var wallSeconds: Double
  /// Time that threads spent on it, summed over threads.
  var threadSeconds: Double
  var rays: UInt64
  /// SHA-256 of the film before tone mapping.
  var digest: String

  init(_ frame: LocalRenderer.Frame, file: String) {
    self.file = file
    number = frame.number
    wallSeconds = frame.prepareSeconds + frame.sampleSeconds
    threadSeconds = frame.seconds
    rays = frame.counters.rays + frame.counters.shadowRays
    digest = frame.picture.digest.hex
  }
}

private struct RenderDocument: Encodable {
  var frames: [RenderedFrame]
  /// Numbers of the frames that `--skip-existing` left.
  var skippedFrames: [Int]
  /// Pixels of the whole picture, also with `--crop`.
  var width: Int
  var height: Int
  var warnings: [String]
  /// All of the run, by the clock.
  var wallSeconds: Double
  /// Time that threads spent on frames, summed over threads and frames.
  var threadSeconds: Double
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

/// `--exr-type`
enum EXRTypeName: String, ExpressibleByArgument, CaseIterable {
  case half, float

  var pixelType: EXRPixelType { self == .half ? .half : .float }
}

/// What `--skip-existing` says.
enum SkippedFrames {
  static func tell(_ count: Int, of total: Int) {
    guard count > 0 else { return }
    Terminal.note("\(count) of \(total) frames already exist and are skipped.")
  }
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
