import Foundation
import LaneMath
import KernelScene
import SceneModel

/// A small scene made in code: a floor, a tilted block that moves from frame to frame, an emitting panel, one lamp.
enum TinyScene {
  static func make() -> Scene {
    var scene = Scene()
    var panel = Material()
    panel.emissive = [6, 5, 4]
    var red = Material()
    red.baseColor = [0.8, 0.2, 0.1, 1]
    red.metallic = 0
    red.roughness = 0.4
    var floor = Material()
    floor.metallic = 0
    floor.roughness = 0.9
    scene.materials = [floor, red, panel]
    scene.meshes = [quad(material: 0), quad(material: 1), quad(material: 2)].map { SceneMesh(arrays: $0) }
    scene.cameraNames = ["main"]
    return scene
  }

  static func state(frame: Int) -> FrameState {
    var state = FrameState()
    let shift = Float(frame) * 0.125
    state.instances = [
      .init(mesh: 0, transform: Affine(x: [4, 0, 0, 0], y: [0, 1, 0, -1], z: [0, 0, 4, 0])),
      .init(mesh: 1, transform: Affine(x: [0.5, -0.25, 0, shift - 0.5], y: [0.5, 0.5, 0, 0], z: [0, 0, 1, 0])),
      .init(mesh: 2, transform: Affine(x: [1, 0, 0, 0], y: [0, -1, 0, 2], z: [0, 0, 1, 0])),
    ]
    var lamp = PunctualLight(kind: .point, intensity: [3, 3, 4])
    lamp.position = [1.5, 1.5, 1.5]
    state.lights = [lamp]
    state.cameras = [
      Camera(
        projection: .perspective(tanHalfHeight: 0.5),
        cameraToWorld: Affine(x: [1, 0, 0, 0], y: [0, 1, 0, 0.25], z: [0, 0, 1, 4]))
    ]
    return state
  }

  /// Writes the scene's parts into a store.
  static func bundle(frames: some Sequence<Int>, in store: PartStore) throws -> BundleManifest {
    try BundleWriter.write(make(), frames: Array(frames), state: state, into: store)
  }

  /// Two triangles from (−1, 0, −1) to (1, 0, 1), facing up.
  private static func quad(material: UInt16) -> MeshArrays {
    MeshArrays(
      positions: FlatBuffer([-1, 0, -1, 1, 0, -1, 1, 0, 1, -1, 0, 1] as [Float]),
      indices: FlatBuffer([0, 2, 1, 0, 3, 2] as [UInt32]), materials: FlatBuffer([material, material]))
  }
}

/// A folder that goes away with its owner.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("glint-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func folder(_ name: String) -> URL { url.appendingPathComponent(name, isDirectory: true) }
}
