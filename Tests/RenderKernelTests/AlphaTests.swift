import LaneMath
import Testing

@testable import RenderKernel

@Suite("See-through and unlit surfaces")
struct AlphaTests {
  private func scene(_ edit: (inout Material) -> Void) -> FrameDescription {
    var builder = SceneBuilder()
    builder.quad([-5, -5, 0], [10, 0, 0], [0, 10, 0])
    var material = Material()
    material.isUnlit = true
    material.baseColor = [0.25, 0.5, 0.75, 1]
    edit(&material)
    var description = frame(builder.mesh(), [material], camera: camera(distance: 3))
    description.environment = uniformEnvironment(2)
    return description
  }

  private func seen(_ description: FrameDescription, samples: Int = 64) -> Double {
    mean(render(prepared(description), settings(16, 16), samples: 0..<samples).planes, x: 0..<16, y: 0..<16)
  }

  @Test("Unlit surfaces show their base colour, whatever shines")
  func unlit() { #expect(seen(scene { _ in }) == 0.5) }

  @Test("BLEND lets a share of the paths through")
  func blend() {
    let value = seen(
      scene {
        $0.alphaMode = .blend
        $0.baseColor.w = 0.25
      }, samples: 256)
    #expect((value - (0.25 * 0.5 + 0.75 * 2)).magnitude < 0.02)
  }

  @Test("MASK is all or nothing", arguments: [(Float(0.4), 2.0), (0.5, 0.5), (0.9, 0.5)])
  func mask(alpha: Float, expected: Double) {
    let value = seen(
      scene {
        $0.alphaMode = .mask
        $0.baseColor.w = alpha
      })
    #expect((value - expected).magnitude < 1e-4)
  }

  @Test("OPAQUE ignores alpha")
  func opaque() { #expect(seen(scene { $0.baseColor.w = 0 }) == 0.5) }

  @Test("Shadows of BLEND surfaces are as dense as their alpha")
  func shadow() {
    var builder = SceneBuilder()
    builder.quad([-5, -5, 0], [10, 0, 0], [0, 10, 0])
    builder.quad([-5, -5, 4], [10, 0, 0], [0, 10, 0], material: 1)
    var glass = Material()
    glass.alphaMode = .blend
    var floor = Material()
    floor.metallic = 0
    func brightness(_ alpha: Float) -> Double {
      glass.baseColor = [0, 0, 0, alpha]
      var description = frame(builder.mesh(), [floor, glass], camera: camera(distance: 3))
      var light = PunctualLight(kind: .directional, intensity: [1, 1, 1])
      light.direction = [0, 0, -1]
      description.lights = [light]
      return seen(description, samples: 256)
    }
    #expect((brightness(0.3) / brightness(0) - 0.7).magnitude < 0.02)
  }

  @Test("Vertex colours and textures multiply the base colour; nearest and bilinear lookups wrap as told")
  func textures() {
    let texture = Texture(
      width: 2, height: 1, texels: FlatBuffer([255, 0, 0, 255, 0, 255, 0, 255]), encoding: .linear,
      wrapU: .mirroredRepeat, wrapV: .clampToEdge, filter: .nearest)
    var material = Material()
    material.baseColorTexture = TextureReference(texture: 0)
    let tables = UnsafePointer(TexelTables.shared.values.pointer)
    let pyramids = TexturePyramids([texture], for: [material], threadCount: 1)
    defer { withExtendedLifetime(pyramids) {} }
    let view = MaterialView(material, pyramids, tables).baseColorTexture!
    func red(_ u: Float, _ v: Float = 0.5) -> Float { view.sample([u, v]).x }
    #expect([red(0.2), red(0.7), red(1.2), red(1.7), red(-0.2), red(-0.7)] == [1, 0, 0, 1, 1, 0])
    var linear = view
    linear.isNearest = false
    linear.wrapU = .repeat
    #expect(linear.sample([0.5, 0.5]).x == 0.5)
    #expect(linear.sample([0, 9]).y == 0.5)
    #expect(linear.sample([.nan, .infinity]).w == 1)
    #expect(linear.sample([-1e30, 1e30]).w == 1)
  }
}
