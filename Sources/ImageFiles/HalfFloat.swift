/// Conversion to 16-bit floats (IEEE 754 binary16) in integer arithmetic, so that it is exact on every machine.
enum HalfFloat {
  /// 65,504: the largest finite half.
  static let greatestFinite: Float = 65504

  /// Bits of the half nearest to a float; ties go to the even mantissa.
  ///
  /// Finite values beyond ±65,504 become ±65,504. Infinities stay infinite. Every NaN becomes the quiet NaN of its sign.
  static func bits(nearest value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    if magnitude >= 0x7F80_0000 { return sign | (magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00) }
    if magnitude >= greatestFinite.bitPattern { return sign | 0x7BFF }

    // From 2⁻¹⁴ halves are normal. A carry out of the mantissa raises the exponent, as it should.
    if magnitude >= 0x3880_0000 {
      let rounded = magnitude + 0xFFF + (magnitude >> 13 & 1)
      return sign | UInt16(truncatingIfNeeded: (rounded - 0x3800_0000) >> 13)
    }

    // Below lie multiples of 2⁻²⁴. Half of that, 2⁻²⁵, is a tie with zero, which is even.
    let exponent = magnitude >> 23
    guard exponent >= 102 else { return sign }
    let mantissa = magnitude & 0x007F_FFFF | 0x0080_0000
    let shift = 126 - exponent
    let (quotient, rest, tie) = (mantissa >> shift, mantissa & (1 << shift - 1), UInt32(1) << (shift - 1))
    let roundsUp = rest > tie || (rest == tie && quotient & 1 == 1)
    return sign | UInt16(truncatingIfNeeded: quotient + (roundsUp ? 1 : 0))
  }

  /// The value of a half, which a float holds exactly.
  static func value(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let mantissa = UInt32(bits & 0x3FF)
    switch exponent {
    case 0: return Float(mantissa) * 0x1p-24 * (sign == 0 ? 1 : -1)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | mantissa << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
  }
}
