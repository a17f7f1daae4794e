import Foundation
import ImageFiles
import LaneMath
import KernelScene
import SceneImport
import SceneModel
import Testing

@Suite struct SceneTests {
  /// One triangle, facing +z, placed by `nodes`.
  private func file(nodes: String, primitive: String = "", more: [String] = []) -> SmallFile {
    var file = SmallFile()
    let position = file.triangle()
    let normal = file.floats([0, 0, 1, 0, 0, 1, 0, 0, 1], "VEC3")
    file.members += [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position),\"NORMAL\":\(normal)}\(primitive)}]}]",
      "\"nodes\":\(nodes)",
    ]
    file.members += more
    return file
  }

  @Test func bakedMirrorKeepsFacing() throws {
    let scene = try file(nodes: "[{\"mesh\":0,\"scale\":[-2,1,1],\"translation\":[5,0,0]}]").load()
    #expect(try scene.state(frame: 1).instances == [FrameState.Instance(mesh: 0, transform: .identity)])
    let mesh = scene.scene.meshes[0].arrays
    #expect(Array(mesh.positions.elements) == [5, 0, 0, 3, 0, 0, 5, 1, 0])
    #expect(Array(mesh.normals.elements) == [0, 0, 1, 0, 0, 1, 0, 0, 1])
    // Still counter-clockwise seen from +z.
    #expect(Array(mesh.indices.elements) == [0, 2, 1])
  }

  @Test func meshesUsedOftenStayInstances() throws {
    let nodes = """
      [{"mesh":0},{"children":[2],"translation":[0,0,3]},{"mesh":0,"rotation":[0,0.70710678,0,0.70710678],\
      "scale":[2,2,2]}]
      """
    let scene = try file(nodes: nodes).load()
    #expect(scene.scene.meshes.count == 1)
    let instances = try scene.state(frame: 1).instances
    #expect(instances.count == 2 && instances[0].transform == .identity)
    let turned = instances[1].transform
    #expect(near(turned.point([1, 0, 0]), [0, 0, 1]) && near(turned.point([0, 1, 0]), [0, 2, 3]))
    #expect(scene.summary.triangles == 2)
  }

  @Test func instancingExtensionPlacesCopies() throws {
    var file = SmallFile()
    let position = file.triangle()
    let places = file.floats([0, 0, 0, 1, 0, 0, 2, 0, 0], "VEC3")
    file.members += [
      "\"extensionsUsed\":[\"EXT_mesh_gpu_instancing\"]", "\"extensionsRequired\":[\"EXT_mesh_gpu_instancing\"]",
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]",
      """
      "nodes":[{"mesh":0,"translation":[0,7,0],\
      "extensions":{"EXT_mesh_gpu_instancing":{"attributes":{"TRANSLATION":\(places)}}}}]
      """,
    ]
    let scene = try file.load()
    #expect(try scene.state(frame: 1).instances.map(\.transform.x.w) == [0, 1, 2])
    #expect(try scene.state(frame: 1).instances.allSatisfy { $0.transform.y.w == 7 })
    #expect(scene.summary.instances == 3)
  }

  @Test func fileWithoutCameraGetsOne() throws {
    let scene = try file(nodes: "[{\"mesh\":0,\"scale\":[4,2,1]}]").load()
    #expect(scene.scene.cameraNames == ["default"])
    let camera = try #require(try scene.state(frame: 1).cameras.first)
    // 50 mm before a film 36 mm wide, as 16:9.
    let tangent: Float = (18.0 / 50) * 9 / 16
    #expect(camera.projection == .perspective(tanHalfHeight: tangent))
    let place = camera.cameraToWorld
    // Nine tenths of where the enclosing ball, of radius √5, fits between bottom and top.
    let distance = 0.9 * Float(5).squareRoot() * (1 + 1 / (tangent * tangent)).squareRoot()
    let offset = SIMD3<Float>(0.9, 0.5, 1.4) * (distance / Float(3.02).squareRoot())
    #expect(near(place.point(.zero), [2, 1, 0] + offset, 1e-4))
    // The centre is straight ahead, and up is up.
    #expect(near(place.point([0, 0, -distance]), [2, 1, 0], 1e-4))
    #expect(place.vector([0, 1, 0]).y > 0.9 && near(place.vector([1, 0, 0]).y, 0))
  }

  @Test func standardCameraSeesWhereThingsGo() throws {
    func distance(_ file: SmallFile) throws -> Float {
      try #require(try file.load().state(frame: 1).cameras.first).cameraToWorld.z.w
    }
    var file = file(nodes: "[{\"mesh\":0}]")
    let times = file.floats([0, 1], "SCALAR")
    let places = file.floats([0, 0, 0, 20, 0, 0], "VEC3")
    let animation = """
      "animations":[{"samplers":[{"input":\(times),"output":\(places)}],\
      "channels":[{"sampler":0,"target":{"node":0,"path":"translation"}}]}]
      """
    let still = try distance(file)
    file.members.append(animation)
    #expect(try distance(file) > 10 * still)
  }

  @Test func cameraNamesAreUnique() throws {
    let nodes = """
      [{"camera":0,"name":"a"},{"camera":1,"name":"a"},{"camera":0},{"camera":1,"name":"a 2"},{"camera":0,"name":""}]
      """
    let cameras = """
      "cameras":[{"type":"perspective","perspective":{"yfov":1.5707963,"znear":0.1,"aspectRatio":3}},\
      {"type":"orthographic","name":"b","orthographic":{"xmag":2,"ymag":3,"znear":0,"zfar":1}}]
      """
    let scene = try file(nodes: nodes, more: [cameras]).load()
    #expect(scene.scene.cameraNames == ["a", "a 2", "camera 3", "a 2 2", "camera 5"])
    let state = try scene.state(frame: 1)
    guard case .perspective(let tangent) = state.cameras[0].projection else {
      Issue.record("the first camera is perspective")
      return
    }
    #expect(near(tangent, 1, 1e-6))
    #expect(state.cameras[1].projection == .orthographic(halfHeight: 3))
  }

  @Test func lightsShineAlongTheirNodes() throws {
    let nodes = """
      [{"mesh":0},{"translation":[1,2,3],"rotation":[-0.70710678,0,0,0.70710678],"scale":[5,5,5],\
      "extensions":{"KHR_lights_punctual":{"light":0}}}]
      """
    let lights = """
      "extensions":{"KHR_lights_punctual":{"lights":[{"type":"spot","color":[1,0.5,0],"intensity":10,\
      "spot":{"outerConeAngle":0.5}}]}}
      """
    let scene = try file(nodes: nodes, more: [lights, "\"extensionsUsed\":[\"KHR_lights_punctual\"]"]).load()
    #expect(scene.warnings.isEmpty && scene.scene.environment == nil)
    let light = try #require(try scene.state(frame: 1).lights.first)
    #expect(light.intensity == [10, 5, 0] && light.position == [1, 2, 3] && light.range == .infinity)
    #expect(near(light.direction, [0, -1, 0], 1e-6))
    #expect(light.cosInnerCone == 1 && light.cosOuterCone == laneCos(Float(0.5)))
  }

  @Test func sceneWithoutLightGetsASky() throws {
    let dark = try file(nodes: "[{\"mesh\":0}]").load()
    let sky = try #require(dark.scene.environment)
    #expect(
      dark.warnings.map(\.description) == ["the scene has no light; it is lit by a plain sky (--no-sky: by none)"])
    // Luminance over all directions.
    var (sum, area) = (0.0, 0.0)
    for row in 0..<sky.height {
      let weight = sin((Double(row) + 0.5) / Double(sky.height) * Double.pi)
      let at = row * sky.width * 3
      let (r, g, b) = (Double(sky.texels[at]), Double(sky.texels[at + 1]), Double(sky.texels[at + 2]))
      sum += weight * (0.2126 * r + 0.7152 * g + 0.0722 * b)
      area += weight
    }
    #expect((sum / area - 1).magnitude < 0.02)
  }

  /// Labels that glow with 1 leave the rest dark; a lamp is meant to light it.
  @Test func onlyLampsReplaceTheSky() throws {
    func sky(_ strength: Float) throws -> Environment? {
      let glow = """
        {"emissiveFactor":[1,1,1],"extensions":{"KHR_materials_emissive_strength":{"emissiveStrength":\(strength)}}}
        """
      return try file(
        nodes: "[{\"mesh\":0}]", primitive: ",\"material\":0",
        more: ["\"materials\":[\(glow)]", "\"extensionsUsed\":[\"KHR_materials_emissive_strength\"]"]
      ).load().scene.environment
    }
    #expect(try sky(1) != nil && sky(1.5) == nil)
  }

  @Test func environmentIsReadAndTurned() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString).hdr")
    defer { try? FileManager.default.removeItem(at: file) }
    var options = ImportOptions()
    options.environment = .file(file)
    options.environmentScale = 2
    options.environmentDegrees = 450
    let small = self.file(nodes: "[{\"mesh\":0}]")
    #expect(refusal(small, options)?.contains("there is no such file") == true)
    try Data("no picture".utf8).write(to: file)
    #expect(refusal(small, options)?.hasPrefix("environment ") == true)
    let header = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n"
    try (Data(header.utf8) + Data([128, 64, 0, 129, 0, 0, 0, 0])).write(to: file)
    let scene = try small.load(options).scene
    #expect(Array(try #require(scene.environment).texels.elements) == [1, 0.5, 0, 0, 0, 0])
    #expect(scene.environmentScale == 2)
    // A quarter turn of Blender's Mapping node: what the picture has at +x is seen at Blender's −y, which is glTF's +z.
    #expect(near(scene.worldToEnvironment.vector([0, 0, 1]), [1, 0, 0], 1e-6))
    #expect(near(scene.worldToEnvironment.vector([0, 1, 0]), [0, 1, 0], 1e-6))
  }

  @Test func environmentsAreKnownByTheirContentNotTheirName() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString).hdr")
    defer { try? FileManager.default.removeItem(at: file) }
    var options = ImportOptions()
    options.environment = .file(file)
    let small = self.file(nodes: "[{\"mesh\":0}]")
    let bytes = try EXRWriter.encode(layers: [.rgb([1, 0.5, 0, 4, 5, 6], pixelType: .half)], width: 2, height: 1)
    try Data(bytes).write(to: file)
    let environment = try #require(try small.load(options).scene.environment)
    #expect(environment.width == 2 && environment.height == 1)
    #expect(Array(environment.texels.elements) == [1, 0.5, 0, 4, 5, 6])
    try Data(bytes.dropLast()).write(to: file)
    #expect(refusal(small, options)?.hasPrefix("environment \(file.path): EXR: ") == true)
  }

  @Test func scenesAreChosenByNameOrNumber() throws {
    let more = ["\"scenes\":[{\"name\":\"a\",\"nodes\":[0]},{\"name\":\"b\",\"nodes\":[1]}]", "\"scene\":1"]
    let small = file(nodes: "[{\"mesh\":0},{\"mesh\":0,\"translation\":[9,0,0]}]", more: more)
    func first(_ name: String?) throws -> Float {
      var options = ImportOptions()
      options.scene = name
      return try small.load(options).scene.meshes[0].arrays.positions[0]
    }
    #expect(try [first(nil), first("a"), first("b"), first("1"), first("2")] == [9, 0, 9, 0, 9])
    var options = ImportOptions()
    options.scene = "c"
    #expect(refusal(small, options) == "there is no scene 'c'; the file has 'a', 'b'")
  }
}
