import Foundation
import Testing

@testable import ImageFiles

@Suite("From light to picture")
struct ViewTransformTests {
  /// The published Neutral formula, in double precision and written anew.
  func neutral(_ light: [Double]) -> [Double] {
    let x = light.min()!
    let offset = x < 0.08 ? x - 6.25 * x * x : 0.04
    let color = light.map { $0 - offset }
    let peak = color.max()!
    if peak < 0.76 { return color }
    let newPeak = 1 - 0.24 * 0.24 / (peak + 0.24 - 0.76)
    let g = 1 - 1 / (0.15 * (peak - newPeak) + 1)
    return color.map { $0 * newPeak / peak * (1 - g) + newPeak * g }
  }

  @Test("Neutral follows its published formula")
  func neutralFormula() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<5000 {
      let brightness = Float.random(in: -8...8, using: &random)
      let light = SIMD3<Float>.random(in: 0...1, using: &random) * Float(ExactMath.exp2(Double(brightness)))
      let expected = neutral([Double(light.x), Double(light.y), Double(light.z)])
      let found = ViewTransform.neutral(light)
      for i in 0..<3 { #expect(abs(Double(found[i]) - expected[i]) < 2e-6, "\(light)") }
    }
  }

  @Test("Neutral keeps colours below its shoulder, save for Fresnel's four per cent")
  func neutralKeepsColours() {
    let found = ViewTransform.neutral([0.54, 0.24, 0.14])
    #expect(abs(found.x - 0.5) < 1e-6 && abs(found.y - 0.2) < 1e-6 && abs(found.z - 0.1) < 1e-6)
    #expect(ViewTransform.neutral([1e30, 1e30, 1e30]).max() <= 1)
  }

  @Test("Every transform keeps grey grey, rises with light and ends at white", arguments: ViewTransform.allCases)
  func grey(transform: ViewTransform) {
    var last = -1
    for step in 0...400 {
      let light = Float(ExactMath.exp2(Double(step) / 20 - 12))
      let codes = Develop.developed16(
        sums: [light, light, light, 0, 0, 0], width: 1, height: 1, sampleCount: 1,
        view: ViewSettings(transform: transform))
      let (least, most) = (Int(codes.min()!), Int(codes.max()!))
      #expect(most - least <= 1)
      #expect(least >= last)
      last = least
    }
    #expect(last >= 253 * 257)
  }

  @Test("Negative, infinite and undefined light does no harm", arguments: ViewTransform.allCases)
  func oddLight(transform: ViewTransform) {
    for value: Float in [.nan, -1, -.infinity, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
      let sums: [Float] = [value, 0.5, value, 0, 0, 0]
      let codes = Develop.developed8(
        sums: sums, width: 1, height: 1, sampleCount: 1, view: ViewSettings(transform: transform))
      #expect(codes.count == 3)
    }
    let white = [Float](repeating: .infinity, count: 6)
    let codes = Develop.developed8(
      sums: white, width: 1, height: 1, sampleCount: 1, view: ViewSettings(transform: transform))
    #expect(codes.allSatisfy { $0 >= 253 }, "\(codes)")
  }

  @Test("The sRGB curve rounds to nearest at every threshold")
  func encoder() {
    for (encoder, maximum) in [(SRGBEncoder.eightBit, 255), (.sixteenBit, 65535)] {
      for code in 0..<maximum {
        let light = Float(SRGBEncoder.decoded((Double(code) + 0.5) / Double(maximum)))
        #expect([code, code + 1].contains(encoder.encode(light)))
        #expect(encoder.encode(light.nextDown.nextDown) == code)
        #expect(encoder.encode(light.nextUp.nextUp) == code + 1)
        #expect(encoder.encode(Float(SRGBEncoder.decoded(Double(code) / Double(maximum)))) == code)
      }
      #expect(encoder.encode(1) == maximum && encoder.encode(0) == 0 && encoder.encode(.nan) == 0)
    }
  }

  @Test("Elementary functions are as near to the platform's as they promise")
  func exactMath() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20000 {
      let x = Double.random(in: -40...40, using: &random)
      #expect(abs(ExactMath.exp2(x) / Foundation.exp2(x) - 1) < 1e-15)
      let y = Foundation.exp2(x)
      #expect(abs(ExactMath.log2(y) - Foundation.log2(y)) <= 2e-15 * max(1, abs(x)))
      #expect(abs(ExactMath.fifthRoot(y) / Foundation.pow(y, 0.2) - 1) < 1e-15)
      #expect(abs(ExactMath.quickExp2(x) / y - 1) < 1e-12)
      #expect(abs(ExactMath.quickLog2(y) - Foundation.log2(y)) < 1e-12)
      #expect(abs(ExactMath.quickPower(y, 2.4) / Foundation.pow(y, 2.4) - 1) < 4e-12)
    }
  }

  @Test("A film is divided by its samples and exposed before it is transformed")
  func developed() {
    // Two pixels, four samples: linear 0.5 and 1/8.
    let sums: [Float] = [2, 0.5, 2, 0.5, 2, 0.5] + [Float](repeating: 9, count: 6)
    let view = ViewSettings(transform: .standard, exposure: 1)
    let codes = Develop.developed8(sums: sums, width: 2, height: 1, sampleCount: 4, view: view)
    #expect(codes == [255, 255, 255, 137, 137, 137])
    let wide = Develop.developed16(sums: sums, width: 2, height: 1, sampleCount: 4, view: view)
    #expect(wide[0] == 65535 && abs(Int(wide[3]) - 35199) <= 1)
  }

  @Test("Pictures of a fixed film have the same bytes everywhere", arguments: ViewTransform.allCases)
  func golden(transform: ViewTransform) {
    var random = SeededGenerator(seed: 99)
    let sums = (0..<6 * 4096).map { _ in
      Float(ExactMath.exp2(Double.random(in: -14...6, using: &random)))
    }
    let codes = Develop.developed16(
      sums: sums, width: 64, height: 64, sampleCount: 3, view: ViewSettings(transform: transform, exposure: 0.3))
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for code in codes { hash = (hash ^ UInt64(code)) &* 0x100_0000_01B3 }
    #expect(String(hash, radix: 16) == Self.goldenHashes[transform])
  }

  static let goldenHashes: [ViewTransform: String] = [
    .neutral: "9bf37a5d5887ff13", .agx: "5e9e95931e43d762", .standard: "91bb3f09e9304e9c",
  ]
}
