import ArgumentParser
import FarmModel
import FarmSimulation
import Foundation
import FrameRenderer
import KernelScene
import SceneImport
import SceneModel

extension BenchCommand {
  /// `glint bench screening`
  struct ScreeningCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "screening",
      abstract: "How often screening has right and wrong units checked.",
      discussion: """
          glint bench screening docs/screening.noise
          glint bench screening --record docs/screening.noise Scenes/cornell.glb Scenes/gallery.glb Scenes/interior.glb

        With --record the scenes are rendered, preview and all other samples apart, and some of their tiles are written to the
        file; the shares of all rendered tiles that are checked are printed, those without any light left out. Without it a
        file of that kind is resampled.
        """)

    @Argument(
      help: ArgumentHelp("A file of recorded noise; with --record scenes.", valueName: "file"), completion: .file())
    var files: [String]

    @Option(help: ArgumentHelp("Render scenes, and write noise here.", valueName: "file"), completion: .file())
    var record: String?

    @Option(
      help: ArgumentHelp(
        "With --record: width and height in pixels, multiples of the tile. Default: 512x320.",
        valueName: "width x height"),
      transform: PictureSize.parse)
    var size = PictureSize(width: 512, height: 320)

    @Option(help: "With --record: samples a pixel. Default: 64.", transform: Quantity.parseInteger(8...65_536))
    var samples = 64

    @Option(
      help: "With --record: pictures of each scene, of different noise. Default: 1.",
      transform: Quantity.parseInteger(1...1000))
    var pictures = 1

    @Option(
      help: "With --record: tiles of each scene that are written. Default: 13.",
      transform: Quantity.parseInteger(1...1000))
    var tiles = 13

    @Option(help: "Tiles drawn for each line. Default: 100000.", transform: Quantity.parseInteger(1...100_000_000))
    var count = 100_000

    @Option(help: ArgumentHelp("Repeats a run.", valueName: "number"))
    var seed: UInt64 = 1

    private static let edge = 64
    private static let fileByteCount = 1 << 28

    func validate() throws {
      guard record == nil || (size.width % ScreeningCommand.edge == 0 && size.height % ScreeningCommand.edge == 0)
      else {
        throw ValidationError("--size: expected multiples of \(ScreeningCommand.edge), found \(size)")
      }
      guard record == nil || size.width > ScreeningCommand.edge else {
        throw ValidationError("--size: expected two tiles beside each other at least, found \(size)")
      }
      guard record != nil || files.count == 1 else {
        throw ValidationError("expected one file of recorded noise; scenes go with --record")
      }
    }

    func run() async throws {
      Interruption.leave()
      if let record { try await recordNoise(to: record) } else { try resample(files[0]) }
    }

    // MARK: - Recording

    private func recordNoise(to file: String) async throws {
      var kept: [ScreeningNoise.Tile] = []
      var shares: [(scene: String, count: Int, alarms: [Int])] = []
      let perPicture = size.width / ScreeningCommand.edge * (size.height / ScreeningCommand.edge)
      let bar = ProgressBar("Rendering", total: Double(files.count * pictures * perPicture))
      for path in files {
        let url = URL(fileURLWithPath: path)
        let scene = url.deletingPathExtension().lastPathComponent
        let imported = try GLTFImporter.load(url, options: ImportOptions())
        let threads = RenderThreads(count: ProcessInfo.processInfo.activeProcessorCount)
        let preparer = FramePreparer(scene: imported.scene, threadCount: threads.count)
        let number = imported.firstFrame
        let frame = try preparer.prepare(try imported.state(frame: number), number: number, camera: 0)
        var found: [ScreeningNoise.Tile] = []
        for picture in 0..<pictures {
          var settings = RenderSettings(width: size.width, height: size.height, sampleCount: samples)
          settings.seed = seed &+ UInt64(picture)
          found += try await tiles(of: frame, settings, threads, scene) { bar.advance(by: 1) }
        }
        let alarms = ScreeningNoise.Case.allCases.indices.map { index in
          found.count { Screening.score(Screening.Blocks(columns: $0.columns, values: $0.blocks[index])) >= 1 }
        }
        shares.append((scene, found.count, alarms))
        // Spread over the picture.
        for index in 0..<min(tiles, found.count) { kept.append(found[index * found.count / min(tiles, found.count)]) }
      }
      bar.finish()
      let noise = ScreeningNoise(samples: samples, tiles: kept)
      do {
        try Data(noise.encoded).write(to: URL(fileURLWithPath: file), options: .atomic)
      } catch {
        throw CommandFailure(.failedWork, "--record: \(file) cannot be written (\(error.localizedDescription))")
      }
      Output.line("| scene | tiles | " + ScreeningNoise.Case.allCases.map(\.rawValue).joined(separator: " | ") + " |")
      Output.line("| --- |" + String(repeating: " --- |", count: 1 + ScreeningNoise.Case.allCases.count))
      for share in shares {
        Output.line(
          "| \(share.scene) | \(share.count) | "
            + share.alarms.map { percent(Double($0) / Double(share.count)) }.joined(separator: " | ") + " |")
      }
      Terminal.note("\(kept.count) tiles are in \(file). `glint bench screening \(file)` resamples them.")
    }

    /// All tiles of a picture, without those in which there is no light at all: twice as much of it is the same.
    private func tiles(
      of frame: PreparedJobFrame, _ settings: RenderSettings, _ threads: RenderThreads, _ scene: String,
      onTile: @escaping @Sendable () -> Void
    ) async throws -> [ScreeningNoise.Tile] {
      struct Sums: Sendable {
        var few: Screening.TileSums
        var many: Screening.TileSums
        var quarter: Screening.TileSums
      }
      let samples = samples
      let edge = ScreeningCommand.edge
      let rectangles = stride(from: 0, to: size.height, by: edge).flatMap { y in
        stride(from: 0, to: size.width, by: edge).map { TileRectangle(x: $0, y: y, width: edge, height: edge) }
      }
      let sums = try await withThrowingTaskGroup(of: (Int, Sums).self) { group in
        for (index, tile) in rectangles.enumerated() {
          group.addTask {
            var sums = Sums(
              few: Screening.TileSums(tile), many: Screening.TileSums(tile), quarter: Screening.TileSums(tile))
            for sample in 0..<samples {
              let planes = try await threads.render(frame, settings: settings, tile: tile, samples: sample..<sample + 1)
                .planes
              if sample == 0 { sums.few.add(planes) } else { sums.many.add(planes) }
              if sample > 0, sample <= (samples - 1) / 4 { sums.quarter.add(planes) }
            }
            onTile()
            return (index, sums)
          }
        }
        var all: [Sums?] = Array(repeating: nil, count: rectangles.count)
        for try await (index, found) in group { all[index] = found }
        return all.compactMap { $0 }
      }
      return sums.indices.map { index in
        ScreeningNoise.tile(
          scene: scene, few: sums[index].few, many: sums[index].many, quarter: sums[index].quarter,
          beside: sums[(index + 1) % sums.count].many)
      }.filter { $0.deviations.contains { $0 > 0 } }
    }

    // MARK: - Resampling

    private func resample(_ file: String) throws {
      let bytes: [UInt8]
      do {
        bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
      } catch {
        throw CommandFailure(.badInput, "\(file): cannot be read (\(error.localizedDescription))")
      }
      let noise = try ScreeningNoise(bytes)
      let scenes = noise.tiles.map(\.scene).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      let parts = scenes.map { scene in
        ScreeningNoise(samples: noise.samples, tiles: noise.tiles.filter { $0.scene == scene })
      }
      Output.line("| what the unit is | " + scenes.joined(separator: " | ") + " | all |")
      Output.line("| --- |" + String(repeating: " --- |", count: scenes.count + 1))
      func line(_ name: String, _ share: (ScreeningNoise) -> Double) {
        Output.line("| \(name) | " + (parts + [noise]).map { percent(share($0)) }.joined(separator: " | ") + " |")
      }
      for change in ScreeningNoise.Case.allCases {
        line(change.rawValue) { $0.alarmShare(of: change, count: count, seed: seed) }
      }
      for (isWhole, shifts) in [(true, [3.0, 5, 7.5, 10, 12.5, 15, 20]), (false, [20, 50, 75, 100, 150, 200, 300])] {
        for (sign, word) in [(1.0, "too bright"), (-1, "too dark")] {
          for shift in shifts {
            line("\(isWhole ? "every block" : "one block") \(word) by \(shift) σ") {
              $0.alarmShare(ofShift: sign * shift, isWhole: isWhole, count: count, seed: seed)
            }
          }
        }
      }
    }

    private func percent(_ share: Double) -> String {
      String(format: share > 0 && share < 0.01 ? "%.4f %%" : "%.2f %%", share * 100)
    }
  }
}
