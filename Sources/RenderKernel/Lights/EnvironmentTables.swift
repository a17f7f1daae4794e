import CLaneIntrinsics
import LaneMath

/// The environment made ready for sampling: a piecewise constant density over texels, proportional to the light that
/// bilinear lookup finds in them.
public final class EnvironmentTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  public let environment: Environment
  /// Cumulative weights of rows, `height + 1`, the last is 1.
  let rows: FlatBuffer<Float>
  /// For each row, cumulative weights of its texels, `width + 1`.
  let columns: FlatBuffer<Float>
  /// For each row, every `coarseStep`-th of its cumulative weights and the last: a search that starts here misses the cache
  /// once.
  let coarseColumns: FlatBuffer<Float>
  static let coarseStep = 16
  /// Density per unit of (u, v), `height × width`; mean one.
  let density: FlatBuffer<Float>
  /// Mean of luminance over the sphere.
  let meanLuminance: Float

  public init(_ environment: Environment) {
    glint_set_float_environment()
    self.environment = environment
    let (w, h) = (environment.width, environment.height)
    func light(_ x: Int, _ y: Int) -> Double {
      let p = environment.texels.pointer + 3 * (max(0, min(h - 1, y)) * w + (x + w) % w)
      return Double(luminance(SIMD3(p[0], p[1], p[2])))
    }
    let weights = FlatBuffer<Double>(count: w * h)
    var rowSums = [Double](repeating: 0, count: h)
    for y in 0..<h {
      let sine = Double(laneSin(Float.pi * (Float(y) + 0.5) / Float(h)))
      for x in 0..<w {
        var sum = 0.0
        for (dy, wy) in [(-1, 0.125), (0, 0.75), (1, 0.125)] {
          sum += wy * (0.125 * light(x - 1, y + dy) + 0.75 * light(x, y + dy) + 0.125 * light(x + 1, y + dy))
        }
        weights.pointer[y * w + x] = sum * sine
        rowSums[y] += sum * sine
      }
    }
    var total = 0.0
    for sum in rowSums { total += sum }
    var sineTotal = 0.0
    for y in 0..<h { sineTotal += Double(w) * Double(laneSin(Float.pi * (Float(y) + 0.5) / Float(h))) }
    meanLuminance = Float(total / sineTotal)
    let isDark = !(total > 0)
    rows = FlatBuffer(count: h + 1) { rows in
      var running = 0.0
      for y in 0..<h {
        rows[y] = isDark ? Float(y) / Float(h) : Float(running / total)
        running += rowSums[y]
      }
      rows[h] = 1
    }
    columns = FlatBuffer(count: h * (w + 1)) { columns in
      for y in 0..<h {
        var running = 0.0
        for x in 0..<w {
          columns[y * (w + 1) + x] = rowSums[y] > 0 ? Float(running / rowSums[y]) : Float(x) / Float(w)
          running += weights.pointer[y * w + x]
        }
        columns[y * (w + 1) + w] = 1
      }
    }
    let (rowTable, columnTable) = (rows, columns)
    let coarseCount = EnvironmentTables.coarseCount(w)
    coarseColumns = FlatBuffer(count: h * (coarseCount + 1)) { coarse in
      for y in 0..<h {
        for k in 0...coarseCount {
          coarse[y * (coarseCount + 1) + k] =
            columnTable.pointer[y * (w + 1) + min(w, k * EnvironmentTables.coarseStep)]
        }
      }
    }
    density = FlatBuffer(count: w * h) { density in
      for y in 0..<h {
        let row = (rowTable.pointer[y + 1] - rowTable.pointer[y]) * Float(h)
        for x in 0..<w {
          let p = columnTable.pointer + y * (w + 1) + x
          density[y * w + x] = row * ((p[1] - p[0]) * Float(w))
        }
      }
    }
  }
  static func coarseCount(_ width: Int) -> Int { (width + coarseStep - 1) / coarseStep }
}
