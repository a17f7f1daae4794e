import Foundation
import Testing

@testable import FarmModel

@Suite("Screening")
struct ScreeningTests {
  /// Samples of a path tracer in kind: mostly dark, sometimes bright, one in a thousand a firefly.
  private func sample(_ generator: inout SeededGenerator) -> Double {
    let u = Double.random(in: 0..<1, using: &generator)
    if u < 1e-3 { return 50 + 450 * Double.random(in: 0..<1, using: &generator) }
    return u < 0.1 ? 1 + Double.random(in: 0..<1, using: &generator) : 0.2 * Double.random(in: 0..<1, using: &generator)
  }

  /// - Parameter repeats: How often each sample is counted: fewer were taken than are claimed.
  private func block(
    samples: Int, repeats: Int = 1, scale: Double = 1, _ generator: inout SeededGenerator
  ) -> Screening.BlockMoments {
    var moments = Screening.BlockMoments(count: 0, sum: 0, sumOfSquares: 0)
    for _ in 0..<(64 * samples / repeats) {
      let value = sample(&generator) * scale
      moments =
        moments
        + Screening.BlockMoments(
          count: Double(repeats), sum: Double(repeats) * value, sumOfSquares: Double(repeats) * value * value)
    }
    return moments
  }

  @Test("Honest passes are hardly ever suspect, fireflies or not")
  func falseAlarms() {
    var generator = SeededGenerator(seed: 1)
    var alarms = 0
    for _ in 0..<300 {
      let pass = (0..<64).map { _ in block(samples: 4, &generator) }
      let others = (0..<64).map { _ in block(samples: 4, &generator) }
      if Screening.isSuspect(pass, against: others) { alarms += 1 }
    }
    #expect(alarms <= 3, "\(alarms) of 300")
  }

  @Test("Black and another brightness are always found, a quarter of the samples mostly")
  func lies() {
    var generator = SeededGenerator(seed: 2)
    var found = 0
    for _ in 0..<30 {
      let others = (0..<64).map { _ in block(samples: 16, &generator) }
      let black = (0..<64).map { _ in Screening.BlockMoments(count: 64 * 16, sum: 0, sumOfSquares: 0) }
      #expect(Screening.isSuspect(black, against: others))
      let brighter = (0..<64).map { _ in block(samples: 16, scale: 2, &generator) }
      #expect(Screening.isSuspect(brighter, against: others))
      let few = (0..<64).map { _ in block(samples: 16, repeats: 4, &generator) }
      if Screening.isSuspect(few, against: others) { found += 1 }
    }
    // Fireflies hide much of what fewer samples add to the noise.
    #expect(found >= 15, "\(found) of 30")
  }

  @Test("One firefly is no deviation")
  func firefly() {
    let calm = Screening.BlockMoments(count: 256, sum: 25.6, sumOfSquares: 5)
    var hit = calm
    hit.sum += 1e6
    hit.sumOfSquares += 1e12
    #expect(abs(Screening.deviation(hit, calm)) <= 1.01)
    #expect(Screening.deviation(calm, calm) == 0)
  }
}
