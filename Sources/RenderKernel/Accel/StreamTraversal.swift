import CLaneIntrinsics
import LaneMath

/// A ray on its way through the structure.
struct Traveller: BitwiseCopyable {
  /// The ray in the space that it is in.
  var frame: RayFrame
  /// What nodes' grids need of it.
  var grid: RayGrid
  var best: Hit
  /// What it comes to next.
  var current: UInt32
  /// Memory of the tree that it is in.
  var base: UnsafeRawPointer
  var stack: TraversalStack
  /// Entries on the stack.
  var depth: Int32
  /// Offsets in a node of the rows by which the ray enters the children.
  var rowX: Int32
  var rowY: Int32
  var rowZ: Int32
  /// Number in the stream.
  var ray: UInt32
  var key: UInt32
  var instance: UInt32
  /// Where the ray enters the instance's world box.
  var entry: Float
  /// What leaves of the tree are that it is in.
  var leafStep: UInt32

  /// Follows a change of the frame.
  @inline(__always)
  mutating func prepareGrid() {
    grid = RayGrid(frame)
    let (lower, upper) = (Int32(WideNode.boundsOffset), Int32(WideNode.boundsOffset + WideNode.upperOffset))
    rowX = frame.inverse.x > 0 ? lower : upper
    rowY = (frame.inverse.y > 0 ? lower : upper) &+ Int32(WideNode.rowByteCount)
    rowZ = (frame.inverse.z > 0 ? lower : upper) &+ 2 &* Int32(WideNode.rowByteCount)
  }
}

/// A ray as nodes' grids see it: slabs are entered a little earlier and left a little later than `RayFrame` has it, which
/// makes up for the rounding of one more product and sum.
struct RayGrid: BitwiseCopyable {
  /// Beside `RayFrame.originSlack`.
  static let originSlack: Float = 0x1p-20
  /// What denormal results may round by, and more.
  static let tiny: Float = 0x1p-120

  var inverse: SIMD4<Float>
  var nearOffset: SIMD4<Float>
  var farOffset: SIMD4<Float>

  @inline(__always)
  init(_ frame: RayFrame) {
    inverse = frame.inverse
    let offset = -(frame.origin * frame.inverse)
    let slack = SIMD4(repeating: RayGrid.tiny).addingProduct(
      Lanes.magnitude(offset), SIMD4(repeating: RayGrid.originSlack))
    nearOffset = offset - slack
    farOffset = offset + slack
  }
}

extension UnsafeMutablePointer<Traveller> {
  /// One number of the ray's grid in all lanes.
  @inline(__always)
  func lanes(_ part: (RayGrid) -> SIMD4<Float>, _ axis: Int) -> SIMD8<Float> {
    SIMD8(repeating: part(pointee.grid)[axis])
  }
}

/// Distances and references of what a ray has still to see. Distances may be a little smaller than where the boxes begin.
struct TraversalStack: BitwiseCopyable {
  /// A mesh's tree in the tree of instances: eight entries a level, the two ends, and room for a vector's tail.
  static let capacity = 2 * 8 * WideBuilder.depthLimit + 16
  /// An odd number of cache lines, so that stacks do not share sets.
  static let byteCount = (2 * 4 * capacity / 64 | 1) * 64

  let near: UnsafeMutablePointer<Float>
  var reference: UnsafeMutablePointer<UInt32> {
    @inline(__always) get {
      UnsafeMutableRawPointer(near + TraversalStack.capacity).assumingMemoryBound(to: UInt32.self)
    }
  }
}

/// Memory of stream traversals, for one thread at a time.
final class TraversalMemory {
  /// Rays on their way at once: enough to hide memory behind each other's work, few enough for the first-level cache.
  static let width = 32

  let travellers: UnsafeMutablePointer<Traveller>
  /// Frames in the world of rays that are inside an instance.
  let worlds: UnsafeMutablePointer<RayFrame>
  /// Twice a list for each step, each of up to `width` travellers.
  let lists: UnsafeMutablePointer<UInt32>
  private let stacks: UnsafeMutableRawPointer

