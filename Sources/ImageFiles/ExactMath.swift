/// Functions for tables and view transforms in double precision, from + − × ÷ alone, so that they have the same bits on
/// every machine. Errors are stated relative to the true value and tested against the platform's library.
enum ExactMath {
  /// 2^x for |x| ≤ 1000, within 1e-15.
  static func exp2(_ x: Double) -> Double {
    let whole = x.rounded(.toNearestOrEven)
    let t = (x - whole) * 0.6931471805599453
    // Taylor series of e^t for |t| ≤ 0.3466: the term after the last is below 1e-17.
    var sum = 1.0
    for n in stride(from: 14, through: 1, by: -1) { sum = 1 + sum * t / Double(n) }
    return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
  }

  /// log₂ x for finite x > 0, within 1e-15 absolutely for |log₂ x| < 2.
  static func log2(_ x: Double) -> Double {
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m *= 0.5
      exponent += 1
    }
    // ln m = 2 artanh((m − 1) ÷ (m + 1)), |s| ≤ 0.1716.
    let s = (m - 1) / (m + 1)
    let s2 = s * s
    var sum = 0.0
    for n in stride(from: 23, through: 1, by: -2) { sum = sum * s2 + 1 / Double(n) }
    return exponent + 2 * s * sum * 1.4426950408889634
  }

  /// x^⅕ for 0 ≤ x ≤ 1e30, within 1e-15.
  static func fifthRoot(_ x: Double) -> Double {
    guard x > 1e-300 else { return 0 }
    // Newton's method from a start that halves the exponent's error; convergence is quadratic.
    var y = exp2(log2(x) / 5)
    for _ in 0..<2 {
      let y2 = y * y
      y -= (y * y2 * y2 - x) / (5 * y2 * y2)
    }
    return y
  }
}
