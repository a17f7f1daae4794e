import CLaneIntrinsics
import LaneMath

/// Sends eight rays together through a structure: nodes and triangles are loaded once, and each is tried by all eight. For rays
/// that go the same way.
///
/// Each ray meets the very tests that it would meet alone, of boxes as of triangles, so it finds the same hit; it meets some
/// more because of its neighbours, which decides nothing (docs/kernel-traversal.md).
struct PacketTraversal<F: AlphaFilter, S: HitSink> {
  typealias Lane = SIMD8<Float>
  typealias Mask = SIMDMask<SIMD8<Int32>>

  private let top: WideTree
  private let instances: UnsafePointer<SceneStructure.Instance>
  private let filter: F
  private let stack: TraversalStack
  private let key: SIMD8<UInt32>
  private let world: RayPacket
  private let inStream: Mask
  /// Rays in the space that they are in.
  private var rays: RayPacket
  /// Rays that still look for a hit here.
  private var active: Mask
  /// The best hit's parameter of active rays, of others -1.
  private var limit: Lane
  /// Rays that found a hit, where any will do.
  private var isDone = Mask(repeating: false)
  private var farthest: Float
  private var entry = Lane.zero
  private var t: Lane
  private var u = Lane.zero
  private var v = Lane.zero
  private var instance = SIMD8<UInt32>(repeating: .max)
  private var triangle = SIMD8<UInt32>(repeating: .max)
  private var currentInstance: UInt32 = 0
  private var base: UnsafeRawPointer
  private var isInInstance = false
  private var depth = 0

  init(
    _ structure: SceneStructure, _ rays: RayPacket, limits: Lane, key: SIMD8<UInt32>, filter: F, stack: TraversalStack
  ) {
    top = structure.wide.tree
    instances = UnsafePointer(structure.instances.pointer)
    self.filter = filter
    self.stack = stack
    self.key = key
    world = rays
    self.rays = rays
    // Hits before the limit are those up to the number below it; see `StreamTraversal`.
    t = .zero
    for lane in 0..<8 { t[lane] = limits[lane].nextDown }
    inStream = limits .> Lane.zero
    active = rays.inRange .& inStream
    limit = Lanes.select(active, t, Lane(repeating: -1))
    farthest = glint_greatest8(limit)
    base = top.base
  }

  /// - Parameter first: Number of the first ray in the stream.
  mutating func run(first: Int, sink: S) {
    if top.root != WideTree.none, farthest >= 0 {
      push(-1, WideTree.done)
      push(-1, top.root)
      while visit(pop()) {}
    }
    for lane in 0..<8 {
      sink.put(
        first + lane,
        Hit(t: t[lane], u: u[lane], v: v[lane], instance: instance[lane], triangle: triangle[lane]))
    }
  }

  @inline(__always)
  private mutating func push(_ near: Float, _ reference: UInt32) {
    stack.near[depth] = near
    stack.reference[depth] = reference
    depth &+= 1
  }

  @inline(__always)
  private mutating func pop() -> UInt32 {
    repeat { depth &-= 1 } while stack.near[depth] > farthest
    return stack.reference[depth]
  }

  /// - Returns: Whether there is more to visit.
  @inline(__always)
  private mutating func visit(_ reference: UInt32) -> Bool {
    if reference & WideTree.leafFlag == 0 {
      enterNode(base + Int(reference) &* WideTree.unitByteCount)
    } else if reference < WideTree.leave {
      let place = reference & WideTree.placeMask
      if isInInstance { tryBlock(base + Int(place) &* WideTree.unitByteCount) } else { enterInstance(place) }
    } else if reference == WideTree.leave {
      isInInstance = false
      base = top.base
      rays = world
      setActive(world.inRange .& inStream)
    } else if reference == WideTree.done {
      return false
    }
    return true
  }

  @inline(__always)
  private mutating func setActive(_ mask: Mask) {
    active = S.stopsAtFirst ? mask .& .!isDone : mask
    limit = Lanes.select(active, t, Lane(repeating: -1))
    farthest = glint_greatest8(limit)
  }

