// Elementary functions out of IEEE double operations and one final rounding to single precision, so that they have the same
// bits on every machine. Each is within 0.51 ulp of the true value over the stated range (`ElementaryTests`).

/// Sine and cosine of an angle in radians, |x| ≤ 10⁶.
@inlinable public func laneSinCos(_ x: Float) -> (sin: Float, cos: Float) {
  let d = Double(x)
  let k = (d * 0.6366197723675814).rounded(.toNearestOrEven)
  // π/2 in two parts: k times the first is exact for the stated range.
  let r = (d - k * 1.5707963267341256) - k * 6.077100506506192e-11
  let z = r * r
  var s = -2.5052108385441720e-8.addingProduct(-1.6059043836821613e-10, -z)
  s = 2.7557319223985893e-6.addingProduct(s, z)
  s = (-1.9841269841269841e-4).addingProduct(s, z)
  s = 8.3333333333333333e-3.addingProduct(s, z)
  s = (-1.6666666666666667e-1).addingProduct(s, z)
  s = r.addingProduct(s * z, r)
  var c = 2.0876756987868099e-9.addingProduct(-1.1470745597729725e-11, z)
  c = (-2.7557319223985888e-7).addingProduct(c, z)
  c = 2.4801587301587302e-5.addingProduct(c, z)
  c = (-1.3888888888888889e-3).addingProduct(c, z)
  c = 4.1666666666666667e-2.addingProduct(c, z)
  c = (-0.5).addingProduct(c, z)
  c = 1.0.addingProduct(c, z)
  let quadrant = Int(truncatingIfNeeded: Int64(max(-9e15, min(9e15, k)))) & 3
  let (a, b) = quadrant & 1 == 0 ? (s, c) : (c, s)
  return (Float(quadrant & 2 == 0 ? a : -a), Float((quadrant + 1) & 2 == 0 ? b : -b))
}

@inlinable public func laneSin(_ x: Float) -> Float { laneSinCos(x).sin }
@inlinable public func laneCos(_ x: Float) -> Float { laneSinCos(x).cos }

/// Tangent, away from its poles.
@inlinable public func laneTan(_ x: Float) -> Float {
  let (s, c) = laneSinCos(x)
  return s / c
}

@inlinable func exponentialInDouble(_ d: Double) -> Double {
  // The bounds below would make a number of it.
  if d.isNaN { return d }
  let clamped = max(-700, min(700, d))
  let k = (clamped * 1.4426950408889634).rounded(.toNearestOrEven)
  let r = (clamped - k * 0.6931471803691238) - k * 1.9082149292705877e-10
  var p = 2.505210838544172e-8
  p = 2.755731922398589e-7.addingProduct(p, r)
  p = 2.7557319223985893e-6.addingProduct(p, r)
  p = 2.48015873015873e-5.addingProduct(p, r)
  p = 1.984126984126984e-4.addingProduct(p, r)
  p = 1.388888888888889e-3.addingProduct(p, r)
  p = 8.333333333333333e-3.addingProduct(p, r)
  p = 4.1666666666666664e-2.addingProduct(p, r)
  p = 1.6666666666666666e-1.addingProduct(p, r)
  p = 0.5.addingProduct(p, r)
  p = 1.0.addingProduct(p, r)
  p = 1.0.addingProduct(p, r)
  return p * Double(bitPattern: UInt64(Int64(k) + 1023) << 52)
}

@inlinable func logarithmInDouble(_ d: Double) -> Double {
  var bits = d.bitPattern
  // Halves of √2 as pivot: the mantissa ends up in [√½, √2).
  bits &+= 0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD
  let k = Double(Int64(bits >> 52) - 1023)
  let m = Double(bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) &+ 0x3FE6_A09E_667F_3BCD)
  let s = (m - 1) / (m + 1)
  let z = s * s
  var p = 0.1176470588235294
  p = 0.13333333333333333.addingProduct(p, z)
  p = 0.15384615384615385.addingProduct(p, z)
  p = 0.18181818181818182.addingProduct(p, z)
  p = 0.2222222222222222.addingProduct(p, z)
  p = 0.2857142857142857.addingProduct(p, z)
  p = 0.4.addingProduct(p, z)
  p = 0.6666666666666666.addingProduct(p, z)
  p = 2.0.addingProduct(p, z)
  return (k * 0.6931471803691238).addingProduct(p, s) + k * 1.9082149292705877e-10
}

/// eˣ; overflows to infinity and underflows to zero as single precision does.
@inlinable public func laneExp(_ x: Float) -> Float { Float(exponentialInDouble(Double(x))) }

/// Natural logarithm of x > 0; −∞ at zero, NaN below.
@inlinable public func laneLog(_ x: Float) -> Float {
  if x > 0, x.isFinite { return Float(logarithmInDouble(Double(x))) }
  return x == 0 ? -.infinity : (x > 0 ? x : .nan)
}

