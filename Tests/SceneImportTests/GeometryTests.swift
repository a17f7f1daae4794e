import LaneMath
import KernelScene
import SceneImport
import SceneModel
import Testing

@Suite struct GeometryTests {
  /// A file with one mesh of one primitive, placed once.
  static func file(_ make: (inout SmallFile) -> String) -> SmallFile {
    var file = SmallFile()
    let primitive = make(&file)
    file.members += ["\"meshes\":[{\"primitives\":[\(primitive)]}]", "\"nodes\":[{\"mesh\":0}]"]
    return file
  }

  static func mesh(_ make: (inout SmallFile) -> String) throws -> MeshArrays {
    let scene = try file(make).load().scene
    return try #require(scene.meshes.first).arrays
  }

  @Test func sparseAccessorReplacesElements() throws {
    let mesh = try Self.mesh { file in
      let base = file.view([0, 0, 0, 1, 0, 0, 0, 1, 0] as [Float])
      let indices = file.view([2] as [UInt16])
      let values = file.view([5, 6, 7] as [Float])
      let position = file.accessor(
        view: base, type: "VEC3", component: 5126, count: 3,
        rest: """
          ,"sparse":{"count":1,"indices":{"bufferView":\(indices),"componentType":5123},\
          "values":{"bufferView":\(values)}}
          """)
      return "{\"attributes\":{\"POSITION\":\(position)}}"
    }
    #expect(Array(mesh.positions.elements) == [0, 0, 0, 1, 0, 0, 5, 6, 7])
  }

  @Test func interleavedAccessorsShareAView() throws {
    let mesh = try Self.mesh { file in
      let rows: [Float] = [0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 2]
      let view = file.view(rows, stride: 24)
      let position = file.accessor(view: view, type: "VEC3", component: 5126, count: 3)
      let normal = file.accessor(view: view, type: "VEC3", component: 5126, count: 3, rest: ",\"byteOffset\":12")
      return "{\"attributes\":{\"POSITION\":\(position),\"NORMAL\":\(normal)}}"
    }
    #expect(Array(mesh.positions.elements) == [0, 0, 0, 1, 0, 0, 0, 1, 0])
    // Brought to length one.
    #expect(Array(mesh.normals.elements) == [0, 0, 1, 0, 0, 1, 0, 0, 1])
  }

  @Test func normalizedIntegersBecomeFractions() throws {
    var file = Self.file { file in
      let position = file.triangle()
      let uv = file.accessor(
        view: file.view([0, 0, 65535, 0, 0, 32767] as [UInt16]), type: "VEC2", component: 5123, count: 3,
        rest: ",\"normalized\":true")
      let color = file.accessor(
        view: file.view([255, 0, 51, 0, 255, 0, 0, 0, 0, 0, 0, 0] as [UInt8], stride: 4), type: "VEC3",
        component: 5121, count: 3, rest: ",\"normalized\":true")
      return "{\"material\":0,\"attributes\":{\"POSITION\":\(position),\"TEXCOORD_0\":\(uv),\"COLOR_0\":\(color)}}"
    }
    // Coordinates are read where a texture asks for them.
    let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoaPgPAAODAgAApfuJAAAAAElFTkSuQmCC"
    file.members += [
      "\"images\":[{\"uri\":\"data:image/png;base64,\(pixel)\"}]", "\"textures\":[{\"source\":0}]",
      "\"materials\":[{\"emissiveFactor\":[1,1,1],\"emissiveTexture\":{\"index\":0}}]",
    ]
    let mesh = try #require(try file.load().scene.meshes.first).arrays
    #expect(mesh.uv0[2] == 1)
    #expect(near(mesh.uv0[5], 0.49999237, 1e-7))
    #expect(Array(mesh.colors.elements.prefix(4)) == [1, 0, 0.2, 1])
  }

  @Test func quantizedPositionsAreRead() throws {
    let mesh = try Self.mesh { file in
      let position = file.accessor(
        view: file.view([0, 0, 0, 0, 7, 0, 0, 0, -127, 9, 0, 0] as [Int8], stride: 4), type: "VEC3", component: 5120,
        count: 3)
      return "{\"attributes\":{\"POSITION\":\(position)}}"
    }
    #expect(Array(mesh.positions.elements) == [0, 0, 0, 7, 0, 0, -127, 9, 0])
  }

  @Test(arguments: [(5, [0, 1, 2, 1, 3, 2]), (6, [1, 2, 0, 2, 3, 0])])
  func stripsAndFansBecomeTriangles(mode: Int, expected: [UInt32]) throws {
    let mesh = try Self.mesh { file in
      let position = file.floats([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0], "VEC3")
      let indices = file.shorts([0, 1, 2, 3])
      return "{\"mode\":\(mode),\"indices\":\(indices),\"attributes\":{\"POSITION\":\(position)}}"
    }
    #expect(Array(mesh.indices.elements) == expected)
    #expect(Array(mesh.materials.elements) == [0, 0])
  }

  @Test func linesAreWarnedOf() throws {
    let scene = try Self.file { "{\"mode\":1,\"attributes\":{\"POSITION\":\($0.triangle())}}" }.load()
    #expect(scene.scene.meshes.isEmpty)
    #expect(scene.warnings.contains { $0.description == "meshes[0].primitives[0]: lines are not rendered" })
  }

