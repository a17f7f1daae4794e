import Foundation
import Testing

@testable import SceneImport

@Suite("Names of files")
struct ResourceFinderTests {
  private let top: URL
  private let finder: ResourceFinder

  /// A scene's folder `shots` beside a folder `textures`.
  init() throws {
    top = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString)")
    for folder in ["shots/tex", "textures"] {
      try FileManager.default.createDirectory(
        at: top.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    let names = [
      "shots/tex/red.png", "shots/wood 50%.png", "shots/wood.png", "shots/a%20b.png", "shots/Two.png", "shots/two.png",
      "shots/ka\u{308}se.png", "textures/up.png", "secret.txt",
    ]
    for name in names { try Data(name.utf8).write(to: top.appendingPathComponent(name)) }
    try FileManager.default.createSymbolicLink(
      at: top.appendingPathComponent("shots/link.txt"), withDestinationURL: top.appendingPathComponent("secret.txt"))
    finder = ResourceFinder(folder: top.appendingPathComponent("shots"), assetRoot: nil)
  }

  private func name(_ uri: String, _ finder: ResourceFinder? = nil) throws -> (content: String, remark: String?) {
    let found = try (finder ?? self.finder).find(uri)
    return (String(decoding: try Data(contentsOf: found.file), as: UTF8.self), found.remark)
  }

  private func reason(_ uri: String) -> String? {
    do {
      _ = try finder.find(uri)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test(
    "Names are found as exporters write them",
    arguments: [
      ("tex/red.png", "shots/tex/red.png", nil), ("./tex/../wood.png", "shots/wood.png", nil),
      ("wood%2050%25.png", "shots/wood 50%.png", nil), ("wood 50%.png", "shots/wood 50%.png", "encoded"),
      ("a%2520b.png", "shots/a%20b.png", nil), ("a%20b.png", "shots/a%20b.png", "encoded"),
      ("tex\\red.png", "shots/tex/red.png", "backslashes"), ("WOOD.png", "shots/wood.png", "case"),
      ("TEX\\Red.PNG", "shots/tex/red.png", "case"), ("Two.png", "shots/Two.png", nil),
      ("two.png", "shots/two.png", nil),
      ("k\u{E4}se.png", "shots/ka\u{308}se.png", "normalisation"),
      ("k%C3%A4se.png", "shots/ka\u{308}se.png", "normalisation"),
    ] as [(String, String, String?)])
  func found(_ uri: String, _ content: String, _ remark: String?) throws {
    let found = try name(uri)
    // Bytes, since Swift compares normalised.
    #expect(Array(found.content.utf8) == Array(content.utf8))
    if let remark { #expect(found.remark?.contains(remark) == true) } else { #expect(found.remark == nil) }
  }

  @Test("Nothing outside is read without leave, and the message names the way")
  func outside() throws {
    #expect(
      reason("../textures/up.png")?.contains("--asset-root \(top.appendingPathComponent("textures").path)") == true)
    #expect(reason("..\\textures\\up.png")?.contains("--asset-root") == true)
    #expect(reason("../nowhere/up.png")?.contains("--asset-root") == true)
    #expect(reason("link.txt")?.contains("is a link that leads outside") == true)
    let wider = ResourceFinder(folder: top.appendingPathComponent("shots"), assetRoot: top)
    #expect(try name("../textures/up.png", wider).content == "textures/up.png")
    #expect(try name("..\\Textures\\UP.png", wider).content == "textures/up.png")
    #expect(throws: ResourceFinder.Fault.self) { try wider.find("../../etc/hostname") }
  }

  @Test(
    "Absolute paths and addresses are never followed",
    arguments: [
      "/etc/hostname", "//etc/hostname", "%2Fetc/hostname", "C:\\a.png", "c:/a.png", "\\\\host\\a.png",
      "file:///etc/hostname",
      "file:/etc/hostname", "https://example.org/a.png",
    ])
  func absolute(_ uri: String) {
    #expect(reason(uri)?.contains("leads outside the scene's folder") == true)
    #expect(reason(uri)?.contains("never followed") == true)
  }

  @Test("What is not there is said, with what is")
  func missing() {
    #expect(reason("wood.jpg")?.hasSuffix("cannot be read beside the scene; there is 'wood.png'") == true)
    #expect(reason("nothing.png")?.hasSuffix("cannot be read beside the scene") == true)
    for uri in ["", "a\0b", "%00"] { #expect(reason(uri)?.contains("is not a relative path") == true) }
  }
}
