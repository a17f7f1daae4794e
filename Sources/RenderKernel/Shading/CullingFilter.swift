import LaneMath

/// Lets camera rays pass single-sided surfaces from behind (glTF 2.0, section 3.9.6), besides what alpha lets through.
///
/// Only rays whose nearest hit is such a back are traced with this filter. It asks about every triangle, so a traversal with it
/// is slower; its nearest hit is that of a traversal which culls from the start.
struct CullingFilter: AlphaFilter {
  @inline(__always) static var asksAlways: Bool { true }

  let alpha: MaterialAlphaFilter
  /// Directions of the rays, by their number in the stream, which traversal hands over as key.
  let direction: VectorArray
  /// Keys for `alpha`, by number.
  let keys: UnsafeMutablePointer<UInt32>

  /// True if a surface with that outward normal is seen from behind. Edge-on surfaces are seen from the front.
  @inline(__always)
  static func isBack(_ outward: SIMD3<Float>, seenAlong direction: SIMD3<Float>) -> Bool {
    dot(outward, direction) > 0
  }

  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool {
    let geometry = alpha.instances + Int(instance)
    let material = alpha.materials + geometry.pointee.materialIndex(Int(triangle))
    if material.pointee.material.isSingleSided {
      let corners = geometry.pointee.corners(Int(triangle))
      let p0 = geometry.pointee.position(corners.0)
      let outward = geometry.pointee.outward(
        edges: geometry.pointee.position(corners.1) - p0, geometry.pointee.position(corners.2) - p0)
      if CullingFilter.isBack(outward, seenAlong: direction[Int(key)]) { return false }
    }
    guard material.pointee.material.alphaMode != .opaque else { return true }
    return alpha.accepts(instance: instance, triangle: triangle, u: u, v: v, key: keys[Int(key)])
  }
}
