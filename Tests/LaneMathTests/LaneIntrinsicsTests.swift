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

  @Test("Hits are packed in the order of lanes, or sorted, for every set of lanes")
  func packing() {
    var bits = Bits(state: 4)
    let references = (0..<8).map { UInt32(1000 + $0) }
    var (near, found) = ([Float](repeating: 0, count: 8), [UInt32](repeating: 0, count: 8))
    for round in 0..<16 {
      for hits in 0..<UInt32(256) {
        var (distances, mask) = (SIMD8<Float>(), SIMD8<Int32>())
        for lane in 0..<8 {
          // Zeros, equal ones and any others; a multiple of eight in the last place.
          let pattern = [0, 0x3F80_0000, (bits.next() & 0x7F7F_FFF8), 0x7F80_0000][Int(bits.next()) % 4] as UInt32
          distances[lane] = Float(bitPattern: pattern)
          mask[lane] = hits >> UInt32(lane) & 1 != 0 ? -1 : 0
        }
        let lanes = (0..<8).filter { hits >> UInt32($0) & 1 != 0 }
        glint_store_hits8(distances, hits, references, &near, &found)
        #expect(lanes.map { references[$0] } == Array(found.prefix(lanes.count)), "\(round) \(hits)")
        #expect(lanes.map { distances[$0] } == Array(near.prefix(lanes.count)))

        glint_store_farthest_first8(distances, mask, references, &near, &found)
        #expect(lanes.map { distances[$0] }.sorted(by: >) == Array(near.prefix(lanes.count)))
        #expect(lanes.map { references[$0] } == found.prefix(lanes.count).sorted())
        for (reference, distance) in zip(found, near).prefix(lanes.count) {
          #expect(distances[Int(reference) - 1000] == distance)
        }
      }
    }
  }

  @Test("Least and greatest lanes, choices by sign, columns of eight rows")
  func shuffles() {
    var bits = Bits(state: 5)
    let stride = 11
    var columns = [Float](repeating: 0, count: 8 * stride)
    for _ in 0..<1000 {
      let rows = (0..<8).map { _ in
        var row = SIMD8<Float>()
        for lane in 0..<8 { row[lane] = Float(Int32(bitPattern: bits.next())) }
        return row
      }
      let lanes = (0..<8).map { rows[0][$0] }
      #expect(glint_least8(rows[0]) == lanes.min() && glint_greatest8(rows[0]) == lanes.max())
      let chosen = glint_select8(unsafeBitCast(rows[0], to: SIMD8<Int32>.self), rows[1], rows[2])
      for lane in 0..<8 { #expect(chosen[lane] == (rows[0][lane] < 0 ? rows[1] : rows[2])[lane]) }
      glint_store_columns8(
        rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7], &columns, stride)
      for lane in 0..<8 { #expect((0..<8).map { rows[$0][lane] } == Array(columns[lane * stride..<lane * stride + 8])) }
    }
  }
}
