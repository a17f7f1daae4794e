import LaneMath

/// A punctual light (KHR_lights_punctual) in world space. Emissive triangles and the environment are lights as well, but
/// come with meshes and environment.
public struct PunctualLight: Sendable, Equatable, BitwiseCopyable {
  public enum Kind: UInt8, Sendable, BitwiseCopyable { case directional, point, spot }

  public var kind: Kind
  /// Linear RGB: radiant intensity (W/sr) for point and spot, irradiance (W/m²) for directional. Range falloff: inverse
  /// square, cut by `range` where that is finite.
  public var intensity: SIMD3<Float>
  public var position: SIMD3<Float> = .zero
  /// Unit vector in which the light shines.
  public var direction: SIMD3<Float> = [0, 0, -1]
  public var range: Float = .infinity
  public var cosInnerCone: Float = 1
  public var cosOuterCone: Float = 0.70710678

  public init(kind: Kind, intensity: SIMD3<Float>) {
    self.kind = kind
    self.intensity = intensity
  }
}

/// Where the picture is taken from. Looks down −z of `cameraToWorld`, +y up.
public struct Camera: Sendable, Equatable {
  public enum Projection: Sendable, Equatable {
    /// `tanHalfHeight`: tangent of half the vertical field of view.
    case perspective(tanHalfHeight: Float)
    /// `halfHeight`: half the visible height, scene units.
    case orthographic(halfHeight: Float)
  }

  public var projection: Projection
  public var cameraToWorld: Affine

  public init(projection: Projection, cameraToWorld: Affine) {
    self.projection = projection
    self.cameraToWorld = cameraToWorld
  }
}
