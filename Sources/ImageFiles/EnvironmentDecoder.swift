import LaneMath

/// Pictures that light a scene: Radiance HDR and OpenEXR, told apart by signature.
public enum EnvironmentDecoder {
  /// - Returns: `height × width × 3` linear RGB, top row first, left column first, finite and ≥ 0.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, limits: ImageLimits = .standard
  ) throws(ImageError) -> (width: Int, height: Int, texels: FlatBuffer<Float>) {
    switch ImageFormat(signatureOf: bytes) {
    case .radiance: return try RadianceHDR.decode(bytes, limits: limits)
    case .openEXR: return try EXRReader.decode(bytes, limits: limits)
    case .png: throw refusal("PNG")
    case .jpeg: throw refusal("JPEG")
    case .other(let name): throw refusal(name)
    case .unknown:
      throw ImageError(
        .unsupported,
        bytes.isEmpty
          ? "the file is empty; Radiance HDR (.hdr) or OpenEXR (.exr) expected"
          : "the file is no picture that is known here; Radiance HDR (.hdr) or OpenEXR (.exr) expected")
    }
  }

  private static func refusal(_ name: String) -> ImageError {
    ImageError(
      .unsupported, "the file is \(name); Radiance HDR (.hdr) or OpenEXR (.exr) expected, so convert it to one")
  }
}
