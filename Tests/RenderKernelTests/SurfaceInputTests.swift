import LaneMath
import Testing

@testable import RenderKernel

@Suite("What surfaces are made of")
struct SurfaceInputTests {
  /// A quad with four sets of coordinates, the n-th of which is n / 4 everywhere, seen without light.
  private func seen(_ texture: Texture, _ edit: (inout Material) -> Void) -> SIMD3<Float> {
    func all(_ value: Float) -> FlatBuffer<Float> { FlatBuffer([Float](repeating: value, count: 8)) }
    let mesh = MeshArrays(
      positions: FlatBuffer([-5, -5, 0, 5, -5, 0, 5, 5, 0, -5, 5, 0]), uv0: all(0.125), uv1: all(0.375),
      uv2: all(0.625),
      uv3: all(0.875), indices: FlatBuffer([0, 1, 2, 0, 2, 3]))
    var material = Material()
    edit(&material)
    var description = frame(mesh, [material], camera: camera(distance: 3))
    description.textures = [texture]
    description.environment = uniformEnvironment(1)
    let planes = render(prepared(description), settings(8, 8), samples: 0..<256).planes
    func channel(_ plane: Int) -> Float { Float(mean(planes, plane: plane, x: 2..<6, y: 2..<6)) }
    return SIMD3(channel(0), channel(1), channel(2))
  }

  @Test("Each texture reads its own set of coordinates", arguments: 0..<4)
  func coordinateSets(set: Int) {
    // Four texels in a row, along u.
    var texels: [UInt8] = []
    for texel in 0..<4 { texels += [UInt8(texel * 51), 0, 255, 255] }
    let texture = Texture(width: 4, height: 1, texels: FlatBuffer(texels), encoding: .linear, filter: .nearest)
    let color = seen(texture) {
      $0.isUnlit = true
      $0.baseColorTexture = TextureReference(texture: 0, uvSet: set)
    }
    #expect((color.x - Float(set) * 0.2).magnitude < 1e-5 && color.z == 1)
  }

  /// A quad of constant vertex colour before a green wall; both unlit but where a test says otherwise.
  private func seen(vertexColor: SIMD4<Float>, isLit: Bool = false, _ edit: (inout Material) -> Void) -> SIMD3<Float> {
    func quad(_ z: Float, _ color: SIMD4<Float>) -> MeshArrays {
      var colors: [Float] = []
      for _ in 0..<4 { colors += [color.x, color.y, color.z, color.w] }
      return MeshArrays(
        positions: FlatBuffer([-5, -5, z, 5, -5, z, 5, 5, z, -5, 5, z]), colors: FlatBuffer(colors),
        indices: FlatBuffer([0, 1, 2, 0, 2, 3]), materials: FlatBuffer([UInt16](repeating: z < 0 ? 1 : 0, count: 2)))
    }
    var (material, wall) = (Material(), Material())
    (material.isUnlit, wall.isUnlit) = (!isLit, true)
    wall.baseColor = [0, 1, 0, 1]
    edit(&material)
    var description = FrameDescription(camera: camera(distance: 3))
    description.meshes = [quad(0, vertexColor), quad(-1, [1, 1, 1, 1])]
    description.instances = (0...1).map { MeshInstance(mesh: $0, objectToWorld: .identity)! }
    description.materials = [material, wall]
    let planes = render(prepared(description), settings(8, 8), samples: 0..<256).planes
    func channel(_ plane: Int) -> Float { Float(mean(planes, plane: plane, x: 2..<6, y: 2..<6)) }
    return SIMD3(channel(0), channel(1), channel(2))
  }

  @Test(
    "Vertex colours' alpha lets rays through, with BLEND by its share, with MASK below the cutoff",
    arguments: [
      (Material.AlphaMode.opaque, Float(0.25), Float(1)), (.blend, 0.25, 0.25), (.blend, 0, 0), (.mask, 0.25, 0),
      (.mask, 0.75, 1),
    ])
  func vertexAlpha(_ mode: Material.AlphaMode, _ alpha: Float, _ share: Float) {
    let color = seen(vertexColor: [1, 0, 0, alpha]) { $0.alphaMode = mode }
    #expect((color.x - share).magnitude < 0.03 && (color.y - (1 - share)).magnitude < 0.03)
    // Factor and vertex alpha multiply.
    let half = seen(vertexColor: [1, 0, 0, alpha]) {
      $0.alphaMode = mode
      $0.baseColor.w = 0.5
    }
    let product = mode == .opaque ? 1 : mode == .mask ? (alpha * 0.5 >= 0.5 ? 1 : 0) : alpha * 0.5
    #expect((half.x - product).magnitude < 0.03)
  }

