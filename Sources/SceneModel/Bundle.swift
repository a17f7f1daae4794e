import Foundation
import KernelScene
import LaneMath
import Synchronization

/// Writes scenes as bundles.
public enum BundleWriter {
  /// Puts the parts of a scene into a store, several at a time.
  ///
  /// - Parameters:
  ///   - frames: Frame numbers, ascending.
  ///   - state: What moves, at a frame.
  ///   - progress: Hears of each part: how many are done, of how many.
  public static func write(
    _ scene: Scene, frames: some Collection<Int>, state: (Int) throws -> FrameState, into store: PartStore,
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) throws -> BundleManifest {
    let partCount = scene.meshes.count + scene.textures.count + 2 + frames.count
    let done = Mutex(0)
    @Sendable func put(_ bytes: [UInt8]) throws(BundleError) -> BundleManifest.Part {
      guard bytes.count <= BundleLimits.partByteCount else {
        throw BundleError(
          .tooLarge, "a part of \(bytes.count) bytes; at most \(BundleLimits.partByteCount) are allowed: split the mesh"
        )
      }
      let part = try store.store(bytes)
      let count = done.withLock { done in
        done += 1
        return done
      }
      progress?(count, partCount)
      return part
    }
    var manifest = try sharedParts(of: scene, threadCount: ProcessInfo.processInfo.activeProcessorCount, put)
    for number in frames {
      manifest.frames.append(
        BundleManifest.FramePart(number: number, part: try put(FramePart.encoded(try state(number)))))
    }
    return manifest
  }

  /// The manifest of a scene, still without frames.
  ///
  /// - Parameter put: Takes the bytes of each part, on several threads.
  fileprivate static func sharedParts(
    of scene: Scene, threadCount: Int, _ put: @Sendable ([UInt8]) throws -> BundleManifest.Part
  ) throws -> BundleManifest {
    var manifest = BundleManifest(materials: try put(MaterialsPart.encoded(scene.materials)))
    let (meshCount, textureCount) = (scene.meshes.count, scene.textures.count)
    let parts = try Concurrent.map(
      count: meshCount + textureCount, threadCount: threadCount
    ) { index in
      try put(
        index < meshCount
          ? MeshPart.encoded(scene.meshes[index]) : TexturePart.encoded(scene.textures[index - meshCount]))
    }
    manifest.meshes = Array(parts.prefix(meshCount))
    manifest.textures = Array(parts.suffix(textureCount))
    if let environment = scene.environment {
      manifest.environment = try put(
        EnvironmentPart.encoded(
          EnvironmentPart.Content(
            environment: environment, scale: scene.environmentScale, worldToEnvironment: scene.worldToEnvironment)))
    }
    manifest.cameraNames = scene.cameraNames
    return manifest
  }
}

/// Names what frames of a scene show, without storing it.
public struct SceneNamer: Sendable {
  private let shared: BundleManifest

  /// Hashes all that frames share.
  public init(_ scene: Scene, threadCount: Int) throws {
    shared = try BundleWriter.sharedParts(of: scene, threadCount: threadCount, SceneNamer.part)
  }

  /// Id of the bundle that holds the scene and this frame alone; `BundleManifest.id(ofFrame:)` of any bundle with the frame.
  public func id(frame number: Int, state: FrameState) throws -> ContentHash {
    var manifest = shared
    manifest.frames = [BundleManifest.FramePart(number: number, part: try SceneNamer.part(FramePart.encoded(state)))]
    return manifest.id
  }

  @Sendable private static func part(_ bytes: [UInt8]) throws -> BundleManifest.Part {
    BundleManifest.Part(hash: ContentHash(hashing: bytes), byteCount: bytes.count)
  }
}

extension BundleManifest {
  /// Id of the bundle that holds one of the frames alone, so that it names what the frame shows, whatever frames it was
  /// submitted with; nil where the bundle has no such frame.
  public func id(ofFrame number: Int) -> ContentHash? {
    guard let part = framePart(number) else { return nil }
    var single = self
    single.frames = [FramePart(number: number, part: part)]
    return single.id
  }
}

