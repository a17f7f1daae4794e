/// The grid to which a node's children are quantised, along one axis.
///
/// Bounds are rounded outwards and then some: by `slack`, which makes up for all that rounds when a ray meets the grid
/// (docs/kernel-traversal.md, section 7). `origin + step · q` is exact in double precision for every q from 0 to 255, because
/// the step is at least 2⁻²⁰ of the largest bound.
struct NodeGrid {
  let origin: Float
  let step: Float
  private let slack: Double

  /// Steps are at least this, so that products with a ray's inverse direction are not denormal.
  static let smallestStep: Float = 0x1p-60

  /// - Parameters: Bounds of all children, finite.
  init(lower: Float, upper: Float) {
    // A step below, so that slack fits in as well.
    let extent = Double(upper) - Double(lower)
    let reach = Lanes.greater(lower.magnitude, upper.magnitude)
    var step = Float(extent / 252)
    step = Lanes.greater(step, NodeGrid.smallestStep)
    step = Lanes.greater(step, reach * 0x1p-20)
    self.step = step
    origin = lower - step
    slack = Double(origin.magnitude) * 0x1p-22 + Double(step) * 0x1p-14
  }

  @inline(__always)
  private func value(_ q: Int) -> Double { Double(origin) + Double(step) * Double(q) }

  /// The largest byte whose value is below `bound` by the slack at least.
  @inline(__always)
  func below(_ bound: Float) -> UInt8 {
    let bound = Double(bound) - slack
    var q = max(0, min(255, Int((bound - Double(origin)) / Double(step))))
    while q > 0 && value(q) > bound { q -= 1 }
    return UInt8(truncatingIfNeeded: q)
  }

  /// The smallest byte whose value is above `bound` by the slack at least.
  @inline(__always)
  func above(_ bound: Float) -> UInt8 {
    let bound = Double(bound) + slack
    var q = max(0, min(255, Int((bound - Double(origin)) / Double(step))))
    while q < 255 && value(q) < bound { q += 1 }
    return UInt8(truncatingIfNeeded: q)
  }
}
