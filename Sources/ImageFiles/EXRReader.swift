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
    let largestChunk = try check(input, part: source.part, fileByteCount: bytes.count)

    let texels = FlatBuffer<Float>(count: display.width * display.height * 3)
    let planes = UnsafeMutableBufferPointer<Float>.allocate(capacity: largestChunk * source.channels.count)
    planes.initialize(repeating: 0)
    defer { planes.deallocate() }
    try input.decodeChunks(ofPart: source.part, channels: source.channels, into: planes) { chunk throws(ImageError) in
      copy(
        planes, of: chunk, channelCount: source.channels.count, to: texels, width: display.width,
        height: display.height, offsetX: data.minX - display.minX, offsetY: data.minY - display.minY)
    }
    return (display.width, display.height, texels)
  }

  /// Holds all chunks to what the file can contain, before memory is given to pixels.
  ///
  /// - Returns: Pixels of the largest chunk.
  private static func check(
    _ input: borrowing EXRInput, part: Int, fileByteCount: Int
  ) throws(ImageError) -> Int {
    let bytesPerPixel = try input.channels(ofPart: part).reduce(0) { $0 + $1.byteCount }
    let isPacked = try input.compression(ofPart: part) != EXR_COMPRESSION_NONE
    var (packed, largestChunk) = (0, 0)
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
      largestChunk = max(largestChunk, chunk.width * chunk.height)
    }
    return largestChunk
  }

  /// Copies a chunk's pixels to where they lie in the picture.
  private static func copy(
    _ planes: UnsafeMutableBufferPointer<Float>, of chunk: EXRInput.Chunk, channelCount: Int,
    to texels: FlatBuffer<Float>, width: Int, height: Int, offsetX: Int, offsetY: Int
  ) {
    let pixelCount = chunk.width * chunk.height
    // Grey has one plane, which all three channels show.
    let step = channelCount == 3 ? pixelCount : 0
    let firstColumn = max(0, -(chunk.x + offsetX))
    let columns = firstColumn..<max(firstColumn, min(chunk.width, width - chunk.x - offsetX))
    for row in 0..<chunk.height {
      let y = chunk.y + row + offsetY
      guard (0..<height).contains(y) else { continue }
      for column in columns {
        let at = 3 * (y * width + chunk.x + column + offsetX)
        let from = row * chunk.width + column
        texels.pointer[at] = radiance(planes[from])
        texels.pointer[at + 1] = radiance(planes[from + step])
        texels.pointer[at + 2] = radiance(planes[from + 2 * step])
      }
    }
  }

  @inline(__always)
  private static func radiance(_ value: Float) -> Float {
    // NaN is not greater than 0.
    value > 0 ? (value < .infinity ? value : HalfFloat.greatestFinite) : 0
  }
}
