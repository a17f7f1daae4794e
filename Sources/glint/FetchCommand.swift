import ArgumentParser
import FarmAgent
import FarmModel
import FarmWire
import Foundation
import SceneModel

/// `glint fetch`
struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Downloads a job's finished frames.",
    discussion: """
      Frames that are not finished yet are left out and said; call again later, or `glint watch` first. A provisional frame,
      some of whose units have not settled, may be made anew; --final leaves those out.

        glint fetch 5f0c -o out/frame.####.png
        glint fetch 5f0c --final -o out/frame.####.png
        glint fetch 5f0c --frames 1-10 --json
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var job: JobArgument

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where frames go; #### stands for the frame's number.", valueName: "pattern"),
    completion: .file())
  var output = "frame.####.png"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only these frames: 12, 1-48, 1,4,9 or 1-48x2.", valueName: "frames"),
    transform: FrameOption.parse)
  var frames: FrameNumbers?

  @OptionGroup var finality: FinalityOption

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws { try FramePattern(output).checkIsPicture() }

  func run() async throws {
    Interruption.leave()
    let (detail, files) = try await connection.withClient { client in
      let detail = try await client.job(job.resolve(client))
      let chosen = detail.frames.filter { finality.takes($0) && frames?.contains($0.number) != false }
      let collector = FrameCollector(client: client, pattern: FramePattern(output), finality: finality)
      let bar = ProgressBar("Fetching", total: Double(chosen.count))
      for frame in chosen {
        try await collector.fetch(frame, of: detail)
        bar.advance(by: 1)
      }
      bar.finish()
      return (detail, collector.files)
    }
    let wanted = detail.frames.filter { frames?.contains($0.number) != false }
    if json {
      try Output.json(FetchDocument(job: detail.job.id, frames: files))
    } else {
      for file in files { Output.line(file.file) }
    }
    if files.isEmpty {
      throw CommandFailure(
        .failedWork,
        wanted.isEmpty
          ? "job \(detail.job.id.short) has no such frames; it renders \(detail.job.frameText)"
          : "none of job \(detail.job.id.short)'s frames is \(finality.word) yet; `glint watch \(detail.job.id.short)` shows how far it is"
      )
    }
    if files.count < wanted.count {
      Terminal.note("\(wanted.count - files.count) of \(wanted.count) frames are not \(finality.word) yet.")
    }
    finality.tell(files)
  }
}

struct FetchDocument: Encodable {
  var job: JobID
  var frames: [FetchedFrame]
}

/// One frame on this disk, as `fetch --json` and `submit --wait --json` report it; `render --json` uses the same names.
struct FetchedFrame: Encodable, Sendable {
  var number: Int
  var file: String
  /// Time that agents spent on it.
  var seconds: Double
  var rays: UInt64
  /// SHA-256 of the merged film before tone mapping.
  var digest: String
  /// How often the picture was made.
  var revision = 1
  /// Whether all units of the picture have settled; if not, it may be made anew.
  var isFinal = true
}

/// `--final`: what is done with frames whose units have not all settled. Shared by the commands that take frames.
struct FinalityOption: ParsableArguments {
  @Flag(name: .customLong("final"), help: "Only frames all of whose units have settled: they do not change any more.")
  var onlyFinal = false

  /// For people: what frames must be.
  var word: String { onlyFinal ? "final" : "finished" }

  func takes(_ frame: FrameSummary) -> Bool { frame.isFinished && (!onlyFinal || frame.isFinal) }

  /// Says what may still change.
  func tell(_ files: [FetchedFrame]) {
    let count = files.count { !$0.isFinal }
    guard count > 0 else { return }
    Terminal.note(
      "\(count) of \(files.count) frames are provisional: some of their units have not settled, and if one proves wrong they are made anew. With --final only final frames are taken."
    )
  }
}

/// Downloads finished frames to the files that a pattern names, each once.
final class FrameCollector {
  private let client: MasterClient
  private let pattern: FramePattern
  private let finality: FinalityOption
  private(set) var files: [FetchedFrame] = []
  /// Revisions by number: a provisional picture may be made anew.
  private var fetched: [Int: Int] = [:]

  init(client: MasterClient, pattern: FramePattern, finality: FinalityOption) {
    self.client = client
    self.pattern = pattern
    self.finality = finality
  }

  func fetchFinished(of detail: JobDetail) async throws {
    for frame in detail.frames where finality.takes(frame) && fetched[frame.number] != frame.revision {
      try await fetch(frame, of: detail)
    }
  }

  /// The picture arrives beside its place and is then renamed: under its name it is whole.
  func fetch(_ frame: FrameSummary, of detail: JobDetail) async throws {
    let path = pattern.path(frame: frame.number, isOnlyFrame: detail.job.frameCount == 1)
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.badInput, "--output: folder \(folder.path) cannot be made (\(error.localizedDescription))")
    }
    let part = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString).part")
    try await client.downloadPicture(job: detail.job.id, frame: frame.number, to: part)
    guard rename(part.path, url.path) == 0 else {
      let reason = String(cString: strerror(errno))
      try? FileManager.default.removeItem(at: part)
      throw CommandFailure(.failedWork, "\(path): cannot be written (\(reason))")
    }
    if fetched.updateValue(frame.revision, forKey: frame.number) != nil {
      files.removeAll { $0.number == frame.number }
    }
    files.append(
      FetchedFrame(
        number: frame.number, file: path, seconds: frame.seconds, rays: frame.rays, digest: frame.digest?.hex ?? "",
        revision: frame.revision, isFinal: frame.isFinal))
  }
}
