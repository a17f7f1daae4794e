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
  /// Density per unit of (u, v), `height × width`; mean one.
  let density: FlatBuffer<Float>
  /// Mean of luminance over the sphere.
  let meanLuminance: Float

  public init(_ environment: Environment) {
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
}

/// The environment as the kernel reads it.
struct EnvironmentView {
  var texels: UnsafePointer<Float>
  var rows: UnsafePointer<Float>
  var columns: UnsafePointer<Float>
  var density: UnsafePointer<Float>
  var width: Int
  var height: Int
  var scale: Float
  var worldToEnvironment: Affine
  /// The transpose of the rotation: its inverse.
  var environmentToWorld: Affine

  /// Last index with `table[index] <= u`, below `count`.
  @inline(__always)
  private static func find(_ table: UnsafePointer<Float>, _ count: Int, _ u: Float) -> Int {
    var (low, high) = (0, count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if table[middle] <= u { low = middle } else { high = middle }
    }
    return low
  }

  @inline(__always)
  private func bilinear(_ u: Float, _ v: Float) -> SIMD3<Float> {
    let x = u * Float(width) - 0.5
    let y = v * Float(height) - 0.5
    let (floorX, floorY) = (x.rounded(.down), y.rounded(.down))
    let (fx, fy) = (x - floorX, y - floorY)
    let ix = Int(floorX)
    let iy = Int(floorY)
    let x0 = ix < 0 ? ix + width : (ix >= width ? ix - width : ix)
    let x1 = ix + 1 >= width ? ix + 1 - width : ix + 1
    let y0 = max(0, min(height - 1, iy))
    let y1 = max(0, min(height - 1, iy + 1))
    func texel(_ x: Int, _ y: Int) -> SIMD3<Float> {
      let p = texels + 3 * (y * width + x)
      return SIMD3(p[0], p[1], p[2])
    }
    let top = texel(x0, y0) + (texel(x1, y0) - texel(x0, y0)) * fx
    let bottom = texel(x0, y1) + (texel(x1, y1) - texel(x0, y1)) * fx
    return (top + (bottom - top) * fy) * scale
  }

  /// Radiance from a unit direction, and the density of `sample` there, per steradian.
  @inline(__always)
  func radiance(_ direction: SIMD3<Float>) -> (radiance: SIMD3<Float>, density: Float) {
    let d = worldToEnvironment.vector(direction)
    var u = laneAtan2(d.z, d.x) * (0.5 / Float.pi) + 0.5
    if u >= 1 { u -= 1 }
    let v = clamp01(laneAcos(d.y) / Float.pi)
    let x = max(0, min(width - 1, Int(u * Float(width))))
    let y = max(0, min(height - 1, Int(v * Float(height))))
    let sine = max(0, 1 - d.y * d.y).squareRoot()
    let density = sine > 0 ? density[y * width + x] / (2 * Float.pi * Float.pi * sine) : 0
    return (bilinear(u, v), density)
  }

  /// A direction, its radiance and its density.
  @inline(__always)
  func sample(_ u: SIMD2<Float>) -> (direction: SIMD3<Float>, radiance: SIMD3<Float>, density: Float) {
    let y = EnvironmentView.find(rows, height, u.y)
    let fy = (u.y - rows[y]) / (rows[y + 1] - rows[y])
    let table = columns + y * (width + 1)
    let x = EnvironmentView.find(table, width, u.x)
    let fx = (u.x - table[x]) / (table[x + 1] - table[x])
    let s = (Float(x) + clamp01(fx)) / Float(width)
    let t = (Float(y) + clamp01(fy)) / Float(height)
    let (sinTheta, cosTheta) = laneSinCos(Float.pi * t)
    let (sinPhi, cosPhi) = laneSinCos((s - 0.5) * (2 * Float.pi))
    let d = SIMD3(sinTheta * cosPhi, cosTheta, sinTheta * sinPhi)
    let density = sinTheta > 0 ? density[y * width + x] / (2 * Float.pi * Float.pi * sinTheta) : 0
    return (normalized(environmentToWorld.vector(d), or: [0, 1, 0]), bilinear(s, t), density)
  }
}
