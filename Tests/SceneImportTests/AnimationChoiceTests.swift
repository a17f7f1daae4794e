import SceneModel
import Testing

@testable import SceneImport

@Suite("Choice of animations")
struct AnimationChoiceTests {
  /// Animations that move nodes to a place, by name: node and x.
  private func file(_ animations: [(name: String, node: Int, x: Float)]) -> SmallFile {
    var file = SmallFile()
    let position = file.triangle()
    var texts: [String] = []
    for (name, node, x) in animations {
      let (input, output) = (file.floats([0, 1], "SCALAR"), file.floats([x, 0, 0, x, 0, 0], "VEC3"))
      texts.append(
        """
        {"name":"\(name)","channels":[{"sampler":0,"target":{"node":\(node),"path":"translation"}}],\
        "samplers":[{"input":\(input),"output":\(output)}]}
        """)
    }
    file.members += [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]",
      "\"nodes\":[{\"mesh\":0},{\"mesh\":0}]", "\"animations\":[\(texts.joined(separator: ","))]",
    ]
    return file
  }

  private func places(_ file: SmallFile, _ choice: [String] = []) throws -> [Float] {
    var options = ImportOptions()
    options.animations = choice
    return try file.load(options).state(frame: 1).instances.map(\.transform.x.w)
  }

  @Test("Of animations that drive one node the first is played, the others are named")
  func conflict() throws {
    let clips = file([("idle", 0, 1), ("walk", 0, 2), ("camera", 1, 5)])
    #expect(try places(clips) == [1, 5])
    let scene = try clips.load()
    let text = try #require(
      scene.warnings.first { $0.kind == .choice && $0.description.hasPrefix("animations") }?.description)
    #expect(text.contains("'idle' is played, without 'walk'") && text.contains("--animation"))
    #expect(try places(clips, ["walk"]) == [2, 0])
    #expect(try places(clips, ["camera", "walk"]) == [2, 5])
    #expect(try places(clips, ["3", "1"]) == [1, 5])
    #expect(try places(clips, ["all"]) == [1, 5])
    #expect(try places(clips, ["walk", "idle"]) == [2, 0])
    var both = ImportOptions()
    both.animations = ["walk", "idle"]
    #expect(try clips.load(both).warnings.contains { $0.description.contains("'walk' and 'idle' drive the same") })
  }

  @Test("A broken animation that is not played costs nothing")
  func broken() throws {
    var clips = file([("idle", 0, 1)])
    clips.members.removeLast()
    let good = file([("idle", 0, 1)]).members.last ?? ""
    clips.members.append(
      String(good.dropLast())
        + ",{\"name\":\"bad\",\"channels\":[{\"sampler\":9,\"target\":{\"node\":0,\"path\":\"translation\"}}],\"samplers\":[]}]"
    )
    #expect(try places(clips) == [1, 0])
    #expect(refusal(clips, with: ["bad"])?.contains("animation 'bad'") == true)
  }

  private func refusal(_ file: SmallFile, with choice: [String]) -> String? {
    var options = ImportOptions()
    options.animations = choice
    return SceneImportTests.refusal(file, options)
  }

  @Test("The summary lists animations with length, keys and rate")
  func summary() throws {
    var file = SmallFile()
    let input = file.floats((1...48).map { Float($0) / 25 }, "SCALAR")
    let output = file.floats([Float](repeating: 0, count: 144), "VEC3")
    file.members += [
      "\"nodes\":[{}]",
      """
      "animations":[{"channels":[{"sampler":0,"target":{"node":0,"path":"scale"}}],\
      "samplers":[{"input":\(input),"output":\(output)}]}]
      """,
    ]
    let animation = try #require(try file.load().summary.animations.first)
    #expect(animation.name == "animation 1" && animation.keys == 48 && animation.framesPerSecond == 25)
    #expect(animation.seconds == Double(Float(48) / 25) && animation.firstKeySeconds == Double(Float(1) / 25))
  }
}
