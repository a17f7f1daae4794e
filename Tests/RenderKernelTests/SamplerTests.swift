import LaneMath
import Testing

@testable import RenderKernel

@Suite("Sampler")
struct SamplerTests {
  private func point(_ key: UInt32, _ sample: Int, _ dimension: Int, of count: Int = 16) -> SIMD2<Float> {
    let sampler = Sampler<Float>(
      pixelKey: key, index: UInt32(sample), net: SampleNet(sampleCount: count))
    let (x, y) = sampler.pair(dimension)
    return [x, y]
  }

  @Test(
    "Nets, and dyadic blocks of nets that are not full, are stratified in every elementary interval",
    arguments: [0, 1, 7])
  func isStratified(dimension: Int) {
    for (samples, first, bits) in [
      (16, 0, 4), (16, 16, 4), (24, 16, 3), (24, 0, 4), (24, 0, 5), (64, 0, 6), (100, 0, 6), (100, 64, 5), (100, 96, 2),
      (256, 0, 8), (256, 768, 8), (1000, 512, 8), (1000, 0, 9), (4096, 0, 12),
    ] {
      let count = 1 << bits
      let points = (first..<first + count).map { point(0x1234_5678, $0, dimension, of: samples) }
      for columnBits in 0...bits {
        let (columns, rows) = (1 << columnBits, 1 << (bits - columnBits))
        var hits = [Int](repeating: 0, count: count)
        for p in points { hits[Int(p.x * Float(columns)) * rows + Int(p.y * Float(rows))] += 1 }
        #expect(hits.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test("Points of a row are evenly spaced, whatever the pixel", arguments: [16, 64, 256])
  func rowsAreEven(samples: Int) {
    let edge = Int(Double(samples).squareRoot())
    for pixel in 0..<20 {
      let points = (0..<samples).map { point(UInt32(pixel), $0, 3, of: samples) }
      for axis in 0..<2 {
        // The place inside a cell, in as many steps as there are cells in the row.
        var places = [Set<Int>](repeating: [], count: edge)
        for p in points { places[Int(p[1 - axis] * Float(edge))].insert(Int(p[axis] * Float(samples)) % edge) }
        #expect(places.allSatisfy { $0.count == 1 })
        #expect(Set(places.flatMap(\.self)).count == edge)
      }
    }
  }

  @Test("Each sample of a net is uniform over pixels, and no sample's point repeats", arguments: [1, 2, 16, 24])
  func isUniform(samples: Int) {
    let (pixels, bins) = (6400, 8)
    for sample in [0, samples - 1, 2 * samples] {
      var counts = [Int](repeating: 0, count: bins * bins)
      var seen: Set<SIMD2<Float>> = []
      for pixel in 0..<pixels {
        let key = SampleHash.pixelKey(SampleHash.frameKey(seed: 5, frame: 2), x: pixel % 80, y: pixel / 80)
        let p = point(key, sample, 4, of: samples)
        counts[Int(p.x * Float(bins)) * bins + Int(p.y * Float(bins))] += 1
        seen.insert(p)
      }
      let expected = Double(pixels) / Double(bins * bins)
      let statistic = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
      // 63 degrees of freedom: 113 is exceeded once in ten thousand.
      #expect(statistic < 113)
      #expect(seen.count > pixels - 3)
    }
  }

  @Test("A net's error is below that of independent and of Owen-scrambled points")
  func variance() {
    func error(_ samples: Int, _ f: (SIMD2<Float>) -> Float, mean: Double) -> Double {
      let pixels = 2000
      var sum = 0.0
      for pixel in 0..<pixels {
        let key = SampleHash.pixelKey(77, x: pixel, y: 0)
        let estimate = (0..<samples).reduce(0.0) { $0 + Double(f(point(key, $1, 9, of: samples))) } / Double(samples)
        sum += (estimate - mean) * (estimate - mean)
      }
      return sum / Double(pixels)
    }
    // A straight edge: 0.0155 of 16 independent points, 0.0027 if they are Owen-scrambled.
    #expect(error(16, { $0.x + 0.7 * $0.y < 0.8 ? 1 : 0 }, mean: 0.45) < 0.0022)
    // A wave around a circle that grows outwards: 0.0039 and 0.00017.
    #expect(error(16, { 1 + 0.5 * laneCos(2 * .pi * $0.x) * $0.y.squareRoot() }, mean: 1) < 0.00008)
  }

  @Test("Points are those that Tools/bench measures")
  func isAsMeasured() {
    #expect(point(0x1234_5678, 5, 1, of: 16) == [0.9929160475730896, 0.7468443512916565])
    #expect(point(0xDEAD_BEEF, 20, 7, of: 24) == [0.3865232467651367, 0.7394981384277344])
    #expect(point(1, 1000, 3, of: 1 << 16) == [0.7216008305549622, 0.19669204950332642])
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

  @Test("Pairs of dimensions have orders of their own", arguments: [4, 16, 64])
  func ordersAreIndependent(samples: Int) {
    // Of two pairs with independent orders the square of the correlation is n / (n − 1) on average, in units of independent
    // points; shuffled block by block it is 1.6 to 2, and with the same order in both 0.6·n.
    let pixels = 2000
    for (first, second) in [(1, 2), (1, 4), (3, 8), (6, 11)] {
      var sum = 0.0
      for pixel in 0..<pixels {
        let key = SampleHash.pixelKey(SampleHash.frameKey(seed: 3, frame: 1), x: pixel, y: 7)
        var product = 0.0
        for sample in 0..<samples {
          let (a, b) = (point(key, sample, first, of: samples), point(key, sample, second, of: samples))
          product += Double((a.x - 0.5) * (b.x - 0.5)) * 12
        }
        sum += product * product / Double(samples)
      }
      let ratio = sum / Double(pixels)
      #expect(ratio > 0.8 && ratio < (samples == 4 ? 1.45 : 1.25), "pairs \(first) and \(second): \(ratio)")
    }
  }

  @Test("Eight lanes give what one lane gives")
  func lanesAgree() {
    let keys = SIMD8<UInt32>(1, 2, 3, 0xFFFF_FFFF, 5, 0x8000_0000, 7, 8)
    let samples = SIMD8<UInt32>(0, 1, 2, 3, 4, 1000, 65_535, 12)
    let net = SampleNet(sampleCount: 16)
    let wide = Sampler<SIMD8<Float>>(pixelKey: keys, index: samples, net: net)
    for dimension in 0..<20 {
      let (x, y) = wide.pair(dimension)
      for i in 0..<8 {
        let one = point(keys[i], Int(samples[i]), dimension)
        #expect(one.x == x[i] && one.y == y[i])
      }
      #expect(
        wide.alphaKey(dimension)[3]
          == Sampler<Float>(pixelKey: keys[3], index: samples[3], net: net)
          .alphaKey(dimension))
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
