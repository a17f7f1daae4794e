import FarmModel
import FarmWire
import Foundation
import KernelScene
import SceneModel
import Testing

@testable import FarmAgent
@testable import glint

@Suite("What the command reads and says")
struct CommandTextTests {
  @Test("The default size is the largest inside 1280x720 with the camera's aspect ratio")
  func fitting() {
    let cases: [(Float?, String)] = [
      (nil, "1280x720"), (0.5, "360x720"), (1, "720x720"), (2, "1280x640"), (16 / 9, "1280x720"), (1e9, "1280x1"),
      (1e-9, "1x720"), (0, "1280x720"), (-1, "1280x720"), (.nan, "1280x720"), (.infinity, "1280x720"),
    ]
    for (aspect, size) in cases { #expect(PictureSize.fitting(aspect: aspect).description == size) }
  }

  @Test("--scale takes per cent and factors, rounds, and never gives an empty picture")
  func scale() throws {
    let size = PictureSize(width: 1281, height: 3)
    #expect(try size.scaled(by: PictureSize.parseScale("50%")).description == "641x2")
    #expect(try size.scaled(by: PictureSize.parseScale("0.5")).description == "641x2")
    #expect(try size.scaled(by: PictureSize.parseScale("2")).description == "2562x6")
    #expect(try size.scaled(by: PictureSize.parseScale("0.1%")).description == "1x1")
    for text in ["50", "0", "-1", "0%", "x", "", "%", "nan", "inf", "1e9%"] {
      #expect(throws: OptionError.self) { try PictureSize.parseScale(text) }
    }
    let error = #expect(throws: OptionError.self) { try PictureSize.parseScale("50") }
    #expect(error?.description.contains("50 per cent is 50%") == true)
    #expect(throws: CommandFailure.self) {
      try PictureSize(width: 16_384, height: 1).scaled(by: PictureScale(factor: 1.01))
    }
  }

  @Test("--crop is in pixels or per cent, and lies inside the picture")
  func crop() throws {
    let size = PictureSize(width: 101, height: 50)
    func rectangle(_ text: String) throws -> TileRectangle { try CropOption.parse(text).rectangle(in: size) }
    #expect(try rectangle("1,2,3,4") == TileRectangle(x: 1, y: 2, width: 3, height: 4))
    #expect(try rectangle("0, 0, 101, 50") == TileRectangle(x: 0, y: 0, width: 101, height: 50))
    // Halves meet, though the width is odd.
    let (left, right) = (try rectangle("0%,0%,50%,100%"), try rectangle("50%,0%,50%,100%"))
    #expect(left.width == right.x && right.x + right.width == 101)
    for text in ["1,2,3", "1,2,3,4,5", "1,2,0,4", "-1,2,3,4", "1.5,2,3,4", "10%,2,3,4", "a,b,c,d", "", "1,2,3,1e3"] {
      #expect(throws: OptionError.self, "\(text)") { try CropOption.parse(text) }
    }
    for text in ["0,0,102,50", "100,0,2,1", "0,1,1,50", "9000000000000000000,0,9000000000000000000,1", "0%,0%,0.1%,1%"]
    {
      let error = #expect(throws: CommandFailure.self, "\(text)") { try rectangle(text) }
      #expect(error?.status == .badUsage && error?.message.contains("101x50") == true)
    }
  }

