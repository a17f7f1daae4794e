import LaneMath

/// The acceleration structure of a frame: instances of prepared meshes.
final class SceneStructure: Sendable {
  /// One instance, ready to be tried. Those without anything to hit have an empty box.
  struct Instance: BitwiseCopyable, @unchecked Sendable {
    // Sendable because the memory pointed to is only read, and the structure owns it.
    var worldToObject: Affine
    /// In the world; see `Box.ofInstance`.
    var box: Box
    var tree: WideTree
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

  /// - Precondition: Meshes were prepared for the same kind; instances' mesh indices are in range.
  init(meshes: [PreparedMesh], instances: [MeshInstance], kind: AccelerationKind) {
    precondition(meshes.allSatisfy { $0.kind == kind })
    precondition(instances.allSatisfy { meshes.indices.contains($0.mesh) })
    precondition(instances.count < Int(WideTree.placeMask))
    self.kind = kind
    self.meshes = meshes
    meshOfInstance = instances.map(\.mesh)
    var total = Box.empty
    let records = FlatBuffer(
      instances.map { instance in
        let mesh = meshes[instance.mesh]
        let box = Box.ofInstance(mesh.bounds, objectToWorld: instance.objectToWorld)
        total.formUnion(box)
        return Instance(
          worldToObject: instance.worldToObject, box: box,
          tree: mesh.wide?.tree ?? .empty,
          isIdentity: instance.worldToObject.isIdentity)
      })
    self.instances = records
    bounds = total

    let boxes = records.elements.map(\.box)
    reference = ReferenceTree(boxes: kind == .reference ? boxes : [])
    let primitives = PrimitiveList(candidateCount: kind == .wide ? boxes.count : 0, spareCount: 0, threadCount: 1) {
      boxes[$0].isEmpty ? nil : boxes[$0]
    }
    wide = OwnedWideTree(primitives: primitives, mesh: nil, alphaTested: [], threadCount: 1)
  }

  /// Finds for every ray of the stream its nearest hit (of hits at equal distance, the one of the smaller instance, then
  /// triangle), or whether there is any hit: see `HitSink`.
  @inline(__always)
  func trace<L: TraversalLanes, F: AlphaFilter, S: HitSink>(
    _ stream: RayStream, filter: F, lanes: L.Type, sink: S, memory: TraversalMemory
  ) {
    switch kind {
    case .wide:
      var traversal = StreamTraversal<L, F, S>(self, stream, filter: filter, sink: sink, memory: memory)
      traversal.run()
    case .reference: traceReference(stream, filter: filter, sink: sink)
    }
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
    return transformed(world).map { ($0, near) }
  }

  /// The ray in the instance's space; nil where it is out of range there.
  @inline(__always)
  func transformed(_ world: RayFrame) -> RayFrame? {
    let (o, d) = (world.origin, world.direction)
    return RayFrame(
      origin: worldToObject.point(SIMD3(o.x, o.y, o.z)), direction: worldToObject.vector(SIMD3(d.x, d.y, d.z)))
  }
}

// MARK: Reference

extension SceneStructure {
  private func traceReference<F: AlphaFilter, S: HitSink>(_ stream: RayStream, filter: F, sink: S) {
    for ray in 0..<stream.count {
      let limit = stream.limits.map { $0[ray] } ?? .infinity
      let frame = RayFrame(
        origin: SIMD3(stream.originX[ray], stream.originY[ray], stream.originZ[ray]),
        direction: SIMD3(stream.directionX[ray], stream.directionY[ray], stream.directionZ[ray]))
      var hit = Hit.miss
      if let frame, limit > 0 {
        hit = searchReference(
          frame, limit: limit, key: stream.keys.map { $0[ray] } ?? 0, filter: filter, stopsAtFirst: S.stopsAtFirst)
      }
      sink.put(ray, hit)
    }
  }

  private func searchReference<F: AlphaFilter>(
    _ frame: RayFrame, limit: Float, key: UInt32, filter: F, stopsAtFirst: Bool
  ) -> Hit {
    // Hits before the limit are those up to the number below it. It carries the largest identity: it precedes no hit.
    var nearest = Hit(t: limit.nextDown, u: 0, v: 0, instance: .max, triangle: .max)
    let best = nearest
    reference.traverse(frame, limit: best.t) { index in
      let mesh = meshes[meshOfInstance[Int(index)]]
      guard let (ray, entry) = instances[Int(index)].enter(frame, limit: nearest.t) else { return nearest.t }
      let surface = mesh.bounds.halfArea
      mesh.reference!.traverse(ray, limit: nearest.t) { triangle in
        let (v0, v1, v2) = mesh.mesh.corners(Int(triangle))
        let (depths, edges) = TriangleTest.edges(ray, v0, v1, v2)
        guard TriangleTest.isInside(edges),
          let hit = TriangleTest.complete(
            ray, entry: entry, v0, v1, v2, depths: depths, edges: edges,
            isLarge: TriangleTest.isLarge(v0, v1, v2, surface: surface)),
          nearest.isAfter(t: hit.x, instance: index, triangle: triangle)
        else { return nearest.t }
        let material = mesh.mesh.materials.isEmpty ? 0 : Int(mesh.mesh.materials[Int(triangle)])
        if F.asksAlways || (material < mesh.alphaTested.count && mesh.alphaTested[material]),
          !filter.accepts(instance: index, triangle: triangle, u: hit.y, v: hit.z, key: key)
        {
          return nearest.t
        }
        nearest = Hit(t: hit.x, u: hit.y, v: hit.z, instance: index, triangle: triangle)
        return stopsAtFirst ? nil : nearest.t
      }
      return stopsAtFirst && !nearest.isMiss ? nil : nearest.t
    }
    return nearest
  }
}
