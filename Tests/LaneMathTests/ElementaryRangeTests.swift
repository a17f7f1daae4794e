import Foundation
import LaneMath
import Testing

/// Every `stride`-th single-precision number between two bit patterns, both signs on demand: dense in every binade.
private func worstError(
  _ bits: ClosedRange<UInt32>, stride: Int, _ function: (Float) -> Float, _ truth: (Double) -> Double
) -> (error: Double, at: Float) {
  var worst = (error: 0.0, at: Float(0))
  for pattern in Swift.stride(from: Int(bits.lowerBound), through: Int(bits.upperBound), by: stride) {
    let x = Float(bitPattern: UInt32(pattern))
    // Double precision is 2⁻²⁹ of the unit that is measured in.
    let expected = truth(Double(x))
    guard expected.magnitude < Double(Float.greatestFiniteMagnitude) else { continue }
    let unit = Double(max(Float(expected).magnitude, .leastNormalMagnitude).ulp)
    let error = (Double(function(x)) - expected).magnitude / unit
    if !(error <= worst.error) { worst = (error, x) }
  }
  return worst
}

@Suite("Elementary functions over their whole range")
struct ElementaryRangeTests {
  private static let negative: UInt32 = 0x8000_0000
  private static let infinity: UInt32 = 0x7F80_0000

  @Test("Within 0.51 units of the last place in every binade", arguments: [UInt32(0), negative])
  func bothSigns(sign: UInt32) {
    func range(_ limit: Float) -> ClosedRange<UInt32> { sign...(sign | limit.bitPattern) }
    let stride = 4_099
    for (name, found) in [
      ("sine", worstError(range(1e6), stride: stride, { laneSin($0) }, sin)),
      ("cosine", worstError(range(1e6), stride: stride, { laneCos($0) }, cos)),
      ("exponential", worstError(range(120), stride: stride, { laneExp($0) }, exp)),
      ("power of two", worstError(range(160), stride: stride, { laneExp2($0) }, exp2)),
      ("arc cosine", worstError(range(1), stride: stride, { laneAcos($0) }, acos)),
      ("arc sine", worstError(range(1), stride: stride, { laneAsin($0) }, asin)),
      ("angle, steep", worstError(range(3e38), stride: stride, { laneAtan2($0, 3) }, { atan2($0, 3) })),
      ("angle, flat", worstError(range(3e38), stride: stride, { laneAtan2(-3, $0) }, { atan2(-3, $0) })),
    ] { #expect(found.error < 0.51, "\(name) at \(found.at): \(found.error)") }
  }

  @Test("Logarithms and powers of all positive numbers, denormals too")
  func positive() {
    let all = UInt32(1)...(Self.infinity - 1)
    for (name, found) in [
      ("logarithm", worstError(all, stride: 4_099, { laneLog($0) }, log)),
      ("logarithm to base 2", worstError(all, stride: 4_099, { laneLog2($0) }, log2)),
      ("power 2.4", worstError(all, stride: 4_099, { lanePow($0, 2.4) }, { pow($0, Double(Float(2.4))) })),
      ("power -0.3", worstError(all, stride: 4_099, { lanePow($0, -0.3) }, { pow($0, Double(Float(-0.3))) })),
    ] { #expect(found.error < 0.51, "\(name) at \(found.at): \(found.error)") }
  }
}
