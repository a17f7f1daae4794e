import LaneMath
import KernelScene

/// Writes scenes as bundles.
public enum BundleWriter {
  /// Puts the parts of a scene into a store.
  ///
  /// - Parameters:
  ///   - frames: Frame numbers, ascending.
  ///   - state: What moves, at a frame.
  ///   - progress: Hears of each part: how many are done, of how many.
  public static func write(
    _ scene: Scene, frames: some Collection<Int>, state: (Int) throws -> FrameState, into store: PartStore,
    progress: ((Int, Int) -> Void)? = nil
  ) throws -> BundleManifest {
    let partCount = scene.meshes.count + scene.textures.count + 2 + frames.count
    var done = 0
    func put(_ bytes: [UInt8]) throws(BundleError) -> BundleManifest.Part {
      guard bytes.count <= BundleLimits.partByteCount else {
        throw BundleError(
          .tooLarge, "a part of \(bytes.count) bytes; at most \(BundleLimits.partByteCount) are allowed: split the mesh"
        )
      }
      let part = try store.store(bytes)
      done += 1
      progress?(done, partCount)
      return part
    }
    var manifest = BundleManifest(materials: try put(MaterialsPart.encoded(scene.materials)))
    for mesh in scene.meshes { manifest.meshes.append(try put(MeshPart.encoded(mesh))) }
    for texture in scene.textures { manifest.textures.append(try put(TexturePart.encoded(texture))) }
    if let environment = scene.environment {
      manifest.environment = try put(
        EnvironmentPart.encoded(
          EnvironmentPart.Content(
            environment: environment, scale: scene.environmentScale, worldToEnvironment: scene.worldToEnvironment)))
    }
    for number in frames {
      manifest.frames.append(
        BundleManifest.FramePart(number: number, part: try put(FramePart.encoded(try state(number)))))
    }
    manifest.cameraNames = scene.cameraNames
    return manifest
  }
}

/// Reads bundles: checks every index and number, and trusts nothing.
public enum BundleReader {
  /// All that frames share, with the meshes' materials and the materials' textures found to exist.
  public static func scene(of manifest: BundleManifest, from source: some PartSource) throws -> Scene {
    var scene = Scene()
    scene.cameraNames = manifest.cameraNames
    scene.materials = try read(manifest.materials, from: source) {
      try MaterialsPart.decode(
        $0, name: "materials \(manifest.materials.hash.short)", textureCount: manifest.textures.count)
    }
    var textures: [ContentHash: Texture] = [:]
    for part in manifest.textures {
      if textures[part.hash] == nil {
        textures[part.hash] = try read(part, from: source) {
          try TexturePart.decode($0, name: "texture \(part.hash.short)")
        }
      }
      scene.textures.append(textures[part.hash]!)
    }
    var meshes: [ContentHash: SceneMesh] = [:]
    for part in manifest.meshes {
      if meshes[part.hash] == nil {
        let materialCount = scene.materials.count
        meshes[part.hash] = try read(part, from: source) {
          try MeshPart.decode($0, name: "mesh \(part.hash.short)", materialCount: materialCount)
        }
      }
      scene.meshes.append(meshes[part.hash]!)
    }
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
