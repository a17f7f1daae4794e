import LaneMath

/// Whether and where a ray meets a triangle: the one definition that every structure uses.
///
/// Method: Woop, Benthin and Wald, "Watertight Ray/Triangle Intersection" (JCGT 2013), edges included, and in place of its
/// second pass in double precision the triangle's own box as part of the test (`docs/kernel-traversal.md`).
enum TriangleTest {
  /// Share of a triangle's extent by which its own box is larger than its vertices.
  static let ownBoxSlack: Float = 0x1p-18

  /// The triangle's own box.
  @inline(__always)
  static func ownBox(_ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>) -> Box {
    let lower = Lanes.lesser(Lanes.lesser(v0, v1), v2)
    let upper = Lanes.greater(Lanes.greater(v0, v1), v2)
    let slack = extent(v0, v1, v2) * ownBoxSlack
    let margin = SIMD4(slack, slack, slack, 0)
    return Box(lower: lower - margin, upper: upper + margin)
  }

  /// Share of a triangle's extent by which the parts of a cut triangle are larger than what of it they hold.
  static let cutSlack: Float = 0x1p-8
  /// Where the edge functions of a large triangle add up to less than this share of its extent's square, they are worked out
  /// again in double precision; where those do to less than `leastShare`, only the own box is known.
  static let certainShare: Float = 0x1p-11
  static let leastShare: Double = 0x1p-40
  /// Of large triangles that are more than so many extents away, hits are taken to be a share farther away still.
  static let farExtents: Float = 0x1p10
  static let farBias: Float = 0x1p-20

  /// The sum of the extents of a triangle.
  @inline(__always)
  static func extent(_ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>) -> Float {
    let e = Lanes.greater(Lanes.greater(v0, v1), v2) - Lanes.lesser(Lanes.lesser(v0, v1), v2)
    return (e.x + e.y) + e.z
  }

  /// Whether trees may cut the triangle into parts, which is a part of what a hit is: it is large in its mesh, and not
  /// far from the origin of its space.
  ///
  /// - Parameter surface: Half the surface of the box of the mesh.
  static func isLarge(_ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>, surface: Float) -> Bool {
    let extent = extent(v0, v1, v2)
    let square = extent * extent
    guard square * 0x1p13 >= surface, square < 0x1p60 else { return false }
    let reach = Lanes.greater(Lanes.greater(Lanes.magnitude(v0), Lanes.magnitude(v1)), Lanes.magnitude(v2))
    return Lanes.greater(Lanes.greater(reach.x, reach.y), reach.z) <= extent * 0x1p8
  }

  /// Whether the triangle can be hit at all: the square of its normal is a normal number. Others are left out.
  @inline(__always)
  static func isHittable(_ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>) -> Bool {
    let a = v1 - v0
    let b = v2 - v0
    let x = a.y * b.z - a.z * b.y
    let y = a.z * b.x - a.x * b.z
    let z = a.x * b.y - a.y * b.x
    let square = (x * x + y * y) + z * z
    return square >= Float.leastNormalMagnitude && square < .infinity
  }

  /// Depths of the vertices along the ray's main axis, and the edge functions, which are the unnormalised barycentric
  /// weights of the three vertices.
  ///
  /// Products are rounded before they are subtracted, so the two triangles at an edge see exactly opposite values.
  @inline(__always)
  static func edges(
    _ ray: RayFrame, _ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>
  ) -> (depths: SIMD3<Float>, edges: SIMD3<Float>) {
    let az = v0[Int(ray.axisZ)] - ray.originZ
    let bz = v1[Int(ray.axisZ)] - ray.originZ
    let cz = v2[Int(ray.axisZ)] - ray.originZ
    let ax = (v0[Int(ray.axisX)] - ray.originX) - ray.shearX * az
    let ay = (v0[Int(ray.axisY)] - ray.originY) - ray.shearY * az
    let bx = (v1[Int(ray.axisX)] - ray.originX) - ray.shearX * bz
    let by = (v1[Int(ray.axisY)] - ray.originY) - ray.shearY * bz
    let cx = (v2[Int(ray.axisX)] - ray.originX) - ray.shearX * cz
    let cy = (v2[Int(ray.axisY)] - ray.originY) - ray.shearY * cz
    return (SIMD3(az, bz, cz), SIMD3(cx * by - cy * bx, ax * cy - ay * cx, bx * ay - by * ax))
  }

  /// Whether the edge functions agree in sign and do not all vanish. False where one is NaN.
  @inline(__always)
  static func isInside(_ e: SIMD3<Float>) -> Bool {
    let same = (e.x >= 0 && e.y >= 0 && e.z >= 0) || (e.x <= 0 && e.y <= 0 && e.z <= 0)
    return same && (e.x + e.y) + e.z != 0
  }

  /// The second half of the test, for a ray inside the edges `e`.
  ///
  /// - Parameters:
  ///   - entry: Where the ray enters the instance's world box.
  ///   - isLarge: See there.
  /// - Returns: The parameter of the hit, at least `entry` and the entry into the triangle's own box, and the weights of
  ///   the second and third vertex; nil where the ray misses the own box or the hit is not ahead.
  @inline(__always)
  static func complete(
    _ ray: RayFrame, entry: Float, _ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>,
    depths: SIMD3<Float>, edges e: SIMD3<Float>, isLarge: Bool
  ) -> SIMD3<Float>? {
    let (t, sum) = withUnsafePointer(to: ray) {
      distance($0, entry: entry, v0, v1, v2, depths: depths, edges: e, isLarge: isLarge)
    }
    guard t > 0, t < .infinity, sum == sum else { return nil }
    return SIMD3(t, e.y / sum, e.z / sum)
  }