  init() {
    let width = TraversalMemory.width
    travellers = FlatMemory.allocateZeroed(byteCount: width * MemoryLayout<Traveller>.stride)
      .bindMemory(to: Traveller.self, capacity: width)
    worlds = FlatMemory.allocateZeroed(byteCount: width * MemoryLayout<RayFrame>.stride)
      .bindMemory(to: RayFrame.self, capacity: width)
    lists = FlatMemory.allocateZeroed(byteCount: 6 * width * 4).bindMemory(to: UInt32.self, capacity: 6 * width)
    stacks = FlatMemory.allocateZeroed(byteCount: width * TraversalStack.byteCount)
    for i in 0..<width {
      let stack = stacks + i * TraversalStack.byteCount
      travellers[i].stack = TraversalStack(
        near: stack.bindMemory(to: Float.self, capacity: 2 * TraversalStack.capacity))
    }
  }

  deinit {
    travellers.deallocate()
    worlds.deallocate()
    lists.deallocate()
    stacks.deallocate()
  }
}

/// Sends rays through a structure, some at a time: each takes a step, then each the next. A ray's next node or block is asked
/// for when it is known and used when its turn comes again, so memory is seldom waited for; and because rays that do the
/// same step stand in one list, loops are long and their branches are foreseen.
///
/// The order in which rays, nodes and triangles are tried decides nothing (docs/kernel-traversal.md).
struct StreamTraversal<L: TraversalLanes, F: AlphaFilter, S: HitSink> {
  /// Steps: a node, a block of triangles, and all that is less frequent.
  private static var nodeStep: UInt32 { 0 }
  private static var blockStep: UInt32 { 1 }
  private static var otherStep: UInt32 { 2 }

  private let top: WideTree
  private let instances: UnsafePointer<SceneStructure.Instance>
  private let stream: RayStream
  private let filter: F
  private let sink: S
  private let travellers: UnsafeMutablePointer<Traveller>
  private let worlds: UnsafeMutablePointer<RayFrame>
  /// Travellers by the step that they take, in this round and in the next.
  private var lists: UnsafeMutablePointer<UInt32>
  private var nextLists: UnsafeMutablePointer<UInt32>
  private var nextCounts: InlineArray<3, Int> = [0, 0, 0]
  private var nextRay = 0

  init(_ structure: SceneStructure, _ stream: RayStream, filter: F, sink: S, memory: TraversalMemory) {
    top = structure.wide.tree
    instances = UnsafePointer(structure.instances.pointer)
    self.stream = stream
    self.filter = filter
    self.sink = sink
    travellers = memory.travellers
    worlds = memory.worlds
    lists = memory.lists
    nextLists = memory.lists + 3 * TraversalMemory.width
  }

  mutating func run() {
    for index in 0..<min(stream.count, TraversalMemory.width) { start(UInt32(truncatingIfNeeded: index)) }
    while true {
      let counts = nextCounts
      if counts[0] &+ counts[1] &+ counts[2] == 0 { return }
      swap(&lists, &nextLists)
      nextCounts = [0, 0, 0]
      for i in 0..<counts[0] { enterNode(lists[i]) }
      for i in 0..<counts[1] { tryBlock(lists[TraversalMemory.width &+ i]) }
      for i in 0..<counts[2] { takeOtherStep(lists[2 &* TraversalMemory.width &+ i]) }
    }
  }

  /// Puts a traveller into the list of its next step.
  @inline(__always)
  private mutating func route(_ index: UInt32, _ traveller: UnsafeMutablePointer<Traveller>, _ reference: UInt32) {
    traveller.pointee.current = reference
    let isSpecial = reference >= WideTree.leave
    let leaf = isSpecial ? Self.otherStep : traveller.pointee.leafStep
    let step = reference & WideTree.leafFlag == 0 ? Self.nodeStep : leaf
    let place = traveller.pointee.base + Int(reference & WideTree.placeMask) &* WideTree.unitByteCount
    glint_prefetch(place)
    glint_prefetch(place + 64)
    // The third line of a block; of a node, the second again.
    glint_prefetch(place + Int(64 &+ (reference &>> 31) &* 64))
    let slot = Int(step) &* TraversalMemory.width &+ nextCounts[Int(step)]
    nextLists[slot] = index
    nextCounts[Int(step)] &+= 1
  }

  /// The next entry that starts no later than the best hit. The last one does.
  @inline(__always)
  private func pop(_ traveller: UnsafeMutablePointer<Traveller>) -> UInt32 {
    let stack = traveller.pointee.stack
    let limit = traveller.pointee.best.t
    var depth = Int(traveller.pointee.depth)
    repeat { depth &-= 1 } while stack.near[depth] > limit
    traveller.pointee.depth = Int32(truncatingIfNeeded: depth)
    return stack.reference[depth]
  }

  // MARK: - Nodes

