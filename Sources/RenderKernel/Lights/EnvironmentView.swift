import LaneMath

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

  /// Last index with `table[offset + index] <= u`, below `count`; for u in [0, 1).
  @inline(__always)
  private static func find<F: LaneFloat>(_ table: UnsafePointer<Float>, _ offset: F.Bits, _ count: Int, _ u: F) -> F {
    // Indices as numbers: exact up to 2²⁴, and compared and clamped like numbers.
    var position = F(lane: 0)
    var step = 1
    while step * 2 < count { step *= 2 }
    while step > 0 {
      let candidate = (position + Float(step)).atMost(Float(count))
      let isBelow = F.gather(table, offset &+ candidate.truncated) .<= u
      position = F.select(isBelow, candidate, position)
      step /= 2
    }
    return position.atMost(Float(count - 1))
  }

  /// Radiance at texture coordinates in [0, 1].
  @inline(__always)
  private func bilinear<F: LaneFloat>(_ u: F, _ v: F) -> Vector<F> {
    let (w, h) = (Float(width), Float(height))
    let x = u * w - 0.5
    let y = v * h - 0.5
    let (floorX, floorY) = (x.floor, y.floor)
    let (fx, fy) = (x - floorX, y - floorY)
    let left = F.select(floorX .< 0, floorX + w, floorX)
    let next = floorX + 1
    let right = F.select(next .< w, next, next - w)
    let top = floorY.atLeast(0).truncated &* UInt32(width)
    let bottom = (floorY + 1).atMost(h - 1).truncated &* UInt32(width)
    let (leftIndex, rightIndex) = (left.truncated, right.truncated)
    let a = (top &+ leftIndex) &* 3
    let b = (top &+ rightIndex) &* 3
    let c = (bottom &+ leftIndex) &* 3
    let d = (bottom &+ rightIndex) &* 3
    @inline(__always)
    func blend(_ channel: Int) -> F {
      let p = texels + channel
      let (va, vb, vc, vd) = (F.gather(p, a), F.gather(p, b), F.gather(p, c), F.gather(p, d))
      let upper = va.addingProduct(vb - va, fx)
      let lower = vc.addingProduct(vd - vc, fx)
      return upper.addingProduct(lower - upper, fy) * scale
    }
    return Vector(blend(0), blend(1), blend(2))
  }

  /// Density per steradian out of that per unit of (u, v).
  @inline(__always)
  private func solidAngleDensity<F: LaneFloat>(_ row: F, _ column: F, sine: F) -> F {
    let table = F.gather(density, (row.truncated &* UInt32(width)) &+ column.truncated)
    return F.select(sine .> 0, table / (sine * (2 * Float.pi * Float.pi)), F(lane: 0))
  }

  /// Radiance from a unit direction, and the density of `sample` there, per steradian.
  @inline(__always)
  func radiance<F: LaneFloat>(_ direction: Vector<F>) -> (radiance: Vector<F>, density: F) {
    let d = direction.transformed(worldToEnvironment)
    let sine = (d.x * d.x).addingProduct(d.z, d.z).squareRoot()
    let around = laneAtan2Turns(d.z, d.x) + 0.5
    let u = F.select(around .< 1, around, F(lane: 0)).clampedToUnit
    let v = (laneAtan2Turns(sine, d.y) * 2).clampedToUnit
    let column = (u * Float(width)).floor.atMost(Float(width - 1))
    let row = (v * Float(height)).floor.atMost(Float(height - 1))
    return (bilinear(u, v), solidAngleDensity(row, column, sine: sine))
  }

  /// A direction, its radiance and its density; density zero where there is nothing to sample.
  @inline(__always)
  func sample<F: LaneFloat>(_ x: F, _ y: F) -> (direction: Vector<F>, radiance: Vector<F>, density: F) {
    let row = EnvironmentView.find(rows, F.Bits(lane: 0), height, y)
    let rowIndex = row.truncated
    let (rowStart, rowEnd) = (F.gather(rows, rowIndex), F.gather(rows + 1, rowIndex))
    let table = rowIndex &* UInt32(width + 1)
    let column = EnvironmentView.find(columns, table, width, x)
    let columnIndex = table &+ column.truncated
    let (columnStart, columnEnd) = (F.gather(columns, columnIndex), F.gather(columns + 1, columnIndex))
    let s = (column + ((x - columnStart) / (columnEnd - columnStart)).clampedToUnit) / Float(width)
    let t = (row + ((y - rowStart) / (rowEnd - rowStart)).clampedToUnit) / Float(height)
    let (sinTheta, cosTheta) = laneSinCosTurns(t * 0.5)
    let (sinPhi, cosPhi) = laneSinCosTurns(s - 0.5)
    let sine = sinTheta.atLeast(0)
    let d = Vector(sine * cosPhi, cosTheta, sine * sinPhi)
    let up = Vector<F>(lane: [0, 1, 0])
    return (
      d.transformed(environmentToWorld).normalized(or: up), bilinear(s, t), solidAngleDensity(row, column, sine: sine)
    )
  }
}
