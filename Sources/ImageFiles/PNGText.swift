/// Reads the texts that a PNG file carries in front of its pixels.
public enum PNGText {
  /// Enough for the texts that `PNGWriter` writes in front of the pixels.
  public static let prefixByteCount = 64 << 10

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Keywords and values of the `tEXt` chunks before the first `IDAT`. Checksums are not looked at.
  ///
  /// - Parameter bytes: The file's beginning, of any length; whatever is not PNG has no texts.
  /// - Returns: Of a keyword that comes twice, the first value.
  ///
  /// Source: Portable Network Graphics (PNG) Specification, third edition, 11.3.3.
  public static func read(_ bytes: [UInt8]) -> [String: String] {
    var texts: [String: String] = [:]
    guard bytes.starts(with: signature) else { return texts }
    var rest = bytes[signature.count...]
    while rest.count >= 8 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let type = rest.dropFirst(4).prefix(4)
      let data = rest.dropFirst(8).prefix(length)
      if data.count < length || type.elementsEqual("IDAT".utf8) { break }
      if type.elementsEqual("tEXt".utf8), let end = data.firstIndex(of: 0) {
        let (keyword, value) = (latin1(data[..<end]), latin1(data[(end + 1)...]))
        if texts[keyword] == nil { texts[keyword] = value }
      }
      rest = rest.dropFirst(8 + length + 4)
    }
    return texts
  }

  private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}
