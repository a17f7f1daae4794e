import LaneMath

/// Unit quaternions (x, y, z, w) and transforms made of them; every operation rounds as written here.
enum Rotation {
  static let identity: SIMD4<Float> = [0, 0, 0, 1]

  static func dot(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    (a.w * b.w).addingProduct(a.z, b.z).addingProduct(a.y, b.y).addingProduct(a.x, b.x)
  }

  /// Of length one; the identity for what is no rotation.
  static func normalized(_ q: SIMD4<Float>) -> SIMD4<Float> {
    let square = dot(q, q)
    guard square > 1e-30, square.isFinite else { return identity }
    return q / square.squareRoot()
  }

  /// Spherical interpolation by the shorter way.
  static func slerp(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ t: Float) -> SIMD4<Float> {
    let (from, unsigned) = (normalized(a), normalized(b))
    let cosine = dot(from, unsigned)
    let to = cosine < 0 ? -unsigned : unsigned
    // So close that the sine in the divisor would have few digits left, and the chord is as good as the arc.
    guard cosine.magnitude < 0.9995 else { return normalized(from + (to - from) * t) }
    let angle = laneAcos(cosine.magnitude)
    let sine = laneSin(angle)
    return normalized(from * (laneSin((1 - t) * angle) / sine) + to * (laneSin(t * angle) / sine))
  }

  /// The rotation whose matrix has these columns of unit length, at right angles to each other.
  ///
  /// Source: S. W. Shepperd, "Quaternion from rotation matrix" (1978): the largest component is found first.
  static func quaternion(_ x: SIMD3<Float>, _ y: SIMD3<Float>, _ z: SIMD3<Float>) -> SIMD4<Float> {
    let squares: [Float] = [
      1 + x.x - y.y - z.z, 1 - x.x + y.y - z.z, 1 - x.x - y.y + z.z, 1 + x.x + y.y + z.z,
    ]
    let largest = squares.indices.max { squares[$0] < squares[$1] } ?? 3
    let (a, b, c) = (y.z - z.y, z.x - x.z, x.y - y.x)
    let (d, e, f) = (x.y + y.x, z.x + x.z, y.z + z.y)
    switch largest {
    case 0: return normalized([squares[0], d, e, a])
    case 1: return normalized([d, squares[1], f, b])
    case 2: return normalized([e, f, squares[2], c])
    default: return normalized([a, b, c, squares[3]])
    }
  }

  static func transform(
    translation t: SIMD3<Float>, rotation: SIMD4<Float>, scale s: SIMD3<Float>
  ) -> Affine {
    let q = normalized(rotation)
    let (x, y, z, w) = (q.x, q.y, q.z, q.w)
    return Affine(
      x: [(1 - 2 * (y * y + z * z)) * s.x, 2 * (x * y - z * w) * s.y, 2 * (x * z + y * w) * s.z, t.x],
      y: [2 * (x * y + z * w) * s.x, (1 - 2 * (x * x + z * z)) * s.y, 2 * (y * z - x * w) * s.z, t.y],
      z: [2 * (x * z - y * w) * s.x, 2 * (y * z + x * w) * s.y, (1 - 2 * (x * x + y * y)) * s.z, t.z])
  }
}

extension Affine {
  /// Whether no coefficient is NaN or infinite.
  var isFinite: Bool {
    let sum = x * 0 + y * 0 + z * 0
    return sum == SIMD4<Float>.zero
  }

  /// From 16 numbers, column after column, as glTF stores matrices; the last row is taken to be 0 0 0 1.
  init(columns m: ArraySlice<Float>) {
    let i = m.startIndex
    self.init(
      x: [m[i], m[i + 4], m[i + 8], m[i + 12]], y: [m[i + 1], m[i + 5], m[i + 9], m[i + 13]],
      z: [m[i + 2], m[i + 6], m[i + 10], m[i + 14]])
  }

  /// Where the origin goes.
  var origin: SIMD3<Float> { SIMD3(x.w, y.w, z.w) }
}
