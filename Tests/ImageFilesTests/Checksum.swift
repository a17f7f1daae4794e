/// Checksums of PNG chunks, so that damage reaches the code behind them.
enum Checksum {
  static func crc32(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return withUnsafeBytes(of: (~crc).bigEndian) { Array($0) }
  }

  static func repairPNG(_ bytes: inout [UInt8]) {
    for chunk in chunks(of: bytes) where chunk.data.upperBound + 4 <= bytes.count {
      let covered = bytes[chunk.data.lowerBound - 4..<chunk.data.upperBound]
      bytes.replaceSubrange(chunk.data.upperBound..<chunk.data.upperBound + 4, with: crc32(covered))
    }
  }

  /// Names and data ranges of a PNG's chunks, as far as they can be followed.
  static func chunks(of bytes: [UInt8]) -> [(name: String, data: Range<Int>)] {
    var chunks: [(name: String, data: Range<Int>)] = []
    var at = 8
    while at + 12 <= bytes.count {
      let count = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      guard at + 12 + count <= bytes.count else { break }
      chunks.append((String(decoding: bytes[at + 4..<at + 8], as: UTF8.self), at + 8..<at + 8 + count))
      at += 12 + count
    }
    return chunks
  }
}
