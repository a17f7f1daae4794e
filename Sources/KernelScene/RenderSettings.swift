/// The settings that decide pixels, besides the scene.
public struct RenderSettings: Sendable, Equatable {
  public enum Filter: UInt8, Sendable {
    /// One pixel wide.
    case box
    /// Blackman-Harris, 1.5 pixels wide, by importance sampling: every sample has weight one and stays in its pixel.
    case blackmanHarris
  }

  public var width: Int
  public var height: Int
  /// Samples of a pixel in the whole picture: their points are placed for as many.
  public var sampleCount: Int
  /// Largest number of scattering events that may still be followed by a ray: with 0 a picture shows emitters and what the
  /// first surface reflects of sampled lights; each further bounce adds one indirect segment.
  public var bounces: Int = 8
  public var seed: UInt64 = 0
  public var filter: Filter = .blackmanHarris

  public init(width: Int, height: Int, sampleCount: Int) {
    self.width = width
    self.height = height
    self.sampleCount = sampleCount
  }
}

/// How the work is done. Nothing here may change a bit of the result.
public struct ExecutionOptions: Sendable {
  public enum LaneWidth: Sendable {
    /// One path after the other: the reference.
    case scalar
    /// As many at once as the build has lanes.
    case wide
  }
  public var laneWidth: LaneWidth = .wide

  public init() {}
}

/// A rectangle of pixels, inside the frame.
public struct TileRectangle: Sendable, Hashable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public var pixelCount: Int { width * height }
}