  @inline(__always)
  private mutating func enterNode(_ index: UInt32) {
    let traveller = travellers + Int(index)
    let node = traveller.pointee.base + Int(traveller.pointee.current) &* WideTree.unitByteCount
    let (near, last) = L.areScalar ? intervalsOneByOne(node, traveller) : intervals(node, traveller)
    let isHit = near .<= last
    let references = (node + WideNode.referenceOffset).assumingMemoryBound(to: UInt32.self)
    let depth = Int(traveller.pointee.depth)
    let stack = traveller.pointee.stack
    let bits = Lanes.bits(isHit)
    if S.stopsAtFirst {
      glint_store_hits8(near, bits, references, stack.near + depth, stack.reference + depth)
    } else {
      glint_store_farthest_first8(
        near, unsafeBitCast(isHit, to: SIMD8<Int32>.self), references, stack.near + depth, stack.reference + depth)
    }
    traveller.pointee.depth = Int32(truncatingIfNeeded: depth &+ bits.nonzeroBitCount)
    route(index, traveller, pop(traveller))
  }

  /// What `RayFrame.interval` gives for the children's boxes or boxes round them, the far ends cut at the best hit.
  @inline(__always)
  private func intervals(
    _ node: UnsafeRawPointer, _ traveller: UnsafeMutablePointer<Traveller>
  ) -> (near: SIMD8<Float>, last: SIMD8<Float>) {
    @inline(__always)
    func slab(_ axis: Int, _ row: Int) -> (enter: SIMD8<Float>, leave: SIMD8<Float>) {
      let inverse = traveller.lanes({ $0.inverse }, axis)
      let origin = WideNode.lanes(node, WideNode.originOffset, axis)
      let step = WideNode.lanes(node, WideNode.stepOffset, axis) * inverse
      let near = traveller.lanes({ $0.nearOffset }, axis).addingProduct(origin, inverse)
      let far = traveller.lanes({ $0.farOffset }, axis).addingProduct(origin, inverse)
      return (
        near.addingProduct(glint_load_bytes8(node + row), step),
        far.addingProduct(glint_load_bytes8(node + WideNode.oppositeRow(row, axis: axis)), step)
      )
    }
    let (enterX, leaveX) = slab(0, Int(traveller.pointee.rowX))
    let (enterY, leaveY) = slab(1, Int(traveller.pointee.rowY))
    let (enterZ, leaveZ) = slab(2, Int(traveller.pointee.rowZ))
    let near = Lanes.greater(Lanes.greater(enterX, enterY), Lanes.greater(enterZ, SIMD8<Float>.zero))
    let far = Lanes.lesser(Lanes.lesser(leaveX, leaveY), leaveZ) * RayFrame.farScale
    return (near, Lanes.lesser(far, SIMD8(repeating: traveller.pointee.best.t)))
  }

  @inline(never)
  private func intervalsOneByOne(
    _ node: UnsafeRawPointer, _ traveller: UnsafeMutablePointer<Traveller>
  ) -> (near: SIMD8<Float>, last: SIMD8<Float>) {
    let grid = traveller.pointee.grid
    var near = SIMD8<Float>.zero
    var last = SIMD8<Float>.zero
    let rows = (Int(traveller.pointee.rowX), Int(traveller.pointee.rowY), Int(traveller.pointee.rowZ))
    for lane in 0..<8 {
      func slab(_ axis: Int, _ row: Int) -> (enter: Float, leave: Float) {
        func value(_ offset: Int) -> Float { node.load(fromByteOffset: offset + 4 * axis, as: Float.self) }
        func byte(_ row: Int) -> Float { Float(node.load(fromByteOffset: row + lane, as: UInt8.self)) }
        let (inverse, origin) = (grid.inverse[axis], value(WideNode.originOffset))
        let step = value(WideNode.stepOffset) * inverse
        return (
          grid.nearOffset[axis].addingProduct(origin, inverse).addingProduct(byte(row), step),
          grid.farOffset[axis].addingProduct(origin, inverse)
            .addingProduct(byte(WideNode.oppositeRow(row, axis: axis)), step)
        )
      }
      let (x, y, z) = (slab(0, rows.0), slab(1, rows.1), slab(2, rows.2))
      near[lane] = Lanes.greater(Lanes.greater(x.enter, y.enter), Lanes.greater(z.enter, 0))
      let leave = Lanes.lesser(Lanes.lesser(x.leave, y.leave), z.leave) * RayFrame.farScale
      last[lane] = Lanes.lesser(leave, traveller.pointee.best.t)
    }
    return (near, last)
  }

