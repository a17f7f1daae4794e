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
      Frames that are not finished yet are left out and said; call again later, or `glint watch` first. Where none is finished
      yet the exit code is 75. A provisional frame, some of whose units have not settled, may be made anew; --final leaves
      those out. A file that is there already and the same is left as it is.

        glint fetch 5f0c -o out/frame.####.png
        glint fetch 5f0c --final -o out/
        glint fetch 5f0c --frames 1-10 --json
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var job: JobArgument

  @Option(name: .shortAndLong, help: OutputOption.farmHelp, completion: .file(), transform: OutputOption.parseForFarm)
  var output = FramePattern.standard

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only these frames: 12, 1-48, 1,4,9 or 1-48x2. Default: all.", valueName: "frames"),
    transform: FrameOption.parse)
  var frames: FrameNumbers?

  @OptionGroup var finality: FinalityOption

  @Flag(help: "Leave frames whose files are there and not empty, whatever is in them.")
  var skipExisting = false

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    Interruption.leave()
    let (detail, wanted, collector) = try await connection.withClient { client in
      let detail = try await client.job(job.resolve(client))
      let wanted = detail.frames.filter { frames?.contains($0.number) != false }
      let chosen = wanted.filter(finality.takes)
      let files = FrameFiles(pattern: output, isOnlyFrame: detail.frames.count == 1)
      try files.prepare(FrameNumbers(chosen.map(\.number)))
      let collector = FrameCollector(client: client, files: files, finality: finality, skipsExisting: skipExisting)
      let bar = ProgressBar("Fetching", total: Double(chosen.count))
      for (index, frame) in chosen.enumerated() {
        try await collector.fetch(frame, of: detail)
        bar.advance(by: 1, detail: "\(index + 1)/\(chosen.count) frames")
      }
      bar.finish()
      return (detail, wanted, collector)
    }
    let short = detail.job.id.short
    guard !wanted.isEmpty else {
      throw CommandFailure(.badInput, "job \(short) has no such frames; it renders \(detail.job.frameText)")
    }
    if json {
      try Output.json(
        FetchDocument(job: detail.job.id, frames: collector.files, skippedFrames: collector.skipped.sorted()))
    } else {
      for file in collector.files { Output.path(file.file) }
    }
    collector.tell()
    if let frames {
      let known = Set(detail.frames.map(\.number))
      let missing = FrameNumbers(frames.filter { !known.contains($0) })
      if missing.count > 0 { Terminal.note("The job has no frames \(missing); it renders \(detail.job.frameText).") }
    }
    let openCount = wanted.count { !finality.takes($0) }
    if openCount == wanted.count {
      if detail.hasEnded, !detail.job.isFinished {
        let reason = detail.job.reason.map { ": " + $0 } ?? ""
        throw CommandFailure(
          .failedWork, "none of job \(short)'s frames is \(finality.word); the job is \(detail.job.stateText)\(reason)")
      }
      throw CommandFailure(
        .notYet,
        "none of job \(short)'s frames is \(finality.word) yet; `glint watch \(short)` shows how far it is, then fetch again"
      )
    }
    if openCount > 0 { Terminal.note("\(openCount) of \(wanted.count) frames are not \(finality.word) yet.") }
    finality.tell(collector.files)
  }
}

struct FetchDocument: Encodable {
  var job: JobID
  var frames: [FetchedFrame]
  /// Numbers of the frames that `--skip-existing` left.
  var skippedFrames: [Int]
}

/// One frame on this disk, as `fetch --json` and `submit --wait --json` report it; `render --json` uses the same names.
struct FetchedFrame: Encodable, Sendable {
  var number: Int
  var file: String
  /// Time that agents spent on it, summed over units.
  var threadSeconds: Double
  var rays: UInt64
  /// SHA-256 of the merged film before tone mapping.
  var digest: String
  /// How often the picture was made.
  var revision = 1
  /// Whether all units of the picture have settled; if not, it may be made anew.
  var isFinal = true
  /// Whether the same file was there already.
  var wasThere = false
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

/// Downloads finished frames to their files, each once, and leaves those that are there already.
final class FrameCollector {
  private let client: MasterClient
  private let frames: FrameFiles
  private let finality: FinalityOption
  private let skipsExisting: Bool
  private(set) var files: [FetchedFrame] = []
  /// Frames whose files were there and were not looked at.
  private(set) var skipped: Set<Int> = []
  /// Revisions by number: a provisional picture may be made anew.
  private var fetched: [Int: Int] = [:]

  init(client: MasterClient, files: FrameFiles, finality: FinalityOption, skipsExisting: Bool) {
    self.client = client
    self.frames = files
    self.finality = finality
    self.skipsExisting = skipsExisting
  }

  func fetchFinished(of detail: JobDetail) async throws {
    for frame in detail.frames where finality.takes(frame) && fetched[frame.number] != frame.revision {
      try await fetch(frame, of: detail)
    }
  }

  /// Says how many files were there already.
  func tell() {
    if !skipped.isEmpty { SkippedFrames.tell(skipped.count, of: skipped.count + files.count) }
    let count = files.count(where: \.wasThere)
    if count > 0 { Terminal.note("\(count) of \(files.count) frames were there already and are the same.") }
  }

  /// The picture arrives beside its place and is then renamed: under its name it is whole.
  func fetch(_ frame: FrameSummary, of detail: JobDetail) async throws {
    let path = frames.path(frame.number)
    if skipsExisting, fetched[frame.number] == nil, frames.isThere(frame.number) {
      skipped.insert(frame.number)
      fetched[frame.number] = frame.revision
      return
    }
    guard !skipped.contains(frame.number) else { return }
    var wasThere = PictureOnDisk(path: path)?.shows(frame, of: detail.job) == true
    if !wasThere { wasThere = try await download(frame, of: detail, to: path) }
    if fetched.updateValue(frame.revision, forKey: frame.number) != nil {
      files.removeAll { $0.number == frame.number }
    }
    files.append(
      FetchedFrame(
        number: frame.number, file: path, threadSeconds: frame.seconds, rays: frame.rays,
        digest: frame.digest?.hex ?? "", revision: frame.revision, isFinal: frame.isFinal, wasThere: wasThere))
  }

  /// - Returns: Whether the same bytes were there already.
  private func download(_ frame: FrameSummary, of detail: JobDetail, to path: String) async throws -> Bool {
    let url = URL(fileURLWithPath: path)
    let part = url.deletingLastPathComponent().appendingPathComponent(".glint-\(UUID().uuidString).part")
    defer { try? FileManager.default.removeItem(at: part) }
    try await client.downloadPicture(job: detail.job.id, frame: frame.number, to: part)
    if frames.isThere(frame.number), FileManager.default.contentsEqual(atPath: part.path, andPath: url.path) {
      return true
    }
    guard rename(part.path, url.path) == 0 else {
      throw CommandFailure(.failedWork, "\(path): cannot be written (\(String(cString: strerror(errno))))")
    }
    return false
  }
}
