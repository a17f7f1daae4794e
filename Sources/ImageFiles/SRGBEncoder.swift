/// Linear light to sRGB code values, rounded to nearest, by comparison with exact thresholds.
///
/// Threshold k is the least `Float` whose encoded value rounds to at least k + 1; a code is the number of thresholds at or
/// below the light. So the result is a defined integer function of the bits of its input.
///
/// Source of the curve: IEC 61966-2-1.
struct SRGBEncoder: Sendable {
  static let eightBit = SRGBEncoder(maximum: 255)
  static let sixteenBit = SRGBEncoder(maximum: 65535)

  private let maximum: Int
  private let thresholds: [Float]
  /// Where to look: the code of the least float of each bucket. A bucket is an exponent and the top mantissa bits.
  private let firstCodes: [UInt32]

  private static let bucketShift = 15
  /// Bits of 2⁻²²: below it, every code is 0.
  private static let leastBits = Float(sign: .plus, exponent: -22, significand: 1).bitPattern
  private static let bucketCount = Int((Float(1).bitPattern - leastBits) >> bucketShift)

  init(maximum: Int) {
    self.maximum = maximum
    let thresholds = (0..<maximum).map { code -> Float in
      let light = SRGBEncoder.decoded((Double(code) + 0.5) / Double(maximum))
      let rounded = Float(light)
      return Double(rounded) < light ? rounded.nextUp : rounded
    }
    self.thresholds = thresholds
    var code = 0
    firstCodes = (0...SRGBEncoder.bucketCount).map { bucket in
      let start = Float(bitPattern: SRGBEncoder.leastBits + UInt32(bucket) << SRGBEncoder.bucketShift)
      while code < maximum, thresholds[code] <= start { code += 1 }
      return UInt32(code)
    }
  }

  /// Code of `light`; 0 for negative numbers and NaN, the maximum for 1 and more.
  @inline(__always) func encode(_ light: Float) -> Int {
    guard light > 0 else { return 0 }
    guard light < 1 else { return maximum }
    let bits = light.bitPattern
    guard bits >= SRGBEncoder.leastBits else { return 0 }
    let bucket = Int((bits - SRGBEncoder.leastBits) >> SRGBEncoder.bucketShift)
    var low = Int(firstCodes[bucket])
    var high = Int(firstCodes[bucket + 1])
    // Thresholds below `low` are at or below the light, those from `high` on above it.
    while low < high {
      let middle = (low + high) / 2
      if thresholds[middle] <= light { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Linear light of an encoded value in [0, 1].
  static func decoded(_ value: Double) -> Double {
    guard value > 0.04045 else { return value / 12.92 }
    let base = (value + 0.055) / 1.055
    // base^2.4 = base² × (base²)^⅕
    return base * base * ExactMath.fifthRoot(base * base)
  }
}
