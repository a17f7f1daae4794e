import LaneMath

/// Which structure finds hits. Both find the same hits, bit for bit.
public enum AccelerationKind: Sendable {
  /// Eight-wide hierarchy with leaf blocks of four triangles.
  case wide
  /// Binary hierarchy split at medians, one triangle at a time: the plain reference.
  case reference
}

/// Points origin + t·direction with 0 < t < tMax. The direction need not be of unit length.
struct Ray {
  var origin: SIMD3<Float>
  var direction: SIMD3<Float>
  var tMax: Float
}

/// Where a ray meets the scene first.
struct Hit {
  static let none: UInt32 = .max

  var t: Float
  /// Barycentric coordinates of the triangle's vertices 1 and 2.
  var u: Float = 0
  var v: Float = 0
  /// `Hit.none` where the ray meets nothing.
  var instance: UInt32 = Hit.none
  var triangle: UInt32 = Hit.none

  var isMiss: Bool { instance == Hit.none }
}

/// Decides whether a triangle with a see-through material stops a ray: a pure function of its arguments, so that the order
/// of traversal does not matter.
protocol AlphaFilter {
  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool
}

/// A ray made ready for the boxes and triangles of one space (docs/kernel.md, "What a hit is").
///
/// For each axis, plane p is reached at `fma(p, inverse, near)` at the earliest and `fma(p, inverse, far)` at the latest.
struct PreparedRay {
  var origin: SIMD3<Float>
  var inverse: SIMD3<Float>
  var near: SIMD3<Float>
  var far: SIMD3<Float>
  /// Dominant axis of the direction and the two others, in an order that keeps triangles' orientation.
  var kx: Int
  var ky: Int
  var kz: Int
  var shearX: Float
  var shearY: Float
  var scaleZ: Float

  /// Far times are taken this much later.
  static let farScale: Float = 1 + 0x1p-21
  /// Error of a plane's time, in units of (|origin| + extent)·|1/direction|.
  private static let slack: Float = 0x1p-21
  /// Smaller components of a direction count as this: their reciprocals stay finite.
  private static let tiniest: Float = 1e-18

  /// - Parameter extent: For each axis, at least the magnitude of every coordinate in this space.
  @inline(__always)
  init(origin: SIMD3<Float>, direction: SIMD3<Float>, extent: SIMD3<Float>) {
    self.origin = origin
    let magnitude = SIMD3(direction.x.magnitude, direction.y.magnitude, direction.z.magnitude)
    let tiny = SIMD3<Float>(repeating: PreparedRay.tiniest)
    var d = direction
    d.replace(with: tiny, where: (magnitude .< tiny) .& (direction .>= 0))
    d.replace(with: -tiny, where: (magnitude .< tiny) .& (direction .< 0))
    inverse = SIMD3(repeating: 1) / d
    let c = -(origin * inverse)
    let reach = SIMD3(origin.x.magnitude, origin.y.magnitude, origin.z.magnitude) + extent
    let size = SIMD3(inverse.x.magnitude, inverse.y.magnitude, inverse.z.magnitude)
    let error = reach * size * PreparedRay.slack
    near = c - error
    far = c + error
    kz = magnitude.x > magnitude.y ? (magnitude.x > magnitude.z ? 0 : 2) : (magnitude.y > magnitude.z ? 1 : 2)
    kx = kz == 2 ? 0 : kz + 1
    ky = kx == 2 ? 0 : kx + 1
    if d[kz] < 0 { swap(&kx, &ky) }
    scaleZ = 1 / d[kz]
    shearX = d[kx] * scaleZ
    shearY = d[ky] * scaleZ
  }

  /// When the ray enters the box; nil where it misses it. Monotone: a box that encloses another is never entered later, and
  /// never missed where the other is not.
  @inline(__always)
  func entry(lo: SIMD3<Float>, hi: SIMD3<Float>) -> Float? {
    let isNegative = inverse .< 0
    let first = lo.replacing(with: hi, where: isNegative)
    let last = hi.replacing(with: lo, where: isNegative)
    let a = near.addingProduct(first, inverse)
    let b = far.addingProduct(last, inverse)
    var tNear: Float = 0
    tNear = a.x > tNear ? a.x : tNear
    tNear = a.y > tNear ? a.y : tNear
    tNear = a.z > tNear ? a.z : tNear
    var tFar = b.x
    tFar = b.y < tFar ? b.y : tFar
    tFar = b.z < tFar ? b.z : tFar
    return tNear <= tFar * PreparedRay.farScale ? tNear : nil
  }
}

/// The test of one triangle, in scalar arithmetic: the definition that the lane code repeats.
///
/// Source: Woop, Benthin, Wald, "Watertight Ray/Triangle Intersection", JCGT 2013, with the triangle's own box as part of it.
@inline(__always)
func triangleHit(
  _ ray: borrowing PreparedRay, _ v0: SIMD3<Float>, _ v1: SIMD3<Float>, _ v2: SIMD3<Float>
) -> (t: Float, u: Float, v: Float)? {
  let (a, b, c) = (v0 - ray.origin, v1 - ray.origin, v2 - ray.origin)
  let (az, bz, cz) = (a[ray.kz], b[ray.kz], c[ray.kz])
  let ax = a[ray.kx] - ray.shearX * az
  let ay = a[ray.ky] - ray.shearY * az
  let bx = b[ray.kx] - ray.shearX * bz
  let by = b[ray.ky] - ray.shearY * bz
  let cx = c[ray.kx] - ray.shearX * cz
  let cy = c[ray.ky] - ray.shearY * cz
  let e0 = cx * by - cy * bx
  let e1 = ax * cy - ay * cx
  let e2 = bx * ay - by * ax
  let isFront = e0 >= 0 && e1 >= 0 && e2 >= 0
  let isBack = e0 <= 0 && e1 <= 0 && e2 <= 0
  guard isFront || isBack else { return nil }
  let det = (e0 + e1) + e2
  guard det != 0 else { return nil }
  let t = ((e0 * az + e1 * bz) + e2 * cz) * ray.scaleZ / det
  guard t > 0 else { return nil }
  let lo = lower(lower(v0, v1), v2)
  let hi = upper(upper(v0, v1), v2)
  guard let entry = ray.entry(lo: lo, hi: hi) else { return nil }
  return (t < entry ? entry : t, e1 / det, e2 / det)
}

@inline(__always)
func lower(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> { a.replacing(with: b, where: b .< a) }

@inline(__always)
func upper(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> { a.replacing(with: b, where: b .> a) }

/// A box; empty where `lo` is above `hi`.
struct Box {
  var lo = SIMD3<Float>(repeating: .infinity)
  var hi = SIMD3<Float>(repeating: -.infinity)

  @inline(__always)
  mutating func include(_ p: SIMD3<Float>) {
    lo = lower(lo, p)
    hi = upper(hi, p)
  }

  @inline(__always)
  mutating func include(_ box: Box) {
    lo = lower(lo, box.lo)
    hi = upper(hi, box.hi)
  }

  @inline(__always)
  var halfArea: Float {
    let d = hi - lo
    return d.x >= 0 ? d.x * d.y + d.y * d.z + d.z * d.x : 0
  }

  /// At least the magnitude of every coordinate, for each axis.
  var extent: SIMD3<Float> {
    guard lo.x <= hi.x else { return .zero }
    func larger(_ a: Float, _ b: Float) -> Float { a.magnitude > b.magnitude ? a.magnitude : b.magnitude }
    return SIMD3(larger(lo.x, hi.x), larger(lo.y, hi.y), larger(lo.z, hi.z))
  }
}
