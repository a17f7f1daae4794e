import LaneMath
import KernelScene
import SceneModel

/// A unit's result as bytes (docs/protocol.md): what is hashed, signed, sent and kept.
///
/// All little-endian: tag, tile (x, y, width, height: UInt32), first sample and count (UInt32), counters (UInt64: paths,
/// rays, shadow rays, shading evaluations, non-finite samples), planes (Float, as in `UnitPlanes`).
public enum ResultPayload {
  private static let tag: StaticString = "glint result 1\n"
  private static let headerByteCount = 15 + 6 * 4 + 5 * 8

  /// Bytes that a tile's result has before compression.
  public static func byteCount(pixelCount: Int) -> Int {
    headerByteCount + UnitPlanes.planeCount * pixelCount * MemoryLayout<Float>.size
  }

  private static func header(_ planes: UnitPlanes, _ counters: WorkCounters) -> [UInt8] {
    var writer = ByteWriter()
    writer.tag(tag)
    let tile = planes.tile
    for value in [tile.x, tile.y, tile.width, tile.height, planes.samples.lowerBound, planes.samples.count] {
      writer.integer(UInt32(value))
    }
    for value in [
      counters.paths, counters.rays, counters.shadowRays, counters.shadingEvaluations, counters.nonFiniteSamples,
    ] { writer.integer(value) }
    return writer.bytes
  }

  /// SHA-256 of the uncompressed bytes.
  public static func digest(_ planes: UnitPlanes, _ counters: WorkCounters) -> ContentHash {
    var hasher = ContentHasher()
    hasher.update(header(planes, counters))
    hasher.update(planes.values.bytes)
    return hasher.finish()
  }

  /// zstd.
  public static func encode(_ planes: UnitPlanes, _ counters: WorkCounters) -> [UInt8] {
    var bytes = header(planes, counters)
    bytes.append(contentsOf: planes.values.bytes)
    // Noise hardly compresses: the quickest level is the best bargain.
    return Zstd.compress(bytes, level: 1)
  }

  /// Reads a result of an expected shape, and says what it hashes to.
  ///
  /// - Parameter payload: zstd, from anywhere.
  public static func decode(
    _ payload: [UInt8], tile: TileRectangle, samples: Range<Int>
  ) throws(BundleError) -> (planes: UnitPlanes, counters: WorkCounters, digest: ContentHash) {
    let expected = byteCount(pixelCount: tile.pixelCount)
    let planes = UnitPlanes(tile: tile, samples: samples)
    var head: [UInt8] = []
    head.reserveCapacity(headerByteCount)
    var hasher = ContentHasher()
    var produced = 0
    var stream = try ZstdReader(limit: expected)
    try payload.withRawBytes { (raw) throws(BundleError) -> Void in
      // Each piece is hashed and put in its place while it lies in the cache.
      try stream.read(raw) { piece in
        hasher.update(piece)
        let ofHead = min(piece.count, headerByteCount - head.count)
        head.append(contentsOf: piece.prefix(ofHead))
        if piece.count > ofHead {
          let target = UnsafeMutableRawPointer(planes.values.pointer) + (produced + ofHead - headerByteCount)
          target.copyMemory(from: piece.baseAddress! + ofHead, byteCount: piece.count - ofHead)
        }
        produced += piece.count
      }
    }
    try stream.finish()
    guard produced == expected else {
      throw BundleError(
        .malformed, "result: \(produced) bytes, expected \(expected) for a tile of \(tile.width)x\(tile.height)")
    }
    let counters = try head.withRawBytes { (raw) throws(BundleError) -> WorkCounters in
      var reader = ByteReader(raw, what: "result")
      try reader.expect(tag: tag)
      for (name, value) in [
        ("x", tile.x), ("y", tile.y), ("width", tile.width), ("height", tile.height),
        ("first sample", samples.lowerBound), ("sample count", samples.count),
      ] {
        let found = try reader.integer(UInt32.self)
        guard Int(found) == value else { throw reader.fault("\(name) is \(found), expected \(value)") }
      }
      var counters = WorkCounters()
      counters.paths = try reader.integer()
      counters.rays = try reader.integer()
      counters.shadowRays = try reader.integer()
      counters.shadingEvaluations = try reader.integer()
      counters.nonFiniteSamples = try reader.integer()
      guard areFinite(planes.values) else {
        throw reader.fault("a value is not finite; kernels never deliver such")
      }
      return counters
    }
    return (planes, counters, hasher.finish())
  }

  private static func areFinite(_ values: FlatBuffer<Float>) -> Bool {
    // An exponent of all ones carries into the highest bit: a loop without branches, because a frame has millions of values.
    var carries: UInt32 = 0
    for value in values.elements { carries |= (value.bitPattern & 0x7FFF_FFFF) &+ 0x0080_0000 }
    return carries & 0x8000_0000 == 0
  }
}
