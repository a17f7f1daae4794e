import CLaneIntrinsics
import LaneMath

/// The environment as the kernel reads it.
struct EnvironmentView {
  var texels: UnsafePointer<Float>
  var rows: UnsafePointer<Float>
  var columns: UnsafePointer<Float>
  var coarseColumns: UnsafePointer<Float>
  var density: UnsafePointer<Float>
  var width: Int
  var height: Int
  var scale: Float
  var worldToEnvironment: Affine
  /// The transpose of the rotation: its inverse.
  var environmentToWorld: Affine

  /// Last index in `first ..< end` with `table[offset + index] <= u`, for u in [0, 1).
  ///
  /// - Parameter span: At least `end - first`.
  @inline(__always)
  private static func find<F: LaneFloat>(
    _ table: UnsafePointer<Float>, _ offset: F.Bits, first: F, end: F, span: Int, _ u: F
  ) -> F {
    // Indices as numbers: exact up to 2²⁴, and compared and clamped like numbers.
    var position = first
    var step = 1
    while step * 2 < span { step *= 2 }
    while step > 0 {
      let candidate = F.lesser(position + Float(step), end)
      let isBelow = F.gather(table, offset &+ candidate.truncated) .<= u
      position = F.select(isBelow, candidate, position)
      step /= 2
    }
    return F.lesser(position, end - 1)
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
  private static func solidAngleDensity<F: LaneFloat>(_ density: F, sine: F) -> F {
    F.select(sine .> 0, density / (sine * (2 * Float.pi * Float.pi)), F(lane: 0))
  }

  /// Radiance from a unit direction, and the density of `sample` there, per steradian.
  @inline(__always)
  func radiance<F: LaneFloat>(_ direction: Vector<F>) -> (radiance: Vector<F>, density: F) {
    let d = direction.transformed(worldToEnvironment)
    let sine = (d.x * d.x).addingProduct(d.z, d.z).root
    let around = laneAtan2Turns(d.z, d.x) + 0.5
    let u = F.select(around .< 1, around, F(lane: 0)).clampedToUnit
    let v = (laneAtan2Turns(sine, d.y) * 2).clampedToUnit
    let column = (u * Float(width)).floor.atMost(Float(width - 1))
    let row = (v * Float(height)).floor.atMost(Float(height - 1))
    let table = F.gather(density, (row.truncated &* UInt32(width)) &+ column.truncated)
    return (bilinear(u, v), EnvironmentView.solidAngleDensity(table, sine: sine))
  }

  // Sampling takes three steps, because each waits for memory that the one before can ask for: all paths of a batch take a
  // step before any takes the next.

  /// Row, and the coarse column, of a sample for two numbers in [0, 1).
  @inline(__always)
  func locate<F: LaneFloat>(_ x: F, _ y: F) -> (row: F, coarse: F) {
    let zero = F(lane: 0)
    let row = EnvironmentView.find(
      rows, F.Bits(lane: 0), first: zero, end: F(lane: Float(height)), span: height, y)
    let coarseCount = EnvironmentTables.coarseCount(width)
    let coarse = EnvironmentView.find(
      coarseColumns, row.truncated &* UInt32(coarseCount + 1), first: zero, end: F(lane: Float(coarseCount)),
      span: coarseCount, x)
    return (row, coarse)
  }

  @inline(__always)
  func prefetchColumns(row: Float, coarse: Float) {
    let index = Int(row) &* (width &+ 1) &+ Int(coarse) &* EnvironmentTables.coarseStep
    glint_prefetch(columns + index)
    glint_prefetch(columns + (index &+ EnvironmentTables.coarseStep))
  }

  /// Texture coordinates of a sample, and its density per unit of them.
  @inline(__always)
  func refine<F: LaneFloat>(_ x: F, _ y: F, row: F, coarse: F) -> (s: F, t: F, density: F) {
    let rowIndex = row.truncated
    let (rowStart, rowEnd) = (F.gather(rows, rowIndex), F.gather(rows + 1, rowIndex))
    let table = rowIndex &* UInt32(width + 1)
    let first = coarse * Float(EnvironmentTables.coarseStep)
    let column = EnvironmentView.find(
      columns, table, first: first, end: (first + Float(EnvironmentTables.coarseStep)).atMost(Float(width)),
      span: EnvironmentTables.coarseStep, x)
    let columnIndex = table &+ column.truncated
    let (columnStart, columnEnd) = (F.gather(columns, columnIndex), F.gather(columns + 1, columnIndex))
    let s = (column + ((x - columnStart) / (columnEnd - columnStart)).clampedToUnit) / Float(width)
    let t = (row + ((y - rowStart) / (rowEnd - rowStart)).clampedToUnit) / Float(height)
    // As `EnvironmentTables.density`, bit for bit.
    return (s, t, ((rowEnd - rowStart) * Float(height)) * ((columnEnd - columnStart) * Float(width)))
  }

  @inline(__always)
  func prefetchTexels(s: Float, t: Float) {
    let column = max(0, Int(s * Float(width) - 0.5))
    let row = max(0, Int(t * Float(height) - 0.5))
    glint_prefetch(texels + 3 &* (row &* width &+ column))
    glint_prefetch(texels + 3 &* (min(height &- 1, row &+ 1) &* width &+ column))
  }

  /// The sample's direction, its radiance and its density per steradian; density zero where there is nothing to sample.
  @inline(__always)
  func finish<F: LaneFloat>(s: F, t: F, density: F) -> (direction: Vector<F>, radiance: Vector<F>, density: F) {
    let (sinTheta, cosTheta) = laneSinCosTurns(t * 0.5)
    let (sinPhi, cosPhi) = laneSinCosTurns(s - 0.5)
    let sine = sinTheta.atLeast(0)
    let d = Vector(sine * cosPhi, cosTheta, sine * sinPhi)
    let up = Vector<F>(lane: SIMD3(0, 1, 0))
    return (
      d.transformed(environmentToWorld).normalized(or: up), bilinear(s, t),
      EnvironmentView.solidAngleDensity(density, sine: sine)
    )
  }
}
