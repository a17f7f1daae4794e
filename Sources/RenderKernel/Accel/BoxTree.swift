import CLaneIntrinsics
import LaneMath

/// Eight children side by side.
struct WideNode {
  var loX: SIMD8<Float>
  var loY: SIMD8<Float>
  var loZ: SIMD8<Float>
  var hiX: SIMD8<Float>
  var hiY: SIMD8<Float>
  var hiZ: SIMD8<Float>
  /// Index of a node, or of a leaf with `leafBit` set.
  var children: SIMD8<UInt32>

  static let leafBit: UInt32 = 1 << 31
}

/// Builds eight-wide hierarchies over boxes by the surface area heuristic with binning (Wald 2007).
///
/// The result depends on the boxes alone.
struct BoxTreeBuilder {
  static let binCount = 16
  /// Deeper than this, ranges are halved: keeps hostile input from making long chains.
  static let heuristicDepth = 48

  let boxes: UnsafePointer<Box>
  /// Primitives, permuted so that each leaf is a run.
  let order: UnsafeMutablePointer<UInt32>
  let leafSize: Int
  private(set) var nodes: [WideNode] = []
  /// First position in `order` and count, for each leaf.
  private(set) var leaves: [(first: Int, count: Int)] = []

  private struct Range {
    var first: Int
    var count: Int
    var box: Box
  }

  /// - Parameter order: `count` elements; overwritten.
  init(boxes: UnsafePointer<Box>, count: Int, order: UnsafeMutablePointer<UInt32>, leafSize: Int) {
    self.boxes = boxes
    self.order = order
    self.leafSize = leafSize
    for i in 0..<count { order[i] = UInt32(i) }
    guard count > 0 else { return }
    nodes.reserveCapacity(count / 6 + 2)
    leaves.reserveCapacity(count / 2 + 1)
    var all = Range(first: 0, count: count, box: Box())
    for i in 0..<count { all.box.include(boxes[i]) }
    _ = build(all, depth: 0)
  }

  private mutating func build(_ range: Range, depth: Int) -> UInt32 {
    let index = nodes.count
    nodes.append(
      WideNode(
        loX: .init(repeating: .infinity), loY: .init(repeating: .infinity), loZ: .init(repeating: .infinity),
        hiX: .init(repeating: -.infinity), hiY: .init(repeating: -.infinity), hiZ: .init(repeating: -.infinity),
        children: .init(repeating: .max)))
    var children: [Range] = [range]
    while children.count < 8 {
      // The child with the largest surface is opened next.
      var widest = -1
      var area: Float = -1
      for (i, child) in children.enumerated() where child.count > leafSize && child.box.halfArea > area {
        widest = i
        area = child.box.halfArea
      }
      guard widest >= 0 else { break }
      let (a, b) = split(children[widest], halving: depth >= BoxTreeBuilder.heuristicDepth)
      children[widest] = a
      children.append(b)
    }
    for (i, child) in children.enumerated() {
      nodes[index].loX[i] = child.box.lo.x
      nodes[index].loY[i] = child.box.lo.y
      nodes[index].loZ[i] = child.box.lo.z
      nodes[index].hiX[i] = child.box.hi.x
      nodes[index].hiY[i] = child.box.hi.y
      nodes[index].hiZ[i] = child.box.hi.z
      if child.count <= leafSize {
        nodes[index].children[i] = UInt32(leaves.count) | WideNode.leafBit
        leaves.append((child.first, child.count))
      } else {
        let node = build(child, depth: depth + 1)
        nodes[index].children[i] = node
      }
    }
    return UInt32(index)
  }

