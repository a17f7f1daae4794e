import LaneMath
import KernelScene
import SceneModel
import Synchronization

/// One frame of a job, ready for any of its units. Immutable; shared by threads.
public final class PreparedJobFrame: Sendable {
  public let number: Int
  let frame: any KernelFrame

  init(number: Int, frame: any KernelFrame) {
    self.number = number
    self.frame = frame
  }
}

/// Makes frames of one scene ready to render, and keeps what frames have in common: structures of what does not deform,
/// and of what has kept its pose since the last frame.
public final class FramePreparer: Sendable {
  public let scene: Scene
  public let kernel: any KernelBuild
  private let textures: any KernelTextures
  private let threadCount: Int
  private let alphaTested: [Bool]

  private struct Posed {
    var mesh: Int
    var pose: FrameState.Pose
    var prepared: any KernelMesh
  }

  private struct State {
    var rest: [Int: any KernelMesh] = [:]
    var posed: [Posed] = []
    var environment: (any KernelEnvironment)?
  }

  private let state = Mutex(State())

  /// - Parameters:
  ///   - kernel: The build that frames are prepared for and rendered by.
  ///   - threadCount: Threads that build structures.
  public init(scene: Scene, kernel: any KernelBuild = KernelChoice.fastest, threadCount: Int) {
    textures = kernel.prepare(scene.textures, for: scene.materials, threadCount: threadCount)
    self.scene = scene
    self.kernel = kernel
    self.threadCount = threadCount
    alphaTested = scene.materials.map { $0.alphaMode != .opaque }
  }

  /// - Parameters:
  ///   - state: Fits the scene (`BundleReader` and the importer see to that).
  ///   - camera: Index into the state's cameras.
  public func prepare(_ state: FrameState, number: Int, camera: Int) throws(BundleError) -> PreparedJobFrame {
    guard state.cameras.indices.contains(camera) else {
      throw BundleError(.missing, "camera \(camera): frame \(number) has \(state.cameras.count) cameras")
    }
    var description = FrameDescription(camera: state.cameras[camera])
    description.materials = scene.materials
    description.lights = state.lights
    description.environment = scene.environment
    description.environmentScale = scene.environmentScale
    description.worldToEnvironment = scene.worldToEnvironment

    var meshes: [any KernelMesh] = []
    var restIndex: [Int: Int] = [:]
    var poseIndex: [Int: Int] = [:]
    var posed: [Posed] = []
    for instance in state.instances {
      let index: Int
      if let pose = instance.pose, scene.meshes[instance.mesh].deformation != nil {
        if let known = poseIndex[pose], posed[known].mesh == instance.mesh {
          index = meshes.firstIndex { $0 === posed[known].prepared } ?? 0
        } else {
          let made = posedMesh(instance.mesh, state.poses[pose])
          poseIndex[pose] = posed.count
          posed.append(Posed(mesh: instance.mesh, pose: state.poses[pose], prepared: made))
          index = meshes.count
          meshes.append(made)
        }
      } else if let known = restIndex[instance.mesh] {
        index = known
      } else {
        index = meshes.count
        restIndex[instance.mesh] = index
        meshes.append(restMesh(instance.mesh))
      }
      // An instance without volume cannot be hit.
      if let placed = MeshInstance(mesh: index, objectToWorld: instance.transform) {
        description.instances.append(placed)
      }
    }
    description.meshes = meshes.map(\.mesh)
    self.state.withLock { $0.posed = posed }
    let frame = kernel.prepare(
      description, meshes: meshes, textures: textures, environment: preparedEnvironment())
    return PreparedJobFrame(number: number, frame: frame)
  }

  private func restMesh(_ index: Int) -> any KernelMesh {
    if let known = state.withLock({ $0.rest[index] }) { return known }
    let made = kernel.prepare(scene.meshes[index].arrays, alphaTested: alphaTested, threadCount: threadCount)
    return state.withLock { state in
      if let known = state.rest[index] { return known }
      state.rest[index] = made
      return made
    }
  }

  private func posedMesh(_ index: Int, _ pose: FrameState.Pose) -> any KernelMesh {
    if let known = state.withLock({ $0.posed.first { $0.mesh == index && $0.pose == pose } }) { return known.prepared }
    return kernel.prepare(
      scene.meshes[index].deformed(by: pose), alphaTested: alphaTested, threadCount: threadCount)
  }

  private func preparedEnvironment() -> (any KernelEnvironment)? {
    guard let environment = scene.environment else { return nil }
    if let known = state.withLock({ $0.environment }) { return known }
    let made = kernel.prepare(environment)
    state.withLock { $0.environment = made }
    return made
  }
}

/// Makes frames of a bundle ready to render. The scene is read with the first of them.
public final class BundleRenderer: Sendable {
  public let manifest: BundleManifest
  private let source: any PartSource
  private let kernel: any KernelBuild
  private let threadCount: Int
  private let preparer = Mutex<FramePreparer?>(nil)

  /// - Parameters:
  ///   - kernel: The build that renders.
  ///   - threadCount: Threads that build structures.
  public init(
    manifest: BundleManifest, source: any PartSource, kernel: any KernelBuild = KernelChoice.fastest, threadCount: Int
  ) {
    self.manifest = manifest
    self.source = source
    self.kernel = kernel
    self.threadCount = threadCount
  }

  /// Reads, checks and prepares. Long; call it on a thread of its own.
  ///
  /// - Throws: `BundleError`.
  public func prepare(frame number: Int, camera: Int) throws -> PreparedJobFrame {
    let preparer: FramePreparer
    if let known = self.preparer.withLock({ $0 }) {
      preparer = known
    } else {
      preparer = FramePreparer(
        scene: try BundleReader.scene(of: manifest, from: source, threadCount: threadCount), kernel: kernel,
        threadCount: threadCount)
      self.preparer.withLock { $0 = preparer }
    }
    let state = try BundleReader.state(frame: number, of: manifest, scene: preparer.scene, from: source)
    return try preparer.prepare(state, number: number, camera: camera)
  }
}
