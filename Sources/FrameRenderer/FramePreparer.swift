import LaneMath
import RenderKernel
import SceneModel
import Synchronization

/// One frame of a job, ready for any of its units. Immutable; shared by threads.
public final class PreparedJobFrame: Sendable {
  public let number: Int
  let frame: PreparedFrame

  init(number: Int, frame: PreparedFrame) {
    self.number = number
    self.frame = frame
  }
}

/// Makes frames of one scene ready to render, and keeps what frames have in common: structures of what does not deform,
/// and of what has kept its pose since the last frame.
public final class FramePreparer: Sendable {
  public let scene: Scene
  private let textures: TexturePyramids
  private let threadCount: Int
  private let kind: AccelerationKind
  private let alphaTested: [Bool]

  private struct Posed {
    var mesh: Int
    var pose: FrameState.Pose
    var prepared: PreparedMesh
  }

  private struct State {
    var rest: [Int: PreparedMesh] = [:]
    var posed: [Posed] = []
    var environment: EnvironmentTables?
  }

  private let state = Mutex(State())

  /// - Parameter threadCount: Threads that build structures.
  public init(scene: Scene, threadCount: Int, kind: AccelerationKind = .wide) {
    textures = TexturePyramids(scene.textures, for: scene.materials, threadCount: threadCount)
    self.scene = scene
    self.threadCount = threadCount
    self.kind = kind
    alphaTested = PreparedFrame.alphaTested(scene.materials)
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

    var meshes: [PreparedMesh] = []
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
    let frame = PreparedFrame(
      description, meshes: meshes, kind: kind, textures: textures, environmentTables: environmentTables())
    return PreparedJobFrame(number: number, frame: frame)
  }

  private func restMesh(_ index: Int) -> PreparedMesh {
    if let known = state.withLock({ $0.rest[index] }) { return known }
    let made = PreparedMesh(
      scene.meshes[index].arrays, alphaTested: alphaTested, kind: kind, threadCount: threadCount)
    return state.withLock { state in
      if let known = state.rest[index] { return known }
      state.rest[index] = made
      return made
    }
  }

  private func posedMesh(_ index: Int, _ pose: FrameState.Pose) -> PreparedMesh {
    if let known = state.withLock({ $0.posed.first { $0.mesh == index && $0.pose == pose } }) { return known.prepared }
    return PreparedMesh(
      scene.meshes[index].deformed(by: pose), alphaTested: alphaTested, kind: kind, threadCount: threadCount)
  }

  private func environmentTables() -> EnvironmentTables? {
    guard let environment = scene.environment else { return nil }
    if let known = state.withLock({ $0.environment }) { return known }
    let made = EnvironmentTables(environment)
    state.withLock { $0.environment = made }
    return made
  }
}

/// Makes frames of a bundle ready to render. The scene is read with the first of them.
public final class BundleRenderer: Sendable {
  public let manifest: BundleManifest
  private let source: any PartSource
  private let threadCount: Int
  private let preparer = Mutex<FramePreparer?>(nil)

  public init(manifest: BundleManifest, source: any PartSource, threadCount: Int) {
    self.manifest = manifest
    self.source = source
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
        scene: try BundleReader.scene(of: manifest, from: source, threadCount: threadCount), threadCount: threadCount)
      self.preparer.withLock { $0 = preparer }
    }
    let state = try BundleReader.state(frame: number, of: manifest, scene: preparer.scene, from: source)
    return try preparer.prepare(state, number: number, camera: camera)
  }
}