  private func split(_ range: Range, halving: Bool) -> (Range, Range) {
    var centers = Box()
    for i in range.first..<range.first + range.count {
      let box = boxes[Int(order[i])]
      centers.include(box.lo + box.hi)
    }
    let size = centers.hi - centers.lo
    let binCount = BoxTreeBuilder.binCount
    var best: (cost: Float, axis: Int, bin: Int) = (.infinity, 0, 0)
    if !halving {
      let scale = SIMD3<Float>(repeating: Float(binCount)) * 0.9999 / size
      withUnsafeTemporaryAllocation(of: Box.self, capacity: 3 * binCount) { bins in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * binCount) { counts in
          for i in 0..<3 * binCount {
            bins[i] = Box()
            counts[i] = 0
          }
          for i in range.first..<range.first + range.count {
            let box = boxes[Int(order[i])]
            let position = (box.lo + box.hi - centers.lo) * scale
            for axis in 0..<3 where size[axis] > 0 {
              let bin = axis * binCount + max(0, min(binCount - 1, Int(position[axis])))
              bins[bin].include(box)
              counts[bin] += 1
            }
          }
          for axis in 0..<3 where size[axis] > 0 {
            var rightCosts = InlineArray<16, Float>(repeating: 0)
            var box = Box()
            var count = 0
            for bin in stride(from: binCount - 1, to: 0, by: -1) {
              box.include(bins[axis * binCount + bin])
              count += Int(counts[axis * binCount + bin])
              rightCosts[bin] = box.halfArea * Float(count)
            }
            box = Box()
            count = 0
            for bin in 0..<binCount - 1 {
              box.include(bins[axis * binCount + bin])
              count += Int(counts[axis * binCount + bin])
              guard count > 0, count < range.count else { continue }
              let cost = box.halfArea * Float(count) + rightCosts[bin + 1]
              if cost < best.cost { best = (cost, axis, bin) }
            }
          }
        }
      }
    }
    var middle = range.first
    if best.cost < .infinity {
      let (axis, origin) = (best.axis, centers.lo[best.axis])
      let scale = Float(binCount) * 0.9999 / size[axis]
      for i in range.first..<range.first + range.count {
        let box = boxes[Int(order[i])]
        let position = (box.lo[axis] + box.hi[axis] - origin) * scale
        if max(0, min(binCount - 1, Int(position))) <= best.bin {
          let other = order[middle]
          order[middle] = order[i]
          order[i] = other
          middle += 1
        }
      }
    }
    if middle == range.first || middle == range.first + range.count { middle = range.first + range.count / 2 }
    return (bounded(range.first, middle), bounded(middle, range.first + range.count))
  }

  private func bounded(_ first: Int, _ end: Int) -> Range {
    var box = Box()
    for i in first..<end { box.include(boxes[Int(order[i])]) }
    return Range(first: first, count: end - first, box: box)
  }
}

/// How many lanes test boxes and triangles at once; the bits are the same.
protocol TraversalLanes {
  /// Entry times of a node's children and a bit for each that the ray enters no later than `limit`.
  static func enter(
    _ node: UnsafePointer<WideNode>, _ ray: borrowing PreparedRay, limit: Float, times: inout SIMD8<Float>
  ) -> UInt32
  /// Times and barycentrics of a block's triangles and a bit for each that is hit at all.
  static func hits(_ block: UnsafePointer<TriangleBlock>, _ ray: borrowing PreparedRay, _ out: inout BlockHits) -> UInt32
}

/// Four triangles side by side; empty places hold zero-area triangles, which nothing hits.
struct TriangleBlock {
  /// Rows axis·3 + vertex.
  var rows: InlineArray<9, SIMD4<Float>>
  /// Triangle index; with `alphaBit` where the filter is to be asked.
  var triangles: SIMD4<UInt32>

  static let alphaBit: UInt32 = 1 << 31
}

struct BlockHits {
  var t = SIMD4<Float>.zero
  var u = SIMD4<Float>.zero
  var v = SIMD4<Float>.zero
}

enum EightLanes: TraversalLanes {
  @inline(__always)
  static func enter(
    _ node: UnsafePointer<WideNode>, _ ray: borrowing PreparedRay, limit: Float, times: inout SIMD8<Float>
  ) -> UInt32 {
    let base = UnsafeRawPointer(node).assumingMemoryBound(to: SIMD8<Float>.self)
    let (sx, sy, sz) = (ray.inverse.x < 0 ? 3 : 0, ray.inverse.y < 0 ? 3 : 0, ray.inverse.z < 0 ? 3 : 0)
    let (ix, iy, iz) = (
      SIMD8(repeating: ray.inverse.x), SIMD8(repeating: ray.inverse.y), SIMD8(repeating: ray.inverse.z)
    )
    let ax = SIMD8(repeating: ray.near.x).addingProduct(base[sx], ix)
    let ay = SIMD8(repeating: ray.near.y).addingProduct(base[1 + sy], iy)
    let az = SIMD8(repeating: ray.near.z).addingProduct(base[2 + sz], iz)
    let bx = SIMD8(repeating: ray.far.x).addingProduct(base[3 - sx], ix)
    let by = SIMD8(repeating: ray.far.y).addingProduct(base[4 - sy], iy)
    let bz = SIMD8(repeating: ray.far.z).addingProduct(base[5 - sz], iz)
    var near = SIMD8<Float>.zero
    near = near.replacing(with: ax, where: ax .> near)
    near = near.replacing(with: ay, where: ay .> near)
    near = near.replacing(with: az, where: az .> near)
    var far = bx
    far = far.replacing(with: by, where: by .< far)
    far = far.replacing(with: bz, where: bz .< far)
    times = near
    let isEntered = (near .<= far * PreparedRay.farScale) .& (near .<= SIMD8(repeating: limit))
    return glint_movemask8(SIMD8<Int32>.zero.replacing(with: SIMD8(repeating: -1), where: isEntered))
  }

