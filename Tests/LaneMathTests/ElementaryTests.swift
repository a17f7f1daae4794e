import Foundation
import LaneMath
import Testing

/// Largest error over samples of a range, in units of the last place of the true value.
private func worstError(
  from: Float, to: Float, count: Int = 40_001, _ function: (Float) -> Float, _ truth: (Double) -> Double
) -> Double {
  var worst = 0.0
  for i in 0..<count {
    let x = from + (to - from) * (Float(i) / Float(count - 1))
    let expected = truth(Double(x))
    let unit = Double(max(Float(expected).magnitude, .leastNormalMagnitude).ulp)
    worst = max(worst, (Double(function(x)) - expected).magnitude / unit)
  }
  return worst
}

@Suite("Elementary functions")
struct ElementaryTests {
  @Test("stay within 0.51 units of the last place", arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  func isAccurate(number: Int) {
    let bound = 0.51
    switch number {
    case 1: #expect(worstError(from: -1000, to: 1000, { laneSin($0) }, sin) < bound)
    case 2: #expect(worstError(from: -1e6, to: 1e6, { laneCos($0) }, cos) < bound)
    case 3: #expect(worstError(from: -87, to: 88, { laneExp($0) }, exp) < bound)
    case 4: #expect(worstError(from: 1e-6, to: 1e6, { laneLog($0) }, log) < bound)
    case 5: #expect(worstError(from: 0.9, to: 1.1, { laneLog($0) }, log) < bound)
    case 6: #expect(worstError(from: 0, to: 1, { lanePow($0, 2.4) }, { pow($0, Double(Float(2.4))) }) < bound)
    case 7: #expect(worstError(from: -1, to: 1, { laneAcos($0) }, acos) < bound)
    case 8: #expect(worstError(from: -1, to: 1, { laneAsin($0) }, asin) < bound)
    case 9: #expect(worstError(from: -10, to: 10, { laneAtan2($0, 3) }, { atan2($0, 3) }) < bound)
    default: #expect(worstError(from: -100, to: 100, { laneExp2($0) }, exp2) < bound)
    }
  }

  @Test("A tangent rounds twice")
  func tangent() { #expect(worstError(from: -1.5, to: 1.5, { laneTan($0) }, tan) < 2) }

  @Test("Special values are defined")
  func specialValues() {
    #expect(laneExp(Float(200)) == .infinity)
    #expect(laneExp(Float(-200)) == 0)
    #expect(laneLog(Float(0)) == -.infinity)
    #expect(laneLog(Float(-1)).isNaN)
    #expect(laneLog(Float.leastNonzeroMagnitude) == Float(log(Double(Float.leastNonzeroMagnitude))))
    #expect(lanePow(Float(0), 2.4) == 0)
    #expect(lanePow(Float(0), 0) == 1)
    #expect(lanePow(Float(0), -2) == .infinity)
    #expect(lanePow(Float.infinity, 2) == .infinity)
    #expect(lanePow(Float.infinity, 0) == 1)
    #expect(lanePow(Float.infinity, -2) == 0)
    #expect(laneExp(Float.nan).isNaN && laneExp2(Float.nan).isNaN)
    for x in [Float.nan, -1] { #expect(lanePow(x, 2).isNaN) }
    for x in [Float(0), 2, .infinity] { #expect(lanePow(x, .nan).isNaN) }
    #expect(laneAtan2(Float(0), -1) == 3.1415927)
    #expect(laneAtan2(Float(0), 0) == 0)
    #expect(laneAcos(Float(2)) == 0)
  }

  @Test("Eight lanes give what one lane gives")
  func lanesAgree() {
    let x = SIMD8<Float>(-0.9, -0.5, -0.1, 0, 0.1, 0.3, 0.7, 1)
    for i in 0..<8 {
      #expect(laneSin(x)[i].bitPattern == (laneSin(x[i]) as Float).bitPattern)
      #expect(laneAcos(x)[i].bitPattern == (laneAcos(x[i]) as Float).bitPattern)
      #expect(laneExp(x)[i].bitPattern == (laneExp(x[i]) as Float).bitPattern)
      #expect(laneAtan2(x, x + 1)[i].bitPattern == (laneAtan2(x[i], x[i] + 1) as Float).bitPattern)
    }
  }
}

@Suite("Angles in turns")
struct TurnsTests {
  @Test("Sine and cosine of turns err by less than 2⁻²³")
  func sineAndCosine() {
    var worst = 0.0
    for i in -200_000...200_000 {
      let u = Float(i) / 100_000
      let (s, c) = laneSinCosTurns(u)
      worst = max(
        worst, (Double(s) - sin(2 * .pi * Double(u))).magnitude, (Double(c) - cos(2 * .pi * Double(u))).magnitude)
    }
    #expect(worst < 0x1p-23)
  }

  @Test("The angle in turns errs by less than 2⁻²⁴")
  func angle() {
    var worst = 0.0
    for i in 0..<100_000 {
      let a = 2 * Double.pi * Double(i) / 100_000 - .pi
      let (x, y) = (Float(3 * cos(a)), Float(3 * sin(a)))
      worst = max(worst, (Double(laneAtan2Turns(y, x)) - atan2(Double(y), Double(x)) / (2 * .pi)).magnitude)
    }
    #expect(worst < 0x1p-24)
    #expect(laneAtan2Turns(Float(0), 0) == 0)
    #expect(laneAtan2Turns(Float(0), -1) == 0.5)
    #expect(laneAtan2Turns(Float(-0.0), -1) == -0.5)
  }

  @Test("Eight lanes give what one lane gives")
  func lanesAgree() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      var x = SIMD8<Float>.zero
      var y = SIMD8<Float>.zero
      for i in 0..<8 {
        x[i] = Float.random(in: -4...4, using: &generator)
        y[i] = Float.random(in: -4...4, using: &generator)
      }
      let wide = laneSinCosTurns(x)
      let angle = laneAtan2Turns(y, x)
      for i in 0..<8 {
        let one = laneSinCosTurns(x[i])
        #expect(wide.sin[i].bitPattern == one.sin.bitPattern && wide.cos[i].bitPattern == one.cos.bitPattern)
        #expect(angle[i].bitPattern == laneAtan2Turns(y[i], x[i]).bitPattern)
      }
    }
  }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
