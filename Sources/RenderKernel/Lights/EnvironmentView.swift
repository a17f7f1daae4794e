import CLaneIntrinsics
import LaneMath

/// The environment as the kernel reads it.
struct EnvironmentView {
  var texels: UnsafePointer<Float>
  var rows: UnsafePointer<Float>
  var columns: UnsafePointer<Float>
  var coarseColumns: UnsafePointer<Float>
  var rowDensity: UnsafePointer<Float>
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

  /// The lookup between four texel centres.
  private struct Patch<F: LaneFloat> {
    /// Rows, then columns.
    var a: Vector<F>
    var b: Vector<F>
    var c: Vector<F>
    var d: Vector<F>

    @inline(__always)
    func at(_ fx: F, _ fy: F) -> Vector<F> {
      let upper = a.addingProduct(b - a, fx)
      let lower = c.addingProduct(d - c, fx)
      return upper.addingProduct(lower - upper, fy)
    }
  }

  /// - Parameters:
  ///   - row: Of the cell, 0 ... height.
  ///   - column: Of the cell, 0 ..< width.
  @inline(__always)
  private func patch<F: LaneFloat>(row: F, column: F) -> Patch<F> {
    let next = column + 1
    let right = F.select(next .< F(lane: Float(width)), next, F(lane: 0))
    let top = (row - 1).atLeast(0).truncated &* UInt32(width)
    let bottom = row.atMost(Float(height - 1)).truncated &* UInt32(width)
    @inline(__always)
    func texel(_ row: F.Bits, _ column: F) -> Vector<F> {
      let index = (row &+ column.truncated) &* 3
      return Vector(F.gather(texels, index), F.gather(texels + 1, index), F.gather(texels + 2, index))
    }
    return Patch(a: texel(top, column), b: texel(top, right), c: texel(bottom, column), d: texel(bottom, right))
  }

  /// Density of `sample` per steradian.
  @inline(__always)
  private func density<F: LaneFloat>(_ light: Vector<F>, row: F, sine: F) -> F {
    F.select(sine .> 0, luminance(light) * F.gather(rowDensity, row.truncated) / sine, F(lane: 0))
  }

  /// Radiance from a unit direction, and the density of `sample` there, per steradian.
  @inline(__always)
  func radiance<F: LaneFloat>(_ direction: Vector<F>) -> (radiance: Vector<F>, density: F) {
    let d = direction.transformed(worldToEnvironment)
    let sine = (d.x * d.x).addingProduct(d.z, d.z).root
    let around = laneAtan2Turns(d.z, d.x) + 0.5
    let u = F.select(around .< 1, around, F(lane: 0)).clampedToUnit
    let v = (laneAtan2Turns(sine, d.y) * 2).clampedToUnit
    let x = u * Float(width) - 0.5
    let y = v * Float(height) - 0.5
    let (floorX, floorY) = (x.floor, y.floor)
    let column = F.select(floorX .< 0, floorX + Float(width), floorX)
    let row = floorY + 1
    let light = patch(row: row, column: column).at(x - floorX, y - floorY)
    return (light * F(lane: scale), density(light, row: row, sine: sine))
  }

  // Sampling takes three steps, because each waits for memory that the one before can ask for: all paths of a batch take a
  // step before any takes the next.

  /// Row, and the coarse column, of a sample for two numbers in [0, 1).
  @inline(__always)
  func locate<F: LaneFloat>(_ x: F, _ y: F) -> (row: F, coarse: F) {
    let zero = F(lane: 0)
    let row = EnvironmentView.find(
      rows, F.Bits(lane: 0), first: zero, end: F(lane: Float(height + 1)), span: height + 1, y)
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

  /// The cell's column, and what choosing row and column left of both numbers.
  @inline(__always)
  func refine<F: LaneFloat>(_ x: F, _ y: F, row: F, coarse: F) -> (column: F, restX: F, restY: F) {
    let rowIndex = row.truncated
    let (rowStart, rowEnd) = (F.gather(rows, rowIndex), F.gather(rows + 1, rowIndex))
    let table = rowIndex &* UInt32(width + 1)
    let first = coarse * Float(EnvironmentTables.coarseStep)
    let column = EnvironmentView.find(
      columns, table, first: first, end: (first + Float(EnvironmentTables.coarseStep)).atMost(Float(width)),
      span: EnvironmentTables.coarseStep, x)
    let columnIndex = table &+ column.truncated
    let (columnStart, columnEnd) = (F.gather(columns, columnIndex), F.gather(columns + 1, columnIndex))
    return (
      column, ((x - columnStart) / (columnEnd - columnStart)).clampedToUnit,
      ((y - rowStart) / (rowEnd - rowStart)).clampedToUnit
    )
  }

  @inline(__always)
  func prefetchTexels(row: Float, column: Float) {
    let (row, column) = (Int(row), Int(column))
    glint_prefetch(texels + 3 &* (max(0, row &- 1) &* width &+ column))
    glint_prefetch(texels + 3 &* (min(height &- 1, row) &* width &+ column))
  }

  /// In [0, 1), with density proportional to what runs linearly from `a` to `b`.
  @inline(__always)
  private static func sampleLinear<F: LaneFloat>(_ a: F, _ b: F, _ u: F) -> F {
    let divisor = a + (a * a).addingProduct(u, b * b - a * a).atLeast(0).root
    return F.select(divisor .> 0, u * (a + b) / divisor, u).atMost(0x1.fffffep-1)
  }

  /// The sample's direction, its radiance and its density per steradian; density zero where there is nothing to sample.
  @inline(__always)
  func finish<F: LaneFloat>(
    row: F, column: F, restX: F, restY: F
  ) -> (direction: Vector<F>, radiance: Vector<F>, density: F) {
    let patch = patch(row: row, column: column)
    let (a, b, c, d) = (luminance(patch.a), luminance(patch.b), luminance(patch.c), luminance(patch.d))
    // The outermost rows of cells have only the half that lies in the square.
    var fy = EnvironmentView.sampleLinear(a + b, c + d, restY)
    fy = F.select(row .< 1, restY * 0.5 + 0.5, fy)
    fy = F.select(F(lane: Float(height - 1)) .< row, restY * 0.5, fy)
    let fx = EnvironmentView.sampleLinear(a.addingProduct(c - a, fy), b.addingProduct(d - b, fy), restX)
    let (sinTheta, cosTheta) = laneSinCosTurns((row - 0.5 + fy) * (0.5 / Float(height)))
    let (sinPhi, cosPhi) = laneSinCosTurns((column + 0.5 + fx) * (1 / Float(width)) - 0.5)
    let sine = sinTheta.atLeast(0)
    let direction = Vector(sine * cosPhi, cosTheta, sine * sinPhi)
    let up = Vector<F>(lane: SIMD3(0, 1, 0))
    let light = patch.at(fx, fy)
    return (
      direction.transformed(environmentToWorld).normalized(or: up), light * F(lane: scale),
      density(light, row: row, sine: sine)
    )
  }
}
