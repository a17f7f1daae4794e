import LaneMath

/// Everything that the kernel needs to know of one frame. Meshes and textures are shared between frames.
public struct FrameDescription: Sendable {
  public var meshes: [MeshArrays] = []
  public var instances: [MeshInstance] = []
  /// At least one; at most 65,536.
  public var materials: [Material] = [Material()]
  public var textures: [Texture] = []
  public var lights: [PunctualLight] = []
  public var environment: Environment?
  /// Multiplies the environment's radiance.
  public var environmentScale: Float = 1
  /// Rotates a world direction into the environment's space; linear part only.
  public var worldToEnvironment: Affine = .identity
  public var camera: Camera

  public init(camera: Camera) { self.camera = camera }
}
