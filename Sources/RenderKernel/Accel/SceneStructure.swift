import LaneMath

/// The acceleration structure of a frame: instances of prepared meshes.
final class SceneStructure: Sendable {
  /// One instance, ready to be tried. Those without anything to hit have an empty box.
  struct Instance: BitwiseCopyable, @unchecked Sendable {
    // Sendable because the memory pointed to is only read, and the structure owns it.
    var worldToObject: Affine
    /// In the world; see `Box.ofInstance`.
    var box: Box
    var wide: WideMesh
    var isIdentity: Bool
  }

  let kind: AccelerationKind
  /// Encloses everything that can be hit; empty where nothing can.
  let bounds: Box

  let meshes: [PreparedMesh]
  let meshOfInstance: [Int]
  let instances: FlatBuffer<Instance>
  let wide: OwnedWideTree
  let reference: ReferenceTree

  /// Memory of a traversal, which the caller lends; see `WideTraversal`.
  typealias StackEntry = UInt64
  /// Entries that a stack needs: for the tree of instances and a mesh's.
  static let stackSize = 2 * WideTraversal.stackLimit

  /// - Precondition: Meshes were prepared for the same kind; instances' mesh indices are in range.
  init(meshes: [PreparedMesh], instances: [MeshInstance], kind: AccelerationKind) {
    precondition(meshes.allSatisfy { $0.kind == kind })
    precondition(instances.allSatisfy { meshes.indices.contains($0.mesh) })
    precondition(instances.count < Int(WideTree.leafFlag) - 1)
    self.kind = kind
    self.meshes = meshes
    meshOfInstance = instances.map(\.mesh)
    var total = Box.empty
    let nothing = WideMesh(
      tree: WideTree(nodes: UnsafeRawPointer(bitPattern: 64)!, root: WideTree.none),
      blocks: UnsafeRawPointer(bitPattern: 64)!)
    let records = FlatBuffer(
      instances.map { instance in
        let mesh = meshes[instance.mesh]
        let box = Box.ofInstance(mesh.bounds, objectToWorld: instance.objectToWorld)
        total.formUnion(box)
        return Instance(
          worldToObject: instance.worldToObject, box: box,
          wide: mesh.wide.map { WideMesh(tree: $0.tree, blocks: $0.blocks) } ?? nothing,
          isIdentity: instance.worldToObject.isIdentity)
      })
    self.instances = records
    bounds = total

    let boxes = records.elements.map(\.box)
    let hittable = boxes.indices.filter { !boxes[$0].isEmpty }
    reference = ReferenceTree(boxes: kind == .reference ? boxes : [])
    let primitives = FlatBuffer(
      (kind == .wide ? hittable : []).map { BoxedPrimitive(boxes[$0], number: UInt32($0)) })
    wide = OwnedWideTree(
      primitives: primitives, count: primitives.count, mesh: nil, alphaTested: [], threadCount: 1)
  }

  /// The nearest hit, or a miss. Of hits at equal distance, the one of the smaller instance, then triangle.
  @inline(__always)
  func closestHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, key: UInt32, filter: F, lanes: L.Type, stack: UnsafeMutablePointer<StackEntry>
  ) -> Hit {
    search(ray, key: key, filter: filter, lanes: lanes, stack: stack, stopsAtFirst: false) ?? .miss
  }

  /// Whether there is any hit.
  @inline(__always)
  func anyHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, key: UInt32, filter: F, lanes: L.Type, stack: UnsafeMutablePointer<StackEntry>
  ) -> Bool {
    search(ray, key: key, filter: filter, lanes: lanes, stack: stack, stopsAtFirst: true) != nil
  }

  @inline(__always)
  private func search<L: TraversalLanes, F: AlphaFilter>(
    _ ray: Ray, key: UInt32, filter: F, lanes: L.Type, stack: UnsafeMutablePointer<StackEntry>,
    stopsAtFirst: Bool
  ) -> Hit? {
    guard ray.tMax > 0, let frame = RayFrame(origin: ray.origin, direction: ray.direction) else { return nil }
    // Hits before tMax are those up to the number below it. The limit carries the largest identity: it precedes no hit.
    var best = Hit(t: ray.tMax.nextDown, u: 0, v: 0, instance: .max, triangle: .max)
    switch kind {
    case .wide:
      searchWide(
        frame, best: &best, key: key, filter: filter, lanes: lanes, stack: stack, stopsAtFirst: stopsAtFirst)
    case .reference:
      searchReference(frame, best: &best, key: key, filter: filter, stopsAtFirst: stopsAtFirst)
    }
    return best.isMiss ? nil : best
  }
}

