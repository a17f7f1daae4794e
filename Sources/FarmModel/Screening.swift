/// Chooses units for an exact check by statistics: passes of one tile estimate the same picture, so where two of them, from
/// different owners, disagree beyond their noise, one is looked at. It condemns nobody and settles nothing.
public enum Screening {
  /// Moments of all samples of an 8 × 8 block in one pass, of luminance, linear.
  public struct BlockMoments: Sendable, Equatable {
    /// Samples: pixels × samples a pixel.
    public var count: Double
    public var sum: Double
    public var sumOfSquares: Double

    public init(count: Double, sum: Double, sumOfSquares: Double) {
      self.count = count
      self.sum = sum
      self.sumOfSquares = sumOfSquares
    }

    public static func + (a: BlockMoments, b: BlockMoments) -> BlockMoments {
      BlockMoments(count: a.count + b.count, sum: a.sum + b.sum, sumOfSquares: a.sumOfSquares + b.sumOfSquares)
    }

    public var mean: Double { sum / count }
  }

  /// Edge of a block in pixels.
  public static let edge = 8
  /// A single block this far off, in standard deviations, is suspect: 3e-6 of normal ones are.
  public static let blockLimit = 4.7
  /// The sum over blocks of squared deviations, each cut off at `cut`, this many of its standard deviations above its mean.
  public static let sumLimit = 5.0
  static let cut = 9.0
  /// Mean and variance of the square of a normal number, cut off at 9.
  static let cutMean = 0.9953
  static let cutVariance = 1.847

  /// How far two estimates of a block differ, in standard deviations of their difference.
  ///
  /// The variance of a sample is taken from both together. So a firefly, which moves one mean by its size over n₁, raises the
  /// deviation by its size over √(n₁+n₂) as well: alone it cannot give more than √(n₂/n₁).
  public static func deviation(_ a: BlockMoments, _ b: BlockMoments) -> Double {
    guard a.count > 0, b.count > 0 else { return 0 }
    let all = a + b
    let variance = max(0, all.sumOfSquares / all.count - all.mean * all.mean)
    let difference = a.mean - b.mean
    if variance <= 0 { return difference == 0 ? 0 : .infinity }
    return difference / (variance * (1 / a.count + 1 / b.count)).squareRoot()
  }

  /// Whether a pass of a tile should be checked exactly.
  ///
  /// - Parameters:
  ///   - pass: Blocks of the pass, in any order.
  ///   - others: The same blocks, of all passes by other owners together.
  public static func isSuspect(_ pass: [BlockMoments], against others: [BlockMoments]) -> Bool {
    precondition(pass.count == others.count)
    var sum = 0.0
    var count = 0.0
    for (a, b) in zip(pass, others) where a.count > 0 && b.count > 0 {
      let square = deviation(a, b) * deviation(a, b)
      if square > blockLimit * blockLimit { return true }
      sum += min(square, cut)
      count += 1
    }
    return count > 0 && sum > count * cutMean + sumLimit * (count * cutVariance).squareRoot()
  }
}
