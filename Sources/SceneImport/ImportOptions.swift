import Foundation
import SceneModel

/// What to take out of a file, and how.
public struct ImportOptions: Sendable {
  /// glTF scene by name or number from 1; nil: the file's default, else the first.
  public var scene: String?
  /// Camera by name or number from 1; nil: the first.
  public var camera: String?
  /// Animations by name or number from 1, played together; `all` stands for all of them. Empty: the first, and each further
  /// one that drives no node which an earlier one drives.
  public var animations: [String] = []
  /// Nil: the standard rate on whose grid the keys are, else 24. See `FrameTimes`.
  public var framesPerSecond: Double?
  /// Number of the frame that shows the earliest key; nil: decided by the time of that key. See `FrameTimes`.
  public var firstFrame: Int?
  /// Nil: all frames from the earliest key to the last.
  public var frames: FrameNumbers?
  public var environment = EnvironmentChoice.automatic
  public var environmentScale: Float = 1
  /// Rotation about the vertical axis as Blender's Mapping node has it; see `EnvironmentImport.worldToEnvironment`.
  public var environmentDegrees: Float = 0
  /// What the numbers of lamps mean; nil: what the file's generator is known to write.
  public var lightUnit: LightUnit?
  /// Camera rays see both sides of every surface, as in Cycles.
  public var isDoubleSided = false
  /// Files below this folder may be read, besides those below the scene's own.
  public var assetRoot: URL?
  /// Whatever would be a warning that matters is an error.
  public var isStrict = false

  public init() {}
}

/// Where light from all around comes from.
public enum EnvironmentChoice: Sendable, Equatable {
  /// A plain sky where the file has no light at all.
  case automatic
  case none
  /// The same linear radiance from everywhere.
  case color(SIMD3<Float>)
  /// An equirectangular picture: Radiance HDR or OpenEXR.
  case file(URL)
}
