import CLaneIntrinsics
import LaneMath

/// A ray on its way through the structure.
struct Traveller: BitwiseCopyable {
  /// The ray in the space that it is in.
  var frame: RayFrame
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
  mutating func prepareRows() {
    let (row, upper) = (Int32(WideNode.rowByteCount), Int32(WideNode.upperOffset))
    rowX = frame.inverse.x > 0 ? 0 : upper
    rowY = (frame.inverse.y > 0 ? 0 : upper) &+ row
    rowZ = (frame.inverse.z > 0 ? 0 : upper) &+ 2 &* row
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
  /// Of the next eight rays.
  let frames: UnsafeMutablePointer<RayFrame>
  /// For rays that travel together.
  let packetStack: TraversalStack
  private let stacks: UnsafeMutableRawPointer

  init() {
    let width = TraversalMemory.width
    travellers = FlatMemory.allocateZeroed(byteCount: width * MemoryLayout<Traveller>.stride)
      .bindMemory(to: Traveller.self, capacity: width)
    worlds = FlatMemory.allocateZeroed(byteCount: width * MemoryLayout<RayFrame>.stride)
      .bindMemory(to: RayFrame.self, capacity: width)
    frames = FlatMemory.allocateZeroed(byteCount: 8 * MemoryLayout<RayFrame>.stride)
      .bindMemory(to: RayFrame.self, capacity: 8)
    lists = FlatMemory.allocateZeroed(byteCount: 8 * width * 4).bindMemory(to: UInt32.self, capacity: 8 * width)
    stacks = FlatMemory.allocateZeroed(byteCount: (width + 1) * TraversalStack.byteCount)
    packetStack = TraversalStack(
      near: (stacks + width * TraversalStack.byteCount)
        .bindMemory(to: Float.self, capacity: 2 * TraversalStack.capacity))
    for i in 0..<width {
      let stack = stacks + i * TraversalStack.byteCount
      travellers[i].stack = TraversalStack(
        near: stack.bindMemory(to: Float.self, capacity: 2 * TraversalStack.capacity))
    }
  }

  deinit {
    travellers.deallocate()
    worlds.deallocate()
    frames.deallocate()
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
  private let structure: SceneStructure
  /// Origins of rays that travel together are within this of each other.
  private let originSpread: Float
  private let packetStack: TraversalStack
  /// Frames of the last eight rays before `framesEnd`.
  private let frames: UnsafeMutablePointer<RayFrame>
  private var framesInRange: UInt32 = 0
  private var framesEnd = 0
  private let filter: F
  private let sink: S
  private let travellers: UnsafeMutablePointer<Traveller>
  private let worlds: UnsafeMutablePointer<RayFrame>
  /// Travellers by the step that they take, in this round and in the next.
  private var lists: UnsafeMutablePointer<UInt32>
  private var nextLists: UnsafeMutablePointer<UInt32>
  private var nextCounts: InlineArray<3, Int> = [0, 0, 0]
  private var nextRay = 0
  /// Travellers that are inside of a triangle's edges; then of which triangles of their block.
  private let insideLists: UnsafeMutablePointer<UInt32>
  private var insideCount = 0

  init(_ structure: SceneStructure, _ stream: RayStream, filter: F, sink: S, memory: TraversalMemory) {
    top = structure.wide.tree
    instances = UnsafePointer(structure.instances.pointer)
    self.stream = stream
    self.structure = structure
    let extent = structure.bounds.upper - structure.bounds.lower
    originSpread = Lanes.greater(Lanes.greater(extent.x, extent.y), extent.z) * 0x1p-6
    packetStack = memory.packetStack
    frames = memory.frames
    self.filter = filter
    self.sink = sink
    travellers = memory.travellers
    worlds = memory.worlds
    lists = memory.lists
    nextLists = memory.lists + 3 * TraversalMemory.width
    insideLists = memory.lists + 6 * TraversalMemory.width
  }

  mutating func run() {
    for index in 0..<min(stream.count, TraversalMemory.width) { start(UInt32(truncatingIfNeeded: index)) }
    while true {
      let counts = nextCounts
      if counts[0] &+ counts[1] &+ counts[2] == 0 { return }
      swap(&lists, &nextLists)
      nextCounts = [0, 0, 0]
      // First what has no branches, for all; then what has some: those who foresaw one wrongly find all else done.
      let blocks = lists + TraversalMemory.width
      for i in 0..<counts[0] { enterNode(lists[i]) }
      for i in 0..<counts[0] { goOn(lists[i]) }
      insideCount = 0
      for i in 0..<counts[1] { enterBlock(blocks[i]) }
      for i in 0..<insideCount { completeBlock(insideLists[i], insideLists[TraversalMemory.width &+ i]) }
      for i in 0..<counts[1] { goOn(blocks[i]) }
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
    glint_prefetch(place + 128)
    glint_prefetch(place + 192)
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

  /// Sends a traveller to what is next on its stack.
  @inline(__always)
  private mutating func goOn(_ index: UInt32) {
    let traveller = travellers + Int(index)
    route(index, traveller, pop(traveller))
  }

  // MARK: - Packets

  /// Answers the next eight rays if they go the same way; if not, makes their frames.
  @inline(never)
  private mutating func takeEight() -> Bool {
    @inline(__always) func lanes(_ numbers: UnsafePointer<Float>) -> SIMD8<Float> {
      UnsafeRawPointer(numbers + nextRay).loadUnaligned(as: SIMD8<Float>.self)
    }
    // Beyond what the processor fetches by itself.
    @inline(__always) func ask(_ numbers: UnsafePointer<Float>) { glint_prefetch(numbers + nextRay + 32) }
    ask(stream.directionX)
    ask(stream.directionY)
    ask(stream.directionZ)
    ask(stream.originX)
    ask(stream.originY)
    ask(stream.originZ)
    if let limits = stream.limits { ask(limits) }
    let direction = (x: lanes(stream.directionX), y: lanes(stream.directionY), z: lanes(stream.directionZ))
    @inline(__always) func isNarrow(_ a: SIMD8<Float>, _ limit: Float) -> Bool {
      glint_greatest8(a) - glint_least8(a) <= limit
    }
    let length = Lanes.greater(
      Lanes.greater(direction.x[0].magnitude, direction.y[0].magnitude), direction.z[0].magnitude)
    let spread = length * 0x1p-4
    let origin = (x: lanes(stream.originX), y: lanes(stream.originY), z: lanes(stream.originZ))
    let rays = RayPacket(origin: origin, direction: direction)
    guard isNarrow(direction.x, spread), isNarrow(direction.y, spread), isNarrow(direction.z, spread),
      isNarrow(origin.x, originSpread), isNarrow(origin.y, originSpread), isNarrow(origin.z, originSpread)
    else {
      rays.store(to: frames)
      sink.prepare(nextRay)
      framesInRange = Lanes.bits(rays.inRange)
      framesEnd = nextRay &+ 8
      return false
    }
    let limits = stream.limits.map { lanes($0) } ?? SIMD8(repeating: .infinity)
    let keys = stream.keys.map { UnsafeRawPointer($0 + nextRay).loadUnaligned(as: SIMD8<UInt32>.self) } ?? .zero
    var packet = PacketTraversal<F, S>(
      structure, rays, limits: limits, key: keys, filter: filter, stack: packetStack)
    packet.run(first: nextRay, sink: sink)
    nextRay &+= 8
    return true
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
    let count = bits.nonzeroBitCount
    if S.stopsAtFirst {
      glint_store_hits8(near, bits, references, stack.near + depth, stack.reference + depth)
    } else {
      glint_store_farthest_first8(
        near, unsafeBitCast(isHit, to: SIMD8<Int32>.self), references, stack.near + depth, stack.reference + depth)
    }
    traveller.pointee.depth = Int32(truncatingIfNeeded: depth &+ Int(count))
  }

  /// What `RayFrame.interval` gives for the children's boxes, the far ends cut at the best hit.
  @inline(__always)
  private func intervals(
    _ node: UnsafeRawPointer, _ traveller: UnsafeMutablePointer<Traveller>
  ) -> (near: SIMD8<Float>, last: SIMD8<Float>) {
    @inline(__always)
    func slab(_ axis: Int, _ row: Int) -> (enter: SIMD8<Float>, leave: SIMD8<Float>) {
      let inverse = SIMD8(repeating: traveller.pointee.frame.inverse[axis])
      let near = SIMD8(repeating: traveller.pointee.frame.nearOffset[axis])
      let far = SIMD8(repeating: traveller.pointee.frame.farOffset[axis])
      return (
        near.addingProduct(node.load(fromByteOffset: row, as: SIMD8<Float>.self), inverse),
        far.addingProduct(
          node.load(fromByteOffset: WideNode.oppositeRow(row, axis: axis), as: SIMD8<Float>.self), inverse)
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
    var near = SIMD8<Float>.zero
    var last = SIMD8<Float>.zero
    for lane in 0..<8 {
      func bound(_ row: Int) -> Float {
        node.load(fromByteOffset: row * WideNode.rowByteCount + 4 * lane, as: Float.self)
      }
      let box = Box(lower: [bound(0), bound(1), bound(2), 0], upper: [bound(3), bound(4), bound(5), 0])
      let interval = traveller.pointee.frame.interval(box)
      near[lane] = interval.near
      last[lane] = Lanes.lesser(interval.far, traveller.pointee.best.t)
    }
    return (near, last)
  }

  // MARK: - Triangles

  /// Looks which triangles of its block a traveller is inside of, and puts it into the list of those that may be hits.
  @inline(__always)
  private mutating func enterBlock(_ index: UInt32) {
    let traveller = travellers + Int(index)
    let block = place(traveller)
    let inside =
      L.areScalar ? insideOneByOne(block, traveller) : EdgeTest.inside(block, UnsafePointer(traveller))
    insideLists[insideCount] = index
    insideLists[TraversalMemory.width &+ insideCount] = inside
    // The sign of minus a count of at most 255: no branch.
    insideCount &+= Int((0 &- inside) >> 31)
  }

  /// The block that a traveller is at.
  @inline(__always)
  private func place(_ traveller: UnsafeMutablePointer<Traveller>) -> UnsafeRawPointer {
    traveller.pointee.base + Int(traveller.pointee.current & WideTree.placeMask) &* WideTree.unitByteCount
  }

  /// The second half of the test, for the triangles that the ray is inside of.
  @inline(__always)
  private mutating func completeBlock(_ index: UInt32, _ inside: UInt32) {
    let traveller = travellers + Int(index)
    let block = place(traveller)
    var left = inside
    while left != 0 {
      let lane = left.trailingZeroBitCount
      left &= left &- 1
      let (v0, v1, v2) = EdgeTest.corners(block, lane)
      let (depths, edges) = EdgeTest.edges(block, lane, UnsafePointer(traveller))
      let tagged = block.load(fromByteOffset: TriangleBlock.indexOffset &+ 4 &* lane, as: UInt32.self)
      let hit = TriangleTest.distance(
        &traveller.pointee.frame, entry: traveller.pointee.entry, v0, v1, v2, depths: depths, edges: edges,
        isLarge: tagged & TriangleBlock.largeFlag != 0)
      if hit.t <= traveller.pointee.best.t, hit.t > 0, hit.sum == hit.sum {
        take(tagged, hit.t, edges.y / hit.sum, edges.z / hit.sum, traveller)
      }
    }
  }

  /// Makes a triangle's hit the ray's if it precedes the one that the ray has.
  @inline(__always)
  private func take(
    _ tagged: UInt32, _ t: Float, _ u: Float, _ v: Float, _ traveller: UnsafeMutablePointer<Traveller>
  ) {
    let triangle = TriangleBlock.triangle(tagged)
    let instance = traveller.pointee.instance
    guard traveller.pointee.best.isAfter(t: t, instance: instance, triangle: triangle) else { return }
    if F.asksAlways || tagged & TriangleBlock.alphaFlag != 0,
      !filter.accepts(instance: instance, triangle: triangle, u: u, v: v, key: traveller.pointee.key)
    {
      return
    }
    traveller.pointee.best = Hit(t: t, u: u, v: v, instance: instance, triangle: triangle)
    // Nothing is left but the stack's end.
    if S.stopsAtFirst { traveller.pointee.depth = 1 }
  }

  /// What `EdgeTest.inside` finds, one triangle at a time.
  @inline(never)
  private func insideOneByOne(_ block: UnsafeRawPointer, _ traveller: UnsafeMutablePointer<Traveller>) -> UInt32 {
    var bits: UInt32 = 0
    for lane in 0..<TriangleBlock.width {
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
        traveller.pointee.prepareRows()
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
    let (entry, exit) = traveller.pointee.frame.interval(instance.pointee.box)
    guard entry <= Lanes.lesser(exit, traveller.pointee.best.t) else {
      return route(index, traveller, pop(traveller))
    }
    if !instance.pointee.isIdentity {
      guard let ray = instance.pointee.transformed(traveller.pointee.frame) else {
        return route(index, traveller, pop(traveller))
      }
      worlds[Int(index)] = traveller.pointee.frame
      traveller.pointee.frame = ray
      traveller.pointee.prepareRows()
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

  /// - Returns: Whether the ray is in range.
  @inline(__always)
  private func takeFrame(of number: Int, _ traveller: UnsafeMutablePointer<Traveller>) -> Bool {
    if number < framesEnd {
      UnsafeMutableRawPointer(traveller).copyMemory(
        from: frames + (number & 7), byteCount: MemoryLayout<RayFrame>.size)
      return framesInRange >> UInt32(truncatingIfNeeded: number & 7) & 1 != 0
    }
    guard
      let frame = RayFrame(
        origin: SIMD3(stream.originX[number], stream.originY[number], stream.originZ[number]),
        direction: SIMD3(stream.directionX[number], stream.directionY[number], stream.directionZ[number]))
    else { return false }
    traveller.pointee.frame = frame
    return true
  }

  /// Lets a traveller take the next ray of the stream that can hit anything.
  @inline(__always)
  private mutating func start(_ index: UInt32) {
    let traveller = travellers + Int(index)
    while nextRay < stream.count {
      if !L.areScalar, nextRay & 7 == 0, nextRay &+ 8 <= stream.count, takeEight() { continue }
      let number = nextRay
      nextRay &+= 1
      let limit = stream.limits.map { $0[number] } ?? .infinity
      guard limit > 0, top.root != WideTree.none, takeFrame(of: number, traveller) else {
        sink.put(number, .miss)
        continue
      }
      traveller.pointee.prepareRows()
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
