import LaneMath

/// Texture coordinates of a point on a triangle. The first two sets are at hand, further ones are looked up when a texture
/// asks for them.
struct SurfaceCoordinates {
  private let geometry: UnsafePointer<InstanceGeometry>
  private let corners: (Int, Int, Int)
  private let u: Float
  private let v: Float
  private let uv0: SIMD2<Float>
  private let uv1: SIMD2<Float>

  /// - Parameters:
  ///   - u: Barycentric weight of the triangle's second corner.
  ///   - v: Barycentric weight of the third.
  @inline(__always)
  init(_ geometry: UnsafePointer<InstanceGeometry>, _ corners: (Int, Int, Int), _ u: Float, _ v: Float) {
    (self.geometry, self.corners, self.u, self.v) = (geometry, corners, u, v)
    uv0 = geometry.pointee.coordinates(geometry.pointee.uv0, corners, u, v)
    uv1 = geometry.pointee.coordinates(geometry.pointee.uv1, corners, u, v)
  }

  /// - Parameter set: Below `MeshArrays.uvSetCount`.
  @inline(__always)
  func uv(_ set: UInt8) -> SIMD2<Float> {
    if set == 0 { return uv0 }
    return set == 1 ? uv1 : further(set)
  }

  @inline(never)
  private func further(_ set: UInt8) -> SIMD2<Float> {
    geometry.pointee.coordinates(geometry.pointee.furtherSet(set), corners, u, v)
  }
}

extension InstanceGeometry {
  /// Coordinates of the third or fourth set.
  @inline(__always)
  func furtherSet(_ set: UInt8) -> UnsafePointer<Float>? { set == 2 ? uv2 : uv3 }
}
