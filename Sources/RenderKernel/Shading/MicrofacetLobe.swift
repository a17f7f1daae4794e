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