  @Test("Vertex colours multiply the base colour, and do not touch emission")
  func vertexColorAndEmission() {
    #expect(seen(vertexColor: [0.5, 0.25, 1, 1]) { $0.baseColor = [1, 1, 0.5, 1] } == [0.5, 0.25, 0.5])
    let glow = seen(vertexColor: [0, 0, 0, 1], isLit: true) {
      $0.baseColor = [0, 0, 0, 1]
      $0.emissive = [0.75, 0.5, 0.25]
    }
    #expect((glow.x - 0.75).magnitude < 1e-5 && (glow.y - 0.5).magnitude < 1e-5)
  }

  /// Which of a material's textures is tried.
  enum Slot: CaseIterable { case baseColor, surface, normal, emissive }

  @Test("Each texture has coordinates and a map of its own", arguments: Slot.allCases, 0..<4)
  func slots(_ slot: Slot, set: Int) {
    // Texels 0 and 1 differ in all channels; the map moves coordinates of that set, and of no other, to texel 1.
    let texture = Texture(
      width: 2, height: 1, texels: FlatBuffer([128, 128, 255, 255, 255, 64, 0, 255]), encoding: .linear,
      filter: .nearest)
    func value(_ offset: Float, set: Int) -> SIMD3<Float> {
      seen(texture) {
        var reference = TextureReference(texture: 0, uvSet: set)
        // From the set's own constant, (2n + 1) / 8, to texel 0 or 1.
        reference.transformU = [1, 0, offset - (2 * Float(set) + 1) / 8]
        $0.baseColor = [0.5, 0.5, 0.5, 1]
        switch slot {
        case .baseColor: $0.baseColorTexture = reference
        case .surface: $0.surfaceTexture = reference
        case .normal: $0.normalTexture = reference
        case .emissive:
          $0.emissive = [1, 1, 1]
          $0.emissiveTexture = reference
        }
      }
    }
    let (first, second) = (value(0.25, set: set), value(0.75, set: set))
    if slot == .normal {
      // A quad without tangents has no normal mapping.
      #expect(first == second)
    } else {
      #expect(first != second)
      // The same texel whichever set leads to it.
      #expect(first == value(0.25, set: 0) && second == value(0.75, set: 0))
    }
  }

  private static let grey = Texture(
    width: 1, height: 1, texels: FlatBuffer([128, 128, 128, 64]), encoding: .linear)

  @Test("A glossy surface of white specular colour reflects all, whatever its diffuse colour")
  func whiteSpecular() {
    let color = seen(SurfaceInputTests.grey) {
      $0.baseColor = [0.2, 0.9, 0.4, 1]
      $0.specularGlossiness = Material.SpecularGlossiness(specular: [1, 1, 1], glossiness: 1)
    }
    for value in [color.x, color.y, color.z] { #expect((value - 1).magnitude < 5e-3) }
  }

  @Test("Without specular colour the diffuse colour is left")
  func blackSpecular() {
    let color = seen(SurfaceInputTests.grey) {
      $0.baseColor = [0.2, 0.9, 0.4, 1]
      $0.specularGlossiness = Material.SpecularGlossiness(specular: .zero, glossiness: 0.3)
    }
    // Grazing light is still reflected: at most 0.03 from the front.
    for (value, albedo) in [(color.x, Float(0.2)), (color.y, 0.9), (color.z, 0.4)] {
      #expect(value >= albedo * 0.96 && value <= albedo + 0.03)
    }
  }

  @Test("Specular colour takes from the diffuse one what it reflects most")
  func conservation() {
    // Source of the rule: KHR_materials_pbrSpecularGlossiness, c_diff = diffuse · (1 − max(specular)).
    let color = seen(SurfaceInputTests.grey) {
      $0.baseColor = [1, 1, 1, 1]
      $0.specularGlossiness = Material.SpecularGlossiness(specular: [1, 0.5, 0.2], glossiness: 1)
    }
    #expect((color.x - 1).magnitude < 5e-3 && (color.y - 0.5).magnitude < 5e-3 && (color.z - 0.2).magnitude < 5e-3)
  }

  @Test("The texture's colour multiplies specular colour, its alpha glossiness")
  func texture() {
    let byTexture = seen(SurfaceInputTests.grey) {
      $0.baseColor = [0, 0, 0, 1]
      $0.specularGlossiness = Material.SpecularGlossiness(specular: [1, 1, 1], glossiness: 1)
      $0.surfaceTexture = TextureReference(texture: 0)
    }
    let byFactor = seen(SurfaceInputTests.grey) {
      $0.baseColor = [0, 0, 0, 1]
      let half = Float(128) / 255
      $0.specularGlossiness = Material.SpecularGlossiness(
        specular: [half, half, half], glossiness: Float(64) * (1.0 / 255))
    }
    #expect(byTexture == byFactor)
  }
}
