import Foundation
import LaneMath
import KernelScene

@testable import SceneModel

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
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

/// A scene in which every kind of part and every optional field is present.
enum FullScene {
  static let frames = [0, 3, 7]

  static func make(seed: UInt64 = 1) -> Scene {
    var generator = SeededGenerator(seed: seed)
    func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> FlatBuffer<Float> {
      FlatBuffer((0..<count).map { _ in Float.random(in: range, using: &generator) })
    }
    var scene = Scene()
    scene.textures = [
      Texture(
        width: 3, height: 2, texels: FlatBuffer((0..<24).map { _ in UInt8.random(in: 0...255, using: &generator) }),
        encoding: .srgb, wrapU: .mirroredRepeat, wrapV: .clampToEdge, filter: .nearest),
      Texture(width: 1, height: 1, texels: FlatBuffer([1, 2, 3, 4] as [UInt8]), encoding: .linear),
    ]
    var rich = Material()
    rich.baseColor = [0.1, 0.2, 0.3, 0.4]
    rich.metallic = 0.25
    rich.roughness = 0.75
    rich.emissive = [1, 2, 3]
    rich.normalScale = 0.5
    rich.alphaMode = .mask
    rich.alphaCutoff = 0.3
    rich.isDoubleSided = true
    rich.isUnlit = true
    var reference = TextureReference(texture: 1, uvSet: 1)
    reference.transformU = [2, 0.5, 0.25]
    reference.transformV = [-0.5, 2, 0.75]
    rich.baseColorTexture = TextureReference(texture: 0)
    rich.surfaceTexture = reference
    rich.normalTexture = TextureReference(texture: 1)
    rich.emissiveTexture = reference
    scene.materials = [Material(), rich]
    let triangles: [UInt32] = [0, 1, 2, 0, 2, 3]
    let plain = MeshArrays(positions: floats(12), indices: FlatBuffer(triangles))
    let full = MeshArrays(
      positions: floats(12), normals: floats(12), tangents: floats(16), uv0: floats(8), uv1: floats(8),
      colors: floats(16, 0...1), indices: FlatBuffer(triangles), materials: FlatBuffer([1, 0] as [UInt16]))
    let skin = Deformation(
      influencesPerVertex: 4, joints: FlatBuffer((0..<16).map { UInt16($0 % 3) }), weights: floats(16, 0...1),
      jointCount: 3,
      morphTargets: [
        Deformation.MorphTarget(positions: floats(12), normals: floats(12), tangents: floats(12)),
        Deformation.MorphTarget(positions: floats(12), normals: FlatBuffer(count: 0), tangents: FlatBuffer(count: 0)),
      ])
    scene.meshes = [SceneMesh(arrays: plain), SceneMesh(arrays: full), SceneMesh(arrays: full, deformation: skin)]
    scene.environment = Environment(width: 4, height: 2, texels: floats(24, 0...5))
    scene.environmentScale = 1.5
    scene.worldToEnvironment = Affine(x: [0, 0, 1, 0], y: [0, 1, 0, 0], z: [-1, 0, 0, 0])
    scene.cameraNames = ["main", "Küche 夜"]
    return scene
  }

  static func state(_ frame: Int) -> FrameState {
    var state = FrameState()
    let shift = Float(frame) * 0.25
    let placed = Affine(x: [1, 0, 0, shift], y: [0, 1, 0, 0], z: [0, 0, 1, -1])
    state.poses = [FrameState.Pose(jointMatrices: [.identity, placed, .identity], morphWeights: [shift, 0.5])]
    state.instances = [
      FrameState.Instance(mesh: 0, transform: placed), FrameState.Instance(mesh: 1, transform: .identity),
      FrameState.Instance(mesh: 2, transform: .identity, pose: 0),
    ]
    var spot = PunctualLight(kind: .spot, intensity: [1, 2, 3])
    spot.position = [0, 1, 2]
    spot.direction = [0, -1, 0]
    spot.range = 12
    spot.cosInnerCone = 0.9
    spot.cosOuterCone = 0.8
    state.lights = [spot, PunctualLight(kind: .directional, intensity: [0, 0, shift])]
    state.cameras = [
      Camera(projection: .perspective(tanHalfHeight: 0.5), cameraToWorld: placed),
      Camera(projection: .orthographic(halfHeight: 2), cameraToWorld: .identity),
    ]
    return state
  }

  static func write(_ scene: Scene = make(), into store: PartStore) throws -> BundleManifest {
    try BundleWriter.write(scene, frames: frames, state: state, into: store)
  }
}

/// The bytes of one part and how to read them.
struct PartSample: Sendable, CustomStringConvertible {
  var description: String
  var bytes: [UInt8]
  var decode: @Sendable ([UInt8]) throws -> Void

  static var all: [PartSample] {
    let scene = FullScene.make()
    let environment = EnvironmentPart.Content(
      environment: scene.environment!, scale: scene.environmentScale, worldToEnvironment: scene.worldToEnvironment)
    var samples = scene.meshes.enumerated().map { index, mesh in
      PartSample(description: "mesh \(index)", bytes: MeshPart.encoded(mesh)) { bytes in
        _ = try bytes.withRawBytes { (raw) throws(BundleError) in
          try MeshPart.decode(raw, name: "mesh", materialCount: 2)
        }
      }
    }
    samples += [
      PartSample(description: "texture", bytes: TexturePart.encoded(scene.textures[0])) { bytes in
        _ = try bytes.withRawBytes { (raw) throws(BundleError) in try TexturePart.decode(raw, name: "texture") }
      },
      PartSample(description: "environment", bytes: EnvironmentPart.encoded(environment)) { bytes in
        _ = try bytes.withRawBytes { (raw) throws(BundleError) in try EnvironmentPart.decode(raw, name: "environment") }
      },
      PartSample(description: "materials", bytes: MaterialsPart.encoded(scene.materials)) { bytes in
        _ = try bytes.withRawBytes { (raw) throws(BundleError) in
          try MaterialsPart.decode(raw, name: "materials", textureCount: 2)
        }
      },
      PartSample(description: "frame", bytes: FramePart.encoded(FullScene.state(3))) { bytes in
        _ = try bytes.withRawBytes { (raw) throws(BundleError) in try FramePart.decode(raw, name: "frame") }
      },
      PartSample(description: "manifest", bytes: manifest.encoded()) { bytes in
        let decoded = try BundleManifest(decoding: bytes)
        // A manifest has one encoding only.
        guard decoded.encoded() == bytes else { throw Ambiguous() }
      },
    ]
    return samples
  }

  struct Ambiguous: Error {}

  static var manifest: BundleManifest {
    func part(_ number: Int) -> BundleManifest.Part {
      BundleManifest.Part(hash: ContentHash(hashing: [UInt8(number)]), byteCount: number)
    }
    var manifest = BundleManifest(materials: part(1))
    manifest.meshes = [part(2), part(3), part(2)]
    manifest.textures = [part(4)]
    manifest.environment = part(5)
    manifest.frames = [3, 4, 9].map { BundleManifest.FramePart(number: $0, part: part(10 + $0)) }
    manifest.cameraNames = ["main", ""]
    return manifest
  }
}
