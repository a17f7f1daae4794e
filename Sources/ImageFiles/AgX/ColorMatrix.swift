/// A linear map of colours, by rows.
struct ColorMatrix: Sendable {
  var x: SIMD3<Double>
  var y: SIMD3<Double>
  var z: SIMD3<Double>

  @inline(__always) func applied(to v: SIMD3<Double>) -> SIMD3<Double> { SIMD3(x.dot(v), y.dot(v), z.dot(v)) }

  /// The map that applies `inner` first.
  func concatenating(_ inner: ColorMatrix) -> ColorMatrix {
    func row(_ r: SIMD3<Double>) -> SIMD3<Double> { inner.x * r.x + inner.y * r.y + inner.z * r.z }
    return ColorMatrix(x: row(x), y: row(y), z: row(z))
  }

  /// The map back. The rows must be linearly independent.
  var inverse: ColorMatrix {
    func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
      SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
    let (a, b, c) = (cross(y, z), cross(z, x), cross(x, y))
    let determinant = x.dot(a)
    return ColorMatrix(
      x: SIMD3(a.x, b.x, c.x) / determinant, y: SIMD3(a.y, b.y, c.y) / determinant,
      z: SIMD3(a.z, b.z, c.z) / determinant)
  }

  /// The map with each row's sum made 1, so that grey stays grey whatever the published numbers' rounding.
  var keepingGrey: ColorMatrix {
    ColorMatrix(x: x / (x.x + x.y + x.z), y: y / (y.x + y.y + y.z), z: z / (z.x + z.y + z.z))
  }
}

extension SIMD3<Double> {
  /// The sum of products, added from x to z: `sum()` promises no order.
  @inline(__always) func dot(_ other: SIMD3<Double>) -> Double { x * other.x + y * other.y + z * other.z }
}
