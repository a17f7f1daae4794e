import CImageCodecs
import Foundation

/// PNG pictures with sRGB, gAMA, cHRM and cICP chunks.
public enum PNGWriter {
  /// Previews are written often: level 3 is four times as fast as zlib's 6 and costs a few per cent in size.
  private static let compressionLevel: Int32 = 3

  /// - Parameter rgb: Row-major, `height × width × 3`, sRGB-encoded, top row first.
  /// - Parameter text: Keywords (1 to 79 printable ASCII characters, no space at either end or after another) and their
  ///   values. Values beyond ASCII are written as UTF-8 (iTXt).
  public static func encode8(
    rgb: [UInt8], width: Int, height: Int, text: [(String, String)] = []
  ) throws(ImageError) -> [UInt8] {
    try encode(rgb, width: width, height: height, channelCount: 3, text: text)
  }

  /// As `encode8`, with 16 bits in native byte order.
  public static func encode16(
    rgb: [UInt16], width: Int, height: Int, text: [(String, String)] = []
  ) throws(ImageError) -> [UInt8] {
    try encode(rgb, width: width, height: height, channelCount: 3, text: text)
  }

  /// - Parameter rgba: `height × width × 4`, straight alpha.
  public static func encodeRGBA8(
    rgba: [UInt8], width: Int, height: Int, text: [(String, String)] = []
  ) throws(ImageError) -> [UInt8] {
    try encode(rgba, width: width, height: height, channelCount: 4, text: text)
  }

  /// Writes the file whole or not at all; see `AtomicFile`.
  public static func write(_ bytes: [UInt8], to url: URL) throws {
    try AtomicFile.write(bytes, to: url)
  }

  private static func encode<Channel: FixedWidthInteger>(
    _ pixels: [Channel], width: Int, height: Int, channelCount: Int, text: [(String, String)]
  ) throws(ImageError) -> [UInt8] {
    guard width > 0, height > 0, width <= 1 << 24, height <= 1 << 24, pixels.count == width * height * channelCount
    else {
      throw ImageError(
        .unwritable, "PNG: \(pixels.count) values given for \(width)×\(height) pixels of \(channelCount) channels")
    }
    for (keyword, value) in text {
      let isPrintable = keyword.utf8.allSatisfy { (0x20...0x7E).contains($0) }
      // libpng would drop such spaces in silence.
      let hasStraySpace = keyword.hasPrefix(" ") || keyword.hasSuffix(" ") || keyword.contains("  ")
      guard isPrintable, !hasStraySpace, (1...79).contains(keyword.utf8.count), !value.utf8.contains(0) else {
        throw ImageError(
          .unwritable,
          "PNG: text keyword \"\(keyword)\" must be 1 to 79 printable ASCII characters with single spaces between words, "
            + "its value without NUL")
      }
    }

    let strings = text.map { (strdup($0.0), strdup($0.1)) }
    defer {
      for (keyword, value) in strings {
        free(keyword)
        free(value)
      }
    }
    let texts = strings.map { glint_png_text(keyword: $0.0, text: $0.1) }
    var output: UnsafeMutablePointer<UInt8>?
    var outputCount = 0
    var message = [CChar](repeating: 0, count: Int(GLINT_CODEC_MESSAGE_SIZE))
    let isWritten = pixels.withUnsafeBytes { pixels in
      glint_png_write(
        pixels.baseAddress, UInt32(width), UInt32(height), Int32(channelCount), Int32(Channel.bitWidth),
        compressionLevel, texts, Int32(texts.count), &output, &outputCount, &message)
    }
    guard isWritten == 1, let output else {
      let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw ImageError(.unwritable, "PNG: \(reason)")
    }
    defer { glint_codec_free(output) }
    return [UInt8](UnsafeBufferPointer(start: output, count: outputCount))
  }
}
