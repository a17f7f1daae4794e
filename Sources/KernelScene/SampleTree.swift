/// The order in which the samples of a pixel are added: a binary tree that is cut off where the samples end.
///
/// With n samples a pixel's sum is s₀ + T(1, n). Sample 0 stands apart, because it is the preview. T follows the nodes over
/// 2^k samples that begin at 1 + i·2^k: of a node that reaches beyond n only what lies before n is there, and its sum is that
/// of the left half plus that of the right half, or the left half alone where nothing of the right half is there. So samples
/// may be rendered in any parts that are nodes, without rendering anything twice, for every n.
public enum SampleTree {
  /// Whether a range of sample indices is a node of the tree over some number of samples: all of `0 ..< n`, sample 0, or a
  /// node from sample 1 on, cut off or not.
  public static func isNode(_ range: Range<Int>) -> Bool {
    guard range.lowerBound > 0 else { return range.lowerBound == 0 && !range.isEmpty }
    return !range.isEmpty && (range.lowerBound - 1) & (size(covering: range.count) - 1) == 0
  }

  /// Whether a range is a node of the tree over `sampleCount` samples.
  public static func isNode(_ range: Range<Int>, of sampleCount: Int) -> Bool {
    guard isNode(range), range.upperBound <= sampleCount else { return false }
    // One that is cut off ends where the samples do.
    return range.upperBound == sampleCount || range.upperBound == 1
      || range.lowerBound > 0 && range.count & (range.count - 1) == 0
  }

  /// Whether two nodes of the tree over `sampleCount` samples, one behind the other, are the halves of a third.
  static func areHalves(_ left: Range<Int>, _ right: Range<Int>, of sampleCount: Int) -> Bool {
    guard left.upperBound == right.lowerBound else { return false }
    if left == 0..<1 { return right.upperBound == sampleCount }
    let size = left.count
    return left.lowerBound > 0 && size & (size - 1) == 0 && (left.lowerBound - 1) & (2 * size - 1) == 0
      && right.upperBound == min(left.upperBound + size, sampleCount)
  }

  /// The passes of a frame: sample 0, then nodes of at most `limit` samples, or of `limit` rounded down to a power of two
  /// where the rest of the samples is more than that.
  public static func passes(sampleCount: Int, limit: Int) -> [Range<Int>] {
    precondition(sampleCount > 0 && limit > 0)
    guard sampleCount > 1 else { return [0..<1] }
    if sampleCount - 1 <= limit { return [0..<1, 1..<sampleCount] }
    let size = limit < 2 ? 1 : 1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
    return [0..<1] + stride(from: 1, to: sampleCount, by: size).map { $0..<min($0 + size, sampleCount) }
  }

  /// The least power of two that is not below `count`.
  private static func size(covering count: Int) -> Int {
    count < 2 ? 1 : 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
  }
}
