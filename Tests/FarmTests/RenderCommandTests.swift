import Foundation
import FrameRenderer
import ImageFiles
import KernelScene
import SceneImport
import Testing

@testable import glint

@Suite("glint render", .timeLimit(.minutes(3)))
struct RenderCommandTests {
  private static let scene = Picture(scene: "cornell", size: "48x40", frames: "1-3", samples: 2)

  private struct Document: Decodable {
    struct Frame: Decodable {
      var number: Int
      var file: String
      var wallSeconds: Double
      var threadSeconds: Double
      var rays: UInt64
      var digest: String
    }

    var frames: [Frame]
    var skippedFrames: [Int]
    var wallSeconds: Double
    var threadSeconds: Double
    var width: Int
    var height: Int
  }

  private func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> (Int32, GlintProcess) {
    let process = try GlintProcess(arguments, home: folder.url)
    return (await process.end(), process)
  }

  private func pixels(_ url: URL) throws -> DecodedImage {
    try [UInt8](Data(contentsOf: url)).withUnsafeBytes { try ImageDecoder.decode($0) }
  }

  @Test("A crop has the pixels that the whole picture has there, whatever the tiles", arguments: [16, 32, 64])
  func crop(tile: Int) async throws {
    let imported = try GLTFImporter.load(URL(fileURLWithPath: Self.scene.options[0]), options: ImportOptions())
    let settings = RenderSettings(width: 70, height: 50, sampleCount: 3)
    func frame(_ crop: TileRectangle?) async throws -> FinishedFrame {
      let renderer = LocalRenderer(scene: imported.scene, settings: settings, crop: crop, tile: tile, threadCount: 2)
      var result: FinishedFrame?
      try await renderer.render(frames: [1], state: { try imported.state(frame: $0) }, camera: 0) {
        result = $0.picture
      }
      return try #require(result)
    }
    let whole = try await frame(nil)
    for part in [
      TileRectangle(x: 0, y: 0, width: 70, height: 50), TileRectangle(x: 13, y: 7, width: 41, height: 29),
      TileRectangle(x: 69, y: 49, width: 1, height: 1), TileRectangle(x: 16, y: 16, width: 16, height: 16),
    ] {
      let cropped = try await frame(part)
      #expect(cropped.width == part.width && cropped.height == part.height)
      for plane in 0..<6 {
        for y in 0..<part.height {
          for x in 0..<part.width {
            let expected = whole.sums[(plane * 50 + part.y + y) * 70 + part.x + x]
            #expect(cropped.sums[(plane * part.height + y) * part.width + x].bitPattern == expected.bitPattern)
          }
        }
      }
    }
  }

  @Test("--crop writes the whole picture's pixels, --scale multiplies the size, and both check it")
  func cropAndScale() async throws {
    let folder = try TemporaryFolder()
    let file = Self.scene.options[0]
    let common = ["render", file, "--size", "96x80", "--scale", "50%", "--frames", "1", "--samples", "2"]
    let text = try await GlintProcess.run(common + ["--json", "-o", "whole"], home: folder.url)
    let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
    #expect(document.width == 48 && document.height == 40 && document.frames[0].file == "whole.png")
    #expect(document.threadSeconds == document.frames[0].threadSeconds && document.frames[0].wallSeconds > 0)
    #expect(document.wallSeconds >= document.frames[0].wallSeconds)
    _ = try await GlintProcess.run(common + ["--crop", "5,6,20,17", "-o", "part.png"], home: folder.url)
    let (whole, part) = (
      try pixels(folder.url.appendingPathComponent("whole.png")),
      try pixels(folder.url.appendingPathComponent("part.png"))
    )
    #expect(part.width == 20 && part.height == 17)
    for y in 0..<17 {
      let expected = whole.texels.elements[((y + 6) * 48 + 5) * 4..<((y + 6) * 48 + 25) * 4]
      #expect(part.texels.elements[y * 80..<(y + 1) * 80].elementsEqual(expected), "row \(y)")
    }
    let (status, process) = try await run(common + ["--crop", "40,0,20,10", "-o", "none.png"], in: folder)
    #expect(status == 64 && process.errors.contains("48x40"), "\(process.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("none.png").path))
  }