  // MARK: - Nodes

  @inline(__always)
  private mutating func enterNode(_ node: UnsafeRawPointer) {
    let bottom = depth
    let references = (node + WideNode.referenceOffset).assumingMemoryBound(to: UInt32.self)
    for child in 0..<8 {
      let reference = references[child]
      if reference == WideTree.none { break }
      @inline(__always) func bound(_ row: Int) -> Float {
        node.load(fromByteOffset: row &* WideNode.rowByteCount &+ 4 &* child, as: Float.self)
      }
      let box = Box(lower: [bound(0), bound(1), bound(2), 0], upper: [bound(3), bound(4), bound(5), 0])
      let (near, far) = rays.interval(box)
      let isHit = near .<= Lanes.lesser(far, limit)
      if Lanes.bits(isHit) == 0 { continue }
      let nearest = glint_least8(Lanes.select(isHit, near, Lane(repeating: .infinity)))
      let place = base + Int(reference & WideTree.placeMask) &* WideTree.unitByteCount
      glint_prefetch(place)
      glint_prefetch(place + 64)
      // Nearest last.
      var slot = depth
      while slot > bottom, stack.near[slot &- 1] < nearest {
        stack.near[slot] = stack.near[slot &- 1]
        stack.reference[slot] = stack.reference[slot &- 1]
        slot &-= 1
      }
      stack.near[slot] = nearest
      stack.reference[slot] = reference
      depth &+= 1
    }
  }

  // MARK: - Triangles

  @inline(__always)
  private mutating func tryBlock(_ block: UnsafeRawPointer) {
    for axis in 0..<3 {
      let isOnAxis = axis == 0 ? rays.isOnAxis.x : axis == 1 ? rays.isOnAxis.y : rays.isOnAxis.z
      if Lanes.bits(active .& isOnAxis) != 0 { tryBlock(block, axis, active .& isOnAxis) }
    }
  }

  /// - Parameter rays: Those whose largest axis it is.
  @inline(__always)
  private mutating func tryBlock(_ block: UnsafeRawPointer, _ axis: Int, _ onAxis: Mask) {
    let (second, third) = (axis == 2 ? 0 : axis + 1, axis == 0 ? 2 : axis - 1)
    for lane in 0..<TriangleBlock.width {
      @inline(__always) func component(_ vertex: Int, _ axis: Int) -> Lane {
        Lane(
          repeating: block.load(
            fromByteOffset: vertex &* TriangleBlock.vertexByteCount &+ axis &* TriangleBlock.rowByteCount &+ 4 &* lane,
            as: Float.self))
      }
      // `TriangleTest.edges`.
      @inline(__always) func sheared(_ vertex: Int) -> (x: Lane, y: Lane, z: Lane) {
        let z = component(vertex, axis) - rays.originZ
        return (
          (component(vertex, second) - rays.originX) - rays.shearX * z,
          (component(vertex, third) - rays.originY) - rays.shearY * z, z
        )
      }
      let (a, b, c) = (sheared(0), sheared(1), sheared(2))
      let e = (x: c.x * b.y - c.y * b.x, y: a.x * c.y - a.y * c.x, z: b.x * a.y - b.y * a.x)
      let zero = Lane.zero
      let same =
        ((e.x .>= zero) .& (e.y .>= zero) .& (e.z .>= zero)) .| ((e.x .<= zero) .& (e.y .<= zero) .& (e.z .<= zero))
      let sum = (e.x + e.y) + e.z
      let isInside = same .& (sum .!= zero) .& onAxis
      if Lanes.bits(isInside) == 0 { continue }
      complete(block, lane, isInside, e, sum, (a.z, b.z, c.z))
    }
  }

