import LaneMath

/// How wide the cone about a path's ray is, after T. Akenine-Möller et al., "Improved Shader and Texture Level of Detail Using
/// Ray Cones" (JCGT 10:1, 2021). Curvature of surfaces is left out: it would only ask for coarser levels.
struct RayCone {
  /// Of a pixel's width, the share that the camera's cone has: many samples average over the pixel anyway, and a level that
  /// is as coarse as the pixel would blur it once more.
  static let pixelShare: Float = 0.5
  /// A scattered ray stands for a cone whose solid angle is 1/16 of one over its density: about a quarter of the lobe's width.
  static let lobeShare: Float = 0.25

  /// Width where the ray starts, world units.
  var width: Float
  /// Growth of the width along the ray.
  var spread: Float

  init(_ camera: Camera, _ settings: RenderSettings) {
    switch camera.projection {
    case .perspective(let tangent):
      (width, spread) = (0, RayCone.pixelShare * 2 * tangent / Float(settings.height))
    case .orthographic(let halfHeight):
      (width, spread) = (RayCone.pixelShare * 2 * halfHeight / Float(settings.height), 0)
    }
  }
}

/// A ray's cone on a triangle, from which each texture finds its level.
struct TextureFootprint {
  /// Square of the cone's width.
  private let square: Float
  /// Products of the triangle's edges from corner 0 in world space.
  private let e11: Float
  private let e12: Float
  private let e22: Float
  /// The same edges in texture coordinates.
  private let uv0: (SIMD2<Float>, SIMD2<Float>)
  private let uv1: (SIMD2<Float>, SIMD2<Float>)
  private let geometry: UnsafePointer<InstanceGeometry>
  private let corners: (Int, Int, Int)

  /// - Parameters:
  ///   - edges: From corner 0, object space.
  ///   - width: Of the cone, world units.
  @inline(__always)
  init(
    _ geometry: UnsafePointer<InstanceGeometry>, _ corners: (Int, Int, Int), edges: (SIMD3<Float>, SIMD3<Float>),
    width: Float
  ) {
    (self.geometry, self.corners) = (geometry, corners)
    let e1 = geometry.pointee.objectToWorld.vector(edges.0)
    let e2 = geometry.pointee.objectToWorld.vector(edges.1)
    (e11, e12, e22) = (dot(e1, e1), dot(e1, e2), dot(e2, e2))
    square = width * width
    uv0 = geometry.pointee.coordinateEdges(geometry.pointee.uv0, corners)
    uv1 = geometry.pointee.coordinateEdges(geometry.pointee.uv1, corners)
  }

  /// The coarsest level whose texels are no wider than the cone in the direction in which the texture is laid on the triangle
  /// most widely; where both directions are alike, the ray-cone level. Tilt is left out, which also errs to finer levels.
  @inline(__always)
  func level(of texture: TextureView) -> Int {
    guard texture.levelCount > 1 else { return 0 }
    let (d1, d2) = texture.uvSet == 0 ? uv0 : texture.uvSet == 1 ? uv1 : furtherEdges(texture.uvSet)
    let size = SIMD2(Float(texture.levels[0].width), Float(texture.levels[0].height))
    func texels(_ d: SIMD2<Float>) -> SIMD2<Float> {
      let u = (d.x * texture.transformU.x).addingProduct(d.y, texture.transformU.y)
      let v = (d.x * texture.transformV.x).addingProduct(d.y, texture.transformV.y)
      return SIMD2(u, v) * size
    }
    func product(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> Float { (a.x * b.x).addingProduct(a.y, b.y) }
    let (t1, t2) = (texels(d1), texels(d2))
    let area = t1.x * t2.y - t1.y * t2.x
    // The map from the triangle to texels has the singular values σ and τ ≤ σ. This sum is (σ² + τ²) · |e1 × e2|², and area
    // is σ · τ · |e1 × e2|, so that the quotient is 2 (w σ τ)² / (σ² + τ²): at least (w τ)², at most twice that.
    let sum = (product(t1, t1) * e22).addingProduct(product(t2, t2), e11) - 2 * product(t1, t2) * e12
    let texelsSquared = 2 * (square * (area / sum)) * area
    // NaN and all below 4 stay at level 0. The level is half the exponent, rounded down.
    guard texelsSquared >= 4 else { return 0 }
    let exponent = Int(texelsSquared.bitPattern &>> 23) &- 127
    return min(Int(texture.levelCount) &- 1, exponent &>> 1)
  }
}

extension TextureFootprint {
  @inline(never)
  private func furtherEdges(_ set: UInt8) -> (SIMD2<Float>, SIMD2<Float>) {
    geometry.pointee.coordinateEdges(geometry.pointee.furtherSet(set), corners)
  }
}

extension InstanceGeometry {
  /// Edges of a triangle from corner 0 in texture coordinates; zero where there are none.
  @inline(__always)
  fileprivate func coordinateEdges(
    _ array: UnsafePointer<Float>?, _ i: (Int, Int, Int)
  ) -> (SIMD2<Float>, SIMD2<Float>) {
    guard let array else { return (.zero, .zero) }
    func at(_ k: Int) -> SIMD2<Float> { SIMD2(array[2 * k], array[2 * k + 1]) }
    return (at(i.1) - at(i.0), at(i.2) - at(i.0))
  }
}
