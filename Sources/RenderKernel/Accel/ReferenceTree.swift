/// A binary tree of boxes, halved by count along the widest axis of centres; plain code to compare the wide tree with.
final class ReferenceTree: Sendable {
  struct Node: Sendable {
    var box: Box
    /// A leaf's primitives, in `order`; an inner node has none and its children are `left` and `right`.
    var begin = 0
    var count = 0
    var left = 0
    var right = 0
  }

  let nodes: [Node]
  let order: [UInt32]

  /// - Parameter boxes: By primitive number; empty ones are left out.
  init(boxes: [Box]) {
    var nodes: [Node] = []
    var order = boxes.indices.filter { !boxes[$0].isEmpty }.map { UInt32($0) }

    func build(_ begin: Int, _ end: Int) -> Int {
      var (box, centers) = (Box.empty, Box.empty)
      for i in begin..<end {
        let b = boxes[Int(order[i])]
        box.formUnion(b)
        centers.include(b.lower + b.upper)
      }
      let index = nodes.count
      nodes.append(Node(box: box, begin: begin, count: end - begin))
      guard end - begin > 2 else { return index }
      let extent = centers.upper - centers.lower
      let axis = extent.x >= extent.y && extent.x >= extent.z ? 0 : extent.y >= extent.z ? 1 : 2
      order[begin..<end].sort {
        let (a, b) = (boxes[Int($0)], boxes[Int($1)])
        let (x, y) = (a.lower[axis] + a.upper[axis], b.lower[axis] + b.upper[axis])
        return x != y ? x < y : $0 < $1
      }
      let middle = begin + (end - begin) / 2
      let left = build(begin, middle)
      let right = build(middle, end)
      nodes[index] = Node(box: box, left: left, right: right)
      return index
    }
    if !order.isEmpty { _ = build(0, order.count) }
    self.nodes = nodes
    self.order = order
  }

  /// Calls `visit` with primitives whose boxes the ray enters no later than at the limit that `visit` last returned, until
  /// it returns nil.
  @inline(__always)
  func traverse(_ ray: RayFrame, limit: Float, visit: (UInt32) -> Float?) {
    guard !nodes.isEmpty else { return }
    var limit = limit
    var stack = [0]
    while let index = stack.popLast() {
      let node = nodes[index]
      let (near, far) = ray.interval(node.box)
      guard near <= far, near <= limit else { continue }
      if node.count == 0 {
        stack.append(node.left)
        stack.append(node.right)
      }
      for i in node.begin..<node.begin + node.count {
        guard let next = visit(order[i]) else { return }
        limit = next
      }
    }
  }
}
