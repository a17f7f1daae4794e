/// Which acceleration structure is used. Both find the same hits, bit for bit; see `docs/kernel-traversal.md`.
public enum AccelerationKind: Sendable, CaseIterable {
  /// Eight-wide tree, lanes; for rendering.
  case wide
  /// Binary tree, scalar code; what tests compare the wide one with.
  case reference
}

/// A half line with a limit. It hits at parameters `0 < t < tMax`; points are `origin + t · direction`.
///
/// Rays with a component that is not finite, an origin beyond 2⁴⁰ or a largest direction component outside
/// [2⁻⁴⁰, 2⁴⁰] hit nothing; see `RayFrame`.
struct Ray: BitwiseCopyable {
  var origin: SIMD3<Float>
  /// Need not have unit length; `t` is counted in its length.
  var direction: SIMD3<Float>
  var tMax: Float = .infinity
}

/// Where a ray meets a triangle.
struct Hit: BitwiseCopyable, Equatable {
  /// Infinite for a miss.
  var t: Float
  /// Barycentric weight of the triangle's second vertex.
  var u: Float
  /// Barycentric weight of the triangle's third vertex.
  var v: Float
  /// Index into the scene's instances, `.max` for a miss.
  var instance: UInt32
  /// Index into the mesh's triangles, `.max` for a miss.
  var triangle: UInt32

  static let miss = Hit(t: .infinity, u: 0, v: 0, instance: .max, triangle: .max)
  @inline(__always) var isMiss: Bool { instance == .max }

  /// Whether a hit at `t` on that triangle comes before this one. Equal distances are ordered by identity, so that the
  /// order in which triangles are tried does not matter.
  @inline(__always)
  func isAfter(t other: Float, instance otherInstance: UInt32, triangle otherTriangle: UInt32) -> Bool {
    if other != t { return other < t }
    return otherInstance != instance ? otherInstance < instance : otherTriangle < triangle
  }
}

/// Decides whether a ray sees a triangle whose material has transparent parts.
protocol AlphaFilter {
  /// Must depend on its arguments (and the scene) only: it may be asked about any of the triangles that a ray crosses, in
  /// any order, any number of times.
  ///
  /// - Parameter key: Handed through from the caller; identifies path and vertex.
  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool
  /// Whether it is asked about opaque triangles, too.
  static var asksAlways: Bool { get }
}

extension AlphaFilter {
  @inline(__always) static var asksAlways: Bool { false }
}

/// Sees everything.
struct OpaqueFilter: AlphaFilter {
  @inline(__always)
  func accepts(instance: UInt32, triangle: UInt32, u: Float, v: Float, key: UInt32) -> Bool { true }
}