  /// Where `complete` finds a hit, which counts if it is ahead; infinite where the ray misses the own box. And the sum of the
  /// edge functions, NaN where it is none all the same. The ray comes by its address: a copy of it would be made each time.
  @inline(__always)
  static func distance(
    _ ray: UnsafePointer<RayFrame>, entry: Float, _ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>,
    depths: SIMD3<Float>, edges e: SIMD3<Float>, isLarge: Bool
  ) -> (t: Float, sum: Float) {
    let (near, far) = ray.pointee.interval(ownBox(v0, v1, v2))
    var sum = (e.x + e.y) + e.z
    let z = (e.x * depths.x + e.y * depths.y) + e.z * depths.z
    var plain = (z / sum) * ray.pointee.shearZ
    if isLarge { (plain, sum) = refined(ray, plain, sum, depths, extent(v0, v1, v2), v0, v1, v2) }
    // NaN, which only an overflow could make, becomes `far`.
    let t = Lanes.greater(Lanes.greater(Lanes.lesser(far, plain), near), entry)
    return (near <= far ? t : .infinity, sum)
  }
}

// MARK: - Large triangles

extension TriangleTest {
  /// The parameter at which a ray meets a large triangle: one that lies, but for a share of `cutSlack`, in every part that holds
  /// the point; infinite where the own box is all that is known; and the sum of the
  /// edge functions, NaN where the ray misses (docs/kernel-traversal.md, section 5).
  @inline(__always)
  static func refined(
    _ ray: UnsafePointer<RayFrame>, _ plain: Float, _ sum: Float, _ depths: SIMD3<Float>, _ extent: Float,
    _ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>
  ) -> (plain: Float, sum: Float) {
    let reach = Lanes.greater(Lanes.greater(depths.x.magnitude, depths.y.magnitude), depths.z.magnitude)
    let isNear = reach <= extent * farExtents
    if isNear, sum.magnitude >= extent * extent * certainShare { return (plain, sum) }
    return refinedInDouble(ray, plain, sum, isNear, reach, extent, v0, v1, v2)
  }

  @inline(never)
  private static func refinedInDouble(
    _ frame: UnsafePointer<RayFrame>, _ plain: Float, _ sum: Float, _ isNear: Bool, _ reach: Float, _ extent: Float,
    _ v0: SIMD4<Float>, _ v1: SIMD4<Float>, _ v2: SIMD4<Float>
  ) -> (plain: Float, sum: Float) {
    let ray = frame.pointee
    var result = plain
    let square = Double(extent) * Double(extent)
    if sum.magnitude < extent * extent * certainShare {
      let (x, y, z) = (Int(ray.axisX), Int(ray.axisY), Int(ray.axisZ))
      let (ox, oy, oz) = (Double(ray.origin[x]), Double(ray.origin[y]), Double(ray.origin[z]))
      let slope = 1 / Double(ray.direction[z])
      let (shearX, shearY) = (Double(ray.direction[x]) * slope, Double(ray.direction[y]) * slope)
      func sheared(_ v: SIMD4<Float>) -> SIMD3<Double> {
        let depth = Double(v[z]) - oz
        return SIMD3((Double(v[x]) - ox) - shearX * depth, (Double(v[y]) - oy) - shearY * depth, depth)
      }
      let (a, b, c) = (sheared(v0), sheared(v1), sheared(v2))
      let (u, v, w) = (c.x * b.y - c.y * b.x, a.x * c.y - a.y * c.x, b.x * a.y - b.y * a.x)
      let total = (u + v) + w
      let isInside = (u >= 0 && v >= 0 && w >= 0) || (u <= 0 && v <= 0 && w <= 0)
      guard isInside, total.magnitude >= square * leastShare else {
        // Rounding alone cannot tell a ray in the triangle's plane but beside it from one inside.
        let tolerance = max(Double(extent) * 0x1p-10, Double(reach) * 0x1p-20)
        func holds(_ x: Double, _ y: Double, _ z: Double) -> Bool {
          min(x, min(y, z)) <= tolerance && max(x, max(y, z)) >= -tolerance
        }
        return (.infinity, holds(a.x, b.x, c.x) && holds(a.y, b.y, c.y) ? sum : .nan)
      }
      result = Float(((u * a.z + v * b.z) + w * c.z) / total * slope)
    }
    return (isNear ? result : result.addingProduct(result.magnitude, farBias), sum)
  }
}

extension MeshArrays {
  /// The corners of a triangle, lane 3 zero.
  @inline(__always)
  func corners(_ triangle: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let i = indices.pointer + 3 * triangle
    return (corner(i[0]), corner(i[1]), corner(i[2]))
  }

  @inline(__always)
  private func corner(_ vertex: UInt32) -> SIMD4<Float> {
    let p = positions.pointer + 3 * Int(vertex)
    return SIMD4(p[0], p[1], p[2], 0)
  }
}
