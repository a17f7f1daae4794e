import Foundation

/// Portable Float Map: linear colour, as it was rendered, for programs that measure.
///
/// A header of three lines (`PF`, width and height, −1.0 for little-endian), then rows from the bottom up, each pixel as
/// three floats. Source: Debevec, "PFM Portable FloatMap Image Format".
public enum PFMWriter {
  /// - Parameter rgb: Row-major, `height × width × 3`, linear, top row first. Any value, also beyond one.
  public static func encode(rgb: [Float], width: Int, height: Int) throws(ImageError) -> [UInt8] {
    guard width > 0, height > 0, width <= 1 << 24, height <= 1 << 24, rgb.count == width * height * 3 else {
      throw ImageError(.unwritable, "PFM: \(rgb.count) values given for \(width)×\(height) pixels of 3 channels")
    }
    var bytes = [UInt8]("PF\n\(width) \(height)\n-1.0\n".utf8)
    bytes.reserveCapacity(bytes.count + 4 * rgb.count)
    for row in (0..<height).reversed() {
      for value in rgb[row * width * 3..<(row + 1) * width * 3] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    return bytes
  }

  /// Writes the file whole or not at all; see `AtomicFile`.
  public static func write(_ bytes: [UInt8], to url: URL) throws {
    try AtomicFile.write(bytes, to: url)
  }
}
