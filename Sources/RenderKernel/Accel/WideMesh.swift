/// A mesh's wide tree and triangle blocks, as raw pointers; its owner must outlive it.
struct WideMesh: BitwiseCopyable {
  var tree: WideTree
  var blocks: UnsafeRawPointer

  /// The nearest hit before or at `best`; see `traverse`. A call of its own, because several places need it.
  @inline(never)
  func closestHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: RayFrame, instance: UInt32, entry: Float, best: inout Hit, key: UInt32, filter: F, lanes: L.Type,
    memory: UnsafeMutablePointer<UInt64>
  ) {
    traverse(
      ray, instance: instance, entry: entry, best: &best, key: key, filter: filter, lanes: lanes, memory: memory,
      stopsAtFirst: false)
  }

  /// Any hit before or at `best`.
  @inline(never)
  func anyHit<L: TraversalLanes, F: AlphaFilter>(
    _ ray: RayFrame, instance: UInt32, entry: Float, best: inout Hit, key: UInt32, filter: F, lanes: L.Type,
    memory: UnsafeMutablePointer<UInt64>
  ) {
    traverse(
      ray, instance: instance, entry: entry, best: &best, key: key, filter: filter, lanes: lanes, memory: memory,
      stopsAtFirst: true)
  }

  /// Tries the mesh's triangles.
  ///
  /// - Parameters:
  ///   - entry: Where the ray enters the instance's world box; no hit is nearer.
  ///   - best: `t` limits the search (hits at that distance count); receives the nearest hit.
  ///   - stopsAtFirst: Return at any hit.
  @inline(__always)
  private func traverse<L: TraversalLanes, F: AlphaFilter>(
    _ ray: RayFrame, instance: UInt32, entry: Float, best: inout Hit, key: UInt32, filter: F, lanes: L.Type,
    memory: UnsafeMutablePointer<UInt64>, stopsAtFirst: Bool
  ) {
    var traversal = WideTraversal(tree, ray, memory: memory)
    let rayLanes = RayLanes(ray)
    var current = tree.root
    while current != WideTree.none {
      if current & WideTree.leafFlag == 0 {
        current = traversal.enter(current, limit: best.t, lanes: lanes)
        if current != WideTree.none { continue }
      } else {
        let block = blocks + Int(current & ~WideTree.leafFlag) * TriangleBlock.byteCount
        var inside = L.areScalar ? insideOneByOne(block, ray) : rayLanes.inside(block)
        while inside != 0 {
          let lane = inside.trailingZeroBitCount
          inside &= inside - 1
          if complete(block, lane, ray, instance: instance, entry: entry, best: &best, key: key, filter: filter) {
            if stopsAtFirst { return }
          }
        }
      }
      current = traversal.pop(limit: best.t)
    }
  }

  /// The second half of the test, for one lane.
  @inline(__always)
  private func complete<F: AlphaFilter>(
    _ block: UnsafeRawPointer, _ lane: Int, _ ray: RayFrame, instance: UInt32, entry: Float, best: inout Hit,
    key: UInt32, filter: F
  ) -> Bool {
    let (v0, v1, v2) = corners(block, lane)
    let (depths, edges) = TriangleTest.edges(ray, v0, v1, v2)
    guard let hit = TriangleTest.complete(ray, entry: entry, v0, v1, v2, depths: depths, edges: edges) else {
      return false
    }
    let tagged = block.load(fromByteOffset: TriangleBlock.indexOffset + 4 * lane, as: UInt32.self)
    let triangle = tagged & ~TriangleBlock.alphaFlag
    guard best.isAfter(t: hit.x, instance: instance, triangle: triangle) else { return false }
    if tagged & TriangleBlock.alphaFlag != 0,
      !filter.accepts(instance: instance, triangle: triangle, u: hit.y, v: hit.z, key: key)
    {
      return false
    }
    best = Hit(t: hit.x, u: hit.y, v: hit.z, instance: instance, triangle: triangle)
    return true
  }
}

extension WideMesh {
  @inline(__always)
  private func corners(_ block: UnsafeRawPointer, _ lane: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let column = block + 4 * lane
    @inline(__always) func vertex(_ number: Int) -> SIMD4<Float> {
      let rows = column + number * TriangleBlock.vertexByteCount
      return SIMD4(
        rows.load(as: Float.self), rows.load(fromByteOffset: TriangleBlock.rowByteCount, as: Float.self),
        rows.load(fromByteOffset: 2 * TriangleBlock.rowByteCount, as: Float.self), 0)
    }
    return (vertex(0), vertex(1), vertex(2))
  }

  /// What `RayLanes.inside` finds, one triangle at a time.
  @inline(never)
  private func insideOneByOne(_ block: UnsafeRawPointer, _ ray: RayFrame) -> UInt32 {
    var bits: UInt32 = 0
    for lane in 0..<4 {
      let (v0, v1, v2) = corners(block, lane)
      if TriangleTest.isInside(TriangleTest.edges(ray, v0, v1, v2).edges) { bits |= 1 << UInt32(lane) }
    }
    return bits
  }
}

/// A ray's edge test in lanes of triangles.
private struct RayLanes: BitwiseCopyable {
  let rowX: Int
  let rowY: Int
  let rowZ: Int
  let originX: SIMD4<Float>
  let originY: SIMD4<Float>
  let originZ: SIMD4<Float>
  let shearX: SIMD4<Float>
  let shearY: SIMD4<Float>

  @inline(__always)
  init(_ ray: RayFrame) {
    rowX = ray.axisX * TriangleBlock.rowByteCount
    rowY = ray.axisY * TriangleBlock.rowByteCount
    rowZ = ray.axisZ * TriangleBlock.rowByteCount
    originX = SIMD4(repeating: ray.originX)
    originY = SIMD4(repeating: ray.originY)
    originZ = SIMD4(repeating: ray.originZ)
    shearX = SIMD4(repeating: ray.shearX)
    shearY = SIMD4(repeating: ray.shearY)
  }

  /// `TriangleTest.edges` and `isInside` of four triangles, as bits.
  @inline(__always)
  func inside(_ block: UnsafeRawPointer) -> UInt32 {
    @inline(__always) func sheared(_ number: Int) -> (SIMD4<Float>, SIMD4<Float>) {
      let rows = block + number * TriangleBlock.vertexByteCount
      let z = rows.load(fromByteOffset: rowZ, as: SIMD4<Float>.self) - originZ
      return (
        (rows.load(fromByteOffset: rowX, as: SIMD4<Float>.self) - originX) - shearX * z,
        (rows.load(fromByteOffset: rowY, as: SIMD4<Float>.self) - originY) - shearY * z
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
}
