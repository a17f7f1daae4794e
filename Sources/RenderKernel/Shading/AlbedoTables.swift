import LaneMath

/// Directional albedo of the GGX lobe, by cosine and roughness.
///
/// For Schlick's Fresnel term the albedo is `F0·scale + bias` (Karis 2013); for facets that reflect everything it is
/// `scale + bias`.
final class AlbedoTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  /// Columns stand at equal steps of the cosine's root, from 0 to 1: rough surfaces change most at grazing angles.
  static let columns = 32
  /// Rows stand at equal steps of roughness, from 0 to 1.
  static let rows = 64
  static let shared = AlbedoTables()

  /// `rows × columns` pairs (scale, bias), then `rows` means of scale + bias over directions that arrive evenly.
  let values: FlatBuffer<Float>

  private init() {
    let (columns, rows) = (AlbedoTables.columns, AlbedoTables.rows)
    values = FlatBuffer(count: AlbedoTables.meansOffset + rows) { values in
      for row in 0..<rows {
        let alpha = SIMD8<Float>(repeating: FacetReflection<Float>.alpha(Float(row) / Float(rows - 1)))
        var (sum, weights) = (0.0, 0.0)
        for column in stride(from: 0, to: columns, by: 8) {
          var steps = SIMD8<Float>.zero
          for lane in 0..<8 { steps[lane] = Float(column + lane) / Float(columns - 1) }
          // The first stands for directions along the surface, where the formulas end.
          let (scale, bias) = AlbedoTables.integrate(cosine: (steps * steps).atLeast(1e-4), alpha)
          for lane in 0..<8 {
            values[2 * (row * columns + column + lane)] = scale[lane]
            values[2 * (row * columns + column + lane) + 1] = bias[lane]
            // cos·d(cos) in terms of the root; by trapezoids, relative to what a white lobe would get from them.
            let step = Double(steps[lane])
            let weight = step * step * step * (column + lane == columns - 1 ? 0.5 : 1)
            sum += weight * Double(scale[lane] + bias[lane])
            weights += weight
          }
        }
        values[AlbedoTables.meansOffset + row] = Float(sum / weights)
      }
    }
  }

  private static let meansOffset = 2 * rows * columns

  /// Means over visible normals, within 0.001 (`AlbedoTests`).
  private static func integrate<F: LaneFloat>(cosine: F, _ alpha: F) -> (scale: F, bias: F) {
    let (angles, radii) = (16, 64)
    let wo = Vector((1 - cosine * cosine).atLeast(0).root, F(lane: 0), cosine)
    let lambdaO = MicrofacetLobe.lambda(cosine, alpha)
    var (scale, bias) = (F(lane: 0), F(lane: 0))
    for j in 0..<radii {
      // The distribution's tail, where facets reflect into the surface, is a small part of all normals: steps grow with
      // the square of the distance from it.
      let tail = (Float(j) + 0.5) / Float(radii)
      let u = F(lane: 1 - tail * tail)
      for i in 0..<angles {
        // The other half circle is a mirror image.
        let (sinPhi, cosPhi) = laneSinCosTurns(F(lane: (Float(i) + 0.5) / Float(2 * angles)))
        let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: sinPhi, cosPhi: cosPhi, u)
        let cosM = dot(wo, m)
        let z = m.z * (cosM * 2) - wo.z
        let isAbove = (z .> 0) .& (cosM .> 0)
        // What height-correlated shadowing leaves of a visible facet.
        let lambdaI = MicrofacetLobe.lambda(F.select(isAbove, z, F(lane: 1)), alpha)
        let seen = F.select(isAbove, (lambdaO + 1) / (lambdaO + lambdaI + 1), F(lane: 0)) * (2 * tail)
        let grazing = FacetReflection<F>.schlickWeight(cosM)
        bias = bias.addingProduct(seen, grazing)
        scale = scale.addingProduct(seen, 1 - grazing)
      }
    }
    let share = 1 / Float(angles * radii)
    return (scale * share, bias * share)
  }

  /// Scale and bias at a cosine, bilinear, and the mean over all of them.
  @inline(__always)
  static func lookup<F: LaneFloat>(
    _ table: UnsafePointer<Float>, cosine: F, roughness: F
  ) -> (scale: F, bias: F, mean: F) {
    let x = cosine.clampedToUnit.root * Float(columns - 1)
    let y = roughness.clampedToUnit * Float(rows - 1)
    let column = x.floor.atMost(Float(columns - 2))
    let row = y.floor.atMost(Float(rows - 2))
    let (fx, fy) = (x - column, y - row)
    let index = (row * Float(2 * columns) + column * 2).truncated
    @inline(__always)
    func blend(_ part: Int) -> F {
      let a = F.gather(table + part, index)
      let b = F.gather(table + part + 2, index)
      let c = F.gather(table + part + 2 * columns, index)
      let d = F.gather(table + part + 2 * columns + 2, index)
      let top = a.addingProduct(b - a, fx)
      let bottom = c.addingProduct(d - c, fx)
      return top.addingProduct(bottom - top, fy)
    }
    let means = table + meansOffset
    let (low, high) = (F.gather(means, row.truncated), F.gather(means + 1, row.truncated))
    return (blend(0), blend(1), low.addingProduct(high - low, fy))
  }
}
