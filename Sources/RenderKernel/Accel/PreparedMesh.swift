import LaneMath

/// A mesh with its acceleration structure. Immutable; shared by instances, frames and threads.
public final class PreparedMesh: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  public let mesh: MeshArrays
  public let kind: AccelerationKind
  let box: Box
  /// Zero where no triangle is see-through.
  let alphaFlags: [Bool]
  let nodes: FlatBuffer<WideNode>
  let blocks: FlatBuffer<TriangleBlock>
  let binaryNodes: FlatBuffer<BinaryNode>
  /// Triangles in the order of the binary nodes' leaves.
  let binaryOrder: FlatBuffer<UInt32>

  /// - Parameter alphaTested: For each material of the scene, whether the alpha filter is to be asked.
  public init(_ mesh: MeshArrays, alphaTested: [Bool], kind: AccelerationKind = .wide, threadCount: Int = 1) {
    self.mesh = mesh
    self.kind = kind
    var anyAlpha = false
    for flag in alphaTested where flag { anyAlpha = true }
    alphaFlags = anyAlpha ? alphaTested : []
    let count = mesh.triangleCount
    let boxes = FlatBuffer<Box>(count: count) { boxes in
      for i in 0..<count {
        let (v0, v1, v2) = PreparedMesh.vertices(mesh, i)
        boxes[i] = Box(lo: lower(lower(v0, v1), v2), hi: upper(upper(v0, v1), v2))
      }
    }
    var all = Box()
    for i in 0..<count { all.include(boxes.pointer[i]) }
    box = all
    switch kind {
    case .wide:
      let order = FlatBuffer<UInt32>(count: count)
      let tree = BoxTreeBuilder(boxes: boxes.pointer, count: count, order: order.pointer, leafSize: 4)
      nodes = FlatBuffer(tree.nodes)
      let flags = alphaFlags
      blocks = FlatBuffer(count: tree.leaves.count) { blocks in
        for (i, leaf) in tree.leaves.enumerated() {
          blocks[i] = PreparedMesh.block(mesh, order.pointer + leaf.first, leaf.count, flags)
        }
      }
      binaryNodes = FlatBuffer(count: 0)
      binaryOrder = FlatBuffer(count: 0)
    case .reference:
      let order = FlatBuffer<UInt32>(count: count) { order in
        for i in 0..<count { order[i] = UInt32(i) }
      }
      var list: [BinaryNode] = []
      if count > 0 { BinaryNode.build(boxes.pointer, order.pointer, 0, count, &list) }
      binaryNodes = FlatBuffer(list)
      binaryOrder = order
      nodes = FlatBuffer(count: 0)
      blocks = FlatBuffer(count: 0)
    }
  }

  func isAlphaTested(_ triangle: Int) -> Bool { PreparedMesh.isAlphaTested(mesh, triangle, alphaFlags) }

  private static func isAlphaTested(_ mesh: MeshArrays, _ triangle: Int, _ flags: [Bool]) -> Bool {
    flags.isEmpty ? false : flags[mesh.materials.isEmpty ? 0 : Int(mesh.materials.pointer[triangle])]
  }

  @inline(__always)
  static func vertices(_ mesh: MeshArrays, _ triangle: Int) -> (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>) {
    let index = mesh.indices.pointer + 3 * triangle
    func vertex(_ i: UInt32) -> SIMD3<Float> {
      let p = mesh.positions.pointer + 3 * Int(i)
      return SIMD3(p[0], p[1], p[2])
    }
    return (vertex(index[0]), vertex(index[1]), vertex(index[2]))
  }

  private static func block(
    _ mesh: MeshArrays, _ order: UnsafePointer<UInt32>, _ count: Int, _ flags: [Bool]
  ) -> TriangleBlock {
    var block = TriangleBlock(rows: .init(repeating: .zero), triangles: .init(repeating: 0))
    for lane in 0..<4 {
      let triangle = Int(order[min(lane, count - 1)])
      var (v0, v1, v2) = vertices(mesh, triangle)
      if lane >= count { (v0, v1, v2) = (v0, v0, v0) }
      for axis in 0..<3 {
        block.rows[3 * axis][lane] = v0[axis]
        block.rows[3 * axis + 1][lane] = v1[axis]
        block.rows[3 * axis + 2][lane] = v2[axis]
      }
      block.triangles[lane] =
        UInt32(triangle) | (isAlphaTested(mesh, triangle, flags) ? TriangleBlock.alphaBit : 0)
    }
    return block
  }
}

/// A node of the reference structure.
struct BinaryNode {
  var box: Box
  /// Right child (the left one follows its parent), or first position in the order of triangles.
  var link: Int32
  /// Triangles of a leaf; 0 for an inner node.
  var count: Int32

  static func build(
    _ boxes: UnsafePointer<Box>, _ order: UnsafeMutablePointer<UInt32>, _ first: Int, _ count: Int,
    _ nodes: inout [BinaryNode]
  ) {
    var box = Box()
    for i in first..<first + count { box.include(boxes[Int(order[i])]) }
    let index = nodes.count
    nodes.append(BinaryNode(box: box, link: Int32(first), count: Int32(count)))
    if count <= 2 { return }
    let size = box.hi - box.lo
    let axis = size.x > size.y ? (size.x > size.z ? 0 : 2) : (size.y > size.z ? 1 : 2)
    var run = Array(UnsafeBufferPointer(start: order + first, count: count))
    run.sort {
      let (a, b) = (boxes[Int($0)], boxes[Int($1)])
      return (a.lo[axis] + a.hi[axis], $0) < (b.lo[axis] + b.hi[axis], $1)
    }
    for i in 0..<count { order[first + i] = run[i] }
    build(boxes, order, first, count / 2, &nodes)
    nodes[index].link = Int32(nodes.count)
    nodes[index].count = 0
    build(boxes, order, first + count / 2, count - count / 2, &nodes)
  }
}
