import LaneMath

/// GGX distribution of microfacet normals with Smith's height-correlated masking and shadowing. Directions are local: z is
/// the normal.
enum MicrofacetLobe {
  @inline(__always)
  static func distribution<F: LaneFloat>(_ cosM: F, _ alpha: F) -> F {
    let a2 = alpha * alpha
    // Written as sin² + a²·cos²: no cancellation near the normal.
    let c2 = cosM * cosM
    let d = (1 - c2).addingProduct(a2, c2)
    return a2 / (d * d * Float.pi)
  }

  /// Smith's Λ.
  @inline(__always)
  static func lambda<F: LaneFloat>(_ cosine: F, _ alpha: F) -> F {
    let c2 = cosine * cosine
    return (((1 - c2) * alpha * alpha / c2 + 1).root - 1) * 0.5
  }

  /// A normal with density proportional to its visible area.
  ///
  /// - Parameters:
  ///   - sinPhi, cosPhi: Of an angle chosen uniformly.
  ///   - u: A number in [0, 1), independent of the angle.
  /// Source: Dupuy and Benyoub, "Sampling Visible GGX Normals with Spherical Caps", HPG 2023.
  @inline(__always)
  static func sampleVisibleNormal<F: LaneFloat>(_ wo: Vector<F>, _ alpha: F, sinPhi: F, cosPhi: F, _ u: F) -> Vector<F>
  {
    let up = Vector<F>(lane: SIMD3(0, 0, 1))
    let stretched = Vector(wo.x * alpha, wo.y * alpha, wo.z).normalized(or: up)
    let z = (1 - u).addingProduct(stretched.z.negated, u)
    let radius = (1 - z * z).atLeast(0).root
    let half = Vector(radius * cosPhi, radius * sinPhi, z) + stretched
    return Vector(half.x * alpha, half.y * alpha, half.z.atLeast(0)).normalized(or: up)
  }
}

/// Directional albedo of the GGX lobe, by cosine and roughness.
///
/// For Schlick's Fresnel term the albedo is `F0·scale + bias` (Karis 2013); with F = 1 it is `scale + bias`.
final class AlbedoTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let size = 32
  private static let sampleCount = 512
  static let shared = AlbedoTables()

  /// `size × size` pairs (scale, bias): rows by roughness from 0 to 1, columns by cosine, at the centres.
  let values: FlatBuffer<Float>

  private init() {
    let size = AlbedoTables.size
    values = FlatBuffer(count: 2 * size * size) { values in
      for row in 0..<size {
        let alpha = SurfaceLobes<Float>.alpha(Float(row) / Float(size - 1))
        for column in 0..<size {
          let (scale, bias) = AlbedoTables.integrate(cosine: (Float(column) + 0.5) / Float(size), alpha)
          values[2 * (row * size + column)] = scale
          values[2 * (row * size + column) + 1] = bias
        }
      }
    }
  }

  private static func integrate(cosine: Float, _ alpha: Float) -> (scale: Float, bias: Float) {
    let wo = Vector<Float>((1 - cosine * cosine).root, 0, cosine)
    let lambdaO = MicrofacetLobe.lambda(cosine, alpha)
    var (scale, bias) = (0.0, 0.0)
    for i in 0..<sampleCount {
      let (sinPhi, cosPhi) = laneSinCosTurns((Float(i) + 0.5) / Float(sampleCount))
      let u = SampleHash.unit(Float.self, SampleHash.reversed(UInt32(i)))
      let m = MicrofacetLobe.sampleVisibleNormal(wo, alpha, sinPhi: sinPhi, cosPhi: cosPhi, u)
      let cosM = dot(wo, m)
      let wi = m * (2 * cosM) - wo
      guard wi.z > 0, cosM > 0 else { continue }
      // What height-correlated shadowing leaves of a visible facet.
      let weight = Double((1 + lambdaO) / (1 + lambdaO + MicrofacetLobe.lambda(wi.z, alpha)))
      let fresnel = Double(SurfaceLobes<Float>.schlickWeight(cosM))
      scale += weight * (1 - fresnel)
      bias += weight * fresnel
    }
    return (Float(scale / Double(sampleCount)), Float(bias / Double(sampleCount)))
  }

  /// (scale, bias), bilinear.
  @inline(__always)
  static func lookup<F: LaneFloat>(_ table: UnsafePointer<Float>, cosine: F, roughness: F) -> (scale: F, bias: F) {
    let x = (cosine.clampedToUnit * Float(size) - 0.5).atLeast(0).atMost(Float(size - 1))
    let y = roughness.clampedToUnit * Float(size - 1)
    let column = x.floor.atMost(Float(size - 2))
    let row = y.floor.atMost(Float(size - 2))
    let (fx, fy) = (x - column, y - row)
    let index = (row * Float(2 * size) + column * 2).truncated
    @inline(__always)
    func blend(_ part: Int) -> F {
      let a = F.gather(table + part, index)
      let b = F.gather(table + part + 2, index)
      let c = F.gather(table + part + 2 * size, index)
      let d = F.gather(table + part + 2 * size + 2, index)
      let top = a.addingProduct(b - a, fx)
      let bottom = c.addingProduct(d - c, fx)
      return top.addingProduct(bottom - top, fy)
    }
    return (blend(0), blend(1))
  }
}
