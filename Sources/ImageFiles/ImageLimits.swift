/// What a picture may claim to be before memory is given to it.
public struct ImageLimits: Sendable, Equatable {
  public var maxWidth: Int
  public var maxHeight: Int
  public var maxPixels: Int

  public init(maxWidth: Int, maxHeight: Int, maxPixels: Int) {
    self.maxWidth = maxWidth
    self.maxHeight = maxHeight
    self.maxPixels = maxPixels
  }

  /// 16,384 is the largest side that graphics cards sample; 2²⁷ pixels admit a 16k × 8k panorama and are 512 MiB as RGBA8.
  public static let standard = ImageLimits(maxWidth: 16384, maxHeight: 16384, maxPixels: 1 << 27)

  /// Scans of a progressive JPEG. Encoders write about ten; each costs a pass over the whole picture.
  static let maxJPEGScans = 100

  /// The best that deflate can do: a match of 258 bytes in two bits.
  static let maxDeflateRatio: UInt64 = 1032

  func check(width: Int, height: Int, format: String) throws(ImageError) {
    guard width > 0, height > 0 else {
      throw ImageError(.malformed, "\(format): the picture is \(width)×\(height) pixels; both sides must be at least 1")
    }
    guard width <= maxWidth, height <= maxHeight else {
      throw ImageError(
        .tooLarge, "\(format): the picture is \(width)×\(height) pixels; at most \(maxWidth)×\(maxHeight) are read")
    }
    guard width * height <= maxPixels else {
      throw ImageError(
        .tooLarge,
        "\(format): the picture has \(width * height) pixels (\(width)×\(height)); at most \(maxPixels) are read")
    }
  }
}
