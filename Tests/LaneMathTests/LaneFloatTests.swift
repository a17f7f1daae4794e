import LaneMath
import Testing

/// Every operation of `LaneFloat`, as bits, for a lane type that holds one number in every lane.
private func results<F: LaneFloat>(_ type: F.Type, _ a: Float, _ b: Float, _ c: Float) -> [UInt32] {
  let (x, y, z) = (F(lane: a), F(lane: b), F(lane: c))
  let values: [F] = [
    x + y, x - y, x * y, x / y, x.addingProduct(y, z), x.adding(y, times: c), x.root, x.floor, F.lesser(x, y),
    F.greater(x, y), x.atMost(b), x.atLeast(b), x.clampedToUnit, x.absolute, x.negated, x.withSign(of: y),
    F(signed: x.truncated), F.select(x .< y, y, z), F.select(x .<= y, y, z), F.select(x .> y, y, z),
    F.select((x .< y) .& (.!(y .< z)), y, z), F.select((x .< y) .| (y .> z), y, z),
    F(bitsOfLanes: (x.bitsOfLanes &* 0x9E37_79B9) ^ (y.bitsOfLanes &>> 3) ^ (z.bitsOfLanes &<< 5)),
  ]
  // All NaN are one: their bits are not ours to say.
  return values.map { $0[lane: F.laneCount - 1] }.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
}

@Suite("Lanes")
struct LaneFloatTests {
  @Test("One lane, eight and sixteen give the same bits, special values included")
  func lanesAgree() {
    let special: [Float] = [
      0, -0.0, 1, -1, 0.5, 1.5, -2.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNormalMagnitude,
      .greatestFiniteMagnitude, 0x1p31, -0x1p31, 2_147_483_520, 1e-20, 3.1415927,
    ]
    for a in special {
      for b in special {
        for c in special.prefix(8) {
          let expected = results(Float.self, a, b, c)
          #expect(results(SIMD8<Float>.self, a, b, c) == expected, "\(a) \(b) \(c)")
          #expect(results(SIMD16<Float>.self, a, b, c) == expected, "\(a) \(b) \(c)")
        }
      }
    }
  }

  @Test("The first operand of minimum and maximum wins over NaN")
  func notANumber() {
    #expect(Float.lesser(.nan, 1).isNaN)
    #expect(Float.lesser(1, .nan) == 1)
    #expect(Float.greater(.nan, 1).isNaN)
    #expect(Float.greater(1, .nan) == 1)
    #expect(Float.nan.clampedToUnit == 0)
  }

  @Test("Conversion to integers saturates at one value")
  func truncation() {
    for x: Float in [.nan, .infinity, -.infinity, 3e9, -3e9] { #expect(x.truncated == 0x8000_0000) }
    #expect((-1.9 as Float).truncated == UInt32(bitPattern: -1))
    #expect(SIMD8<Float>(repeating: 1e10).truncated == SIMD8(repeating: 0x8000_0000))
  }

  @Test("Gathering reads by lane")
  func gather() {
    let table = FlatBuffer((0..<64).map { Float($0) })
    let index = SIMD8<UInt32>(3, 63, 0, 17, 5, 5, 42, 1)
    let found = SIMD8<Float>.gather(table.pointer, index)
    for i in 0..<8 { #expect(found[i] == Float(index[i])) }
    let wide = SIMD16<UInt32>(lowHalf: index, highHalf: index &+ 1)
    let more = SIMD16<Float>.gather(table.pointer, wide & 63)
    for i in 0..<16 { #expect(more[i] == Float(wide[i] & 63)) }
  }
}
