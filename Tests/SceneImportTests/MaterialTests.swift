import KernelScene
import LaneMath
import SceneModel
import Testing

@testable import SceneImport

@Suite("Materials")
struct MaterialTests {
  /// Two by two pixels: red, green, blue, white.
  private static let picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR4nGP4z8DAAMIM/4EAAB/uBfsL2WiLAAAAAElFTkSuQmCC"

  /// A triangle with a material and attributes.
  private func load(
    _ material: String, members: [String] = [], targets: (inout SmallFile) -> String = { _ in "" },
    attributes: (inout SmallFile) -> String = { _ in "" }
  ) throws -> ImportedScene {
    var file = SmallFile()
    let position = file.triangle()
    let (more, morphs) = (attributes(&file), targets(&file))
    file.members =
      [
        "\"images\":[{\"uri\":\"data:image/png;base64,\(MaterialTests.picture)\"}]", "\"textures\":[{\"source\":0}]",
        "\"materials\":[\(material)]",
        "\"meshes\":[{\"primitives\":[{\"material\":0,\"attributes\":{\"POSITION\":\(position)\(more)}\(morphs)}]}]",
        "\"nodes\":[{\"mesh\":0}]",
      ] + members
    return try file.load()
  }

  @Test(
    "BLEND stays where any source of alpha is below one",
    arguments: [
      ("{\"alphaMode\":\"BLEND\"}", 1, Material.AlphaMode.opaque), ("{\"alphaMode\":\"BLEND\"}", 0.5, .blend),
      ("{\"alphaMode\":\"MASK\"}", 1, .mask), ("{}", 0.5, .opaque),
      ("{\"alphaMode\":\"BLEND\",\"pbrMetallicRoughness\":{\"baseColorFactor\":[1,1,1,0.5]}}", 1, .blend),
      ("{\"alphaMode\":\"BLEND\",\"pbrMetallicRoughness\":{\"baseColorTexture\":{\"index\":0}}}", 1, .blend),
      ("{\"alphaMode\":\"BLEND\",\"extensions\":{\"KHR_materials_unlit\":{}}}", 0.5, .blend),
    ] as [(String, Float, Material.AlphaMode)])
  func blend(_ material: String, _ vertexAlpha: Float, _ expected: Material.AlphaMode) throws {
    for component in [5121, 5123, 5126] {
      let imported = try load(
        material,
        attributes: { file in
          let values: [Float] = (0..<3).flatMap { _ in [1, 1, 1, vertexAlpha] }
          let view =
            switch component {
            case 5121: file.view(values.map { UInt8($0 * 255) })
            case 5123: file.view(values.map { UInt16($0 * 65535) })
            default: file.view(values)
            }
          let rest = component == 5126 ? "" : ",\"normalized\":true"
          return ",\"COLOR_0\":\(file.accessor(view: view, type: "VEC4", component: component, count: 3, rest: rest))"
        })
      #expect(imported.scene.materials[0].alphaMode == expected)
      #expect(near(imported.scene.meshes[0].arrays.colors[3], vertexAlpha, 0.003))
    }
  }

  @Test("BLEND stays where morph targets may lower vertex colours' alpha")
  func morphedAlpha() throws {
    let imported = try load("{\"alphaMode\":\"BLEND\"}") { file in
      ",\"targets\":[{\"COLOR_0\":\(file.floats([Float](repeating: -0.5, count: 12), "VEC4"))}]"
    } attributes: { file in
      ",\"COLOR_0\":\(file.floats([Float](repeating: 1, count: 12), "VEC4"))"
    }
    #expect(imported.scene.materials[0].alphaMode == .blend)
    let target = try #require(imported.scene.meshes[0].deformation?.morphTargets.first)
    #expect(Array(target.colors.elements) == [Float](repeating: -0.5, count: 12))
  }

  private func coordinates(_ sets: [Int], _ file: inout SmallFile) -> String {
    sets.map { set in
      let accessor = file.floats([Float](repeating: Float(set), count: 6), "VEC2")
      return ",\"TEXCOORD_\(set)\":\(accessor)"
    }.joined()
  }

