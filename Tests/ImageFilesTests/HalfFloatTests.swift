import Testing

@testable import ImageFiles

@Suite("Half floats")
struct HalfFloatTests {
  @Test("Every half survives the way to a float and back; every NaN becomes the quiet one of its sign")
  func allHalves() {
    var wrong: [UInt16] = []
    for bits in UInt16.min...UInt16.max {
      let isNaN = bits & 0x7FFF > 0x7C00
      let expected = isNaN ? bits & 0x8000 | 0x7E00 : bits
      if HalfFloat.bits(nearest: HalfFloat.value(bits)) != expected { wrong.append(bits) }
      if isNaN != HalfFloat.value(bits).isNaN { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  @Test("What lies between two halves goes to the nearer one, and from the middle to the even one")
  func rounding() {
    var wrong: [UInt16] = []
    for bits in UInt16(0)..<0x7BFF {
      let (low, high) = (HalfFloat.value(bits), HalfFloat.value(bits + 1))
      let middle = (low + high) / 2
      let even = bits & 1 == 0 ? bits : bits + 1
      if HalfFloat.bits(nearest: middle) != even { wrong.append(bits) }
      if HalfFloat.bits(nearest: middle.nextDown) != bits { wrong.append(bits) }
      if HalfFloat.bits(nearest: middle.nextUp) != bits + 1 { wrong.append(bits) }
      if HalfFloat.bits(nearest: -middle.nextUp) != (bits + 1) | 0x8000 { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  @Test("Finite values beyond the largest half stay finite, infinities stay infinite, tiny values become zero")
  func ends() {
    #expect(HalfFloat.bits(nearest: 65504) == 0x7BFF)
    #expect(HalfFloat.bits(nearest: Float(65504).nextUp) == 0x7BFF)
    #expect(HalfFloat.bits(nearest: 65520) == 0x7BFF)
    #expect(HalfFloat.bits(nearest: -.greatestFiniteMagnitude) == 0xFBFF)
    #expect(HalfFloat.bits(nearest: .infinity) == 0x7C00)
    #expect(HalfFloat.bits(nearest: -.infinity) == 0xFC00)
    #expect(HalfFloat.bits(nearest: 0x1p-25) == 0)
    #expect(HalfFloat.bits(nearest: Float(0x1p-25).nextUp) == 1)
    #expect(HalfFloat.bits(nearest: -.leastNonzeroMagnitude) == 0x8000)
  }
}
