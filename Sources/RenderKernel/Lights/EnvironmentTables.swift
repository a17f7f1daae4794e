import CLaneIntrinsics
import LaneMath

/// The environment made ready for sampling with a density proportional to the luminance that bilinear lookup finds.
///
/// The sphere's (u, v) square is cut into cells whose corners are centres of texels: inside a cell the lookup is one bilinear
/// patch, which is sampled exactly. Cells of column c lie between the centres of texels c and c + 1 (the last and the first
/// are neighbours), cells of row r between those of rows r − 1 and r; the first and the last row of cells are half as high,
/// and constant in v, because lookup goes no further than the outermost centres.
public final class EnvironmentTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  public let environment: Environment
  /// Cumulative weights of the rows of cells, `height + 2`, the last is 1.
  let rows: FlatBuffer<Float>
  /// For each row of cells, cumulative weights of its cells, `width + 1`.
  let columns: FlatBuffer<Float>
  /// For each row, every `coarseStep`-th of its cumulative weights and the last: a search that starts here misses the cache
  /// once.
  let coarseColumns: FlatBuffer<Float>
  static let coarseStep = 16
  /// For each row of cells: density per steradian, times the sine of the polar angle, of a luminance of one. Sums are rounded
  /// to 2⁻²⁴ of their row, and this is not: what the rounding shifts is less than that share of the row's light.
  let rowDensity: FlatBuffer<Float>
  /// Mean of luminance over the sphere.
  let meanLuminance: Float

  public init(_ environment: Environment) {
    glint_set_float_environment()
    self.environment = environment
    let (w, h) = (environment.width, environment.height)
    func light(_ x: Int, _ y: Int) -> Double {
      let p = environment.texels.pointer + 3 * (max(0, min(h - 1, y)) * w + x % w)
      return Double(luminance(SIMD3(p[0], p[1], p[2])))
    }
    let weights = FlatBuffer<Double>(count: w * (h + 1))
    var rowSums = [Double](repeating: 0, count: h + 1)
    var sines = [Double](repeating: 0, count: h + 1)
    for y in 0...h {
      let isHalf = y == 0 || y == h
      let centre = y == 0 ? 0.25 : y == h ? Float(h) - 0.25 : Float(y)
      sines[y] = Double(laneSin(Float.pi * centre / Float(h)))
      for x in 0..<w {
        let mean = 0.25 * (light(x, y - 1) + light(x + 1, y - 1) + light(x, y) + light(x + 1, y))
        let weight = mean * sines[y] * (isHalf ? 0.5 : 1)
        weights.pointer[y * w + x] = weight
        rowSums[y] += weight
      }
    }
    var (total, sineTotal) = (0.0, 0.0)
    for y in 0...h {
      total += rowSums[y]
      sineTotal += Double(w) * sines[y] * (y == 0 || y == h ? 0.5 : 1)
    }
    meanLuminance = Float(total / sineTotal)
    let isDark = !(total > 0)
    rows = FlatBuffer(count: h + 2) { rows in
      var running = 0.0
      for y in 0...h {
        rows[y] = isDark ? Float(y) / Float(h + 1) : Float(running / total)
        running += rowSums[y]
      }
      rows[h + 1] = 1
    }
    rowDensity = FlatBuffer(count: h + 1) { density in
      for y in 0...h {
        density[y] = isDark ? 0 : Float(sines[y] * Double(w * h) / (total * 2 * Double.pi * Double.pi))
      }
    }
    columns = FlatBuffer(count: (h + 1) * (w + 1)) { columns in
      for y in 0...h {
        var running = 0.0
        for x in 0..<w {
          columns[y * (w + 1) + x] = rowSums[y] > 0 ? Float(running / rowSums[y]) : Float(x) / Float(w)
          running += weights.pointer[y * w + x]
        }
        columns[y * (w + 1) + w] = 1
      }
    }
    let columnTable = columns
    let coarseCount = EnvironmentTables.coarseCount(w)
    coarseColumns = FlatBuffer(count: (h + 1) * (coarseCount + 1)) { coarse in
      for y in 0...h {
        for k in 0...coarseCount {
          coarse[y * (coarseCount + 1) + k] =
            columnTable.pointer[y * (w + 1) + min(w, k * EnvironmentTables.coarseStep)]
        }
      }
    }
  }

  static func coarseCount(_ width: Int) -> Int { (width + coarseStep - 1) / coarseStep }
}