  @Test(
    "Other endings are refused with 64 before any work, by render, submit and fetch alike",
    arguments: ["x.jpg", "x.mp4", "x.tif", "x.webp"])
  func endings(name: String) async throws {
    let folder = try TemporaryFolder()
    for arguments in [
      ["render", "missing.glb", "-o", name], ["submit", "missing.glb", "--wait", "-o", name],
      ["fetch", "5f0c", "-o", name],
    ] {
      let (status, process) = try await run(arguments, in: folder)
      #expect(status == 64, "\(arguments): \(process.errors)")
      #expect(process.errors.hasPrefix("glint: error: ") && process.errors.contains(".png, .exr or .pfm"))
      #expect(process.errors.contains("\nUsage: glint \(arguments[0])"), "\(process.errors)")
    }
  }

  @Test("Bad usage looks alike, whoever finds it: the error, the usage line, exit code 64")
  func oneVoice() async throws {
    let folder = try TemporaryFolder()
    for (arguments, text) in [
      (["rneder", "x.glb"], "did you mean 'render'?"), (["render"], "<scene>"),
      (["render", "x.glb", "--sampels", "4"], "--samples"), (["render", "x.glb", "--samples", "0"], "1 to 65"),
      (["jobs", "--state", "ready"], "cancelled"), (["jobs", "--master", "ftp://x"], "is no address"),
      (["submit", "x.glb", "--output", "x.png"], "--wait"),
    ] {
      let (status, process) = try await run(arguments, in: folder)
      #expect(status == 64, "\(arguments): \(process.errors)")
      #expect(process.errors.hasPrefix("glint: error: ") && process.errors.contains(text), "\(process.errors)")
      #expect(process.errors.contains("\nUsage: glint"), "\(arguments): \(process.errors)")
      #expect(process.output.isEmpty)
    }
  }

  @Test("--skip-existing renders what is missing or empty, and says how many it left")
  func skipExisting() async throws {
    let folder = try TemporaryFolder()
    let arguments = ["render"] + Self.scene.options + ["-o", "out/", "--skip-existing"]
    try FileManager.default.createDirectory(at: folder.folder("out"), withIntermediateDirectories: true)
    try Data("kept".utf8).write(to: folder.url.appendingPathComponent("out/frame.0002.png"))
    try Data().write(to: folder.url.appendingPathComponent("out/frame.0003.png"))
    let (status, process) = try await run(arguments, in: folder)
    let document = try JSONDecoder().decode(Document.self, from: Data(process.output.utf8))
    #expect(status == 0 && document.frames.map(\.number) == [1, 3] && document.skippedFrames == [2])
    #expect(process.errors.contains("1 of 3 frames already exist and are skipped"), "\(process.errors)")
    #expect(try Data(contentsOf: folder.url.appendingPathComponent("out/frame.0002.png")) == Data("kept".utf8))
    let (again, all) = try await run(arguments, in: folder)
    #expect(again == 0 && all.errors.contains("3 of 3 frames already exist and are skipped"), "\(all.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.folder("out").path)
    #expect(names.sorted() == ["frame.0001.png", "frame.0002.png", "frame.0003.png"])
  }

