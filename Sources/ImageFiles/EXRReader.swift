import COpenEXR
import LaneMath

/// OpenEXR pictures, as light from all around.
///
/// Read are scanlines and tiles (full size) of halves, floats and unsigned integers, in every compression of OpenEXR 3.1's
/// core library. Deep pictures, DWAA and DWAB, and subsampled channels are refused. Colour is taken to be linear with sRGB
/// primaries; alpha is ignored, because OpenEXR's colours are premultiplied.
///
/// Source: "Technical Introduction to OpenEXR" and "OpenEXR File Layout", Academy Software Foundation.
public enum EXRReader {
  /// Unpacked bytes for each packed one. Deflate manages 1,032, PXR24 saves another quarter, Huffman runs are shorter.
  private static let maxUnpackingRatio = 2048
  /// Unpacked bytes of one chunk: a tile of 8,192 × 8,192 pixels of four floats.
  private static let maxChunkByteCount = 1 << 30

  /// Decodes the picture's RGB, or its Y as grey.
  ///
  /// The picture is the first of these that any part has: channels R, G and B; the layer whose name ends in "Combined"
  /// (Blender's picture), then the first layer, with R, G and B; channel Y.
  ///
  /// The size is that of the display window. What the data window does not cover is black; what lies outside of the display
  /// window is left out. Negative values and NaN become 0, infinity becomes 65,504, the largest half.
  ///
  /// - Returns: `height × width × 3` linear RGB, top row first, left column first, finite and ≥ 0.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, limits: ImageLimits = .standard
  ) throws(ImageError) -> (width: Int, height: Int, texels: FlatBuffer<Float>) {
    guard ImageFormat(signatureOf: bytes) == .openEXR else {
      throw ImageError(.unsupported, "the file does not start with 76 2f 31 01, so it is no OpenEXR picture")
    }
    let input = try EXRInput(bytes, maxSide: max(limits.maxWidth, limits.maxHeight))
    let source = try EXRSource.find(in: input)
    let display = try input.displayWindow(ofPart: source.part)
    let data = try input.dataWindow(ofPart: source.part)
    try limits.check(width: display.width, height: display.height, format: "EXR")
    try limits.check(width: data.width, height: data.height, format: "EXR data window")
    // A data window may be a small part of the display window, but not so that a few bytes stand for gigabytes of black.
    guard display.width * display.height / maxUnpackingRatio <= bytes.count else {
      throw ImageError(
        .tooLarge,
        "EXR: the display window is \(display.width)×\(display.height) pixels, which is too much for a file of \(bytes.count) bytes"
      )
    }
    try check(input, part: source.part, fileByteCount: bytes.count)

    let texels = FlatBuffer<Float>(count: display.width * display.height * 3)
    let rows = EXRRowLayout(channels: try input.channels(ofPart: source.part), wanted: source.channels)
    try input.decodeChunks(ofPart: source.part) { chunk, bytes throws(ImageError) in
      let (left, top) = (chunk.x + data.minX - display.minX, chunk.y + data.minY - display.minY)
      let columns = visible(chunk.width, from: left, of: display.width)
      guard !columns.isEmpty else { return }
      for row in visible(chunk.height, from: top, of: display.height) {
        let target = texels.pointer + 3 * ((top + row) * display.width + left)
        rows.copy(columns, ofRow: row, from: bytes, width: chunk.width, to: target)
      }
    }
    return (display.width, display.height, texels)
  }

  /// What of a chunk's columns or rows lies in the display window.
  ///
  /// - Parameter start: Where the chunk's first one lies; may be far outside.
  private static func visible(_ count: Int, from start: Int, of total: Int) -> Range<Int> {
    let first = max(0, -start)
    let end = min(count, total - start)
    return first < end ? first..<end : 0..<0
  }

  /// Holds all chunks to what the file can contain, before memory is given to pixels.
  private static func check(_ input: borrowing EXRInput, part: Int, fileByteCount: Int) throws(ImageError) {
    let bytesPerPixel = try input.channels(ofPart: part).reduce(0) { $0 + $1.byteCount }
    let isPacked = try input.compression(ofPart: part) != EXR_COMPRESSION_NONE
    var packed = 0
    try input.forEachChunk(ofPart: part) { chunk throws(ImageError) in
      let byteCount = chunk.width * chunk.height * bytesPerPixel
      guard byteCount <= maxChunkByteCount else {
        throw ImageError(
          .tooLarge,
          "EXR: \(chunk.place) are \(byteCount) bytes in one piece, at most \(maxChunkByteCount) are read; save it in smaller tiles or as scanlines"
        )
      }
      guard chunk.unpackedByteCount == byteCount else {
        throw ImageError(
          .malformed, "EXR: \(chunk.place) are \(chunk.unpackedByteCount) bytes unpacked, \(byteCount) expected")
      }
      let hasRoom =
        isPacked ? byteCount / maxUnpackingRatio <= chunk.packedByteCount : byteCount == chunk.packedByteCount
      guard hasRoom, chunk.packedByteCount > 0 else {
        throw ImageError(
          .malformed, "EXR: \(chunk.place): \(byteCount) bytes of pixels cannot be in \(chunk.packedByteCount) bytes")
      }
      packed += chunk.packedByteCount
      // Chunks that share bytes would let a small file stand for any number of pixels.
      guard packed <= fileByteCount else {
        throw ImageError(.malformed, "EXR: its chunks have more bytes than the file, so some overlap")
      }
    }
  }
}
