import LaneMath

/// An image with its sampler.
public final class Texture: Sendable {
  public enum Wrap: UInt8, Sendable, BitwiseCopyable { case `repeat`, mirroredRepeat, clampToEdge }
  public enum Filter: UInt8, Sendable, BitwiseCopyable { case linear, nearest }
  /// How stored bytes become values: sRGB colour (alpha stays linear), or byte ÷ 255.
  public enum Encoding: UInt8, Sendable { case srgb, linear }

  public let width: Int
  public let height: Int
  /// Row-major, `height × width × 4` bytes RGBA, straight alpha, top row first.
  public let texels: FlatBuffer<UInt8>
  public let encoding: Encoding
  public let wrapU: Wrap
  public let wrapV: Wrap
  public let filter: Filter

  public init(
    width: Int, height: Int, texels: FlatBuffer<UInt8>, encoding: Encoding, wrapU: Wrap = .repeat,
    wrapV: Wrap = .repeat, filter: Filter = .linear
  ) {
    precondition(width > 0 && height > 0 && texels.count == width * height * 4)
    self.width = width
    self.height = height
    self.texels = texels
    self.encoding = encoding
    self.wrapU = wrapU
    self.wrapV = wrapV
    self.filter = filter
  }
}

/// Light from all around, as an equirectangular picture. +y is up.
///
/// Direction d is found at u = atan2(d.z, d.x) / 2π + ½, v = acos(d.y) / π: the centre column looks along +x, columns grow
/// towards +z. (Blender with an imported glTF and three.js place it the same way.)
public final class Environment: Sendable {
  public let width: Int
  public let height: Int
  /// Row-major, `height × width × 3`, linear RGB radiance, top row first, finite and ≥ 0.
  public let texels: FlatBuffer<Float>

  public init(width: Int, height: Int, texels: FlatBuffer<Float>) {
    precondition(width > 0 && height > 0 && texels.count == width * height * 3)
    self.width = width
    self.height = height
    self.texels = texels
  }
}