  /// `TriangleTest.complete`, and the better hits kept.
  @inline(never)
  private mutating func complete(
    _ block: UnsafeRawPointer, _ lane: Int, _ isInside: Mask, _ e: (x: Lane, y: Lane, z: Lane), _ sum: Lane,
    _ depths: (Lane, Lane, Lane)
  ) {
    let (v0, v1, v2) = EdgeTest.corners(block, lane)
    let (near, far) = rays.interval(TriangleTest.ownBox(v0, v1, v2))
    let z = (e.x * depths.0 + e.y * depths.1) + e.z * depths.2
    var plain = (z / sum) * rays.shearZ
    let tagged = block.load(fromByteOffset: TriangleBlock.indexOffset &+ 4 &* lane, as: UInt32.self)
    if tagged & TriangleBlock.largeFlag != 0 {
      refine(&plain, isInside, sum, depths, (v0, v1, v2))
    }
    let found = Lanes.greater(Lanes.greater(Lanes.lesser(far, plain), near), entry)
    let number = TriangleBlock.triangle(tagged)
    // Minus infinity: no hit, see `refine`.
    let isAhead = isInside .& (near .<= far) .& (found .> Lane.zero) .& (plain .!= Lane(repeating: -.infinity))
    var isBetter = isAhead .& (found .< t)
    var ties = Lanes.bits(isAhead .& (found .== t))
    while ties != 0 {
      let ray = ties.trailingZeroBitCount
      ties &= ties &- 1
      isBetter[ray] =
        instance[ray] != currentInstance ? currentInstance < instance[ray] : number < triangle[ray]
    }
    if Lanes.bits(isBetter) == 0 { return }
    let (weight1, weight2) = (e.y / sum, e.z / sum)
    if F.asksAlways || tagged & TriangleBlock.alphaFlag != 0 {
      for ray in 0..<8 where isBetter[ray] {
        isBetter[ray] = filter.accepts(
          instance: currentInstance, triangle: number, u: weight1[ray], v: weight2[ray], key: key[ray])
      }
    }
    t = Lanes.select(isBetter, found, t)
    u = Lanes.select(isBetter, weight1, u)
    v = Lanes.select(isBetter, weight2, v)
    instance = Lanes.select(isBetter, SIMD8(repeating: currentInstance), instance)
    triangle = Lanes.select(isBetter, SIMD8(repeating: number), triangle)
    if S.stopsAtFirst { isDone = isDone .| isBetter }
    setActive(active)
  }

  /// `TriangleTest.refined` for the rays that are inside.
  @inline(never)
  private func refine(
    _ plain: inout Lane, _ isInside: Mask, _ sum: Lane, _ depths: (Lane, Lane, Lane),
    _ corners: (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>)
  ) {
    let extent = TriangleTest.extent(corners.0, corners.1, corners.2)
    let reach = Lanes.greater(
      Lanes.greater(RayPacket.magnitude(depths.0), RayPacket.magnitude(depths.1)), RayPacket.magnitude(depths.2))
    let isCertain =
      (reach .<= Lane(repeating: extent * TriangleTest.farExtents))
      .& (RayPacket.magnitude(sum) .>= Lane(repeating: extent * extent * TriangleTest.certainShare))
    var left = Lanes.bits(isInside .& .!isCertain)
    while left != 0 {
      let lane = left.trailingZeroBitCount
      left &= left &- 1
      var frame = rays.frame(lane)
      let refined = TriangleTest.refined(
        &frame, plain[lane], sum[lane], SIMD3(depths.0[lane], depths.1[lane], depths.2[lane]), extent, corners.0,
        corners.1, corners.2)
      plain[lane] = refined.sum == refined.sum ? refined.plain : -.infinity
    }
  }

  // MARK: - Instances

  @inline(never)
  private mutating func enterInstance(_ number: UInt32) {
    let record = instances + Int(number)
    let (near, far) = rays.interval(record.pointee.box)
    var entering = active .& (near .<= far) .& (near .<= limit)
    if Lanes.bits(entering) == 0 { return }
    if !record.pointee.isIdentity {
      rays = rays.transformed(record.pointee.worldToObject)
      entering = entering .& rays.inRange
    }
    entry = near
    currentInstance = number
    isInInstance = true
    base = record.pointee.tree.base
    push(-1, WideTree.leave)
    push(-1, record.pointee.tree.root)
    setActive(entering)
  }
}
