import Foundation
import LaneMath

/// Pearson's test of counts against what a density says.
struct ChiSquare {
  private(set) var observed: [Double]
  var expected: [Double]

  init(binCount: Int) {
    observed = [Double](repeating: 0, count: binCount)
    expected = observed
  }

  var sampleCount: Double { observed.reduce(0, +) }

  mutating func count(_ bin: Int) { observed[bin] += 1 }

  /// Chance of counts as far from their expectation, or farther. Bins that expect fewer than ten samples are pooled.
  ///
  /// Source of the distribution's tail: Wilson and Hilferty 1931.
  var pValue: Double {
    var (chi, bins) = (0.0, 0.0)
    var rest = (observed: 0.0, expected: 0.0)
    func add(_ o: Double, _ e: Double) {
      chi += (o - e) * (o - e) / e
      bins += 1
    }
    for (o, e) in zip(observed, expected) {
      if e >= 10 {
        add(o, e)
      } else {
        rest = (rest.observed + o, rest.expected + e)
      }
    }
    if rest.expected >= 10 {
      add(rest.observed, rest.expected)
    } else if rest.observed > 30 {
      return 0
    }
    let k = bins - 1
    guard k > 0 else { return 1 }
    let z = (pow(chi / k, 1.0 / 3) - (1 - 2 / (9 * k))) / (2 / (9 * k)).squareRoot()
    return 0.5 * erfc(z / 2.0.squareRoot())
  }
}

/// Pairs of independent numbers in [0, 1): points of a sequence would be more even than a density says.
struct PointSource {
  private var generator: SeededGenerator
  init(key: UInt64) { generator = SeededGenerator(seed: key) }

  mutating func next() -> (Float, Float) {
    (Float.random(in: 0..<1, using: &generator), Float.random(in: 0..<1, using: &generator))
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