  @inline(__always)
  static func hits(
    _ block: UnsafePointer<TriangleBlock>, _ ray: borrowing PreparedRay, _ out: inout BlockHits
  ) -> UInt32 {
    let rows = UnsafeRawPointer(block).assumingMemoryBound(to: SIMD4<Float>.self)
    let (px, py, pz) = (rows + 3 * ray.kx, rows + 3 * ray.ky, rows + 3 * ray.kz)
    let (ox, oy, oz) = (ray.origin[ray.kx], ray.origin[ray.ky], ray.origin[ray.kz])
    let (az, bz, cz) = (pz[0] - oz, pz[1] - oz, pz[2] - oz)
    let (sx, sy) = (SIMD4(repeating: ray.shearX), SIMD4(repeating: ray.shearY))
    let ax = (px[0] - ox) - sx * az
    let ay = (py[0] - oy) - sy * az
    let bx = (px[1] - ox) - sx * bz
    let by = (py[1] - oy) - sy * bz
    let cx = (px[2] - ox) - sx * cz
    let cy = (py[2] - oy) - sy * cz
    let e0 = cx * by - cy * bx
    let e1 = ax * cy - ay * cx
    let e2 = bx * ay - by * ax
    let isFront = (e0 .>= 0) .& (e1 .>= 0) .& (e2 .>= 0)
    let isBack = (e0 .<= 0) .& (e1 .<= 0) .& (e2 .<= 0)
    let det = (e0 + e1) + e2
    let isInside = (isFront .| isBack) .& (det .!= 0)
    let mask = mask(isInside)
    if mask == 0 { return 0 }
    let t = ((e0 * az + e1 * bz) + e2 * cz) * ray.scaleZ / det
    var hit = isInside .& (t .> 0)
    var near = SIMD4<Float>.zero
    var far = SIMD4<Float>(repeating: .infinity)
    for axis in 0..<3 {
      let row = rows + 3 * axis
      var lo = row[0]
      lo = lo.replacing(with: row[1], where: row[1] .< lo)
      lo = lo.replacing(with: row[2], where: row[2] .< lo)
      var hi = row[0]
      hi = hi.replacing(with: row[1], where: row[1] .> hi)
      hi = hi.replacing(with: row[2], where: row[2] .> hi)
      let inverse = ray.inverse[axis]
      let a = SIMD4(repeating: ray.near[axis]).addingProduct(inverse < 0 ? hi : lo, SIMD4(repeating: inverse))
      let b = SIMD4(repeating: ray.far[axis]).addingProduct(inverse < 0 ? lo : hi, SIMD4(repeating: inverse))
      near = near.replacing(with: a, where: a .> near)
      far = far.replacing(with: b, where: b .< far)
    }
    hit = hit .& (near .<= far * PreparedRay.farScale)
    out.t = t.replacing(with: near, where: t .< near)
    out.u = e1 / det
    out.v = e2 / det
    return self.mask(hit)
  }

  @inline(__always)
  private static func mask(_ m: SIMDMask<SIMD4<Int32>>) -> UInt32 {
    glint_movemask4(SIMD4<Int32>.zero.replacing(with: SIMD4(repeating: -1), where: m))
  }
}

enum OneLane: TraversalLanes {
  static func enter(
    _ node: UnsafePointer<WideNode>, _ ray: borrowing PreparedRay, limit: Float, times: inout SIMD8<Float>
  ) -> UInt32 {
    var mask: UInt32 = 0
    for i in 0..<8 {
      let n = node.pointee
      guard
        let entry = ray.entry(
          lo: SIMD3(n.loX[i], n.loY[i], n.loZ[i]), hi: SIMD3(n.hiX[i], n.hiY[i], n.hiZ[i])), entry <= limit
      else { continue }
      times[i] = entry
      mask |= 1 << UInt32(i)
    }
    return mask
  }

  static func hits(
    _ block: UnsafePointer<TriangleBlock>, _ ray: borrowing PreparedRay, _ out: inout BlockHits
  ) -> UInt32 {
    var mask: UInt32 = 0
    let rows = UnsafeRawPointer(block).assumingMemoryBound(to: Float.self)
    for i in 0..<4 {
      func vertex(_ k: Int) -> SIMD3<Float> { SIMD3(rows[4 * k + i], rows[4 * (3 + k) + i], rows[4 * (6 + k) + i]) }
      guard let hit = triangleHit(ray, vertex(0), vertex(1), vertex(2)) else { continue }
      out.t[i] = hit.t
      out.u[i] = hit.u
      out.v[i] = hit.v
      mask |= 1 << UInt32(i)
    }
    return mask
  }
}