// MARK: One instance

extension SceneStructure.Instance {
  /// Where the ray enters the world box, and the ray in the instance's space; nil where there is nothing to hit.
  @inline(__always)
  func enter(_ world: RayFrame, limit: Float) -> (ray: RayFrame, entry: Float)? {
    let (near, far) = world.interval(box)
    guard near <= far, near <= limit else { return nil }
    if isIdentity { return (world, near) }
    let (o, d) = (world.origin, world.direction)
    let ray = RayFrame(
      origin: worldToObject.point(SIMD3(o.x, o.y, o.z)), direction: worldToObject.vector(SIMD3(d.x, d.y, d.z)))
    guard let ray else { return nil }
    return (ray, near)
  }
}

// MARK: Wide

extension SceneStructure {
  @inline(__always)
  private func searchWide<L: TraversalLanes, F: AlphaFilter>(
    _ frame: RayFrame, best: inout Hit, key: UInt32, filter: F, lanes: L.Type,
    stack: UnsafeMutablePointer<StackEntry>, stopsAtFirst: Bool
  ) {
    let inner = stack + WideTraversal.stackLimit
    var traversal = WideTraversal(wide.tree, frame, memory: stack)
    var current = wide.tree.root
    while current != WideTree.none {
      if current & WideTree.leafFlag == 0 {
        current = traversal.enter(current, limit: best.t, lanes: lanes)
        if current != WideTree.none { continue }
      } else {
        let index = current & ~WideTree.leafFlag
        let instance = instances.pointer + Int(index)
        if let (ray, entry) = instance.pointee.enter(frame, limit: best.t) {
          if stopsAtFirst {
            instance.pointee.wide.anyHit(
              ray, instance: index, entry: entry, best: &best, key: key, filter: filter, lanes: lanes, memory: inner)
            if !best.isMiss { return }
          } else {
            instance.pointee.wide.closestHit(
              ray, instance: index, entry: entry, best: &best, key: key, filter: filter, lanes: lanes, memory: inner)
          }
        }
      }
      current = traversal.pop(limit: best.t)
    }
  }
}

// MARK: Reference

extension SceneStructure {
  private func searchReference<F: AlphaFilter>(
    _ frame: RayFrame, best: inout Hit, key: UInt32, filter: F, stopsAtFirst: Bool
  ) {
    var nearest = best
    reference.traverse(frame, limit: best.t) { index in
      let mesh = meshes[meshOfInstance[Int(index)]]
      guard let (ray, entry) = instances[Int(index)].enter(frame, limit: nearest.t) else { return nearest.t }
      mesh.reference!.traverse(ray, limit: nearest.t) { triangle in
        let (v0, v1, v2) = mesh.mesh.corners(Int(triangle))
        let (depths, edges) = TriangleTest.edges(ray, v0, v1, v2)
        guard TriangleTest.isInside(edges),
          let hit = TriangleTest.complete(ray, entry: entry, v0, v1, v2, depths: depths, edges: edges),
          nearest.isAfter(t: hit.x, instance: index, triangle: triangle)
        else { return nearest.t }
        let material = mesh.mesh.materials.isEmpty ? 0 : Int(mesh.mesh.materials[Int(triangle)])
        if material < mesh.alphaTested.count, mesh.alphaTested[material],
          !filter.accepts(instance: index, triangle: triangle, u: hit.y, v: hit.z, key: key)
        {
          return nearest.t
        }
        nearest = Hit(t: hit.x, u: hit.y, v: hit.z, instance: index, triangle: triangle)
        return stopsAtFirst ? nil : nearest.t
      }
      return stopsAtFirst && !nearest.isMiss ? nil : nearest.t
    }
    best = nearest
  }
}
