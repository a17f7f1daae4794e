import LaneMath

/// An axis-aligned box; lane 3 is zero.
struct Box: BitwiseCopyable, Equatable {
  var lower: SIMD4<Float>
  var upper: SIMD4<Float>

  /// Encloses nothing, and grows to whatever is added.
  static let empty = Box(lower: [.infinity, .infinity, .infinity, 0], upper: [-.infinity, -.infinity, -.infinity, 0])

  @inline(__always) mutating func formUnion(_ other: Box) {
    lower = Lanes.lesser(lower, other.lower)
    upper = Lanes.greater(upper, other.upper)
  }

  @inline(__always) mutating func include(_ point: SIMD4<Float>) {
    lower = Lanes.lesser(lower, point)
    upper = Lanes.greater(upper, point)
  }

  @inline(__always) var isEmpty: Bool { !(lower.x <= upper.x) }

  /// Half the surface.
  @inline(__always) var halfArea: Float {
    let e = upper - lower
    return e.x * e.y + e.y * e.z + e.z * e.x
  }

  /// Half the surface of what both enclose; zero where nothing is.
  @inline(__always) func overlap(_ other: Box) -> Float {
    let shared = Box(lower: Lanes.greater(lower, other.lower), upper: Lanes.lesser(upper, other.upper))
    let e = shared.upper - shared.lower
    return e.x >= 0 && e.y >= 0 && e.z >= 0 ? shared.halfArea : 0
  }

  /// The box of an instance in the world: part of what decides a hit, so a function of mesh and transform alone.
  ///
  /// Encloses the eight transformed corners, with slack for the rounding of transforms. Empty where a coordinate is beyond
  /// `RayFrame.originLimit` or not a number: larger ones could overflow where rays meet the box.
  static func ofInstance(_ box: Box, objectToWorld: Affine) -> Box {
    guard !box.isEmpty else { return .empty }
    var result = Box.empty
    for corner in 0..<8 {
      let p = SIMD3(
        corner & 1 == 0 ? box.lower.x : box.upper.x, corner & 2 == 0 ? box.lower.y : box.upper.y,
        corner & 4 == 0 ? box.lower.z : box.upper.z)
      result.include(SIMD4(objectToWorld.point(p), 0))
    }
    let reach = Lanes.greater(Lanes.magnitude(result.lower), Lanes.magnitude(result.upper))
    // Numbers one by one, because a maximum may drop one that is not a number.
    let limit = RayFrame.originLimit
    guard reach.x <= limit, reach.y <= limit, reach.z <= limit else { return .empty }
    let slack = Lanes.greater(Lanes.greater(reach.x, reach.y), reach.z) * 0x1p-18
    result.lower -= SIMD4(slack, slack, slack, 0)
    result.upper += SIMD4(slack, slack, slack, 0)
    return result
  }
}
