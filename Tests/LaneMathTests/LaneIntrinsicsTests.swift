import CLaneIntrinsics
import Testing

@testable import LaneMath

/// The machine's instructions against their portable definitions, over all kinds of bit patterns.
@Suite("Lane intrinsics")
struct LaneIntrinsicsTests {
  /// SplitMix64.
  private struct Bits {
    var state: UInt64

    mutating func next() -> UInt32 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return UInt32(truncatingIfNeeded: z >> 32)
    }
  }

  /// Random patterns, every fourth lane near the ends of what fits an integer.
  private func patterns<V: SIMD>(_ type: V.Type, _ bits: inout Bits) -> V where V.Scalar == Float {
    var v = V()
    for lane in 0..<V.scalarCount {
      let pattern = bits.next()
      v[lane] = Float(bitPattern: lane % 4 == 0 ? 0x4EFF_FFFE &+ (pattern & 0x8000_0003) : pattern)
    }
    return v
  }

  @Test("Truncation")
  func truncation() {
    var bits = Bits(state: 1)
    for _ in 0..<10_000 {
      let x = patterns(SIMD8<Float>.self, &bits)
      #expect(glint_truncate8(x) == glint_portable_truncate8(x))
      for lane in 0..<8 { #expect(UInt32(bitPattern: glint_truncate8(x)[lane]) == x[lane].truncated) }
      let y = patterns(SIMD16<Float>.self, &bits)
      #expect(glint_truncate16(y) == glint_portable_truncate16(y))
      for lane in 0..<16 { #expect(UInt32(bitPattern: glint_truncate16(y)[lane]) == y[lane].truncated) }
    }
  }

  @Test("Signs as bits")
  func signs() {
    var bits = Bits(state: 2)
    for _ in 0..<10_000 {
      let x = unsafeBitCast(patterns(SIMD16<Float>.self, &bits), to: SIMD16<Int32>.self)
      var expected: UInt32 = 0
      for lane in 0..<16 where x[lane] < 0 { expected |= 1 << UInt32(lane) }
      #expect(glint_movemask16(x) == expected)
      #expect(glint_portable_movemask16(x) == expected)
      #expect(glint_movemask8(x.lowHalf) == expected & 0xFF)
      #expect(glint_portable_movemask8(x.lowHalf) == expected & 0xFF)
      #expect(glint_movemask4(x.lowHalf.lowHalf) == expected & 0xF)
      #expect(glint_portable_movemask4(x.lowHalf.lowHalf) == expected & 0xF)
    }
  }

  @Test("Gathering")
  func gathering() {
    var bits = Bits(state: 3)
    let table = FlatBuffer((0..<256).map { Float($0) * 1.25 })
    for _ in 0..<1000 {
      var index = SIMD16<Int32>()
      for lane in 0..<16 { index[lane] = Int32(bits.next() & 0xFF) }
      #expect(glint_gather16(table.pointer, index) == glint_portable_gather16(table.pointer, index))
      #expect(glint_gather8(table.pointer, index.lowHalf) == glint_portable_gather8(table.pointer, index.lowHalf))
    }
  }
}
