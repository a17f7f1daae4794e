import LaneMath

// Vectors of three, every operation in the order written.

@inline(__always)
func dot(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float { (a.x * b.x).addingProduct(a.y, b.y).addingProduct(a.z, b.z) }

@inline(__always)
func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// Unit vector; the fallback where `v` is zero or not finite.
@inline(__always)
func normalized(_ v: SIMD3<Float>, or fallback: SIMD3<Float>) -> SIMD3<Float> {
  let square = dot(v, v)
  if square > 1e-37, square < 1e37 { return v / square.squareRoot() }
  let size = max(v.x.magnitude, max(v.y.magnitude, v.z.magnitude))
  guard size > 0, size < .infinity else { return fallback }
  let w = v / size
  return w / dot(w, w).squareRoot()
}

/// ITU-R BT.709.
@inline(__always)
func luminance(_ c: SIMD3<Float>) -> Float {
  (0.2126 * c.x).addingProduct(0.7152, c.y).addingProduct(0.0722, c.z)
}

/// An orthonormal frame about a unit vector.
///
/// Source: Duff et al., "Building an Orthonormal Basis, Revisited", JCGT 2017.
struct ShadingFrame {
  var tangent: SIMD3<Float>
  var bitangent: SIMD3<Float>
  var normal: SIMD3<Float>

  @inline(__always)
  init(_ n: SIMD3<Float>) {
    let sign: Float = n.z.sign == .minus ? -1 : 1
    let a = -1 / (sign + n.z)
    let b = n.x * n.y * a
    tangent = SIMD3(1 + sign * n.x * n.x * a, sign * b, -sign * n.x)
    bitangent = SIMD3(b, sign + n.y * n.y * a, -n.y)
    normal = n
  }

  @inline(__always)
  func toLocal(_ v: SIMD3<Float>) -> SIMD3<Float> { SIMD3(dot(v, tangent), dot(v, bitangent), dot(v, normal)) }

  @inline(__always)
  func toWorld(_ v: SIMD3<Float>) -> SIMD3<Float> {
    (normal * v.z).addingProduct(bitangent, SIMD3(repeating: v.y)).addingProduct(tangent, SIMD3(repeating: v.x))
  }
}

/// A point beside a surface from which rays do not meet it again.
///
/// Source: Wächter and Binder, "A Fast and Robust Method for Avoiding Self-Intersection", Ray Tracing Gems, 2019.
@inline(__always)
func offset(_ p: SIMD3<Float>, along n: SIMD3<Float>) -> SIMD3<Float> {
  var result = p
  for axis in 0..<3 {
    if p[axis].magnitude < 1.0 / 32 {
      result[axis] = p[axis].addingProduct(n[axis], 1.0 / 65_536)
    } else {
      let steps = Int32(n[axis] * 256)
      let bits = Int32(bitPattern: p[axis].bitPattern) &+ (p[axis] < 0 ? -steps : steps)
      result[axis] = Float(bitPattern: UInt32(bitPattern: bits))
    }
  }
  return result
}

@inline(__always)
func clamp01(_ x: Float) -> Float { x > 0 ? (x < 1 ? x : 1) : 0 }
