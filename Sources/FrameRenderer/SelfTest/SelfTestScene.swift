import KernelScene
import LaneMath
import SceneModel

/// The scene of the self-test: hills of 18,432 triangles under a textured sky, rough and metallic, with a panel and a lamp.
/// Made by sums and products of small whole numbers, so it has the same bits everywhere.
enum SelfTestScene {
  private static let edge = 96

  static func make() -> Scene {
    var scene = Scene()
    var rock = Material()
    rock.baseColorTexture = TextureReference(texture: 0)
    rock.metallic = 0
    rock.roughness = 0.75
    var metal = Material()
    metal.baseColor = [0.875, 0.75, 0.5, 1]
    metal.roughness = 0.25
    var panel = Material()
    panel.emissive = [8, 6, 4]
    scene.materials = [rock, metal, panel]
    scene.textures = [texture()]
    scene.environment = sky()
    scene.meshes = [SceneMesh(arrays: hills()), SceneMesh(arrays: quad(material: 2))]
    scene.cameraNames = ["self-test"]
    return scene
  }

  static func state() -> FrameState {
    var state = FrameState()
    state.instances = [
      .init(mesh: 0, transform: .identity),
      .init(mesh: 1, transform: Affine(x: [0.5, 0, 0, -0.5], y: [0, -1, 0, 1.5], z: [0, 0, 0.5, 0])),
    ]
    var lamp = PunctualLight(kind: .point, intensity: [2, 2, 3])
    lamp.position = [1, 1.25, 0.5]
    state.lights = [lamp]
    state.cameras = [
      Camera(
        projection: .perspective(tanHalfHeight: 0.5),
        cameraToWorld: Affine(x: [1, 0, 0, 0], y: [0, 0.8, 0.6, 2], z: [0, -0.6, 0.8, 2.5]))
    ]
    return state
  }

  /// A whole number below 256 from two; looks like noise.
  private static func noise(_ x: Int, _ y: Int) -> Int {
    var value = UInt32(truncatingIfNeeded: x &* 0x9E37_79B1 &+ y &* 0x85EB_CA77)
    value ^= value >> 15
    value = value &* 0x2C1B_3C6D
    return Int(value >> 24)
  }

  private static func hills() -> MeshArrays {
    let side = edge + 1
    var positions: [Float] = []
    var coordinates: [Float] = []
    for z in 0..<side {
      for x in 0..<side {
        // Noise of two scales, the coarse one blended between its corners.
        let (column, row, u, v) = (x / 16, z / 16, x % 16, z % 16)
        let coarse =
          noise(column, row) * (16 - u) * (16 - v) + noise(column + 1, row) * u * (16 - v)
          + noise(column, row + 1) * (16 - u) * v + noise(column + 1, row + 1) * u * v
        let height = Float(coarse + 8 * noise(x + 1000, z)) / 131_072
        positions += [Float(2 * x - edge) / 48, height, Float(2 * z - edge) / 48]
        coordinates += [Float(x) / 24, Float(z) / 24]
      }
    }
    var indices: [UInt32] = []
    var materials: [UInt16] = []
    for z in 0..<edge {
      for x in 0..<edge {
        let corner = UInt32(z * side + x)
        let (right, below) = (corner + 1, corner + UInt32(side))
        indices += [corner, below, right, right, below, below + 1]
        let material: UInt16 = noise(x / 8 + 77, z / 8) < 96 ? 1 : 0
        materials += [material, material]
      }
    }
    return MeshArrays(
      positions: FlatBuffer(positions), uv0: FlatBuffer(coordinates), indices: FlatBuffer(indices),
      materials: FlatBuffer(materials))
  }

  /// Two triangles from (−1, 0, −1) to (1, 0, 1), facing up.
  private static func quad(material: UInt16) -> MeshArrays {
    MeshArrays(
      positions: FlatBuffer([-1, 0, -1, 1, 0, -1, 1, 0, 1, -1, 0, 1] as [Float]),
      indices: FlatBuffer([0, 2, 1, 0, 3, 2] as [UInt32]), materials: FlatBuffer([material, material]))
  }

  private static func texture() -> Texture {
    let size = 64
    var texels: [UInt8] = []
    for y in 0..<size {
      for x in 0..<size {
        texels += [UInt8(64 + noise(x, y) / 2), UInt8(48 + noise(x + 9, y) / 2), UInt8(noise(x, y + 9) / 3), 255]
      }
    }
    return Texture(width: size, height: size, texels: FlatBuffer(texels), encoding: .srgb)
  }

  private static func sky() -> Environment {
    let (width, height) = (32, 16)
    var texels: [Float] = []
    for y in 0..<height {
      for x in 0..<width {
        let light = Float(noise(x / 4, y / 2)) / 512 * Float(height - y) / 16
        texels += [light, light, light * 1.5]
      }
    }
    return Environment(width: width, height: height, texels: FlatBuffer(texels))
  }
}
