/// Where the wanted channels lie in a row of an unpacked OpenEXR chunk.
struct EXRRowLayout {
  private struct Source {
    /// Bytes of a pixel's channels before this one.
    var offset: Int
    var kind: EXRInput.Channel.Kind
  }

  private let sources: [Source]
  /// Sum over all channels.
  private let bytesPerPixel: Int

  /// - Parameters:
  ///   - channels: All channels of the part, in the file's order.
  ///   - wanted: Names of three of them, or of one that is to be all three.
  init(channels: [EXRInput.Channel], wanted: [String]) {
    var sources: [String: Source] = [:]
    var offset = 0
    for channel in channels {
      sources[channel.name] = Source(offset: offset, kind: channel.kind)
      offset += channel.byteCount
    }
    bytesPerPixel = offset
    let found = wanted.compactMap { sources[$0] }
    precondition(found.count == wanted.count && (found.count == 3 || found.count == 1))
    self.sources = found.count == 3 ? found : [found[0], found[0], found[0]]
  }

  /// Copies pixels of a row as RGB that is finite and ≥ 0.
  ///
  /// - Parameter columns: Pixels to copy, of the row's `width`.
  /// - Parameter target: Where column 0 goes; three floats a pixel.
  func copy(
    _ columns: Range<Int>, ofRow row: Int, from bytes: UnsafeRawBufferPointer, width: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    precondition(columns.upperBound <= width && (row + 1) * width * bytesPerPixel <= bytes.count)
    for (index, source) in sources.enumerated() {
      let start = (row * bytesPerPixel + source.offset) * width
      for column in columns {
        let value: Float =
          switch source.kind {
          case .half:
            HalfFloat.value(
              UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 2 * column, as: UInt16.self)))
          case .float:
            Float(
              bitPattern: UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * column, as: UInt32.self)))
          case .unsigned:
            Float(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * column, as: UInt32.self)))
          }
        target[3 * column + index] = Self.radiance(value)
      }
    }
  }

  @inline(__always)
  private static func radiance(_ value: Float) -> Float {
    // NaN is not greater than 0.
    value > 0 ? (value < .infinity ? value : HalfFloat.greatestFinite) : 0
  }
}
