import LaneMath

/// A ray, made ready for boxes and triangles of one space. `docs/kernel-traversal.md` has the proofs. `RayPacket.store` knows
/// the layout.
struct RayFrame: BitwiseCopyable {
  /// Larger origins, and directions out of range, could overflow in products; such rays hit nothing.
  static let originLimit: Float = 0x1p40
  static let directionMinimum: Float = 0x1p-40
  static let directionMaximum: Float = 0x1p40
  /// Stands in for smaller direction components, zeros too, where boxes divide by them.
  static let smallestDivisor: Float = 0x1p-70
  /// Share of `|origin / direction|` by which slabs are widened. Their own rounding needs 2⁻²³.
  static let originSlack: Float = 0x1p-21
  /// Widens the far end of the interval in a box, relative to its distance.
  static let farScale: Float = 1 + 0x1p-18

  // Lane 3 of each vector is unused, and finite.
  var origin: SIMD4<Float>
  var direction: SIMD4<Float>
  /// One over the direction, never zero, infinite or NaN.
  var inverse: SIMD4<Float>
  /// `-origin · inverse`, lowered and raised by `originSlack`.
  var nearOffset: SIMD4<Float>
  var farOffset: SIMD4<Float>

  /// The direction's largest axis, and the two after it in cyclic order: 0, 1 or 2.
  var axisZ: Int32
  var axisX: Int32
  var axisY: Int32
  /// The slope of the ray along `axisX` and `axisY`, per step of `axisZ`.
  var shearX: Float
  var shearY: Float
  /// One over the direction's component along `axisZ`.
  var shearZ: Float
  var originX: Float
  var originY: Float
  var originZ: Float

  /// Nil where the ray is out of range, and so hits nothing.
  @inline(__always)
  init?(origin: SIMD3<Float>, direction: SIMD3<Float>) {
    // Adding zero turns −0 into +0, as a transform by the identity would.
    let o = SIMD4(origin, 0) + SIMD4<Float>.zero
    let d = SIMD4(direction, 1) + SIMD4<Float>.zero
    let size = Lanes.magnitude(d)
    let reach = Lanes.magnitude(o)
    let largest = Lanes.greater(Lanes.greater(size.x, size.y), size.z)
    // Numbers one by one: the vector types' `.<=` becomes a loop here.
    let (most, longest) = (RayFrame.originLimit, RayFrame.directionMaximum)
    guard reach.x <= most, reach.y <= most, reach.z <= most,
      size.x <= longest, size.y <= longest, size.z <= longest, largest >= RayFrame.directionMinimum
    else { return nil }
    self.origin = o
    self.direction = d

    // A copy of the sign keeps the two sides of a plane apart even for the stand-in.
    let tiny = SIMD4<Float>(repeating: RayFrame.smallestDivisor)
    let standIn = Lanes.select(d .< SIMD4<Float>.zero, -tiny, tiny)
    let divisor = Lanes.select(size .< tiny, standIn, d)
    inverse = SIMD4(repeating: 1) / divisor
    let offset = -(o * inverse)
    let slack = Lanes.magnitude(offset) * RayFrame.originSlack
    nearOffset = offset - slack
    farOffset = offset + slack

    axisZ = size.x > size.y ? (size.x > size.z ? 0 : 2) : (size.y > size.z ? 1 : 2)
    axisX = axisZ == 2 ? 0 : axisZ + 1
    axisY = axisX == 2 ? 0 : axisX + 1
    shearZ = 1 / d[Int(axisZ)]
    shearX = d[Int(axisX)] * shearZ
    shearY = d[Int(axisY)] * shearZ
    originX = o[Int(axisX)]
    originY = o[Int(axisY)]
    originZ = o[Int(axisZ)]
  }

  /// The parameters between which the ray is in the box, with `near` at least zero; it misses where `near > far`.
  ///
  /// Monotone: a box that encloses this one gives a `near` at most as large and a `far` at least as large, as computed.
  @inline(__always)
  func interval(_ box: Box) -> (near: Float, far: Float) {
    let isForward = inverse .> SIMD4<Float>.zero
    let enter = nearOffset.addingProduct(Lanes.select(isForward, box.lower, box.upper), inverse)
    let leave = farOffset.addingProduct(Lanes.select(isForward, box.upper, box.lower), inverse)
    let near = Lanes.greater(Lanes.greater(enter.x, enter.y), Lanes.greater(enter.z, 0))
    let far = Lanes.lesser(Lanes.lesser(leave.x, leave.y), leave.z) * RayFrame.farScale
    return (near, far)
  }
}
