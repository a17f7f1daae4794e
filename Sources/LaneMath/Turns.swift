// Angles in turns: what sampling needs, in single precision and without any reduction that rounds. Errors are tested in
// `TurnsTests`.

/// Sine and cosine of 2π·u, |u| ≤ 2²⁰. Each within 2⁻²³ of the true value, absolutely.
@inlinable @inline(__always)
public func laneSinCosTurns<F: LaneFloat>(_ u: F) -> (sin: F, cos: F) {
  let k = (u * 4 + 0.5).floor
  // Exact: at most an eighth of a turn is left.
  let x = (u - k * 0.25) * 6.2831853
  let z = x * x
  // Polynomials of Cephes' sinf and cosf.
  var s = F(lane: 8.3321608736e-3).adding(z, times: -1.9515295891e-4)
  s = F(lane: -1.6666654611e-1).addingProduct(s, z)
  s = x.addingProduct(s * z, x)
  var c = F(lane: -1.388731625493765e-3).adding(z, times: 2.443315711809948e-5)
  c = F(lane: 4.166664568298827e-2).addingProduct(c, z)
  c = F(lane: -0.5).addingProduct(c, z)
  c = F(lane: 1).addingProduct(c, z)
  let quadrant = k.truncated
  let isOdd = F(signed: quadrant & 1) .> 0
  let sine = F.select(isOdd, c, s)
  let cosine = F.select(isOdd, s, c)
  return (
    F(bitsOfLanes: sine.bitsOfLanes ^ ((quadrant & 2) &<< 30)),
    F(bitsOfLanes: cosine.bitsOfLanes ^ (((quadrant &+ 1) & 2) &<< 30))
  )
}

/// The angle of (x, y) in turns, in [−½, ½]; 0 for the origin. Within 2⁻²⁴ of the true value, absolutely.
@inlinable @inline(__always)
public func laneAtan2Turns<F: LaneFloat>(_ y: F, _ x: F) -> F {
  let (ax, ay) = (x.absolute, y.absolute)
  let isSteep = ax .< ay
  let small = F.select(isSteep, ax, ay)
  let large = F.select(isSteep, ay, ax)
  let t = F.select(large .> 0, small / large, F(lane: 0))
  let isLarge = t .> 0.41421356
  let r = F.select(isLarge, (t - 1) / (t + 1), t)
  let z = r * r
  // Polynomial of Cephes' atanf.
  var p = F(lane: -1.38776856032e-1).adding(z, times: 8.05374449538e-2)
  p = F(lane: 1.99777106478e-1).addingProduct(p, z)
  p = F(lane: -3.33329491539e-1).addingProduct(p, z)
  p = r.addingProduct(p * z, r)
  var a = F.select(isLarge, F(lane: 0.125), F(lane: 0)).adding(p, times: 0.15915494)
  a = F.select(isSteep, 0.25 - a, a)
  a = F.select(x .< 0, 0.5 - a, a)
  return a.withSign(of: y)
}
