/// Whether a PNG file is undamaged.
public enum PNGIntegrity {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// True if the file is chunk after chunk from the signature to `IEND`, each with the right checksum.
  ///
  /// Source: Portable Network Graphics (PNG) Specification, third edition, 5.3 to 5.5 and annex D.
  public static func isWhole(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: signature) else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[at + $1]) } }
      var at = signature.count
      while bytes.count - at >= 12 {
        let length = Int(word(at))
        guard length <= bytes.count - at - 12 else { return false }
        guard checksum(bytes[(at + 4)..<(at + 8 + length)]) == word(at + 8 + length) else { return false }
        let isEnd = bytes[(at + 4)..<(at + 8)].elementsEqual("IEND".utf8)
        at += 12 + length
        if isEnd { return at == bytes.count }
      }
      return false
    }
  }

  /// For each byte, its share in the checksum.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? 0xEDB8_8320 ^ rest >> 1 : rest >> 1 }
  }

  private static func checksum(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      var rest = UInt32.max
      for byte in bytes { rest = table[Int((rest ^ UInt32(byte)) & 255)] ^ rest >> 8 }
      return ~rest
    }
  }
}
