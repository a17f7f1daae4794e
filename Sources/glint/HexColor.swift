import ImageFiles

/// Colours as `#404050`, in sRGB.
enum HexColor {
  /// Linear RGB; nil for what is neither `#rgb` nor `#rrggbb`.
  static func linear(_ text: String) -> SIMD3<Float>? {
    let digits = text.dropFirst().compactMap(\.hexDigitValue)
    guard text.first == "#", digits.count == text.count - 1 else { return nil }
    switch digits.count {
    case 3: return SIMD3(digits.map { SRGBDecoder.linear(byte: UInt8($0 * 17)) })
    case 6: return SIMD3((0..<3).map { SRGBDecoder.linear(byte: UInt8(digits[$0 * 2] * 16 + digits[$0 * 2 + 1])) })
    default: return nil
    }
  }
}
