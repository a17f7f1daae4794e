import Foundation
import Testing

@testable import SceneImport

@Suite("Files that are no glTF")
struct ForeignFileTests {
  @Test(
    "The message says what the file is and what to do",
    arguments: [
      (Array("BLENDER-v405".utf8), "a.glb", "Blender file"),
      ([0x28, 0xB5, 0x2F, 0xFD, 1], "shot.blend", "Blender file"),
      (Array("# Blender 4.5\nmtllib a.mtl\nv 0 0 0\n".utf8), "a.glb", "Wavefront OBJ"),
      (Array("o".utf8), "a.obj", "Wavefront OBJ"),
      (Array("Kaydara FBX Binary  ".utf8), "a.fbx", "FBX"), (Array("PK\u{3}\u{4}".utf8), "a.zip", "ZIP"),
      (Array("<!DOCTYPE html><html>".utf8), "a.glb", "web page"),
      (Array("version https://git-lfs.github.com".utf8), "a.glb", "git lfs pull"),
      ([0x89, 0x50, 0x4E, 0x47], "a.png", "PNG picture"), ([], "a.glb", "empty"),
      (Array("#usda 1.0".utf8), "a.usda", "USD"),
      (Array("{\"asset\":{\"version\":\"2.0\"},}x".utf8), "a.gltf", "its JSON is broken"),
      (Array("hello".utf8), "a.txt", "its JSON is broken"),
    ] as [([UInt8], String, String)])
  func described(_ bytes: [UInt8], _ name: String, _ text: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    let error = #expect(throws: ImportError.self) { try GLTFImporter.load(file, options: ImportOptions()) }
    #expect(error?.description.hasPrefix("\(name): the file is") == true)
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }
}
