import Testing

@testable import SceneModel

@Suite("Names of what frames show")
struct SceneNamerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("A frame has one name, in whatever bundle it is, and without one")
  func oneName() throws {
    let scene = FullScene.make()
    let store = try PartStore(directory: folder.folder("a"))
    let manifest = try FullScene.write(scene, into: store)
    let namer = try SceneNamer(scene, threadCount: 1)
    var names: Set<ContentHash> = []
    for frame in manifest.frames {
      let state = try BundleReader.state(frame: frame.number, of: manifest, scene: scene, from: store)
      let name = try namer.id(frame: frame.number, state: state)
      #expect(manifest.id(ofFrame: frame.number) == name)
      var single = manifest
      single.frames = [frame]
      #expect(single.id == name)
      names.insert(name)
    }
    #expect(names.count == manifest.frames.count)
    #expect(manifest.id(ofFrame: 1_000_000) == nil)
  }

  @Test("Whatever frames share is in their names")
  func shared() throws {
    var scene = FullScene.make()
    let state = FrameState()
    let before = try SceneNamer(scene, threadCount: 1).id(frame: 1, state: state)
    scene.materials[0].roughness = 0.123
    #expect(try SceneNamer(scene, threadCount: 2).id(frame: 1, state: state) != before)
  }
}
