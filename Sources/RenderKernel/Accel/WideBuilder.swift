import LaneMath

/// Builds a wide tree over a range of primitives, which it reorders. The result does not depend on the number of threads.
///
/// Top-down with a binned surface area heuristic; of a node's children the one with the largest area is split until there
/// are eight (as Embree does).
struct WideBuilder: ~Copyable {
  /// From this depth of binary splits on ranges are halved by count, which bounds the depth by this plus 32.
  static let heuristicDepth = 32
  static let depthLimit = heuristicDepth + 32
  static let binLimit = 32
  /// Ranges of at least this size are binned by so many tasks.
  static let parallelCount = 1 << 17
  static let binTaskCount = 8

  struct Range: BitwiseCopyable {
    var begin: Int
    var end: Int
    /// End of the free places behind it, for parts of triangles that it cuts.
    var limit: Int
    var box: Box
    /// Of doubled centres.
    var centers: Box
    var depth: Int

    var count: Int { end - begin }
  }

  /// A child that was left to a task of its own.
  struct Deferred {
    /// Byte offset of the reference in the nodes.
    var referenceOffset: Int
    var range: Range
  }

  let primitives: UnsafeMutablePointer<BoxedPrimitive>
  /// Source of the triangles' vertices; nil for a tree whose leaves are the primitives' numbers.
  let mesh: MeshArrays?
  /// By material; none is tested where empty.
  let alphaTested: [Bool]
  /// Ranges of at most this size are left to tasks; zero defers none.
  let deferralCount: Int
  /// Half the surface of the whole tree's box.
  let surface: Float
  /// Threads for what is worth more than one.
  let threadCount: Int

  var nodes: GrowingMemory
  /// First primitive and count of each leaf's, for trees whose leaves are blocks.
  private var leaves: GrowingMemory
  var deferred: [Deferred] = []
  /// In leaves so far.
  private(set) var entryCount = 0

  let bins: UnsafeMutablePointer<Bin>

  /// - Parameter expectedCount: About so many primitives are going to be put into leaves.
  init(
    primitives: UnsafeMutablePointer<BoxedPrimitive>, mesh: MeshArrays?, alphaTested: [Bool], deferralCount: Int,
    surface: Float, expectedCount: Int, threadCount: Int
  ) {
    self.surface = surface
    nodes = GrowingMemory(capacity: 16 * expectedCount)
    leaves = GrowingMemory(capacity: mesh == nil ? 0 : 4 * expectedCount)
    self.primitives = primitives
    self.mesh = mesh
    self.alphaTested = alphaTested
    self.deferralCount = deferralCount
    self.threadCount = threadCount
    bins = .allocate(capacity: WideBuilder.binTaskCount * 3 * WideBuilder.binLimit)
  }

  deinit { bins.deallocate() }

  private var leafCount: Int { mesh == nil ? 1 : TriangleBlock.width }

  static func range(_ primitives: UnsafeMutablePointer<BoxedPrimitive>, count: Int) -> Range {
    var result = Range(begin: 0, end: count, limit: count, box: .empty, centers: .empty, depth: 0)
    for i in 0..<count {
      result.box.formUnion(primitives[i].box)
      result.centers.include(primitives[i].center)
    }
    return result
  }

  /// Makes the tree of a range that is not empty and returns its root.
  mutating func build(_ range: Range) -> UInt32 {
    if range.count <= leafCount { return makeLeaf(range) }
    return withUnsafeTemporaryAllocation(of: Range.self, capacity: 8) { children in
      children.initializeElement(at: 0, to: range)
      var childCount = 1
      while childCount < 8 {
        var widest = -1
        var widestArea: Float = -1
        for i in 0..<childCount where children[i].count > leafCount {
          let area = children[i].box.halfArea
          if area > widestArea {
            widest = i
            widestArea = area
          }
        }
        if widest < 0 {
          // An area that overflowed compares with nothing: take any child that can be split.
          guard let any = (0..<childCount).first(where: { children[$0].count > leafCount }) else { break }
          widest = any
        }
        let (first, second) = split(children[widest])
        children[widest] = first
        children.initializeElement(at: childCount, to: second)
        childCount += 1
      }

      let offset = nodes.byteCount
      writeBoxes(to: nodes.append(byteCount: WideNode.byteCount), children, childCount)
      for i in 0..<childCount {
        let referenceOffset = offset + WideNode.referenceOffset + 4 * i
        if children[i].count <= deferralCount {
          deferred.append(Deferred(referenceOffset: referenceOffset, range: children[i]))
        } else {
          let reference = build(children[i])
          nodes.pointer.storeBytes(of: reference, toByteOffset: referenceOffset, as: UInt32.self)
        }
      }
      return UInt32(offset / WideNode.byteCount)
    }
  }

