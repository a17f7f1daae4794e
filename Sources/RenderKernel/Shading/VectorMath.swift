import LaneMath

// Vectors of three for code that handles one path at a time, every operation in the order written.

@inline(__always)
func dot(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float { (a.x * b.x).addingProduct(a.y, b.y).addingProduct(a.z, b.z) }

@inline(__always)
func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// Unit vector; the fallback where `v` is zero or not finite.
@inline(__always)
func normalized(_ v: SIMD3<Float>, or fallback: SIMD3<Float>) -> SIMD3<Float> {
  let size = largestMagnitude(v)
  guard size > 1e-37, size < 1e37 else { return fallback }
  let w = v / size
  return w / dot(w, w).squareRoot()
}

@inline(__always)
func largestMagnitude(_ v: SIMD3<Float>) -> Float {
  let xy = v.x.magnitude < v.y.magnitude ? v.y.magnitude : v.x.magnitude
  return xy < v.z.magnitude ? v.z.magnitude : xy
}

/// ITU-R BT.709.
@inline(__always)
func luminance(_ c: SIMD3<Float>) -> Float {
  (0.2126 * c.x).addingProduct(0.7152, c.y).addingProduct(0.0722, c.z)
}

@inline(__always)
func clamp01(_ x: Float) -> Float { x > 0 ? (x < 1 ? x : 1) : 0 }
