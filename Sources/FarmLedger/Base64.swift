/// Standard base64 with padding (RFC 4648, section 4), read strictly: one text for each value.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()

  static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var (word, count) = (UInt32(0), 0)
    func digit(_ shift: UInt32) -> UInt8 { digits[Int(word >> shift & 63)] }
    for byte in bytes {
      word = word << 8 | UInt32(byte)
      count += 1
      guard count == 3 else { continue }
      text += [digit(18), digit(12), digit(6), digit(0)]
      (word, count) = (0, 0)
    }
    let padding = UInt8(ascii: "=")
    if count == 1 {
      word <<= 16
      text += [digit(18), digit(12), padding, padding]
    } else if count == 2 {
      word <<= 8
      text += [digit(18), digit(12), digit(6), padding]
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless `text` is what `encode` makes of some bytes.
  static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let found = Array(text.utf8)
    guard found.count % 4 == 0 else { return nil }
    let paddingCount = found.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(found.count / 4 * 3)
    let digitCount = found.count - paddingCount
    var word: UInt32 = 0
    for (index, digit) in found.prefix(digitCount).enumerated() {
      let value = values[Int(digit)]
      guard value < 64 else { return nil }
      word = word << 6 | UInt32(value)
      if index % 4 == 3 {
        bytes += [UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
        word = 0
      }
    }
    // Bits that no byte takes must be zero, or a value had several texts.
    switch paddingCount {
    case 1:
      guard word & 3 == 0 else { return nil }
      bytes += [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)]
    case 2:
      guard word & 15 == 0 else { return nil }
      bytes.append(UInt8(word >> 4 & 255))
    default: break
    }
    return bytes
  }
}