/// Reads bundles: checks every index and number, and trusts nothing.
public enum BundleReader {
  /// All that frames share, with the meshes' materials and the materials' textures found to exist.
  ///
  /// - Parameter threadCount: Threads that expand, hash and check parts.
  public static func scene(
    of manifest: BundleManifest, from source: some PartSource, threadCount: Int = 1
  ) throws -> Scene {
    var scene = Scene()
    scene.cameraNames = manifest.cameraNames
    scene.materials = try read(manifest.materials, from: source) {
      try MaterialsPart.decode(
        $0, name: "materials \(manifest.materials.hash.short)", textureCount: manifest.textures.count)
    }
    let materialCount = scene.materials.count
    let textureParts = distinct(manifest.textures)
    let meshParts = distinct(manifest.meshes)
    let items = try Concurrent.map(count: textureParts.count + meshParts.count, threadCount: threadCount) { index in
      if index < textureParts.count {
        let part = textureParts[index]
        return SceneItem.texture(
          try read(part, from: source) { try TexturePart.decode($0, name: "texture \(part.hash.short)") })
      }
      let part = meshParts[index - textureParts.count]
      return SceneItem.mesh(
        try read(part, from: source) {
          try MeshPart.decode($0, name: "mesh \(part.hash.short)", materialCount: materialCount)
        })
    }
    var textures: [ContentHash: Texture] = [:]
    var meshes: [ContentHash: SceneMesh] = [:]
    for (part, item) in zip(textureParts + meshParts, items) {
      switch item {
      case .texture(let texture): textures[part.hash] = texture
      case .mesh(let mesh): meshes[part.hash] = mesh
      }
    }
    scene.textures = manifest.textures.map { textures[$0.hash]! }
    scene.meshes = manifest.meshes.map { meshes[$0.hash]! }
    if let part = manifest.environment {
      let content = try read(part, from: source) {
        try EnvironmentPart.decode($0, name: "environment \(part.hash.short)")
      }
      scene.environment = content.environment
      scene.environmentScale = content.scale
      scene.worldToEnvironment = content.worldToEnvironment
    }
    return scene
  }

  private enum SceneItem: Sendable {
    case texture(Texture)
    case mesh(SceneMesh)
  }

  /// Each part once.
  private static func distinct(_ parts: [BundleManifest.Part]) -> [BundleManifest.Part] {
    var seen: Set<ContentHash> = []
    return parts.filter { seen.insert($0.hash).inserted }
  }

  /// What moves at one frame, fitting the scene.
  public static func state(
    frame number: Int, of manifest: BundleManifest, scene: Scene, from source: some PartSource
  ) throws -> FrameState {
    guard let part = manifest.framePart(number) else {
      throw BundleError(.missing, "bundle \(manifest.id.short) has no frame \(number)")
    }
    let name = "frame \(number) (\(part.hash.short))"
    let state = try read(part, from: source) { try FramePart.decode($0, name: name) }
    try check(state, fits: scene, name: name)
    return state
  }

  /// Hands a part's bytes to `body`, and keeps them alive meanwhile.
  private static func read<Result>(
    _ part: BundleManifest.Part, from source: some PartSource, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let buffer = try source.bytes(of: part)
    return try withExtendedLifetime(buffer) { try body(buffer.bytes) }
  }

  static func check(_ state: FrameState, fits scene: Scene, name: String) throws(BundleError) {
    func fault(_ text: String) -> BundleError { BundleError(.malformed, "\(name): \(text)") }
    guard state.cameras.count == scene.cameraNames.count, !state.cameras.isEmpty else {
      throw fault("\(state.cameras.count) cameras, expected \(scene.cameraNames.count)")
    }
    for (index, instance) in state.instances.enumerated() {
      guard instance.mesh < scene.meshes.count else {
        throw fault("instance \(index): mesh \(instance.mesh), expected one below \(scene.meshes.count)")
      }
      let deformation = scene.meshes[instance.mesh].deformation
      guard (deformation != nil) == (instance.pose != nil) else {
        throw fault("instance \(index): a mesh that deforms needs a pose, and only such a mesh")
      }
      guard let deformation, let pose = instance.pose else { continue }
      let found = state.poses[pose]
      guard found.jointMatrices.count == deformation.jointCount else {
        throw fault("pose \(pose): \(found.jointMatrices.count) joints, expected \(deformation.jointCount)")
      }
      guard found.morphWeights.count == deformation.morphTargets.count else {
        throw fault("pose \(pose): \(found.morphWeights.count) weights, expected \(deformation.morphTargets.count)")
      }
    }
  }
}
