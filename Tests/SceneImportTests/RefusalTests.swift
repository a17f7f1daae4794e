import Foundation
import SceneImport
import Testing

@Suite struct RefusalTests {
  private func refusal(_ data: Data) -> String? {
    do {
      _ = try SmallFile.load(data)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func file(_ members: String...) -> SmallFile {
    var file = SmallFile()
    file.members = members
    return file
  }

  @Test func nodesThatAreNoTreeAreRefused() {
    let cycle = SceneImportTests.refusal(file("\"nodes\":[{\"children\":[1]},{\"children\":[2]},{\"children\":[1]}]"))
    #expect(cycle?.contains("a node has one parent") == true)
    let loop = SceneImportTests.refusal(file("\"nodes\":[{},{\"children\":[2]},{\"children\":[1]}]"))
    #expect(loop?.hasPrefix("nodes[1].children") == true)
    let own = SceneImportTests.refusal(file("\"nodes\":[{\"children\":[0]}]"))
    #expect(own?.hasPrefix("nodes[0].children[0]") == true)
    let missing = SceneImportTests.refusal(file("\"nodes\":[{\"children\":[7]}]"))
    #expect(missing == "nodes[0].children[0]: found 7, but there are 1 nodes")
  }

  @Test func deepChainIsRefused() {
    let chain = (0..<1500).map { $0 < 1499 ? "{\"children\":[\($0 + 1)]}" : "{}" }.joined(separator: ",")
    #expect(SceneImportTests.refusal(file("\"nodes\":[\(chain)]"))?.contains("levels deep") == true)
  }

  @Test(arguments: [
    "../secret.bin", "/etc/hostname", "a/../../secret.bin", "%2e%2e/secret.bin", "file:///etc/hostname",
  ])
  func pathsOutsideTheFolderAreRefused(uri: String) {
    let file = file(
      "\"buffers\":[{\"byteLength\":36,\"uri\":\"\(uri)\"}]",
      "\"bufferViews\":[{\"buffer\":0,\"byteLength\":36}]",
      "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":3,\"type\":\"VEC3\"}]",
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0}}]}]", "\"nodes\":[{\"mesh\":0}]")
    #expect(SceneImportTests.refusal(file)?.contains("leads outside the scene's folder") == true)
  }

  @Test func requiredExtensionIsRefusedByName() {
    let text = SceneImportTests.refusal(
      file(
        "\"extensionsUsed\":[\"KHR_draco_mesh_compression\"]",
        "\"extensionsRequired\":[\"KHR_draco_mesh_compression\"]",
        "\"meshes\":[{\"name\":\"board\",\"primitives\":[{\"attributes\":{},\"extensions\":{\"KHR_draco_mesh_compression\":{}}}]}]",
        "\"nodes\":[{\"mesh\":0,\"name\":\"chess\"}]"
      ))
    #expect(text?.contains("mesh 'board' of 'chess'") == true)
    #expect(text?.contains("KHR_draco_mesh_compression") == true && text?.contains("compression, or unpack") == true)
  }

  @Test func usedExtensionIsWarnedOfOnce() throws {
    let scene = try file("\"extensionsUsed\":[\"X_a\",\"KHR_materials_unlit\",\"X_a\"]").load()
    #expect(scene.warnings.filter { $0.description.contains("X_a") }.count == 1)
    #expect(scene.summary.extensionsIgnored == ["X_a"])
  }

  @Test(arguments: [
    "", "{", "[]", "{\"asset\":{}}", "{\"asset\":{\"version\":\"1.0\"}}", "{\"asset\":{\"version\":2}}", "null",
    "{\"asset\":{\"version\":\"2.0\"},\"nodes\":{}}", "{\"asset\":{\"version\":\"2.0\"},\"nodes\":[{\"mesh\":-1}]}",
    "{\"asset\":{\"version\":\"2.0\"},\"nodes\":[{\"translation\":[1,2]}]}",
    "{\"asset\":{\"version\":\"2.0\"},\"nodes\":[{\"scale\":[1e99,1,1]}]}",
  ])
  func malformedJSONIsRefused(text: String) { #expect(refusal(Data(text.utf8)) != nil) }

  @Test func malformedGLBIsRefused() {
    func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func glb(_ length: UInt32, _ chunks: [UInt8], version: UInt32 = 2) -> Data {
      Data(Array("glTF".utf8) + word(version) + word(length) + chunks)
    }
    let json = Array("{\"asset\":{\"version\":\"2.0\"}} ".utf8)
    let chunk = word(UInt32(json.count)) + Array("JSON".utf8) + json
    let length = UInt32(12 + chunk.count)
    #expect(refusal(glb(length, chunk)) == nil)
    #expect(refusal(glb(length, chunk, version: 1))?.contains("version 1") == true)
    #expect(refusal(glb(length, Array(chunk.dropLast(4)))) != nil)
    #expect(refusal(glb(length, word(.max) + Array("JSON".utf8) + json)) != nil)
    #expect(refusal(glb(20, word(0) + Array("BIN\0".utf8)))?.contains("no JSON chunk") == true)
    #expect(refusal(Data("glTF".utf8)) != nil)
  }

  @Test func missingFileIsNamed() {
    let url = URL(fileURLWithPath: "/nowhere/at all/scene.glb")
    #expect(throws: ImportError("/nowhere/at all/scene.glb: there is no such file")) {
      try GLTFImporter.load(url, options: ImportOptions())
    }
  }

  @Test func senselessOptionsAreRefused() {
    let small = file()
    var options = ImportOptions()
    options.framesPerSecond = 0
    #expect(SceneImportTests.refusal(small, options) != nil)
    options = ImportOptions()
    options.frames = FrameNumbers(1...1_000_000)
    #expect(SceneImportTests.refusal(small, options) != nil)
  }
}
