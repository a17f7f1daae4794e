/// What is wrong with a bundle, a part or its store.
public struct BundleError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The bytes are not what they claim to be.
    case malformed
    /// Larger than a limit of `BundleLimits`.
    case tooLarge
    /// The bytes do not hash to the name that they go by.
    case wrongHash
    /// Not here; perhaps elsewhere.
    case missing
    /// The disk does not take or give it; `errno` where one is known.
    case storage(errno: Int32)
  }

  public var kind: Kind
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// What a bundle may ask of a machine that renders it. Beyond: refused, before any memory is taken for it.
public enum BundleLimits {
  /// Uncompressed bytes of one part; the largest are meshes: 5 million separate triangles take 0.6 GB.
  public static let partByteCount = 4 << 30
  /// Uncompressed bytes of all parts that one frame needs.
  public static let bundleByteCount = 32 << 30
  public static let manifestByteCount = 64 << 20
  public static let meshCount = 200_000
  public static let textureCount = 10_000
  /// Triangles carry 16-bit material indices.
  public static let materialCount = 65_536
  public static let frameCount = 100_000
  public static let cameraCount = 10_000
  public static let cameraNameByteCount = 1024
  public static let instanceCount = 20_000_000
  public static let poseCount = 100_000
  public static let lightCount = 100_000
  public static let jointCount = 65_536
  public static let morphTargetCount = 4096
  /// Joints that pull on one vertex.
  public static let influenceCount = 32
  /// Edge of a texture, texels.
  public static let textureEdge = 32_768
}
