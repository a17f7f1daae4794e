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
