import LaneMath

/// A finished wide tree with its memory.
final class OwnedWideTree: Sendable {
  /// At least this many primitives are worth a task of their own. Ranges handed out are at most 1/8 of all, or this.
  private static let taskCount = 2048

  let tree: WideTree
  let primitiveCount: Int
  /// Primitives and parts of primitives in leaves.
  let entryCount: Int
  var byteCount: Int { memory.byteCount }

  /// Nodes, then blocks of triangles, where the leaves are such.
  var bytes: [UInt8] { memory.bytes }

  private let memory: OwnedMemory

  /// Output of one task: a subtree with references of its own.
  private final class Subtree: @unchecked Sendable {
    // Sendable because one task writes it and it is read after all tasks ended.
    var builder: WideBuilder
    let range: WideBuilder.Range
    var root = WideTree.none

    init(builder: consuming WideBuilder, range: WideBuilder.Range) {
      self.builder = builder
      self.range = range
    }
  }

  /// Builds a tree with the same bytes whatever the number of threads.
  init(primitives: PrimitiveList, mesh: MeshArrays?, alphaTested: [Bool], threadCount: Int) {
    let count = primitives.count
    primitiveCount = count
    guard count > 0 else {
      entryCount = 0
      memory = OwnedMemory(byteCount: 0)
      tree = .empty
      return
    }
    // Split serially down to ranges of fixed size, which become tasks; lay the tasks' output out in their order.
    let surface = primitives.bounds.halfArea
    let deferralCount = max(OwnedWideTree.taskCount, count / 8)
    var top = WideBuilder(
      primitives: primitives.pointer, mesh: mesh, alphaTested: alphaTested, deferralCount: deferralCount,
      surface: surface, expectedCount: count <= deferralCount ? count : 0, threadCount: threadCount)
    let topRoot = top.build(
      WideBuilder.Range(
        begin: 0, end: count, limit: min(primitives.capacity, count + count / WideBuilder.partShare + 64),
        box: primitives.bounds, centers: primitives.centers, depth: 0)
    )
    let subtrees = top.deferred.map { deferred in
      Subtree(
        builder: WideBuilder(
          primitives: primitives.pointer, mesh: mesh, alphaTested: alphaTested, deferralCount: 0,
          surface: surface, expectedCount: deferred.range.count, threadCount: 1),
        range: deferred.range)
    }
    // Large ones first, so that threads end together.
    let order = subtrees.indices.sorted { subtrees[$1].range.count < subtrees[$0].range.count }
    ParallelTasks.run(count: subtrees.count, threadCount: threadCount) { index in
      let subtree = subtrees[order[index]]
      subtree.root = subtree.builder.build(subtree.range)
    }

    var nodeByteCount = top.nodes.byteCount
    var blockByteCount = top.leafTotal * TriangleBlock.byteCount
    var bases: [(nodes: Int, blocks: Int)] = []
    for subtree in subtrees {
      bases.append((nodeByteCount, blockByteCount))
      nodeByteCount += subtree.builder.nodes.byteCount
      blockByteCount += subtree.builder.leafTotal * TriangleBlock.byteCount
    }
    // Preconditions are off in this module; a place beyond would be read as another.
    guard (nodeByteCount + blockByteCount) / WideTree.unitByteCount <= Int(WideTree.placeMask) else {
      fatalError("a mesh of \(count) triangles needs more than 64 GiB, the most that its tree can have")
    }
    memory = OwnedMemory(byteCount: nodeByteCount + blockByteCount)
    let target = SendablePointer(memory.pointer)
    let layout = bases
    let blockBase = nodeByteCount
    let hasBlocks = mesh != nil
    @Sendable func place(
      _ builder: borrowing WideBuilder, _ base: (nodes: Int, blocks: Int)
    ) {
      let nodes = target.pointer + base.nodes
      nodes.copyMemory(from: builder.nodes.pointer, byteCount: builder.nodes.byteCount)
      builder.writeBlocks(to: target.pointer + blockBase + base.blocks)
      for node in stride(from: 0, to: builder.nodes.byteCount, by: WideNode.byteCount) {
        for lane in 0..<8 {
          let offset = node + WideNode.referenceOffset + 4 * lane
          let reference = nodes.load(fromByteOffset: offset, as: UInt32.self)
          nodes.storeBytes(
            of: OwnedWideTree.placed(
              reference, nodes: base.nodes, blocks: hasBlocks ? blockBase + base.blocks : nil),
            toByteOffset: offset, as: UInt32.self)
        }
      }
    }
    place(top, (0, 0))
    ParallelTasks.run(count: subtrees.count, threadCount: threadCount) { index in
      place(subtrees[order[index]].builder, layout[order[index]])
    }
    for (deferred, (subtree, base)) in zip(top.deferred, zip(subtrees, layout)) {
      let root = OwnedWideTree.placed(
        subtree.root, nodes: base.nodes, blocks: hasBlocks ? blockBase + base.blocks : nil)
      memory.pointer.storeBytes(of: root, toByteOffset: deferred.referenceOffset, as: UInt32.self)
    }
    entryCount = subtrees.reduce(top.entryCount) { $0 + $1.builder.entryCount }
    tree = WideTree(
      base: UnsafeRawPointer(memory.pointer),
      root: OwnedWideTree.placed(topRoot, nodes: 0, blocks: hasBlocks ? blockBase : nil))
  }

  private struct SendablePointer: @unchecked Sendable {
    // Sendable because tasks write disjoint parts.
    let pointer: UnsafeMutableRawPointer
    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
  }

  /// A builder's reference, which counts nodes and blocks, as one of the finished tree, which has byte offsets.
  ///
  /// - Parameters: Where the builder's nodes and blocks are; nil where leaves are numbers, not blocks.
  private static func placed(_ reference: UInt32, nodes: Int, blocks: Int?) -> UInt32 {
    if reference == WideTree.none { return reference }
    let number = Int(reference & WideTree.placeMask)
    if reference & WideTree.leafFlag == 0 {
      return UInt32((nodes + number * WideNode.byteCount) / WideTree.unitByteCount)
    }
    guard let blocks else { return reference }
    return WideTree.leafFlag | UInt32((blocks + number * TriangleBlock.byteCount) / WideTree.unitByteCount)
  }
}
