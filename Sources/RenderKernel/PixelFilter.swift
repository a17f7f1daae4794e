import LaneMath

/// Inverse of a filter's cumulative distribution: samples land where the filter weighs, and all weigh the same.
final class FilterTable: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let size = 256
  /// 1.5 pixels wide.
  static let blackmanHarris = FilterTable(width: 1.5)

  /// `size + 1` offsets from the pixel's centre, in pixels.
  let values: FlatBuffer<Float>

  private init(width: Float) {
    let steps = 4096
    var sums: [Double] = [0]
    for i in 0..<steps {
      let phase = 2 * Float.pi * (Float(i) + 0.5) / Float(steps)
      let weight = 0.35875 - 0.48829 * laneCos(phase) + 0.14128 * laneCos(2 * phase) - 0.01168 * laneCos(3 * phase)
      sums.append(sums[i] + Double(max(0, weight)))
    }
    let total = sums[steps]
    values = FlatBuffer(count: FilterTable.size + 1) { values in
      var i = 0
      for k in 0...FilterTable.size {
        let target = total * Double(k) / Double(FilterTable.size)
        while i < steps - 1, sums[i + 1] < target { i += 1 }
        let part = (target - sums[i]) / max(1e-300, sums[i + 1] - sums[i])
        values[k] = Float((Double(i) + min(1, max(0, part))) / Double(steps) - 0.5) * width
      }
    }
  }

  /// Offset from the pixel's centre for a number in [0, 1).
  @inline(__always)
  static func offset<F: LaneFloat>(_ table: UnsafePointer<Float>, _ u: F) -> F {
    let x = u * Float(size)
    let floor = x.floor.atMost(Float(size - 1))
    let index = floor.truncated
    let a = F.gather(table, index)
    return a.addingProduct(x - floor, F.gather(table + 1, index) - a)
  }
}
