import Foundation
import KernelScene
import LaneMath
import SceneModel
import Testing

@testable import SceneImport

/// One faulty thing that the picture does not need is left out with a warning that names it; `isStrict` makes it an error.
@Suite("Faults that a picture can do without")
struct ForgivingTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Part of the warning.
    var text: String
    /// Parts of a scene with a mesh, which members replace: see `file`.
    var primitive = ""
    var nodes = "[{\"mesh\":0,\"name\":\"ball\"}]"
    var meshes = ""
    var members: [String] = []
    var isFault = true
  }

  static let faults: [Fault] = [
    Fault(
      testDescription: "mesh without primitives", text: "meshes[1] (mesh of 'empty'): has no primitives",
      nodes: "[{\"mesh\":0},{\"mesh\":1,\"name\":\"empty\"}]", meshes: ",{\"primitives\":[]}"),
    Fault(
      testDescription: "mesh without the member", text: "meshes[1]", nodes: "[{\"mesh\":0},{\"mesh\":1}]", meshes: ",{}"
    ),
    Fault(
      testDescription: "mesh with an empty accessor", text: "has no vertices", nodes: "[{\"mesh\":0},{\"mesh\":1}]",
      meshes: ",{\"primitives\":[{\"attributes\":{\"POSITION\":EMPTY}}]}"),
    Fault(
      testDescription: "unused camera", text: "cameras[1].orthographic.ymag (camera 'side' of 'second')",
      nodes: "[{\"mesh\":0},{\"camera\":0},{\"camera\":1,\"name\":\"second\"}]",
      members: [
        """
        "cameras":[{"type":"perspective","perspective":{"yfov":1}},\
        {"name":"side","type":"orthographic","orthographic":{"xmag":1,"ymag":0}}]
        """
      ]),
    Fault(
      testDescription: "light of unknown type", text: "lights[0].type (light 'key' of 'lamp'): 'area' is none of",
      nodes: "[{\"mesh\":0},{\"name\":\"lamp\",\"extensions\":{\"KHR_lights_punctual\":{\"light\":0}}}]",
      members: ["\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[{\"name\":\"key\",\"type\":\"area\"}]}}"]),
    Fault(
      testDescription: "light of range 0", text: "lights[0].range",
      nodes: "[{\"mesh\":0},{\"extensions\":{\"KHR_lights_punctual\":{\"light\":0}}}]",
      members: ["\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[{\"type\":\"point\",\"range\":0}]}}"]),
    Fault(
      testDescription: "missing light", text: "found 3, but there are 0 lights",
      nodes: "[{\"mesh\":0},{\"extensions\":{\"KHR_lights_punctual\":{\"light\":3}}}]"),
    Fault(
      testDescription: "required extension of an unused material", text: "KHR_materials_ior is not supported",
      members: [
        "\"extensionsRequired\":[\"KHR_materials_ior\"]",
        "\"materials\":[{},{\"extensions\":{\"KHR_materials_ior\":{\"ior\":2}}}]",
      ]),
    Fault(
      testDescription: "required extension without effect", text: "KHR_materials_transmission is not supported",
      primitive: ",\"material\":0",
      members: [
        "\"extensionsRequired\":[\"KHR_materials_transmission\",\"KHR_materials_ior\"]",
        """
        "materials":[{"extensions":{"KHR_materials_transmission":{"transmissionFactor":0},"KHR_materials_ior":{}}}]
        """,
      ]),
    Fault(
      testDescription: "required extension on an unlit surface", text: "KHR_materials_ior is not supported",
      primitive: ",\"material\":0",
      members: [
        "\"extensionsRequired\":[\"KHR_materials_ior\"]",
        "\"materials\":[{\"extensions\":{\"KHR_materials_unlit\":{},\"KHR_materials_ior\":{\"ior\":2}}}]",
      ]),
    Fault(
      testDescription: "node of another scene that cannot be placed", text: "",
      nodes: "[{\"mesh\":0},{\"translation\":[1]}]",
      members: ["\"scenes\":[{\"nodes\":[0]},{\"nodes\":[1]}]", "\"scene\":0"], isFault: false),
    Fault(
      testDescription: "unused skin", text: "", members: ["\"skins\":[{\"joints\":[77]}]"], isFault: false),
    Fault(
      testDescription: "skin of a node without a mesh", text: "", nodes: "[{\"mesh\":0},{\"skin\":0}]",
      members: ["\"skins\":[{\"joints\":[77]}]"], isFault: false),
    Fault(
      testDescription: "skin that the mesh has no joints for", text: "", nodes: "[{\"mesh\":0,\"skin\":0}]",
      members: ["\"skins\":[{\"joints\":[77]}]"], isFault: false),
    Fault(
      testDescription: "lights that are no array", text: "",
      members: ["\"extensions\":{\"KHR_lights_punctual\":{\"lights\":{}}}"], isFault: false),
    Fault(
      testDescription: "child that is not there, outside the scene", text: "",
      nodes: "[{\"mesh\":0},{\"children\":[9]}]", members: ["\"scenes\":[{\"nodes\":[0]}]"], isFault: false),
    Fault(
      testDescription: "animation of a node outside the scene", text: "", nodes: "[{\"mesh\":0},{}]",
      members: [
        "\"scenes\":[{\"nodes\":[0]}]",
        "\"animations\":[{\"channels\":[{\"sampler\":5,\"target\":{\"node\":1,\"path\":\"scale\"}}],\"samplers\":[]}]",
      ], isFault: false),
    Fault(
      testDescription: "channel without a path", text: "animations[0].channels[0].target.path: is missing",
      members: ["\"animations\":[{\"channels\":[{\"sampler\":0,\"target\":{\"node\":0}}],\"samplers\":[]}]"]),
    Fault(
      testDescription: "missing picture of an occlusion texture", text: "", primitive: ",\"material\":0",
      members: [
        "\"images\":[{\"uri\":\"gone.png\"}]", "\"textures\":[{\"source\":0}]",
        "\"materials\":[{\"occlusionTexture\":{\"index\":0},\"emissiveTexture\":{\"index\":0}}]",
      ], isFault: false),
    Fault(
      testDescription: "unused material", text: "", members: ["\"materials\":[{\"alphaCutoff\":\"a\"}]"], isFault: false
    ),
    Fault(
      testDescription: "attribute that is never read", text: "", primitive: "", members: [], isFault: false),
  ]

  private func file(_ fault: Fault) -> SmallFile {
    var file = SmallFile()
    let position = file.triangle()
    let empty = file.accessor(view: nil, type: "VEC3", component: 5126, count: 0)
    file.members =
      [
        """
        "meshes":[{"primitives":[{"attributes":{"POSITION":\(position),"TEXCOORD_5":99,"_CUSTOM":98}\(fault.primitive)}]}\
        \(fault.meshes.replacingOccurrences(of: "EMPTY", with: "\(empty)"))]
        """, "\"nodes\":\(fault.nodes)",
      ] + fault.members
    return file
  }

  @Test("It costs only itself", arguments: faults)
  func leftOut(_ fault: Fault) throws {
    let imported = try file(fault).load()
    #expect(imported.summary.triangles == 1)
    #expect(try imported.state(frame: 1).instances.count >= 1)
    let warnings = imported.warnings.filter(\.kind.isFault)
    #expect(warnings.isEmpty != fault.isFault, "\(imported.warnings)")
    if fault.isFault { #expect(warnings.contains { $0.description.contains(fault.text) }, "\(warnings)") }
    var strict = ImportOptions()
    strict.isStrict = true
    #expect((refusal(file(fault), strict) == nil) != fault.isFault)
  }

  @Test("What the picture needs is refused, by name")
  func needed() {
    let camera = Fault(
      testDescription: "", text: "", nodes: "[{\"mesh\":0},{\"camera\":0,\"name\":\"shot\"}]",
      members: ["\"cameras\":[{\"type\":\"perspective\",\"perspective\":{\"yfov\":0}}]"])
    #expect(refusal(file(camera))?.hasPrefix("cameras[0].perspective.yfov (camera of 'shot'): found 0.0") == true)
    let glass = Fault(
      testDescription: "", text: "", primitive: ",\"material\":0",
      members: [
        "\"extensionsRequired\":[\"KHR_materials_volume\"]",
        """
        "materials":[{"name":"glass","extensions":{"KHR_materials_volume":{"thicknessFactor":1}}}]
        """,
      ])
    #expect(refusal(file(glass))?.contains("materials[0] (material 'glass' of 'ball')") == true)
  }

  @Test("A chosen camera that is broken is refused; numbers count broken ones, too")
  func chosenCamera() throws {
    let fault = ForgivingTests.faults.first { $0.testDescription == "unused camera" }!
    var options = ImportOptions()
    options.camera = "second"
    #expect(refusal(file(fault), options)?.contains("ymag") == true)
    options.camera = "2"
    #expect(refusal(file(fault), options)?.contains("ymag") == true)
    options.camera = "camera 1"
    #expect(try file(fault).load(options).camera == 0)
    options.camera = "third"
    #expect(refusal(file(fault), options)?.contains("'camera 1', 'second'") == true)
  }

  @Test("Numbers that are not finite matter only where a triangle uses them")
  func unusedVertex() throws {
    func file(_ indices: [UInt16]) -> SmallFile {
      var file = SmallFile()
      let position = file.floats([0, 0, 0, 1, 0, 0, 0, 1, 0, .nan, .infinity, 0], "VEC3")
      let list = file.shorts(indices)
      file.members = [
        "\"meshes\":[{\"primitives\":[{\"indices\":\(list),\"attributes\":{\"POSITION\":\(position)}}]}]",
        "\"nodes\":[{\"mesh\":0}]",
      ]
      return file
    }
    let imported = try file([0, 1, 2]).load()
    #expect(imported.summary.triangles == 1)
    #expect(imported.warnings.contains { $0.kind == .leftOut && $0.description.contains("no triangle uses them") })
    #expect(refusal(file([0, 1, 3]))?.contains("element 3") == true)
  }

  @Test("Keys of nodes outside the scene do not count")
  func keysOutside() throws {
    var file = SmallFile()
    let (position, input, output) = (
      file.triangle(), file.floats([0, 10], "SCALAR"), file.floats([0, 0, 0, 1, 1, 1], "VEC3")
    )
    file.members = [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]", "\"nodes\":[{\"mesh\":0},{}]",
      "\"scenes\":[{\"nodes\":[0]}]",
      """
      "animations":[{"channels":[{"sampler":0,"target":{"node":1,"path":"scale"}}],\
      "samplers":[{"input":\(input),"output":\(output)}]}]
      """,
    ]
    #expect(try file.load().frameNumbers == FrameNumbers(1...1))
  }

  @Test("A required extension on animation data is needed")
  func compressedAnimation() throws {
    var file = SmallFile()
    let (position, input, output) = (
      file.triangle(), file.floats([0, 10], "SCALAR"), file.floats([0, 0, 0, 1, 1, 1], "VEC3")
    )
    file.members = [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]", "\"nodes\":[{\"mesh\":0}]",
      "\"extensionsRequired\":[\"EXT_meshopt_compression\"]",
      """
      "animations":[{"channels":[{"sampler":0,"target":{"node":0,"path":"scale"}}],\
      "samplers":[{"input":\(input),"output":\(output)}]}]
      """,
    ]
    #expect(refusal(file) == nil)
    let json = file.json.replacingOccurrences(
      of: "\"bufferViews\":[{\"buffer\":0,\"byteOffset\":0,\"byteLength\":36},{",
      with:
        "\"bufferViews\":[{\"buffer\":0,\"byteOffset\":0,\"byteLength\":36},{\"extensions\":{\"EXT_meshopt_compression\":{}},"
    )
    #expect(json != file.json)
    let error = #expect(throws: ImportError.self) { try SmallFile.load(Data(json.utf8)) }
    #expect(error?.description.contains("without mesh compression") == true)
  }

  @Test("Thousands of names of extensions take no time to speak of", .timeLimit(.minutes(1)))
  func manyExtensions() throws {
    var file = SmallFile()
    file.members = [
      "\"extensionsUsed\":[\((0..<20_000).map { "\"X_\($0)\"" }.joined(separator: ","))]",
      "\"nodes\":[\((0..<20_000).map { _ in "{}" }.joined(separator: ","))]",
    ]
    #expect(try file.load().summary.extensionsIgnored.count == 20_000)
  }

  @Test("A byte stride of 0 means that elements follow each other")
  func strideZero() throws {
    var file = SmallFile()
    let view = file.view([0, 0, 0, 1, 0, 0, 0, 1, 0] as [Float], stride: 0)
    let position = file.accessor(view: view, type: "VEC3", component: 5126, count: 3)
    file.members = [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]", "\"nodes\":[{\"mesh\":0}]",
    ]
    let imported = try file.load()
    #expect(Array(imported.scene.meshes[0].arrays.positions.elements) == [0, 0, 0, 1, 0, 0, 0, 1, 0])
    #expect(imported.warnings.contains { $0.description.contains("byteStride") })
  }

  @Test("An animated node's matrix is taken apart, mirrored ones too")
  func animatedMatrix() throws {
    for (matrix, isWhole) in [
      // Columns: a quarter turn about z with scale 2, 3, 4; the same mirrored; sheared.
      ("[0,2,0,0,-3,0,0,0,0,0,4,0,5,6,7,1]", true), ("[0,-2,0,0,-3,0,0,0,0,0,4,0,5,6,7,1]", true),
      ("[1,0,0,0,1,1,0,0,0,0,1,0,0,0,0,1]", false),
    ] {
      var file = SmallFile()
      let position = file.triangle()
      let (input, output) = (file.floats([0, 1], "SCALAR"), file.floats([5, 6, 7, 50, 60, 70], "VEC3"))
      func load(_ animations: [String]) throws -> ImportedScene {
        var scene = file
        scene.members =
          [
            "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]",
            "\"nodes\":[{\"children\":[1]},{\"mesh\":0,\"matrix\":\(matrix)},{\"mesh\":0}]",
          ] + animations
        return try scene.load()
      }
      let moving = try load([
        """
        "animations":[{"channels":[{"sampler":0,"target":{"node":1,"path":"translation"}}],\
        "samplers":[{"input":\(input),"output":\(output)}]}]
        """
      ])
      let warning = try #require(moving.warnings.first { $0.description.contains("taken apart") })
      #expect(warning.kind == (isWhole ? .choice : .picture))
      guard isWhole else { continue }
      let m = matrix.dropFirst().dropLast().split(separator: ",").map { Float($0)! }
      let expected = Affine(columns: m[...])
      let found = try #require(try moving.state(frame: 1).instances.first { $0.transform.z.w == 7 }).transform
      for (a, b) in [(found.x, expected.x), (found.y, expected.y), (found.z, expected.z)] {
        for i in 0..<4 { #expect(near(a[i], b[i], 1e-5)) }
      }
    }
  }

  @Test("A hidden node hides meshes and lights below it, not cameras")
  func visibility() throws {
    var file = SmallFile()
    let position = file.triangle()
    let hidden = "\"extensions\":{\"KHR_node_visibility\":{\"visible\":false}"
    file.members = [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]",
      """
      "nodes":[{"mesh":0,"children":[1],\(hidden)}},{"mesh":0,"children":[2,3],\
      "extensions":{"KHR_node_visibility":{"visible":true}}},{"camera":0},\
      {"extensions":{"KHR_lights_punctual":{"light":0}}},{"mesh":0}]
      """, "\"cameras\":[{\"type\":\"perspective\",\"perspective\":{\"yfov\":1}}]",
      "\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[{\"type\":\"point\"}]}}",
      "\"extensionsRequired\":[\"KHR_node_visibility\"]",
    ]
    let imported = try file.load()
    let state = try imported.state(frame: 1)
    #expect(imported.summary.triangles == 1)
    #expect(state.lights.isEmpty && state.cameras.count == 1)
  }

  @Test("Warnings that change the picture come first")
  func ranking() throws {
    var file = SmallFile()
    let position = file.triangle()
    file.members = [
      "\"extensionsUsed\":[\"KHR_xmp_json_ld\",\"KHR_materials_transmission\"]",
      "\"materials\":[{\"name\":\"pane\",\"extensions\":{\"KHR_materials_transmission\":{\"transmissionFactor\":1}}}]",
      """
      "meshes":[{"primitives":[{"material":0,"attributes":{"POSITION":\(position)}},{"attributes":{}}]}]
      """, "\"nodes\":[{\"mesh\":0,\"name\":\"window\"}]",
    ]
    let warnings = try file.load().warnings
    #expect(warnings.map(\.kind) == [.picture, .leftOut, .choice, .note])
    #expect(warnings[0].description.contains("materials[0] (material 'pane' of 'window')"))
    #expect(warnings[3].description.contains("KHR_xmp_json_ld"))
  }
}
