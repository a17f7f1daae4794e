/// An affine map of points, as three rows `(m0, m1, m2, translation)`: `p'.x = x.0 p.x + x.1 p.y + x.2 p.z + x.3`.
///
/// Every operation rounds as written here, in this order, so that transforms have the same bits on every machine. What the
/// kernel calls is always inlined, and so compiled for the kernel's instruction set.
public struct Affine: Sendable, Equatable, BitwiseCopyable {
  public var x: SIMD4<Float>
  public var y: SIMD4<Float>
  public var z: SIMD4<Float>

  @inlinable public init(x: SIMD4<Float>, y: SIMD4<Float>, z: SIMD4<Float>) {
    self.x = x
    self.y = y
    self.z = z
  }

  public static let identity = Affine(x: [1, 0, 0, 0], y: [0, 1, 0, 0], z: [0, 0, 1, 0])

  public var isIdentity: Bool { self == .identity }

  @inlinable @inline(__always) public static func row(_ r: SIMD4<Float>, _ p: SIMD3<Float>, _ last: Float) -> Float {
    last.addingProduct(r.z, p.z).addingProduct(r.y, p.y).addingProduct(r.x, p.x)
  }

  @inlinable @inline(__always) public func point(_ p: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(Affine.row(x, p, x.w), Affine.row(y, p, y.w), Affine.row(z, p, z.w))
  }

  @inlinable @inline(__always) public func vector(_ v: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(Affine.row(x, v, 0), Affine.row(y, v, 0), Affine.row(z, v, 0))
  }

  /// `self` read as the inverse of a transform: maps a normal of that transform's source space. Not normalised.
  @inlinable @inline(__always) public func transposedVector(_ n: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(
      (z.x * n.z).addingProduct(y.x, n.y).addingProduct(x.x, n.x),
      (z.y * n.z).addingProduct(y.y, n.y).addingProduct(x.y, n.x),
      (z.z * n.z).addingProduct(y.z, n.y).addingProduct(x.z, n.x))
  }

  /// The composition that applies `inner` first.
  public func concatenating(_ inner: Affine) -> Affine {
    func rowTimes(_ r: SIMD4<Float>) -> SIMD4<Float> {
      let linear = (inner.z * r.z).addingProduct(inner.y, SIMD4(repeating: r.y)).addingProduct(
        inner.x, SIMD4(repeating: r.x))
      return SIMD4(linear.x, linear.y, linear.z, linear.w + r.w)
    }
    return Affine(x: rowTimes(x), y: rowTimes(y), z: rowTimes(z))
  }

  /// Determinant of the linear part; negative for a mirroring map.
  public var determinant: Float { Float(determinantInDouble) }

  private var determinantInDouble: Double {
    let (a, b, c) = (Double(x.x), Double(x.y), Double(x.z))
    let (d, e, f) = (Double(y.x), Double(y.y), Double(y.z))
    let (g, h, i) = (Double(z.x), Double(z.y), Double(z.z))
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  }

  /// The inverse, worked out in double precision and rounded once; nil where the map is singular or not finite.
  public var inverse: Affine? {
    let (a, b, c, tx) = (Double(x.x), Double(x.y), Double(x.z), Double(x.w))
    let (d, e, f, ty) = (Double(y.x), Double(y.y), Double(y.z), Double(y.w))
    let (g, h, i, tz) = (Double(z.x), Double(z.y), Double(z.z), Double(z.w))
    let det = determinantInDouble
    guard det != 0, det.isFinite else { return nil }
    let s = 1 / det
    let (r00, r01, r02) = ((e * i - f * h) * s, (c * h - b * i) * s, (b * f - c * e) * s)
    let (r10, r11, r12) = ((f * g - d * i) * s, (a * i - c * g) * s, (c * d - a * f) * s)
    let (r20, r21, r22) = ((d * h - e * g) * s, (b * g - a * h) * s, (a * e - b * d) * s)
    let inverse = Affine(
      x: [Float(r00), Float(r01), Float(r02), Float(-(r00 * tx + r01 * ty + r02 * tz))],
      y: [Float(r10), Float(r11), Float(r12), Float(-(r10 * tx + r11 * ty + r12 * tz))],
      z: [Float(r20), Float(r21), Float(r22), Float(-(r20 * tx + r21 * ty + r22 * tz))])
    let sum = inverse.x + inverse.y + inverse.z
    return (sum * 0 == SIMD4<Float>.zero) ? inverse : nil
  }
}