  @Test("Ctrl-C says how many frames are there and the line that renders the others, which then does")
  func interrupted() async throws {
    let folder = try TemporaryFolder()
    let scene = Self.scene.options[0]
    let process = try GlintProcess(
      ["render", scene, "--size", "64x64", "--samples", "16", "--frames", "1-400", "-o", "a b/f.####.png"],
      home: folder.url)
    _ = try await eventually("the first frame is told") { process.output.contains("f.0001.png") ? true : nil }
    process.signal(SIGINT)
    #expect(await process.end() == 130)
    let words = process.errors.split(separator: "\n").map(String.init)
    let count = try #require(
      words.first { $0.contains("of 400 frames") }?.split(separator: " ").first.flatMap { Int($0) })
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.folder("a b").path)
    #expect(names.count == count && count >= 1 && count < 400, "\(process.errors)")
    #expect(names.allSatisfy { $0.hasPrefix("f.") && $0.hasSuffix(".png") }, "\(names)")
    let line = try #require(words.last)
    #expect(line.hasSuffix("-o 'a b/f.####.png' --skip-existing"), "\(line)")
  }

  @Test("render writes OpenEXR files with the digest, and the same bytes whatever the view")
  func openEXR() async throws {
    let folder = try TemporaryFolder()
    let common = ["render"] + Picture(scene: "cornell", size: "48x40", frames: "1", samples: 2).options
    func bytes(_ name: String, _ options: String...) async throws -> Data {
      _ = try await GlintProcess.run(common + ["-o", name] + options, home: folder.url)
      return try Data(contentsOf: folder.url.appendingPathComponent(name))
    }
    let half = try await bytes("half.exr")
    #expect(half.starts(with: [0x76, 0x2F, 0x31, 0x01]))
    #expect(half.range(of: Data("glint.digest".utf8)) != nil && half.range(of: Data("glint.view".utf8)) == nil)
    #expect(try await bytes("agx.EXR", "--view", "agx", "--exposure", "2") == half)
    let float = try await bytes("float.exr", "--exr-type", "float")
    #expect(float != half && float.starts(with: [0x76, 0x2F, 0x31, 0x01]))
  }

  private struct Help: Decodable {
    struct Command: Decodable {
      var commandName: String
      var arguments: [Argument]?
      var subcommands: [Command]?
    }

    struct Argument: Decodable {
      struct Name: Decodable { var name: String }
      var kind: String
      var isOptional: Bool
      var preferredName: Name?
      var defaultValue: String?
      var abstract: String?
    }

    var command: Command
  }

  @Test("--help tells the default of every option that has one, as it is")
  func defaults() async throws {
    let folder = try TemporaryFolder()
    let text = try await GlintProcess.run(["--experimental-dump-help"], home: folder.url)
    let help = try JSONDecoder().decode(Help.self, from: Data(text.utf8))
    // Left out, these do nothing.
    let withoutDefault: Set = ["embree", "record", "tls-certificate", "tls-key", "results", "colors", "codes"]
    var texts: [String: String] = [:]
    func visit(_ command: Help.Command, _ path: String) {
      for argument in command.arguments ?? [] where argument.kind == "option" && argument.isOptional {
        let name = argument.preferredName?.name ?? ""
        let text = argument.abstract ?? ""
        texts["\(path) \(name)"] = text
        #expect(
          argument.defaultValue != nil || text.contains("efault") || withoutDefault.contains(name),
          "\(path) --\(name): \(text)")
      }
      for subcommand in command.subcommands ?? [] { visit(subcommand, path + " " + subcommand.commandName) }
    }
    visit(help.command, "glint")
    let render = try RenderCommand.parse(["x.glb"])
    let sheet = try SheetCommand.parse(["x.png"])
    let submit = try SubmitCommand.parse(["x.glb"])
    for (name, value) in [
      ("render samples", "\(render.picture.samples)"), ("render bounces", "\(render.picture.bounces)"),
      ("render exposure", "\(Int(render.picture.exposure))"), ("render tile", "\(render.picture.tile)"),
      ("render scale", "\(render.picture.scale)"), ("render output", "\(render.output)"),
      ("submit priority", "\(submit.priority)"), ("sheet columns", "\(sheet.columns)"),
      ("sheet width", "\(sheet.width)"),
    ] {
      #expect(
        texts["glint " + name]?.contains("Default: \(value).") == true, "\(name): \(texts["glint " + name] ?? "")")
    }
  }
}
