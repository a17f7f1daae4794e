import CLaneIntrinsics
import LaneMath

/// What traversal needs of one instance.
struct InstanceView {
  var worldToObject: Affine
  var extent: SIMD3<Float>
  /// In world space; part of the definition of a hit.
  var box: Box
  var nodes: UnsafePointer<WideNode>
  var blocks: UnsafePointer<TriangleBlock>
  var isEmpty: Bool
}

/// All instances of a frame, ready for rays.
final class SceneStructure: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  let kind: AccelerationKind
  let bounds: Box
  let extent: SIMD3<Float>
  let instances: FlatBuffer<InstanceView>
  private let meshes: [PreparedMesh]
  private let instanceMeshes: [Int]
  private let nodes: FlatBuffer<WideNode>
  private let leafInstances: FlatBuffer<UInt32>

  /// Entries that the two levels of a traversal can hold at most: seven for each level of a tree.
  static let stackSize = 2048

  init(meshes: [PreparedMesh], instances list: [MeshInstance], kind: AccelerationKind) {
    self.kind = kind
    self.meshes = meshes
    instanceMeshes = list.map(\.mesh)
    var all = Box()
    instances = FlatBuffer(count: list.count) { views in
      for (i, instance) in list.enumerated() {
        let mesh = meshes[instance.mesh]
        let box = SceneStructure.worldBox(of: mesh.box, instance.objectToWorld)
        views[i] = InstanceView(
          worldToObject: instance.worldToObject, extent: mesh.box.extent, box: box, nodes: mesh.nodes.pointer,
          blocks: mesh.blocks.pointer, isEmpty: mesh.mesh.triangleCount == 0)
        if mesh.mesh.triangleCount > 0 { all.include(box) }
      }
    }
    bounds = all
    extent = all.extent
    if kind == .wide {
      let boxes = FlatBuffer<Box>(instances.elements.map(\.box))
      let order = FlatBuffer<UInt32>(count: list.count)
      let tree = BoxTreeBuilder(boxes: boxes.pointer, count: list.count, order: order.pointer, leafSize: 1)
      nodes = FlatBuffer(tree.nodes)
      leafInstances = FlatBuffer(tree.leaves.map { order.pointer[$0.first] })
    } else {
      nodes = FlatBuffer(count: 0)
      leafInstances = FlatBuffer(count: 0)
    }
  }

  /// The box of the eight transformed corners, padded by 2⁻¹⁸ of its coordinates.
  private static func worldBox(of box: Box, _ transform: Affine) -> Box {
    var world = Box()
    guard box.lo.x <= box.hi.x else { return world }
    for corner in 0..<8 {
      world.include(
        transform.point(
          SIMD3(
            corner & 1 == 0 ? box.lo.x : box.hi.x, corner & 2 == 0 ? box.lo.y : box.hi.y,
            corner & 4 == 0 ? box.lo.z : box.hi.z)))
    }
    let pad = world.extent * 0x1p-18
    world.lo -= pad
    world.hi += pad
    return world
  }

  @inline(__always)
  func closestHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, key: UInt32, filter: borrowing F, lanes: L.Type, stack: UnsafeMutablePointer<StackEntry>
  ) -> Hit {
    var hit = Hit(t: ray.tMax)
    if kind == .wide {
      _ = traverse(ray, key, filter, lanes, stack, &hit, any: false)
    } else {
      _ = traverseReference(ray, key, filter, &hit, any: false)
    }
    return hit
  }

  @inline(__always)
  func anyHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, key: UInt32, filter: borrowing F, lanes: L.Type, stack: UnsafeMutablePointer<StackEntry>
  ) -> Bool {
    var hit = Hit(t: ray.tMax)
    return kind == .wide
      ? traverse(ray, key, filter, lanes, stack, &hit, any: true)
      : traverseReference(ray, key, filter, &hit, any: true)
  }

  // MARK: - Wide

  struct StackEntry {
    var t: Float
    var child: UInt32
  }

  /// Pushes the entered children, nearest on top.
  @inline(__always)
  private static func push(
    _ mask: UInt32, _ times: SIMD8<Float>, _ node: UnsafePointer<WideNode>, _ stack: UnsafeMutablePointer<StackEntry>,
    _ top: inout Int
  ) {
    var rest = mask
    let base = top
    let children = UnsafeRawPointer(node).advanced(by: 192).assumingMemoryBound(to: UInt32.self)
    withUnsafePointer(to: times) { times in
      let times = UnsafeRawPointer(times).assumingMemoryBound(to: Float.self)
      while rest != 0 {
        let i = rest.trailingZeroBitCount
        rest &= rest &- 1
        let entry = StackEntry(t: times[i], child: children[i])
        var position = top
        while position > base, stack[position &- 1].t < entry.t {
          stack[position] = stack[position &- 1]
          position &-= 1
        }
        stack[position] = entry
        top &+= 1
      }
    }
  }

  @inline(never)
  private func traverse<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, _ key: UInt32, _ filter: borrowing F, _ lanes: L.Type, _ stack: UnsafeMutablePointer<StackEntry>,
    _ hit: inout Hit, any: Bool
  ) -> Bool {
    guard !instances.isEmpty else { return false }
    let world = PreparedRay(origin: ray.origin, direction: ray.direction, extent: extent)
    let topNodes = UnsafePointer(nodes.pointer)
    let leaves = UnsafePointer(leafInstances.pointer)
    let views = UnsafePointer(instances.pointer)
    var top = 0
    stack[0] = StackEntry(t: 0, child: 0)
    top = 1
    var times = SIMD8<Float>.zero
    var found = BlockHits()
    while top > 0 {
      top &-= 1
      let entry = stack[top]
      if entry.t > hit.t { continue }
      if entry.child & WideNode.leafBit == 0 {
        let node = topNodes + Int(entry.child)
        SceneStructure.push(L.enter(node, world, limit: hit.t, times: &times), times, node, stack, &top)
        continue
      }
      let instance = leaves[Int(entry.child & ~WideNode.leafBit)]
      let view = views + Int(instance)
      if view.pointee.isEmpty { continue }
      let local = PreparedRay(
        origin: view.pointee.worldToObject.point(ray.origin),
        direction: view.pointee.worldToObject.vector(ray.direction), extent: view.pointee.extent)
      let (meshNodes, blocks) = (view.pointee.nodes, view.pointee.blocks)
      let bottom = top
      stack[top] = StackEntry(t: 0, child: 0)
      top &+= 1
      while top > bottom {
        top &-= 1
        let entry = stack[top]
        if entry.t > hit.t { continue }
        if entry.child & WideNode.leafBit == 0 {
          let node = meshNodes + Int(entry.child)
          SceneStructure.push(L.enter(node, local, limit: hit.t, times: &times), times, node, stack, &top)
          continue
        }
        let block = blocks + Int(entry.child & ~WideNode.leafBit)
        var mask = L.hits(block, local, &found)
        while mask != 0 {
          let lane = mask.trailingZeroBitCount
          mask &= mask &- 1
          let id = block.pointee.triangles[lane]
          let triangle = id & ~TriangleBlock.alphaBit
          if offer(
            t: found.t[lane], u: found.u[lane], v: found.v[lane], instance, triangle,
            isAlphaTested: id != triangle, world, view.pointee.box, key, filter, &hit), any
          {
            return true
          }
        }
      }
    }
    return !hit.isMiss
  }

  /// Takes a triangle's hit over if it is the nearest so far.
  @inline(__always)
  private func offer<F: AlphaFilter>(
    t: Float, u: Float, v: Float, _ instance: UInt32, _ triangle: UInt32, isAlphaTested: Bool,
    _ world: borrowing PreparedRay, _ box: Box, _ key: UInt32, _ filter: borrowing F, _ hit: inout Hit
  ) -> Bool {
    if t > hit.t { return false }
    guard let entry = world.entry(lo: box.lo, hi: box.hi) else { return false }
    let t = t < entry ? entry : t
    if t > hit.t { return false }
    if t == hit.t, hit.isMiss || (hit.instance, hit.triangle) < (instance, triangle) { return false }
    if isAlphaTested, !filter.accepts(instance: instance, triangle: triangle, u: u, v: v, key: key) { return false }
    hit = Hit(t: t, u: u, v: v, instance: instance, triangle: triangle)
    return true
  }

  // MARK: - Reference

  @inline(never)
  private func traverseReference<F: AlphaFilter>(
    _ ray: Ray, _ key: UInt32, _ filter: borrowing F, _ hit: inout Hit, any: Bool
  ) -> Bool {
    let world = PreparedRay(origin: ray.origin, direction: ray.direction, extent: extent)
    for instance in 0..<instances.count {
      let view = instances[instance]
      guard !view.isEmpty, let entry = world.entry(lo: view.box.lo, hi: view.box.hi), entry <= hit.t else { continue }
      let local = PreparedRay(
        origin: view.worldToObject.point(ray.origin), direction: view.worldToObject.vector(ray.direction),
        extent: view.extent)
      let mesh = meshes[instanceMeshes[instance]]
      var stack: [Int] = [0]
      while let index = stack.popLast() {
        let node = mesh.binaryNodes[index]
        guard let entry = local.entry(lo: node.box.lo, hi: node.box.hi), entry <= hit.t else { continue }
        if node.count == 0 {
          stack.append(Int(node.link))
          stack.append(index + 1)
          continue
        }
        for position in Int(node.link)..<Int(node.link) + Int(node.count) {
          let triangle = Int(mesh.binaryOrder[position])
          let (v0, v1, v2) = PreparedMesh.vertices(mesh.mesh, triangle)
          guard let found = triangleHit(local, v0, v1, v2) else { continue }
          if offer(
            t: found.t, u: found.u, v: found.v, UInt32(instance), UInt32(triangle),
            isAlphaTested: mesh.isAlphaTested(triangle), world, view.box, key, filter, &hit), any
          {
            return true
          }
        }
      }
    }
    return !hit.isMiss
  }
}