  @Test func flatPrimitiveBesideSmoothOneGetsItsOwnNormals() throws {
    var file = SmallFile()
    let position = file.floats([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], "VEC3")
    let normal = file.floats([1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0], "VEC3")
    let indices = file.shorts([0, 1, 2, 0, 3, 1])
    file.members += [
      """
      "meshes":[{"primitives":[{"indices":\(indices),"attributes":{"POSITION":\(position)}},\
      {"indices":\(indices),"attributes":{"POSITION":\(position),"NORMAL":\(normal)}}]}]
      """, "\"nodes\":[{\"mesh\":0}]",
    ]
    let mesh = try #require(try file.load().scene.meshes.first).arrays
    #expect(mesh.vertexCount == 6 + 4)
    let normals = Array(mesh.normals.elements)
    #expect(Array(normals[0..<3]) == [0, 0, 1])
    #expect(Array(normals[9..<12]) == [0, 1, 0])
    #expect(Array(normals[18..<21]) == [1, 0, 0])
  }

  @Test func zeroNormalsAreReplacedByThoseOfTheTriangles() throws {
    let mesh = try Self.mesh { file in
      let normal = file.floats([0, 0, 0, 0, 0, 3, 0, 0, 1], "VEC3")
      return "{\"attributes\":{\"POSITION\":\(file.triangle()),\"NORMAL\":\(normal)}}"
    }
    #expect(Array(mesh.normals.elements) == [0, 0, 1, 0, 0, 1, 0, 0, 1])
  }

  /// A quad in the xy plane, seen from +z, whose left half has mirrored coordinates.
  @Test func tangentsFollowTheTextureAndSplitWhereItIsMirrored() throws {
    var file = SmallFile()
    let position = file.floats([-1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 1, 0, 0, 1, 0, 1, 1, 0], "VEC3")
    let normal = file.floats([Float](repeating: 0, count: 18).indices.map { $0 % 3 == 2 ? 1 : 0 }, "VEC3")
    let uv = file.floats([1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0], "VEC2")
    let indices = file.shorts([0, 1, 4, 0, 4, 3, 1, 2, 5, 1, 5, 4])
    // One blue-ish pixel: straight up.
    let pixel = """
      iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoaPgPAAODAgAApfuJAAAAAElFTkSuQmCC
      """
    file.members += [
      "\"images\":[{\"uri\":\"data:image/png;base64,\(pixel)\"}]", "\"textures\":[{\"source\":0}]",
      "\"materials\":[{\"normalTexture\":{\"index\":0}}]",
      """
      "meshes":[{"primitives":[{"material":0,"indices":\(indices),\
      "attributes":{"POSITION":\(position),"NORMAL":\(normal),"TEXCOORD_0":\(uv)}}]}]
      """, "\"nodes\":[{\"mesh\":0}]",
    ]
    let imported = try file.load()
    try #require(imported.scene.textures.count == 1, "\(imported.warnings)")
    let mesh = try #require(imported.scene.meshes.first).arrays
    // The two vertices on the seam are split.
    #expect(mesh.vertexCount == 8)
    for triangle in 0..<4 {
      for corner in 0..<3 {
        let vertex = Int(mesh.indices[triangle * 3 + corner])
        let tangent = (0..<4).map { mesh.tangents[vertex * 4 + $0] }
        #expect(tangent == (triangle < 2 ? [-1, 0, 0, -1] : [1, 0, 0, 1]))
      }
    }
  }

  @Test func badIndicesAndPositionsAreRefusedWithTheirPlace() {
    let index = Self.file { file in
      let indices = file.shorts([0, 1, 3])
      return "{\"indices\":\(indices),\"attributes\":{\"POSITION\":\(file.triangle())}}"
    }
    #expect(
      refusal(index) == "meshes[0].primitives[0].indices: accessor 0, element 2: index 3, but there are 3 vertices")
    for bad in [Float.nan, .infinity, 2e9] {
      let position = Self.file { file in
        "{\"attributes\":{\"POSITION\":\(file.floats([0, 0, 0, 1, bad, 0, 0, 1, 0], "VEC3"))}}"
      }
      #expect(
        refusal(position)?.hasPrefix("meshes[0].primitives[0].attributes.POSITION: accessor 0, element 1") == true)
    }
  }

  @Test func attributeOfOtherLengthIsRefused() {
    let file = Self.file { file in
      "{\"attributes\":{\"POSITION\":\(file.triangle()),\"NORMAL\":\(file.floats([0, 0, 1], "VEC3"))}}"
    }
    #expect(refusal(file)?.contains("attributes.NORMAL") == true)
  }

  @Test func accessorLongerThanItsViewIsRefused() {
    let file = Self.file { file in
      let view = file.view([0, 0, 0] as [Float])
      let huge = file.accessor(view: view, type: "VEC3", component: 5126, count: 200_000_000)
      return "{\"attributes\":{\"POSITION\":\(huge)}}"
    }
    #expect(refusal(file)?.contains("its buffer view holds 12") == true)
    let empty = Self.file { file in
      "{\"attributes\":{\"POSITION\":\(file.accessor(view: nil, type: "VEC3", component: 5126, count: 200_000_000))}}"
    }
    #expect(refusal(empty)?.contains("without a buffer view") == true)
  }
}
