import CImageCodecs
import LaneMath

/// A decoded texture.
public struct DecodedImage: Sendable {
  public var width: Int
  public var height: Int
  /// Row-major, `height × width × 4`, RGBA with straight alpha, top row first, in the file's own encoding.
  public var texels: FlatBuffer<UInt8>
}

/// PNG and JPEG pictures, told apart by signature.
///
/// Gamma, colour profiles and EXIF orientation are ignored, as glTF 2.0 (section 3.8.2) demands. 16-bit channels are rounded
/// to 8, palettes and grey are widened, a missing alpha is 255.
public enum ImageDecoder {
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, limits: ImageLimits = .standard
  ) throws(ImageError) -> DecodedImage {
    switch ImageFormat(signatureOf: bytes) {
    case .png: return try decode(bytes, format: "PNG", limits: limits, codec: .png)
    case .jpeg: return try decode(bytes, format: "JPEG", limits: limits, codec: .jpeg)
    case .radiance:
      throw ImageError(
        .unsupported, "the picture is a Radiance HDR file; textures are read from PNG or JPEG, HDR is for --env")
    case .openEXR:
      throw ImageError(.unsupported, "the picture is OpenEXR; textures are read from PNG or JPEG, OpenEXR is for --env")
    case .other(let name):
      throw ImageError(.unsupported, "the picture is \(name); only PNG and JPEG are read, so convert it to one of them")
    case .unknown:
      let start = bytes.prefix(8).map { hexadecimal($0) }.joined(separator: " ")
      throw ImageError(
        .unsupported,
        bytes.isEmpty
          ? "the picture is empty; PNG or JPEG expected" : "the picture starts with \(start); PNG or JPEG expected")
    }
  }

  private enum Codec { case png, jpeg }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, format: String, limits: ImageLimits, codec: Codec
  ) throws(ImageError) -> DecodedImage {
    let source = bytes.bindMemory(to: UInt8.self)
    var info = glint_codec_info()
    let hasHeader =
      switch codec {
      case .png: glint_png_read_header(source.baseAddress, source.count, &info)
      case .jpeg: glint_jpeg_read_header(source.baseAddress, source.count, &info)
      }
    guard hasHeader == 1 else { throw malformed(format, info) }
    let (width, height) = (Int(info.width), Int(info.height))
    try limits.check(width: width, height: height, format: format)
    // What cannot be in the file is not allocated.
    let maximum = UInt64(source.count) * ImageLimits.maxDeflateRatio
    guard info.minimumRawByteCount <= maximum else {
      throw ImageError(
        .malformed, "\(format): \(width)×\(height) pixels cannot be in \(source.count) bytes; the file ends too early")
    }

    let texels = FlatBuffer<UInt8>(count: width * height * 4) { _ in }
    let isRead =
      switch codec {
      case .png: glint_png_read(source.baseAddress, source.count, &info, texels.pointer)
      case .jpeg:
        glint_jpeg_read(source.baseAddress, source.count, &info, texels.pointer, Int32(ImageLimits.maxJPEGScans))
      }
    guard isRead == 1 else { throw malformed(format, info) }
    return DecodedImage(width: width, height: height, texels: texels)
  }

  private static func malformed(_ format: String, _ info: glint_codec_info) -> ImageError {
    let text = withUnsafeBytes(of: info.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ImageError(.malformed, "\(format): \(text)")
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }
}