  // MARK: - Triangles

  @inline(__always)
  private mutating func tryBlock(_ index: UInt32) {
    let traveller = travellers + Int(index)
    let block =
      traveller.pointee.base + Int(traveller.pointee.current & WideTree.placeMask) &* WideTree.unitByteCount
    var inside =
      L.areScalar
      ? insideOneByOne(block, traveller) : EdgeTest.inside(block, UnsafePointer(traveller))
    while inside != 0 {
      let lane = inside.trailingZeroBitCount
      inside &= inside &- 1
      if complete(block, lane, traveller), S.stopsAtFirst {
        return route(index, traveller, WideTree.done)
      }
    }
    route(index, traveller, pop(traveller))
  }

  /// The second half of the test, for one lane.
  @inline(__always)
  private func complete(
    _ block: UnsafeRawPointer, _ lane: Int, _ traveller: UnsafeMutablePointer<Traveller>
  ) -> Bool {
    let (v0, v1, v2) = EdgeTest.corners(block, lane)
    let (depths, edges) = TriangleTest.edges(traveller.pointee.frame, v0, v1, v2)
    guard
      let hit = TriangleTest.complete(
        traveller.pointee.frame, entry: traveller.pointee.entry, v0, v1, v2, depths: depths, edges: edges)
    else { return false }
    let tagged = block.load(fromByteOffset: TriangleBlock.indexOffset &+ 4 &* lane, as: UInt32.self)
    let triangle = tagged & ~TriangleBlock.alphaFlag
    let instance = traveller.pointee.instance
    guard traveller.pointee.best.isAfter(t: hit.x, instance: instance, triangle: triangle) else { return false }
    if tagged & TriangleBlock.alphaFlag != 0,
      !filter.accepts(instance: instance, triangle: triangle, u: hit.y, v: hit.z, key: traveller.pointee.key)
    {
      return false
    }
    traveller.pointee.best = Hit(t: hit.x, u: hit.y, v: hit.z, instance: instance, triangle: triangle)
    return true
  }

  /// What `EdgeTest.inside` finds, one triangle at a time.
  @inline(never)
  private func insideOneByOne(_ block: UnsafeRawPointer, _ traveller: UnsafeMutablePointer<Traveller>) -> UInt32 {
    var bits: UInt32 = 0
    for lane in 0..<4 {
      let (v0, v1, v2) = EdgeTest.corners(block, lane)
      if TriangleTest.isInside(TriangleTest.edges(traveller.pointee.frame, v0, v1, v2).edges) {
        bits |= 1 << UInt32(lane)
      }
    }
    return bits
  }

  // MARK: - The rest

  @inline(never)
  private mutating func takeOtherStep(_ index: UInt32) {
    let traveller = travellers + Int(index)
    switch traveller.pointee.current {
    case WideTree.done:
      sink.put(Int(traveller.pointee.ray), traveller.pointee.best)
      start(index)
    case WideTree.leave:
      traveller.pointee.base = top.base
      traveller.pointee.leafStep = Self.otherStep
      if !(instances + Int(traveller.pointee.instance)).pointee.isIdentity {
        traveller.pointee.frame = worlds[Int(index)]
        traveller.pointee.prepareGrid()
      }
      route(index, traveller, pop(traveller))
    case WideTree.none:
      route(index, traveller, pop(traveller))
    default:
      enterInstance(index, traveller)
    }
  }

  @inline(__always)
  private mutating func enterInstance(_ index: UInt32, _ traveller: UnsafeMutablePointer<Traveller>) {
    let number = traveller.pointee.current & WideTree.placeMask
    let instance = instances + Int(number)
    guard let (ray, entry) = instance.pointee.enter(traveller.pointee.frame, limit: traveller.pointee.best.t) else {
      return route(index, traveller, pop(traveller))
    }
    if !instance.pointee.isIdentity {
      worlds[Int(index)] = traveller.pointee.frame
      traveller.pointee.frame = ray
      traveller.pointee.prepareGrid()
    }
    traveller.pointee.instance = number
    traveller.pointee.entry = entry
    traveller.pointee.base = instance.pointee.tree.base
    traveller.pointee.leafStep = Self.blockStep
    // Nothing to come back to where the instance is all there is.
    if top.root & WideTree.leafFlag == 0 {
      let depth = Int(traveller.pointee.depth)
      traveller.pointee.stack.near[depth] = -1
      traveller.pointee.stack.reference[depth] = WideTree.leave
      traveller.pointee.depth &+= 1
    }
    route(index, traveller, instance.pointee.tree.root)
  }