/// x to the power y, x ≥ 0, NaN below; at 0 and infinity what IEEE 754 has: 0, 1 or infinity by the sign of y.
@inlinable public func lanePow(_ x: Float, _ y: Float) -> Float {
  if x > 0, x.isFinite { return Float(exponentialInDouble(Double(y) * logarithmInDouble(Double(x)))) }
  guard x >= 0, !y.isNaN else { return .nan }
  return y == 0 ? 1 : ((x == 0) == (y > 0) ? 0 : .infinity)
}

/// Arc tangent of t, 0 ≤ t ≤ 1.
@inlinable func arcTangentInDouble(_ t: Double) -> Double {
  let isLarge = t > 0.41421356237309503
  let r = isLarge ? (t - 1) / (t + 1) : t
  let z = r * r
  var p = 0.037037037037037035
  p = (-0.04).addingProduct(p, z)
  p = 0.043478260869565216.addingProduct(p, z)
  p = (-0.047619047619047616).addingProduct(p, z)
  p = 0.05263157894736842.addingProduct(p, z)
  p = (-0.058823529411764705).addingProduct(p, z)
  p = 0.06666666666666667.addingProduct(p, z)
  p = (-0.07692307692307693).addingProduct(p, z)
  p = 0.09090909090909091.addingProduct(p, z)
  p = (-0.1111111111111111).addingProduct(p, z)
  p = 0.14285714285714285.addingProduct(p, z)
  p = (-0.2).addingProduct(p, z)
  p = 0.3333333333333333.addingProduct(p, z)
  p = r.addingProduct(-(p * z), r)
  return isLarge ? p + 0.7853981633974483 : p
}

@inlinable func arcTangent2InDouble(_ y: Double, _ x: Double) -> Double {
  let (ax, ay) = (x.magnitude, y.magnitude)
  let (small, large) = ax < ay ? (ax, ay) : (ay, ax)
  var a = large > 0 ? arcTangentInDouble(small / large) : 0
  if ax < ay { a = 1.5707963267948966 - a }
  if x.sign == .minus { a = 3.141592653589793 - a }
  return y.sign == .minus ? -a : a
}

/// Angle of (x, y) in (−π, π]; zero for the origin with positive signs, as IEEE 754 recommends.
@inlinable public func laneAtan2(_ y: Float, _ x: Float) -> Float { Float(arcTangent2InDouble(Double(y), Double(x))) }

/// Arc cosine; x is taken into [−1, 1] first.
@inlinable public func laneAcos(_ x: Float) -> Float {
  let d = Double(max(-1, min(1, x)))
  return Float(arcTangent2InDouble(((1 - d) * (1 + d)).squareRoot(), d))
}

/// Arc sine; x is taken into [−1, 1] first.
@inlinable public func laneAsin(_ x: Float) -> Float {
  let d = Double(max(-1, min(1, x)))
  return Float(arcTangent2InDouble(d, ((1 - d) * (1 + d)).squareRoot()))
}

/// 2ˣ.
@inlinable public func laneExp2(_ x: Float) -> Float { Float(exponentialInDouble(Double(x) * 0.6931471805599453)) }

/// Logarithm to base 2 of x > 0; −∞ at zero, NaN below.
@inlinable public func laneLog2(_ x: Float) -> Float {
  if x > 0, x.isFinite { return Float(logarithmInDouble(Double(x)) * 1.4426950408889634) }
  return x == 0 ? -.infinity : (x > 0 ? x : .nan)
}

// The same for any number of lanes, one after the other: for code that is not hot. Hot code uses `laneSinCosTurns` and
// `laneAtan2Turns`.

@inlinable public func laneSin<F: LaneFloat>(_ x: F) -> F { x.mapped { laneSin($0 as Float) } }
@inlinable public func laneCos<F: LaneFloat>(_ x: F) -> F { x.mapped { laneCos($0 as Float) } }
@inlinable public func laneTan<F: LaneFloat>(_ x: F) -> F { x.mapped { laneTan($0 as Float) } }
@inlinable public func laneExp<F: LaneFloat>(_ x: F) -> F { x.mapped { laneExp($0 as Float) } }
@inlinable public func laneExp2<F: LaneFloat>(_ x: F) -> F { x.mapped { laneExp2($0 as Float) } }
@inlinable public func laneLog<F: LaneFloat>(_ x: F) -> F { x.mapped { laneLog($0 as Float) } }
@inlinable public func laneLog2<F: LaneFloat>(_ x: F) -> F { x.mapped { laneLog2($0 as Float) } }
@inlinable public func laneAcos<F: LaneFloat>(_ x: F) -> F { x.mapped { laneAcos($0 as Float) } }
@inlinable public func laneAsin<F: LaneFloat>(_ x: F) -> F { x.mapped { laneAsin($0 as Float) } }

@inlinable public func lanePow<F: LaneFloat>(_ x: F, _ y: Float) -> F { x.mapped { lanePow($0 as Float, y) } }

@inlinable public func laneAtan2<F: LaneFloat>(_ y: F, _ x: F) -> F {
  var result = y
  for i in 0..<F.laneCount { result[lane: i] = laneAtan2(y[lane: i] as Float, x[lane: i] as Float) }
  return result
}
