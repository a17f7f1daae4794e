import LaneMath

/// A finished wide tree with its memory.
final class OwnedWideTree: Sendable {
  /// At least this many primitives are worth a task of their own. Ranges handed out are at most 1/64 of all, or this.
  private static let taskCount = 2048

  let tree: WideTree
  /// Blocks of triangles, where the leaves are such.
  var blocks: UnsafeRawPointer { UnsafeRawPointer(blockMemory.pointer) }
  var byteCount: Int { nodeMemory.byteCount + blockMemory.byteCount }

  /// Nodes, then blocks.
  var bytes: [UInt8] { nodeMemory.bytes + blockMemory.bytes }

  private let nodeMemory: OwnedMemory
  private let blockMemory: OwnedMemory

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
  init(primitives: FlatBuffer<BoxedPrimitive>, count: Int, mesh: MeshArrays?, alphaTested: [Bool], threadCount: Int) {
    guard count > 0 else {
      nodeMemory = OwnedMemory(byteCount: 0)
      blockMemory = OwnedMemory(byteCount: 0)
      tree = WideTree(nodes: UnsafeRawPointer(nodeMemory.pointer), root: WideTree.none)
      return
    }
    // Split serially down to ranges of fixed size, which become tasks; lay the tasks' output out in their order.
    let deferralCount = max(OwnedWideTree.taskCount, count / 64)
    var top = WideBuilder(
      primitives: primitives.pointer, mesh: mesh, alphaTested: alphaTested, deferralCount: deferralCount)
    let topRoot = top.build(WideBuilder.range(primitives.pointer, count: count))
    let subtrees = top.deferred.map { deferred in
      Subtree(
        builder: WideBuilder(
          primitives: primitives.pointer, mesh: mesh, alphaTested: alphaTested, deferralCount: 0),
        range: deferred.range)
    }
    ParallelTasks.run(count: subtrees.count, threadCount: threadCount) { index in
      let subtree = subtrees[index]
      subtree.root = subtree.builder.build(subtree.range)
    }

    var nodeByteCount = top.nodes.byteCount
    var blockByteCount = top.blocks.byteCount
    var bases: [(nodes: Int, blocks: Int)] = []
    for subtree in subtrees {
      bases.append((nodeByteCount, blockByteCount))
      nodeByteCount += subtree.builder.nodes.byteCount
      blockByteCount += subtree.builder.blocks.byteCount
    }
    nodeMemory = OwnedMemory(byteCount: nodeByteCount)
    blockMemory = OwnedMemory(byteCount: blockByteCount)
    let (nodes, blocks) = (nodeMemory.pointer, blockMemory.pointer)
    let layout = bases
    let relocatesLeaves = mesh != nil

    for (deferred, (subtree, base)) in zip(top.deferred, zip(subtrees, layout)) {
      let root = OwnedWideTree.relocated(subtree.root, base: base, leaves: relocatesLeaves)
      top.nodes.pointer.storeBytes(of: root, toByteOffset: deferred.referenceOffset, as: UInt32.self)
    }
    nodes.copyMemory(from: top.nodes.pointer, byteCount: top.nodes.byteCount)
    blocks.copyMemory(from: top.blocks.pointer, byteCount: top.blocks.byteCount)
    let target = SendablePointers(nodes: nodes, blocks: blocks)
    ParallelTasks.run(count: subtrees.count, threadCount: threadCount) { index in
      let (subtree, base) = (subtrees[index], layout[index])
      let nodes = target.nodes + base.nodes
      nodes.copyMemory(from: subtree.builder.nodes.pointer, byteCount: subtree.builder.nodes.byteCount)
      (target.blocks + base.blocks).copyMemory(
        from: subtree.builder.blocks.pointer, byteCount: subtree.builder.blocks.byteCount)
      for node in stride(from: 0, to: subtree.builder.nodes.byteCount, by: WideNode.byteCount) {
        for lane in 0..<8 {
          let offset = node + WideNode.referenceOffset + 4 * lane
          let reference = nodes.load(fromByteOffset: offset, as: UInt32.self)
          nodes.storeBytes(
            of: OwnedWideTree.relocated(reference, base: base, leaves: relocatesLeaves), toByteOffset: offset,
            as: UInt32.self)
        }
      }
    }
    tree = WideTree(nodes: UnsafeRawPointer(nodes), root: topRoot)
  }

  private struct SendablePointers: @unchecked Sendable {
    // Sendable because tasks write disjoint parts.
    let nodes: UnsafeMutableRawPointer
    let blocks: UnsafeMutableRawPointer
  }

  private static func relocated(_ reference: UInt32, base: (nodes: Int, blocks: Int), leaves: Bool) -> UInt32 {
    if reference == WideTree.none { return reference }
    if reference & WideTree.leafFlag == 0 { return reference + UInt32(base.nodes / WideNode.byteCount) }
    return leaves ? reference + UInt32(base.blocks / TriangleBlock.byteCount) : reference
  }
}
