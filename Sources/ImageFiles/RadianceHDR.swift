import LaneMath

/// Radiance RGBE pictures (`.hdr`), as light from all around.
///
/// A channel is `mantissa × 2^(exponent − 136)`, which a `Float` holds exactly. `EXPOSURE` and `COLORCORR` are ignored, as
/// Blender and three.js do; the colour space is taken to be linear with sRGB primaries.
///
/// Source: G. Ward, "Real Pixels", Graphics Gems II; the file format page of the Radiance reference manual.
public enum RadianceHDR {
  /// Header lines and their length: files have about ten short ones.
  private static let maxHeaderByteCount = 64 << 10

  /// - Returns: `height × width × 3` linear RGB, top row first, left column first, finite and ≥ 0.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(ImageError) -> (width: Int, height: Int, texels: FlatBuffer<Float>) {
    try decode(bytes, limits: .standard)
  }

  public static func decode(
    _ bytes: UnsafeRawBufferPointer, limits: ImageLimits
  ) throws(ImageError) -> (width: Int, height: Int, texels: FlatBuffer<Float>) {
    guard ImageFormat(signatureOf: bytes) == .radiance else {
      throw ImageError(.unsupported, "the file does not start with #?RADIANCE, so it is no Radiance HDR picture")
    }
    var reader = Reader(bytes: bytes)
    let resolution = try readHeader(&reader)
    let (width, height) = (resolution.width, resolution.height)
    try limits.check(width: width, height: height, format: "HDR")
    // A scanline is at least one pixel or run: four bytes.
    guard reader.remaining >= 4 * height else {
      throw ImageError(
        .malformed, "HDR: \(width)×\(height) pixels cannot be in \(reader.remaining) bytes; the file ends too early")
    }

    let texels = FlatBuffer<Float>(count: width * height * 3) { _ in }
    var scanline = [UInt8](repeating: 0, count: width * 4)
    for row in 0..<height {
      do {
        try reader.readScanline(&scanline, width: width)
      } catch {
        throw ImageError(.malformed, "HDR: scanline \(row) of \(height): \(error.description)")
      }
      let y = resolution.isBottomUp ? height - 1 - row : row
      let target = texels.pointer + y * width * 3
      for x in 0..<width {
        let scale = scales[Int(scanline[4 * x + 3])]
        let at = (resolution.isRightToLeft ? width - 1 - x : x) * 3
        target[at] = Float(scanline[4 * x]) * scale
        target[at + 1] = Float(scanline[4 * x + 1]) * scale
        target[at + 2] = Float(scanline[4 * x + 2]) * scale
      }
    }
    return (width, height, texels)
  }

  /// 2^(exponent − 136); a zero exponent is black.
  private static let scales: [Float] = (0..<256).map { exponent in
    exponent == 0 ? 0 : Float(sign: .plus, exponent: exponent - 136, significand: 1)
  }

  private struct Resolution {
    var width: Int
    var height: Int
    var isBottomUp: Bool
    var isRightToLeft: Bool
  }

  private static func readHeader(_ reader: inout Reader) throws(ImageError) -> Resolution {
    while true {
      let line = try reader.readLine(before: maxHeaderByteCount)
      if line.isEmpty { break }
      if line.hasPrefix("FORMAT="), line != "FORMAT=32-bit_rle_rgbe" {
        throw ImageError(.unsupported, "HDR: \(line) found; FORMAT=32-bit_rle_rgbe expected")
      }
    }
    let line = try reader.readLine(before: maxHeaderByteCount)
    let words = line.split(separator: " ")
    guard words.count == 4, let first = Int(words[1]), let second = Int(words[3]), first > 0, second > 0 else {
      throw ImageError(.malformed, "HDR: resolution line \"\(line)\" found; \"-Y height +X width\" expected")
    }
    guard ["-Y", "+Y"].contains(words[0]), ["-X", "+X"].contains(words[2]) else {
      throw ImageError(
        .unsupported, "HDR: resolution line \"\(line)\" found; only rows (\"-Y height +X width\") are read, not columns"
      )
    }
    return Resolution(width: second, height: first, isBottomUp: words[0] == "+Y", isRightToLeft: words[2] == "-X")
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    mutating func readLine(before limit: Int) throws(ImageError) -> String {
      let end = min(bytes.count, limit)
      guard position < end, let newline = bytes[position..<end].firstIndex(of: 0x0A) else {
        throw ImageError(.malformed, "HDR: the header does not end within \(end) bytes")
      }
      defer { position = newline + 1 }
      var line = bytes[position..<newline]
      if line.last == 0x0D { line = line.dropLast() }
      return String(decoding: line, as: UTF8.self)
    }

    mutating func readScanline(_ scanline: inout [UInt8], width: Int) throws(ImageError) {
      guard remaining >= 4 else { throw cutOff }
      let isNewStyle =
        width >= 8 && width <= 0x7FFF && bytes[position] == 2 && bytes[position + 1] == 2 && bytes[position + 2] < 0x80
      if isNewStyle {
        try readChannelRuns(&scanline, width: width)
      } else {
        try readPixelRuns(&scanline, width: width)
      }
    }

    /// One run-length coded channel after the other.
    private mutating func readChannelRuns(_ scanline: inout [UInt8], width: Int) throws(ImageError) {
      let stated = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard stated == width else {
        throw ImageError(.malformed, "\(stated) pixels stated, \(width) expected")
      }
      position += 4
      for channel in 0..<4 {
        var x = 0
        while x < width {
          guard remaining >= 2 else { throw cutOff }
          let code = Int(bytes[position])
          position += 1
          let isRun = code > 128
          let count = isRun ? code - 128 : code
          guard count > 0, count <= width - x else {
            throw ImageError(.malformed, "a run of \(count) at pixel \(x) of \(width)")
          }
          if isRun {
            let value = bytes[position]
            position += 1
            for _ in 0..<count {
              scanline[4 * x + channel] = value
              x += 1
            }
          } else {
            guard remaining >= count else { throw cutOff }
            for _ in 0..<count {
              scanline[4 * x + channel] = bytes[position]
              position += 1
              x += 1
            }
          }
        }
      }
    }

    /// Plain pixels, where (1, 1, 1, n) repeats the one before; further repeats in a row count 256 times as much.
    private mutating func readPixelRuns(_ scanline: inout [UInt8], width: Int) throws(ImageError) {
      var x = 0
      var shift = 0
      while x < width {
        guard remaining >= 4 else { throw cutOff }
        let pixel = (bytes[position], bytes[position + 1], bytes[position + 2], bytes[position + 3])
        position += 4
        if pixel.0 == 1, pixel.1 == 1, pixel.2 == 1 {
          let count = shift > 16 ? Int.max : Int(pixel.3) << shift
          guard x > 0, count <= width - x else {
            throw ImageError(.malformed, "a run of \(count) at pixel \(x) of \(width)")
          }
          for _ in 0..<count {
            for channel in 0..<4 { scanline[4 * x + channel] = scanline[4 * x - 4 + channel] }
            x += 1
          }
          shift += 8
        } else {
          scanline[4 * x] = pixel.0
          scanline[4 * x + 1] = pixel.1
          scanline[4 * x + 2] = pixel.2
          scanline[4 * x + 3] = pixel.3
          x += 1
          shift = 0
        }
      }
    }

    private var cutOff: ImageError { ImageError(.malformed, "the file ends too early") }
  }
}
