// How the rest of Glint reaches a kernel: by existentials, because which build renders is decided when the program runs.
// Calls are few and large (a mesh, a frame, a unit), so they cost nothing.

/// One build of the render kernel: its sources compiled for one instruction set, with one number of lanes. All builds give
/// the same bits and counters.
public protocol KernelBuild: Sendable {
  /// As `--kernel` has it: "scalar", "v3", "v4".
  var name: String { get }
  /// Paths that are shaded at once.
  var laneCount: Int { get }

  /// Builds the structure of a mesh.
  ///
  /// - Parameters:
  ///   - alphaTested: By material index: whether rays can pass through parts of it.
  ///   - threadCount: Threads to build with; the result does not depend on it.
  func prepare(_ mesh: MeshArrays, alphaTested: [Bool], threadCount: Int) -> any KernelMesh

  /// Makes an environment ready for sampling.
  func prepare(_ environment: Environment) -> any KernelEnvironment

  /// Makes the levels of textures as materials use them.
  ///
  /// - Parameter threadCount: Threads to work with; the result does not depend on it.
  func prepare(_ textures: [Texture], for materials: [Material], threadCount: Int) -> any KernelTextures

  /// Puts a frame together.
  ///
  /// - Parameters:
  ///   - meshes: One for each of the description's meshes, made by this build.
  ///   - textures: Of the description's textures and materials, made by this build.
  ///   - environment: Of the description's environment, made by this build; nil where it has none.
  func prepare(
    _ frame: FrameDescription, meshes: [any KernelMesh], textures: any KernelTextures,
    environment: (any KernelEnvironment)?
  ) -> any KernelFrame
}

/// A mesh with its structure. Immutable; shared by frames.
public protocol KernelMesh: AnyObject, Sendable {
  var mesh: MeshArrays { get }
  /// Bytes that the structure takes, besides the mesh.
  var structureByteCount: Int { get }
}

/// An environment ready for sampling. Immutable; shared by frames.
public protocol KernelEnvironment: AnyObject, Sendable {}

/// Textures with their levels. Immutable; shared by frames.
public protocol KernelTextures: AnyObject, Sendable {}

/// A frame ready to render. Immutable; shared by threads.
public protocol KernelFrame: AnyObject, Sendable {
  /// Renders one tile over one node of the tree of samples.
  ///
  /// Bits and counters of the result depend on frame, settings, frame number, pixel and range alone.
  ///
  /// - Parameters:
  ///   - frameNumber: Goes into the random numbers, as seed and pixel do.
  ///   - tile: Inside the frame.
  ///   - samples: See `SampleTree`.
  ///   - times: Gets the time that each stage took.
  ///   - isCancelled: Asked before every batch of a thousand paths.
  func render(
    settings: RenderSettings, frameNumber: Int, tile: TileRectangle, samples: Range<Int>, times: StageTimes?,
    isCancelled: () -> Bool
  ) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters)
}

/// The work was no longer wanted.
public struct Cancelled: Error {
  public init() {}
}
