import LaneMath
import Testing

@testable import RenderKernel

@Suite("Sampler")
struct SamplerTests {
  private func point(_ key: UInt32, _ sample: Int, _ dimension: Int) -> SIMD2<Float> {
    let sampler = Sampler<Float>(pixelKey: key, reversedIndex: SampleHash.reversed(UInt32(sample)))
    let (x, y) = sampler.pair(dimension)
    return [x, y]
  }

  @Test("Every dyadic block of samples is stratified in every elementary interval", arguments: [0, 1, 7, 33])
  func isStratified(dimension: Int) {
    for (first, bits) in [(0, 4), (16, 4), (64, 6), (0, 8), (768, 8)] {
      let count = 1 << bits
      let points = (first..<first + count).map { point(0x1234_5678, $0, dimension) }
      for columnBits in 0...bits {
        let (columns, rows) = (1 << columnBits, 1 << (bits - columnBits))
        var hits = [Int](repeating: 0, count: count)
        for p in points { hits[Int(p.x * Float(columns)) * rows + Int(p.y * Float(rows))] += 1 }
        #expect(hits.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test("Pixels and pairs of dimensions are not correlated")
  func isIndependent() {
    var (sum, count) = (0.0, 0.0)
    for pixel in 0..<400 {
      let key = SampleHash.pixelKey(SampleHash.frameKey(seed: 1, frame: 1), x: pixel, y: 3)
      for sample in 0..<16 {
        let (a, b) = (point(key, sample, 1), point(key, sample, 2))
        sum += Double((a.x - 0.5) * (b.x - 0.5)) * 12
        count += 1
      }
    }
    #expect((sum / count).magnitude < 4 / count.squareRoot())
  }

  @Test("Eight lanes give what one lane gives")
  func lanesAgree() {
    let keys = SIMD8<UInt32>(1, 2, 3, 0xFFFF_FFFF, 5, 0x8000_0000, 7, 8)
    let samples = SIMD8<UInt32>(0, 1, 2, 3, 4, 1000, 65_535, 12)
    let wide = Sampler<SIMD8<Float>>(pixelKey: keys, reversedIndex: SampleHash.reversed(samples))
    for dimension in 0..<20 {
      let (x, y) = wide.pair(dimension)
      for i in 0..<8 {
        let one = point(keys[i], Int(samples[i]), dimension)
        #expect(one.x == x[i] && one.y == y[i])
      }
      #expect(
        wide.alphaKey(dimension)[3]
          == Sampler<Float>(pixelKey: keys[3], reversedIndex: SampleHash.reversed(samples[3])).alphaKey(dimension))
    }
  }

  @Test("The Blackman-Harris filter is sampled by its weight, within its 1.5 pixels")
  func filter() {
    let table = UnsafePointer(FilterTable.blackmanHarris.values.pointer)
    var bins = [Double](repeating: 0, count: 24)
    let count = 200_000
    for i in 0..<count {
      let offset = FilterTable.offset(table, (Float(i) + 0.5) / Float(count))
      #expect(offset.magnitude <= 0.75)
      bins[min(23, Int((offset + 0.75) * 16))] += 1
    }
    func weight(_ x: Double) -> Double {
      let phase = Float(2 * Double.pi * (x / 1.5 + 0.5))
      return 0.35875 - 0.48829 * Double(laneCos(phase)) + 0.14128 * Double(laneCos(2 * phase)) - 0.01168
        * Double(laneCos(3 * phase))
    }
    let weights = (0..<24).map { bin in
      var sum = 0.0
      for k in 0..<50 { sum += weight(-0.75 + (Double(bin) + (Double(k) + 0.5) / 50) / 16) }
      return sum
    }
    let total = weights.reduce(0, +)
    for bin in 0..<24 { #expect((bins[bin] / Double(count) - weights[bin] / total).magnitude < 0.002) }
  }
}
