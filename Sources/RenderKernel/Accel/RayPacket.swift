import CLaneIntrinsics
import LaneMath

/// Eight rays, made ready for boxes and triangles of one space: lane by lane what `RayFrame` holds, in the same operations.
struct RayPacket {
  typealias Lane = SIMD8<Float>
  typealias Mask = SIMDMask<SIMD8<Int32>>

  var origin: (x: Lane, y: Lane, z: Lane)
  var direction: (x: Lane, y: Lane, z: Lane)
  var inverse: (x: Lane, y: Lane, z: Lane)
  var near: (x: Lane, y: Lane, z: Lane)
  var far: (x: Lane, y: Lane, z: Lane)
  /// Whether the direction's largest axis is x, y or z.
  var isOnAxis: (x: Mask, y: Mask, z: Mask)
  var shearX: Lane
  var shearY: Lane
  var shearZ: Lane
  /// Of the axis and the two after it.
  var originX: Lane
  var originY: Lane
  var originZ: Lane
  /// Lanes in range; the others hit nothing.
  var inRange: Mask

  @inline(__always)
  init(origin given: (x: Lane, y: Lane, z: Lane), direction: (x: Lane, y: Lane, z: Lane)) {
    // Adding zero turns −0 into +0, as a transform by the identity would.
    let zero = Lane.zero
    let o = (x: given.x + zero, y: given.y + zero, z: given.z + zero)
    let d = (x: direction.x + zero, y: direction.y + zero, z: direction.z + zero)
    let size = (x: RayPacket.magnitude(d.x), y: RayPacket.magnitude(d.y), z: RayPacket.magnitude(d.z))
    let (most, longest) = (Lane(repeating: RayFrame.originLimit), Lane(repeating: RayFrame.directionMaximum))
    let largest = Lanes.greater(Lanes.greater(size.x, size.y), size.z)
    inRange =
      (RayPacket.magnitude(o.x) .<= most) .& (RayPacket.magnitude(o.y) .<= most) .& (RayPacket.magnitude(o.z) .<= most)
      .& (size.x .<= longest) .& (size.y .<= longest) .& (size.z .<= longest)
      .& (largest .>= Lane(repeating: RayFrame.directionMinimum))
    (self.origin, self.direction) = (o, d)

    @inline(__always) func inverted(_ d: Lane, _ size: Lane) -> Lane {
      let tiny = Lane(repeating: RayFrame.smallestDivisor)
      return Lane(repeating: 1) / Lanes.select(size .< tiny, Lanes.selectNegative(d, -tiny, tiny), d)
    }
    inverse = (inverted(d.x, size.x), inverted(d.y, size.y), inverted(d.z, size.z))
    @inline(__always) func offsets(_ o: Lane, _ inverse: Lane) -> (near: Lane, far: Lane) {
      let offset = -(o * inverse)
      let slack = RayPacket.magnitude(offset) * Lane(repeating: RayFrame.originSlack)
      return (offset - slack, offset + slack)
    }
    let (x, y, z) = (offsets(o.x, inverse.x), offsets(o.y, inverse.y), offsets(o.z, inverse.z))
    near = (x.near, y.near, z.near)
    far = (x.far, y.far, z.far)

    let isX = (size.x .> size.y) .& (size.x .> size.z)
    let isY = .!(size.x .> size.y) .& (size.y .> size.z)
    isOnAxis = (isX, isY, .!(isX .| isY))
    @inline(__always) func chosen(_ ofX: Lane, _ ofY: Lane, _ ofZ: Lane) -> Lane {
      Lanes.select(isX, ofX, Lanes.select(isY, ofY, ofZ))
    }
    shearZ = Lane(repeating: 1) / chosen(d.x, d.y, d.z)
    shearX = chosen(d.y, d.z, d.x) * shearZ
    shearY = chosen(d.z, d.x, d.y) * shearZ
    originX = chosen(o.y, o.z, o.x)
    originY = chosen(o.z, o.x, o.y)
    originZ = chosen(o.x, o.y, o.z)
  }

  @inline(__always)
  static func magnitude(_ a: Lane) -> Lane {
    unsafeBitCast(unsafeBitCast(a, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7fff_ffff), to: Lane.self)
  }

  /// One ray's frame.
  func frame(_ lane: Int) -> RayFrame {
    withUnsafeTemporaryAllocation(of: RayFrame.self, capacity: 8) { frames in
      store(to: frames.baseAddress!)
      return frames[lane]
    }
  }

  /// Writes the eight rays' frames. Of those out of range the content is undefined.
  @inline(__always)
  func store(to frames: UnsafeMutablePointer<RayFrame>) {
    let target = UnsafeMutableRawPointer(frames).assumingMemoryBound(to: Float.self)
    let stride = MemoryLayout<RayFrame>.stride / MemoryLayout<Float>.stride
    let zero = Lane.zero
    glint_store_columns8(
      origin.x, origin.y, origin.z, zero, direction.x, direction.y, direction.z, Lane(repeating: 1), target, stride)
    glint_store_columns8(
      inverse.x, inverse.y, inverse.z, Lane(repeating: 1), near.x, near.y, near.z, zero, target + 8, stride)
    @inline(__always) func axes(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> Lane {
      func lane(_ axis: UInt32) -> Lane { Lane(repeating: Float(bitPattern: axis)) }
      return Lanes.select(isOnAxis.x, lane(x), Lanes.select(isOnAxis.y, lane(y), lane(z)))
    }
    glint_store_columns8(
      far.x, far.y, far.z, zero, axes(0, 1, 2), axes(1, 2, 0), axes(2, 0, 1), shearX, target + 16, stride)
    glint_store_columns8(shearY, shearZ, originX, originY, originZ, zero, zero, zero, target + 24, stride)
  }

  /// `RayFrame.interval` for each ray.
  @inline(__always)
  func interval(_ box: Box) -> (near: Lane, far: Lane) {
    @inline(__always)
    func slab(_ axis: Int, _ inverse: Lane, _ near: Lane, _ far: Lane) -> (enter: Lane, leave: Lane) {
      let (lower, upper) = (Lane(repeating: box.lower[axis]), Lane(repeating: box.upper[axis]))
      return (
        near.addingProduct(Lanes.selectNegative(inverse, upper, lower), inverse),
        far.addingProduct(Lanes.selectNegative(inverse, lower, upper), inverse)
      )
    }
    let x = slab(0, inverse.x, near.x, far.x)
    let y = slab(1, inverse.y, near.y, far.y)
    let z = slab(2, inverse.z, near.z, far.z)
    return (
      Lanes.greater(Lanes.greater(x.enter, y.enter), Lanes.greater(z.enter, Lane.zero)),
      Lanes.lesser(Lanes.lesser(x.leave, y.leave), z.leave) * RayFrame.farScale
    )
  }

  /// The rays in the space of an instance.
  @inline(__always)
  func transformed(_ m: Affine) -> RayPacket {
    @inline(__always) func row(_ r: SIMD4<Float>, _ p: (x: Lane, y: Lane, z: Lane), _ last: Float) -> Lane {
      Lane(repeating: last).addingProduct(Lane(repeating: r.z), p.z).addingProduct(Lane(repeating: r.y), p.y)
        .addingProduct(Lane(repeating: r.x), p.x)
    }
    return RayPacket(
      origin: (row(m.x, origin, m.x.w), row(m.y, origin, m.y.w), row(m.z, origin, m.z.w)),
      direction: (row(m.x, direction, 0), row(m.y, direction, 0), row(m.z, direction, 0)))
  }
}
