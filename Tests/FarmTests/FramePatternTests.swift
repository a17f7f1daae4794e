import Foundation
import SceneModel
import Testing

@testable import glint

@Suite("Names of output files")
struct FramePatternTests {
  private func path(_ text: String, _ frame: Int, isOnlyFrame: Bool = false) throws -> String {
    try FramePattern(text, isFolder: { $0 == "here" }).path(frame: frame, isOnlyFrame: isOnlyFrame)
  }

  @Test(
    "The name of frame 7 of several",
    arguments: [
      ("f.####.png", "f.0007.png"), ("f#.PNG", "f7.PNG"), ("f.png", "f.0007.png"), ("f", "f.0007.png"),
      ("f.####", "f.0007.png"), ("####", "0007.png"), ("out/", "out/frame.0007.png"), ("here", "here/frame.0007.png"),
      ("shots/####/beauty.png", "shots/0007/beauty.png"), ("sh#t/f.####.png", "sh#t/f.0007.png"),
      ("a##/b###.exr", "a##/b007.exr"), ("sh#t/f.png", "sh7t/f.png"), ("f.%04d.png", "f.0007.png"),
      ("f%d.pfm", "f7.pfm"), ("f%3d.png", "f  7.png"), ("sh#t/f.%04d.png", "sh#t/f.0007.png"),
      ("100%done/f.####.png", "100%done/f.0007.png"), ("50%%/f.%04d.png", "50%/f.0007.png"),
      ("50%%/f.##.png", "50%%/f.07.png"), ("50%%d/f.png", "50%%d/f.0007.png"), ("f.%04d", "f.0007.png"),
      ("f.12", "f.12.0007.png"), ("a.b/f", "a.b/f.0007.png"), ("../f.Exr", "../f.0007.Exr"),
    ])
  func name(_ pattern: String, _ expected: String) throws {
    #expect(try path(pattern, 7) == expected)
  }

  @Test("A pattern without a number is taken as it is for an only frame; one with a number is filled in")
  func onlyFrame() throws {
    #expect(try path("x", 7, isOnlyFrame: true) == "x.png")
    #expect(try path("x.exr", 7, isOnlyFrame: true) == "x.exr")
    #expect(try path("x.##.png", 7, isOnlyFrame: true) == "x.07.png")
    #expect(try path("out/", 7, isOnlyFrame: true) == "out/frame.0007.png")
  }

  @Test("Negative numbers: sign, then padded digits for #, as printf does for %d")
  func negative() throws {
    #expect(try path("f.####.png", -5) == "f.-0005.png")
    #expect(try path("f.png", -5) == "f.-0005.png")
    #expect(try path("f.%04d.png", -5) == "f.-005.png")
    #expect(try path("f.%d.png", -12345) == "f.-12345.png")
  }

  @Test(
    "Names that cannot be pictures are refused, and the message says what to write",
    arguments: [
      ("x.jpg", ".png, .exr or .pfm"), ("x.mp4", ".png, .exr or .pfm"), ("out/x.TIF", ".png, .exr or .pfm"),
      ("x.####.webp", ".png, .exr or .pfm"), ("x.", ".png, .exr or .pfm"), ("", "empty"), ("-", "standard output"),
      ("out/.png", "hidden"), (".####", "hidden"), ("%04d/%04d.png", "2 numbers"), ("f.%0999d.png", "digits"),
      (String(repeating: "x", count: 250) + ".png", "at most 255"),
    ])
  func refused(_ pattern: String, _ reason: String) throws {
    let error = #expect(throws: OptionError.self) { try FramePattern(pattern, isFolder: { _ in false }) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test("No two frames share a name, and no file is hidden")
  func distinct() throws {
    let frames = Array(-1100...1100) + [99_999, -99_999, 1_000_000]
    for pattern in ["x", "x1#", "out/", "#", "a/###/f.png", "f%d0.png", "f%5d.exr", "f.%02d"] {
      let names = try frames.map { try path(pattern, $0) }
      #expect(Set(names).count == frames.count, "\(pattern)")
      #expect(!names.contains { $0.split(separator: "/").last!.hasPrefix(".") }, "\(pattern)")
    }
  }

  @Test("The farm takes PNG names only, and says where the others come from")
  func farm() throws {
    #expect(try OutputOption.parseForFarm("x.##.png").format == .png)
    for name in ["x.exr", "x.pfm"] {
      let error = #expect(throws: OptionError.self) { try OutputOption.parseForFarm(name) }
      #expect(error?.description.contains("glint render") == true)
    }
  }

  @Test("Folders are made for every frame before work begins; a folder in a file's place is refused")
  func folders() throws {
    let folder = try TemporaryFolder()
    let root = folder.url.path
    let frames = FrameNumbers(1...3)
    let files = FrameFiles(pattern: try FramePattern("\(root)/shots/##/beauty.png"), isOnlyFrame: false)
    try files.prepare(frames)
    for name in ["01", "02", "03"] { #expect(FramePattern.folderExists("\(root)/shots/\(name)")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(root)/shots/01").isEmpty)

    try FileManager.default.createDirectory(atPath: "\(root)/f.0002.png", withIntermediateDirectories: true)
    let blocked = FrameFiles(pattern: try FramePattern("\(root)/f.png"), isOnlyFrame: false)
    #expect(throws: CommandFailure.self) { try blocked.prepare(frames) }
    try Data("x".utf8).write(to: folder.url.appendingPathComponent("file"))
    let below = FrameFiles(pattern: try FramePattern("\(root)/file/f.png"), isOnlyFrame: false)
    let error = #expect(throws: CommandFailure.self) { try below.prepare(frames) }
    #expect(error?.status == .badInput && error?.message.contains("\(root)/file") == true)
  }

  @Test("A frame is there if its file is not empty")
  func existing() throws {
    let folder = try TemporaryFolder()
    let files = FrameFiles(pattern: try FramePattern("\(folder.url.path)/f.png"), isOnlyFrame: false)
    try Data([1]).write(to: URL(fileURLWithPath: files.path(2)))
    try Data().write(to: URL(fileURLWithPath: files.path(3)))
    #expect(files.missing(of: FrameNumbers(1...4)) == FrameNumbers([1, 3, 4]))
  }
}
