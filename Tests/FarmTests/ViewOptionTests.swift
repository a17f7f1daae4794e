import FarmModel
import Foundation
import ImageFiles
import Testing

@Suite("Views and looks in jobs and commands", .timeLimit(.minutes(2)))
struct ViewOptionTests {
  @Test("Jobs know the names of views that pictures know")
  func names() {
    #expect(PictureSpec.views == ViewSettings.names)
    for view in PictureSpec.views { #expect(PictureSpec(view: view).fault == nil) }
    #expect(PictureSpec(view: "agx+Punchy").fault?.contains("very-high-contrast") == true)
    #expect(PictureSpec(view: "neutral+punchy").fault != nil)
  }

  @Test("A look without AgX is bad usage, and the message says what to do", arguments: ["render", "submit"])
  func lookOfOtherView(command: String) async throws {
    let folder = try TemporaryFolder()
    let process = try GlintProcess([command, "scene.glb", "--look", "punchy"], home: folder.url)
    #expect(await process.end() == 64)
    #expect(process.errors.contains("--look") && process.errors.contains("--view agx"), "\(process.errors)")
    let unknown = try GlintProcess([command, "scene.glb", "--view", "agx", "--look", "punch"], home: folder.url)
    #expect(await unknown.end() == 64)
    #expect(unknown.errors.contains("very-low-contrast"), "\(unknown.errors)")
  }

  @Test("`glint bench views` develops a file of light, negative light too")
  func develops() async throws {
    let folder = try TemporaryFolder()
    let (light, codes) = (folder.url.appendingPathComponent("light"), folder.url.appendingPathComponent("codes"))
    let values: [Float] = [0.18, 0.18, 0.18, -0.1, 0.4, 0.9]
    try Data(values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }).write(
      to: light)
    _ = try await GlintProcess.run(
      ["bench", "views", "agx+high-contrast", "--colors", light.path, "--codes", codes.path], home: folder.url)
    let bytes = [UInt8](try Data(contentsOf: codes))
    let found = (0..<bytes.count / 2).map { Double(UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8) / 257 }
    // Blender's codes.
    #expect(found.count == 6)
    for (found, expected) in zip(found, [118.0, 118, 118, 2, 169, 218]) { #expect(abs(found - expected) <= 1) }
    try Data([1, 2, 3]).write(to: light)
    let broken = try GlintProcess(
      ["bench", "views", "agx", "--colors", light.path, "--codes", codes.path], home: folder.url)
    #expect(await broken.end() == 65)
    #expect(broken.errors.contains("3 bytes"))
  }
}