  @Test("Any set of texture coordinates reaches the mesh")
  func coordinateSets() throws {
    let imported = try load(
      """
      {"pbrMetallicRoughness":{"baseColorTexture":{"index":0,"texCoord":7},\
      "metallicRoughnessTexture":{"index":0,"texCoord":2}},"emissiveFactor":[1,1,1],"emissiveTexture":{"index":0,"texCoord":0},\
      "normalTexture":{"index":0,"extensions":{"KHR_texture_transform":{"texCoord":4}}}}
      """, attributes: { self.coordinates([0, 1, 2, 3, 4, 7], &$0) })
    let (material, mesh) = (imported.scene.materials[0], imported.scene.meshes[0].arrays)
    let arrays = [mesh.uv0, mesh.uv1, mesh.uv2, mesh.uv3]
    func first(_ reference: TextureReference?) throws -> Float { arrays[try #require(reference).uvSet][0] }
    #expect(try first(material.baseColorTexture) == 7)
    #expect(try first(material.surfaceTexture) == 2)
    #expect(try first(material.emissiveTexture) == 0)
    #expect(try first(material.normalTexture) == 4)
  }

  @Test("The first two sets keep their places, and sets that no texture reads are left out")
  func firstSets() throws {
    let imported = try load(
      "{\"emissiveFactor\":[1,1,1],\"emissiveTexture\":{\"index\":0,\"texCoord\":1}}",
      attributes: { self.coordinates([0, 1], &$0) })
    let mesh = imported.scene.meshes[0].arrays
    #expect(imported.scene.materials[0].emissiveTexture?.uvSet == 1)
    #expect(mesh.uv0.isEmpty && mesh.uv1[0] == 1 && mesh.uv2.isEmpty)
  }

  @Test(
    "A texture whose coordinates are missing is told, whatever it is for",
    arguments: [
      "{\"pbrMetallicRoughness\":{\"baseColorTexture\":{\"index\":0,\"texCoord\":3}}}",
      "{\"pbrMetallicRoughness\":{\"metallicRoughnessTexture\":{\"index\":0,\"texCoord\":3}}}",
      "{\"emissiveFactor\":[1,1,1],\"emissiveTexture\":{\"index\":0,\"texCoord\":3}}",
    ])
  func missingCoordinates(_ material: String) throws {
    let warnings = try load(material, attributes: { self.coordinates([0], &$0) }).warnings
    #expect(warnings.contains { $0.kind == .picture && $0.description.contains("TEXCOORD_3, which is missing") })
  }

  @Test("Specular-glossiness is read in place of metallic-roughness")
  func specularGlossiness() throws {
    let imported = try load(
      """
      {"pbrMetallicRoughness":{"baseColorFactor":[1,0,0,1]},"extensions":{"KHR_materials_pbrSpecularGlossiness":{\
      "diffuseFactor":[0.1,0.2,0.3,0.4],"specularFactor":[0.5,0.25,2],"glossinessFactor":0.75,\
      "diffuseTexture":{"index":0},"specularGlossinessTexture":{"index":0}}}}
      """, attributes: { self.coordinates([0], &$0) })
    let material = imported.scene.materials[0]
    #expect(material.baseColor == [0.1, 0.2, 0.3, 0.4] && material.metallic == 0)
    #expect(material.specularGlossiness == Material.SpecularGlossiness(specular: [0.5, 0.25, 1], glossiness: 0.75))
    let surface = try #require(material.surfaceTexture)
    #expect(imported.scene.textures[surface.texture].encoding == .srgb)
    #expect(!imported.warnings.contains { $0.description.contains("Glossiness") })
  }

  @Test("Twelve joints pull on a vertex, each with its share")
  func twelveJoints() throws {
    var file = SmallFile()
    let position = file.triangle()
    var attributes = ""
    for set in 0..<3 {
      let joints = (0..<3).flatMap { _ in (0..<4).map { UInt8(set * 4 + $0) } }
      let view = file.view(joints)
      attributes += ",\"JOINTS_\(set)\":\(file.accessor(view: view, type: "VEC4", component: 5121, count: 3))"
      attributes += ",\"WEIGHTS_\(set)\":\(file.floats([Float](repeating: 1.0 / 12, count: 12), "VEC4"))"
    }
    let joints = (1...12).map(String.init).joined(separator: ",")
    file.members = [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)\(attributes)}}]}]",
      "\"skins\":[{\"joints\":[\(joints)]}]",
      "\"nodes\":[{\"mesh\":0,\"skin\":0}" + String(repeating: ",{\"translation\":[0,0,6]}", count: 12) + "]",
    ]
    let imported = try file.load()
    let deformation = try #require(imported.scene.meshes[0].deformation)
    #expect(deformation.influencesPerVertex == 12)
    #expect(Set(deformation.joints.elements) == Set(0..<12))
    #expect(imported.warnings.allSatisfy { !$0.description.contains("joints") })
  }

  @Test("A missing texture is told once, with what it was for")
  func missingTexture() throws {
    var file = SmallFile()
    let position = file.triangle()
    file.members = [
      "\"images\":[{\"uri\":\"gone.png\"},{\"uri\":\"unused.png\"}]",
      "\"textures\":[{\"source\":0},{\"source\":1}]",
      """
      "materials":[{"name":"wood","pbrMetallicRoughness":{"baseColorTexture":{"index":0}}},\
      {"emissiveTexture":{"index":1}}]
      """,
      "\"meshes\":[{\"primitives\":[{\"material\":0,\"attributes\":{\"POSITION\":\(position)}}]}]",
      "\"nodes\":[{\"mesh\":0,\"name\":\"table\"}]",
    ]
    let warnings = try file.load().warnings.filter { $0.kind == .missingTexture }
    #expect(warnings.count == 1)
    #expect(warnings[0].description.contains("image 'gone.png' of material 'wood' of 'table'"))
  }
}
