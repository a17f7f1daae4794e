import LaneMath
import KernelScene

/// What all frames of a job share: geometry, looks and surroundings. Immutable; made by the importer or decoded from a bundle.
public struct Scene: Sendable {
  public var meshes: [SceneMesh] = []
  public var textures: [Texture] = []
  /// At least one.
  public var materials: [Material] = [Material()]
  public var environment: Environment?
  public var environmentScale: Float = 1
  public var worldToEnvironment: Affine = .identity
  /// One name for each camera of `FrameState.cameras`, unique and not empty.
  public var cameraNames: [String] = []

  public init() {}
}

/// A mesh in its rest shape, and how it may deform.
public struct SceneMesh: Sendable {
  public var arrays: MeshArrays
  public var deformation: Deformation?

  public init(arrays: MeshArrays, deformation: Deformation? = nil) {
    self.arrays = arrays
    self.deformation = deformation
  }
}

/// Skin weights and morph targets of one mesh.
public final class Deformation: Sendable {
  public struct MorphTarget: Sendable {
    /// Displacements, `vertexCount × 3`, or empty.
    public var positions: FlatBuffer<Float>
    public var normals: FlatBuffer<Float>
    public var tangents: FlatBuffer<Float>
    /// Differences of linear RGBA, `vertexCount × 4`, or empty. Sums are held within [0, 1].
    public var colors: FlatBuffer<Float>

    public init(
      positions: FlatBuffer<Float>, normals: FlatBuffer<Float>, tangents: FlatBuffer<Float>,
      colors: FlatBuffer<Float> = FlatBuffer(count: 0)
    ) {
      self.positions = positions
      self.normals = normals
      self.tangents = tangents
      self.colors = colors
    }
  }

  /// Joints that pull on one vertex: 0 (no skin), or a multiple of 4 up to `BundleLimits.influenceCount`.
  public let influencesPerVertex: Int
  /// `vertexCount × influencesPerVertex` indices into `Pose.jointMatrices`; every one is below `jointCount`.
  public let joints: FlatBuffer<UInt16>
  /// Beside `joints`; of one vertex they sum to one.
  public let weights: FlatBuffer<Float>
  public let jointCount: Int
  public let morphTargets: [MorphTarget]

  public init(
    influencesPerVertex: Int, joints: FlatBuffer<UInt16>, weights: FlatBuffer<Float>, jointCount: Int,
    morphTargets: [MorphTarget]
  ) {
    precondition(joints.count == weights.count)
    self.influencesPerVertex = influencesPerVertex
    self.joints = joints
    self.weights = weights
    self.jointCount = jointCount
    self.morphTargets = morphTargets
  }
}

/// What moves, at one moment.
public struct FrameState: Sendable, Equatable {
  /// One placement of a mesh.
  public struct Instance: Sendable, Equatable {
    public var mesh: Int
    public var transform: Affine
    /// Index into `poses`: the mesh is deformed by it first. A skinned mesh's joints already lead to world space, so its
    /// transform is the identity.
    public var pose: Int?

    public init(mesh: Int, transform: Affine, pose: Int? = nil) {
      self.mesh = mesh
      self.transform = transform
      self.pose = pose
    }
  }

  /// The state of one deforming mesh.
  public struct Pose: Sendable, Equatable {
    /// One for each joint of the mesh's skin, rest space to world space; empty without a skin.
    public var jointMatrices: [Affine]
    /// One for each morph target.
    public var morphWeights: [Float]

    public init(jointMatrices: [Affine], morphWeights: [Float]) {
      self.jointMatrices = jointMatrices
      self.morphWeights = morphWeights
    }
  }

  public var instances: [Instance] = []
  public var poses: [Pose] = []
  public var lights: [PunctualLight] = []
  /// At least one, in the order of `Scene.cameraNames`.
  public var cameras: [Camera] = []

  public init() {}
}
