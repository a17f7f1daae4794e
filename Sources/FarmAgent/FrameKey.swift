import SceneModel

/// What can be prepared once and rendered many times: one frame of one bundle, seen by one camera.
public struct FrameKey: Hashable, Sendable {
  public var bundle: ContentHash
  public var number: Int
  /// Index into the bundle's cameras.
  public var camera: Int

  public init(bundle: ContentHash, number: Int, camera: Int) {
    self.bundle = bundle
    self.number = number
    self.camera = camera
  }
}