  /// Writes the children's boxes and empty references.
  private func writeBoxes(
    to node: UnsafeMutableRawPointer, _ children: UnsafeMutableBufferPointer<Range>, _ childCount: Int
  ) {
    node.initializeMemory(as: UInt8.self, repeating: 0, count: WideNode.byteCount)
    for axis in 0..<3 {
      let row = node + axis * WideNode.rowByteCount
      for i in 0..<8 {
        let box = i < childCount ? children[i].box : .empty
        row.storeBytes(of: box.lower[axis], toByteOffset: 4 * i, as: Float.self)
        row.storeBytes(of: box.upper[axis], toByteOffset: WideNode.upperOffset + 4 * i, as: Float.self)
      }
    }
    for i in 0..<8 {
      node.storeBytes(of: WideTree.none, toByteOffset: WideNode.referenceOffset + 4 * i, as: UInt32.self)
    }
  }

  private mutating func makeLeaf(_ range: Range) -> UInt32 {
    entryCount += range.count
    if mesh == nil { return primitives[range.begin].number | WideTree.leafFlag }
    let leaf = Leaf(first: range.begin, count: range.count)
    leaves.append(byteCount: MemoryLayout<Leaf>.stride).storeBytes(of: leaf, as: Leaf.self)
    return UInt32(leafTotal - 1) | WideTree.leafFlag
  }

  private struct Leaf: BitwiseCopyable {
    var first: Int
    var count: Int
  }

  /// Leaves made so far, where they are blocks.
  var leafTotal: Int { leaves.byteCount / MemoryLayout<Leaf>.stride }

  /// Writes the blocks of all leaves; only when the tree is done, because then it is known where to.
  func writeBlocks(to target: UnsafeMutableRawPointer) {
    guard let mesh else { return }
    for index in 0..<leafTotal {
      let leaf = leaves.pointer.load(fromByteOffset: index * MemoryLayout<Leaf>.stride, as: Leaf.self)
      write(leaf, mesh, to: target + index * TriangleBlock.byteCount)
    }
  }

  private func write(_ leaf: Leaf, _ mesh: MeshArrays, to block: UnsafeMutableRawPointer) {
    for lane in 0..<TriangleBlock.width {
      let isUsed = lane < leaf.count
      let number = primitives[leaf.first + (isUsed ? lane : 0)].number
      let triangle = TriangleBlock.triangle(number)
      var (v0, v1, v2) = mesh.corners(Int(triangle))
      if !isUsed { (v1, v2) = (v0, v0) }
      for axis in 0..<3 {
        let row = block + axis * TriangleBlock.rowByteCount + 4 * lane
        row.storeBytes(of: v0[axis], as: Float.self)
        row.storeBytes(of: v1[axis], toByteOffset: TriangleBlock.vertexByteCount, as: Float.self)
        row.storeBytes(of: v2[axis], toByteOffset: 2 * TriangleBlock.vertexByteCount, as: Float.self)
      }
      let material = mesh.materials.isEmpty ? 0 : Int(mesh.materials.pointer[Int(triangle)])
      let isTested = material < alphaTested.count && alphaTested[material]
      block.storeBytes(
        of: number | (isTested ? TriangleBlock.alphaFlag : 0),
        toByteOffset: TriangleBlock.indexOffset + 4 * lane, as: UInt32.self)
    }
  }
}

// MARK: Splitting

extension WideBuilder {
  struct Bin: BitwiseCopyable {
    var box: Box
    var count: Int
  }

  private mutating func split(_ range: Range) -> (Range, Range) {
    let extent = range.centers.upper - range.centers.lower
    let isSplittable = extent .> SIMD4<Float>.zero
    if range.depth >= WideBuilder.heuristicDepth || !(isSplittable[0] || isSplittable[1] || isSplittable[2]) {
      return halve(range)
    }
    let binCount = min(WideBuilder.binLimit, 8 + range.count / 16)
    let origin = range.centers.lower
    // Just under the count, so that the largest centre falls into the last bin. Flat axes have one bin.
    var scale = SIMD4<Float>(repeating: Float(binCount) * 0.9999) / extent
    scale.replace(with: 0, where: .!(isSplittable .& (scale .< SIMD4(repeating: .infinity))))

    fillBins(range, binCount: binCount, origin: origin, scale: scale)

    var bestCost = Float.infinity
    var (bestAxis, bestBin) = (-1, 0)
    for axis in 0..<3 where scale[axis] > 0 {
      let axisBins = bins + axis * binCount
      withUnsafeTemporaryAllocation(of: Float.self, capacity: WideBuilder.binLimit) { rightCosts in
        var box = Box.empty
        var count = 0
        for i in stride(from: binCount - 1, to: 0, by: -1) {
          box.formUnion(axisBins[i].box)
          count += axisBins[i].count
          rightCosts.initializeElement(at: i, to: count == 0 ? .infinity : cost(box, count))
        }
        (box, count) = (.empty, 0)
        for i in 1..<binCount {
          box.formUnion(axisBins[i - 1].box)
          count += axisBins[i - 1].count
          let total = count == 0 ? .infinity : cost(box, count) + rightCosts[i]
          if total < bestCost {
            bestCost = total
            (bestAxis, bestBin) = (axis, i)
          }
        }
      }
    }
    guard bestAxis >= 0 else { return halve(range) }
    if let mesh, range.limit > range.end {
      var (leftBox, rightBox) = (Box.empty, Box.empty)
      for i in 0..<binCount {
        if i < bestBin {
          leftBox.formUnion(bins[bestAxis * binCount + i].box)
        } else {
          rightBox.formUnion(bins[bestAxis * binCount + i].box)
        }
      }
      if leftBox.overlap(rightBox) > surface * WideBuilder.overlapShare,
        let cut = bestCut(range, mesh, below: bestCost * (range.box.halfArea > surface * 0.0625 ? 0.75 : 0.95))
      {
        return divide(range, mesh, cut)
      }
    }
    return partition(range, axis: bestAxis, firstRightBin: bestBin, origin: origin, scale: scale)
  }

