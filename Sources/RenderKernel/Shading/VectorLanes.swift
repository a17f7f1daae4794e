import LaneMath

/// A vector of three a lane; every operation in the order written.
struct Vector<F: LaneFloat> {
  var x: F
  var y: F
  var z: F

  @inline(__always)
  init(_ x: F, _ y: F, _ z: F) {
    self.x = x
    self.y = y
    self.z = z
  }

  @inline(__always)
  init(lane v: SIMD3<Float>) { self.init(F(lane: v.x), F(lane: v.y), F(lane: v.z)) }

  @inline(__always)
  static func + (a: Vector, b: Vector) -> Vector { Vector(a.x + b.x, a.y + b.y, a.z + b.z) }
  @inline(__always)
  static func - (a: Vector, b: Vector) -> Vector { Vector(a.x - b.x, a.y - b.y, a.z - b.z) }
  @inline(__always)
  static func * (a: Vector, b: Vector) -> Vector { Vector(a.x * b.x, a.y * b.y, a.z * b.z) }
  @inline(__always)
  static func * (a: Vector, b: F) -> Vector { Vector(a.x * b, a.y * b, a.z * b) }
  @inline(__always)
  static prefix func - (a: Vector) -> Vector { Vector(a.x.negated, a.y.negated, a.z.negated) }

  /// `self + a·b`.
  @inline(__always)
  func addingProduct(_ a: Vector, _ b: F) -> Vector {
    Vector(x.addingProduct(a.x, b), y.addingProduct(a.y, b), z.addingProduct(a.z, b))
  }

  @inline(__always)
  static func select(_ mask: F.Mask, _ a: Vector, _ b: Vector) -> Vector {
    Vector(F.select(mask, a.x, b.x), F.select(mask, a.y, b.y), F.select(mask, a.z, b.z))
  }

  /// Unit vector; the fallback where `self` is zero or not finite.
  @inline(__always)
  func normalized(or fallback: Vector) -> Vector {
    let size = F.greater(F.greater(x.absolute, y.absolute), z.absolute)
    // Scaled first, so that no square overflows or vanishes.
    let scaled = self * (1 / size)
    let length = dot(scaled, scaled).root
    let unit = scaled * (1 / length)
    let isUsable = (size .> 1e-37) .& (size .< 1e37) .& (length .> 0)
    return Vector.select(isUsable, unit, fallback)
  }

  /// A linear map of world or environment space.
  @inline(__always)
  func transformed(_ m: Affine) -> Vector {
    @inline(__always)
    func row(_ r: SIMD4<Float>) -> F { (x * r.x).adding(y, times: r.y).adding(z, times: r.z) }
    return Vector(row(m.x), row(m.y), row(m.z))
  }

  /// Largest component is above zero; false for NaN.
  @inline(__always)
  var isAnyPositive: F.Mask { (x .> 0) .| (y .> 0) .| (z .> 0) }

  @inline(__always)
  subscript(lane lane: Int) -> SIMD3<Float> {
    get { SIMD3(x[lane: lane], y[lane: lane], z[lane: lane]) }
    set {
      x[lane: lane] = newValue.x
      y[lane: lane] = newValue.y
      z[lane: lane] = newValue.z
    }
  }
}

@inline(__always)
func dot<F: LaneFloat>(_ a: Vector<F>, _ b: Vector<F>) -> F {
  (a.x * b.x).addingProduct(a.y, b.y).addingProduct(a.z, b.z)
}

/// ITU-R BT.709.
@inline(__always)
func luminance<F: LaneFloat>(_ c: Vector<F>) -> F {
  (c.x * 0.2126).adding(c.y, times: 0.7152).adding(c.z, times: 0.0722)
}

/// An orthonormal frame about a unit vector.
///
/// Source: Duff et al., "Building an Orthonormal Basis, Revisited", JCGT 2017.
struct ShadingFrame<F: LaneFloat> {
  var tangent: Vector<F>
  var bitangent: Vector<F>
  var normal: Vector<F>

  @inline(__always)
  init(_ n: Vector<F>) {
    let sign = F(lane: 1).withSign(of: n.z)
    let a = -1 / (sign + n.z)
    let b = n.x * n.y * a
    tangent = Vector(1 + sign * n.x * n.x * a, sign * b, (sign * n.x).negated)
    bitangent = Vector(b, sign + n.y * n.y * a, n.y.negated)
    normal = n
  }

  @inline(__always)
  func toLocal(_ v: Vector<F>) -> Vector<F> { Vector(dot(v, tangent), dot(v, bitangent), dot(v, normal)) }

  @inline(__always)
  func toWorld(_ v: Vector<F>) -> Vector<F> {
    (normal * v.z).addingProduct(bitangent, v.y).addingProduct(tangent, v.x)
  }
}