  /// Lets a traveller take the next ray of the stream that can hit anything.
  @inline(__always)
  private mutating func start(_ index: UInt32) {
    let traveller = travellers + Int(index)
    while nextRay < stream.count {
      let number = nextRay
      nextRay &+= 1
      let limit = stream.limits.map { $0[number] } ?? .infinity
      guard limit > 0, top.root != WideTree.none,
        let frame = RayFrame(
          origin: SIMD3(stream.originX[number], stream.originY[number], stream.originZ[number]),
          direction: SIMD3(stream.directionX[number], stream.directionY[number], stream.directionZ[number]))
      else {
        sink.put(number, .miss)
        continue
      }
      traveller.pointee.frame = frame
      traveller.pointee.prepareGrid()
      // Hits before the limit are those up to the number below it. It carries the largest identity: it precedes no hit.
      traveller.pointee.best = Hit(t: limit.nextDown, u: 0, v: 0, instance: .max, triangle: .max)
      traveller.pointee.base = top.base
      traveller.pointee.leafStep = Self.otherStep
      traveller.pointee.ray = UInt32(truncatingIfNeeded: number)
      traveller.pointee.key = stream.keys.map { $0[number] } ?? 0
      traveller.pointee.stack.near[0] = -1
      traveller.pointee.stack.reference[0] = WideTree.done
      traveller.pointee.depth = 1
      if top.root & WideTree.leafFlag == 0 { return route(index, traveller, top.root) }
      traveller.pointee.current = top.root
      return enterInstance(index, traveller)
    }
  }
}

/// The first half of the triangle test over a block.
enum EdgeTest {
  /// `TriangleTest.edges` and `isInside` of four triangles, as bits.
  @inline(__always)
  static func inside(_ block: UnsafeRawPointer, _ traveller: UnsafePointer<Traveller>) -> UInt32 {
    let rowX = block + traveller.pointee.frame.axisX &* TriangleBlock.rowByteCount
    let rowY = block + traveller.pointee.frame.axisY &* TriangleBlock.rowByteCount
    let rowZ = block + traveller.pointee.frame.axisZ &* TriangleBlock.rowByteCount
    let originX = SIMD4(repeating: traveller.pointee.frame.originX)
    let originY = SIMD4(repeating: traveller.pointee.frame.originY)
    let originZ = SIMD4(repeating: traveller.pointee.frame.originZ)
    let shearX = SIMD4(repeating: traveller.pointee.frame.shearX)
    let shearY = SIMD4(repeating: traveller.pointee.frame.shearY)
    @inline(__always) func sheared(_ number: Int) -> (SIMD4<Float>, SIMD4<Float>) {
      let offset = number &* TriangleBlock.vertexByteCount
      let z = rowZ.load(fromByteOffset: offset, as: SIMD4<Float>.self) - originZ
      return (
        (rowX.load(fromByteOffset: offset, as: SIMD4<Float>.self) - originX) - shearX * z,
        (rowY.load(fromByteOffset: offset, as: SIMD4<Float>.self) - originY) - shearY * z
      )
    }
    let (ax, ay) = sheared(0)
    let (bx, by) = sheared(1)
    let (cx, cy) = sheared(2)
    let u = cx * by - cy * bx
    let v = ax * cy - ay * cx
    let w = bx * ay - by * ax
    let zero = SIMD4<Float>.zero
    let same = ((u .>= zero) .& (v .>= zero) .& (w .>= zero)) .| ((u .<= zero) .& (v .<= zero) .& (w .<= zero))
    return Lanes.bits(same .& (((u + v) + w) .!= zero))
  }

  @inline(__always)
  static func corners(_ block: UnsafeRawPointer, _ lane: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let column = block + 4 &* lane
    @inline(__always) func vertex(_ number: Int) -> SIMD4<Float> {
      let rows = column + number &* TriangleBlock.vertexByteCount
      return SIMD4(
        rows.load(as: Float.self), rows.load(fromByteOffset: TriangleBlock.rowByteCount, as: Float.self),
        rows.load(fromByteOffset: 2 * TriangleBlock.rowByteCount, as: Float.self), 0)
    }
    return (vertex(0), vertex(1), vertex(2))
  }
}