  /// Puts the range's primitives into the first `3 × binCount` bins. Large ranges are binned by tasks, whose bins are then put
  /// together: boxes and counts do not depend on how.
  private func fillBins(_ range: Range, binCount: Int, origin: SIMD4<Float>, scale: SIMD4<Float>) {
    guard threadCount > 1, range.count >= WideBuilder.parallelCount else {
      return WideBuilder.fillBins(
        bins, primitives, range.begin, range.end, binCount: binCount, origin: origin, scale: scale)
    }
    let shared = SharedBins(bins: bins, primitives: primitives)
    let stride = (range.count + WideBuilder.binTaskCount - 1) / WideBuilder.binTaskCount
    ParallelTasks.run(count: WideBuilder.binTaskCount, threadCount: threadCount) { task in
      let begin = min(range.end, range.begin + task * stride)
      WideBuilder.fillBins(
        shared.bins + task * 3 * WideBuilder.binLimit, shared.primitives, begin, min(range.end, begin + stride),
        binCount: binCount, origin: origin, scale: scale)
    }
    for task in 1..<WideBuilder.binTaskCount {
      let part = bins + task * 3 * WideBuilder.binLimit
      for i in 0..<3 * binCount {
        bins[i].box.formUnion(part[i].box)
        bins[i].count += part[i].count
      }
    }
  }

  private struct SharedBins: @unchecked Sendable {
    // Sendable because each task writes bins of its own.
    let bins: UnsafeMutablePointer<Bin>
    let primitives: UnsafeMutablePointer<BoxedPrimitive>
  }

  private static func fillBins(
    _ bins: UnsafeMutablePointer<Bin>, _ primitives: UnsafeMutablePointer<BoxedPrimitive>, _ begin: Int, _ end: Int,
    binCount: Int, origin: SIMD4<Float>, scale: SIMD4<Float>
  ) {
    for i in 0..<3 * binCount { bins[i] = Bin(box: .empty, count: 0) }
    let (binsX, binsY, binsZ) = (bins, bins + binCount, bins + 2 * binCount)
    for i in begin..<end {
      let box = primitives[i].box
      let b = (primitives[i].center - origin) * scale
      add(box, to: binsX + Int(b.x))
      add(box, to: binsY + Int(b.y))
      add(box, to: binsZ + Int(b.z))
    }
  }

  @inline(__always)
  private static func add(_ box: Box, to bin: UnsafeMutablePointer<Bin>) {
    bin.pointee.box.formUnion(box)
    bin.pointee.count += 1
  }

  /// Area times blocks to test.
  @inline(__always)
  func cost(_ box: Box, _ count: Int) -> Float {
    box.halfArea * Float((count + leafCount - 1) / leafCount)
  }

  private func partition(
    _ range: Range, axis: Int, firstRightBin: Int, origin: SIMD4<Float>, scale: SIMD4<Float>
  ) -> (Range, Range) {
    var left = Range(begin: range.begin, end: 0, limit: 0, box: .empty, centers: .empty, depth: range.depth + 1)
    var right = Range(
      begin: 0, end: range.end, limit: range.limit, box: .empty, centers: .empty, depth: range.depth + 1)
    var (i, j) = (range.begin, range.end)
    while i < j {
      let p = primitives[i]
      let bin = Int((p.center[axis] - origin[axis]) * scale[axis])
      if bin < firstRightBin {
        left.box.formUnion(p.box)
        left.centers.include(p.center)
        i += 1
      } else {
        right.box.formUnion(p.box)
        right.centers.include(p.center)
        j -= 1
        primitives[i] = primitives[j]
        primitives[j] = p
      }
    }
    left.end = i
    right.begin = i
    spread(&left, &right)
    return (left, right)
  }

  private func halve(_ range: Range) -> (Range, Range) {
    let middle = range.begin + range.count / 2
    var left = WideBuilder.range(primitives + range.begin, count: middle - range.begin)
    (left.begin, left.end, left.limit, left.depth) = (range.begin, middle, middle, range.depth + 1)
    var right = WideBuilder.range(primitives + middle, count: range.end - middle)
    (right.begin, right.end, right.limit, right.depth) = (middle, range.end, range.end, range.depth + 1)
    return (left, right)
  }
}