  @Test("Text from outside cannot move a terminal's cursor, change colours or forge lines")
  func plain() {
    #expect(
      PlainText.make("shot \u{1B}[2J\u{7}\r\nglint: done\u{9B}31m\u{202E}")
        == "shot \\u{1b}[2J\\u{7}\\u{d}\\u{a}glint: done\\u{9b}31m\\u{202e}")
    let harmless = "Grüße 漢字 🎬 e\u{301} – 'x'"
    #expect(PlainText.make(harmless) == harmless)
  }

  @Test("A shell reads back the words of a line")
  func shell() throws {
    let words = [
      "glint", "render", "a b.glb", "-o", "it's/####.png", "$HOME", "", "*?[x]", "a\"b\\c", "é", "100%", "--x=1",
      "=ls", "~", "a;b&c|d>e<f`g`(h){i}!j", "line\nbreak", "#",
      "\u{1B}[32mgreen", "back\\slash\t'quoted'7", "two words", "käse",
    ]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "printf '%s\\0' " + ShellLine.join(words)]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(
      String(decoding: data, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(
        String.init) == words)
    #expect(ShellLine.join(["glint", "render", "scenes/a-1.glb"]) == "glint render scenes/a-1.glb")
  }

  @Test("Options are added before the -- behind which there are none")
  func adding() {
    #expect(
      ShellLine.adding(["--a"], to: ["glint", "render", "--", "-x.glb"]) == ["glint", "render", "--a", "--", "-x.glb"])
    #expect(ShellLine.adding(["--a"], to: ["glint", "x"]) == ["glint", "x", "--a"])
  }

  @Test("A mistyped subcommand is answered with the nearest one")
  func suggestions() throws {
    func message(_ words: String...) -> String? {
      do {
        try CommandNames.check(words)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(message("rneder", "x.glb") == "'rneder' is not a command of glint; did you mean 'render'?")
    #expect(message("ledger", "verfiy")?.contains("of glint ledger; did you mean 'verify'?") == true)
    #expect(message("frobnicate") == "'frobnicate' is not a command of glint; `glint --help` lists them")
    for words in [
      ["render", "rneder"], ["--version"], [], ["help", "render"], ["ledger", "verify", "x"], ["ledger", "--help"],
    ] {
      #expect(throws: Never.self) { try CommandNames.check(words) }
    }
    #expect(CommandNames.editDistance("abcd", "acbd") == 1 && CommandNames.editDistance("", "abc") == 3)
  }

  @Test("Folders follow HOME, and the variables of the XDG specification before it")
  func folders() {
    func folder(_ environment: [String: String]) -> String {
      GlintFolders.folder("XDG_DATA_HOME", fallback: ".local/share", environment: environment).path
    }
    #expect(folder(["HOME": "/tmp/someone"]) == "/tmp/someone/.local/share/glint")
    #expect(folder(["HOME": "/tmp/someone", "XDG_DATA_HOME": "/data"]) == "/data/glint")
    #expect(folder(["HOME": "/tmp/someone", "XDG_DATA_HOME": "data"]) == "/tmp/someone/.local/share/glint")
  }

  @Test("Submitted jobs are remembered, whatever the file holds")
  func submitted() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("data/submitted-jobs")
    #expect(SubmittedJobs.known(in: file).isEmpty)
    let (a, b) = (JobID(random: 17), JobID(random: 18))
    SubmittedJobs.remember(a, in: file)
    SubmittedJobs.remember(b, in: file)
    #expect(SubmittedJobs.known(in: file) == [a, b])
    // Grown too large: the newest stay.
    let many = (0..<20_000).map { JobID(random: UInt64($0) + 100).description + "\n" }.joined()
    try Data(many.utf8).write(to: file)
    SubmittedJobs.remember(a, in: file)
    let known = SubmittedJobs.known(in: file)
    #expect(known.count == 10_000 && known.contains(a) && known.contains(JobID(random: 20_099)))
  }

  @Test("Times are told in one unit")
  func coarseTimes() {
    let texts = [0, 59, 60, 5399, 5400, 7200, 200_000].map { DurationText.coarse(seconds: $0) }
    #expect(texts == ["0 s", "59 s", "1 min", "89 min", "1 h", "2 h", "2 d"])
  }

  @Test("The line to go on with skips what is there, and does not take older files for this run's")
  func continuation() throws {
    let folder = try TemporaryFolder()
    let files = FrameFiles(pattern: try FramePattern(folder.url.path + "/f.##.png"), isOnlyFrame: false)
    let command = ["glint", "render", "a b.glb", "--frames", "1-4"]
    let frames = FrameNumbers(1...4)
    func lines(_ progress: RenderProgress) throws -> [String] {
      for frame in [1, 2] {
        progress.finish(frame) { _ = try? Data([1]).write(to: URL(fileURLWithPath: files.path(frame))) }
      }
      #expect(progress.doneCount == 2)
      return progress.lastWords()
    }
    var progress = RenderProgress(frames: frames, pending: frames, files: files, command: command)
    #expect(
      try lines(progress) == [
        "2 of 4 frames are there; this line renders the others:",
        "  glint render 'a b.glb' --frames 1-4 --skip-existing",
      ])
    try Data([1]).write(to: URL(fileURLWithPath: files.path(4)))
    progress = RenderProgress(frames: frames, pending: frames, files: files, command: command)
    #expect(try lines(progress).last == "  glint render 'a b.glb' --frames 1-4 --frames 3-4")
  }
}
