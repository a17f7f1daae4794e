import LaneMath

/// Spatial splits: large triangles that lie across a plane are put on both sides of it, each time with the box of what is there
/// (Stich, Friedrich and Dietrich, "Spatial Splits in Bounding Volume Hierarchies", HPG 2009).
///
/// Why a tree of such boxes finds the same hits is in docs/kernel-traversal.md, section 5.
extension WideBuilder {
  /// Tried where the two sides of an object split share more than this part of the whole surface.
  static let overlapShare: Float = 0x1p-15
  static let cutBinCount = 32
  /// Parts, per triangle of the mesh, at most.
  static let partShare = 2

  struct Cut {
    var axis: Int
    /// The first bin behind the plane.
    var bin: Int
    var plane: Float
    var partCount: Int
    var cost: Float
  }

  /// A triangle's part on either side of a plane.
  ///
  /// - Parameter box: What of the triangle's own box is looked at.
  private func parts(
    _ mesh: MeshArrays, _ triangle: UInt32, _ box: Box, axis: Int, plane: Float
  ) -> (lower: Box, upper: Box) {
    let corners = mesh.corners(Int(TriangleBlock.triangle(triangle)))
    var (lower, upper) = (Box.empty, Box.empty)
    let slack = TriangleTest.extent(corners.0, corners.1, corners.2) * TriangleTest.cutSlack
    let margin = SIMD4(slack, slack, slack, 0)
    @inline(__always) func edge(_ a: SIMD4<Float>, _ b: SIMD4<Float>) {
      if a[axis] <= plane { lower.include(a) }
      if a[axis] >= plane { upper.include(a) }
      if (a[axis] < plane) != (b[axis] < plane) {
        var point = a + (b - a) * ((plane - a[axis]) / (b[axis] - a[axis]))
        point[axis] = plane
        lower.include(point)
        upper.include(point)
      }
    }
    edge(corners.0, corners.1)
    edge(corners.1, corners.2)
    edge(corners.2, corners.0)
    @inline(__always) func within(_ part: Box, _ isLower: Bool) -> Box {
      var limit = box
      if isLower {
        limit.upper[axis] = Lanes.lesser(limit.upper[axis], plane + margin[axis])
      } else {
        limit.lower[axis] = Lanes.greater(limit.lower[axis], plane - margin[axis])
      }
      let padded = Box(
        lower: Lanes.greater(part.lower - margin, limit.lower), upper: Lanes.lesser(part.upper + margin, limit.upper))
      let extent = padded.upper - padded.lower
      // Nothing of it, by rounding: take the side as it is.
      return extent.x >= 0 && extent.y >= 0 && extent.z >= 0 ? padded : limit
    }
    return (within(lower, true), within(upper, false))
  }

  /// The plane with the least cost, if that is below `limit` and there is room for the parts.
  func bestCut(_ range: Range, _ mesh: MeshArrays, below limit: Float) -> Cut? {
    var best: Cut?
    let count = WideBuilder.cutBinCount
    if !(range.begin..<range.end).contains(where: { isCuttable(primitives[$0]) }) { return nil }
    withUnsafeTemporaryAllocation(of: Bin.self, capacity: 2 * count) { bins in
      for axis in 0..<3 {
        let (origin, extent) = (range.box.lower[axis], range.box.upper[axis] - range.box.lower[axis])
        let width = extent / Float(count)
        guard width > 0, width < .infinity, origin + width > origin,
          range.box.upper[axis] - width < range.box.upper[axis], extent >= surface.squareRoot() * 0x1p-9
        else { continue }
        // Where a box begins, and (second half) where it ends.
        for i in 0..<2 * count { bins.initializeElement(at: i, to: Bin(box: .empty, count: 0)) }
        for i in range.begin..<range.end {
          let primitive = primitives[i]
          var box = primitive.box
          var first = bin(box.lower[axis], origin, width)
          let last = bin(box.upper[axis], origin, width)
          let isWhole = first == last || !isCuttable(primitive)
          if isWhole { first = bin((box.lower[axis] + box.upper[axis]) / 2, origin, width) }
          bins[first].count += 1
          while !isWhole, first < last {
            let (lower, upper) = parts(
              mesh, primitive.number, box, axis: axis, plane: origin + width * Float(first + 1))
            bins[first].box.formUnion(lower)
            box = upper
            first += 1
          }
          bins[first].box.formUnion(box)
          bins[count + first].count += 1
        }
        for plane in 1..<count {
          var (lower, upper) = (Bin(box: .empty, count: 0), Bin(box: .empty, count: 0))
          for i in 0..<plane {
            lower.box.formUnion(bins[i].box)
            lower.count += bins[i].count
          }
          for i in plane..<count {
            upper.box.formUnion(bins[i].box)
            upper.count += bins[count + i].count
          }
          guard lower.count > 0, upper.count > 0, lower.count < range.count || upper.count < range.count else {
            continue
          }
          let total = cost(lower.box, lower.count) + cost(upper.box, upper.count)
          let partCount = lower.count + upper.count - range.count
          if total < best?.cost ?? limit, partCount <= range.limit - range.end,
            max(lower.count, upper.count) < range.count
          {
            best = Cut(axis: axis, bin: plane, plane: origin + width * Float(plane), partCount: partCount, cost: total)
          }
        }
      }
    }
    return best
  }

  /// Whether it is, or is of, a large triangle, and is still large.
  @inline(__always)
  private func isCuttable(_ primitive: BoxedPrimitive) -> Bool {
    let extent = primitive.upper - primitive.lower
    let sum = (extent.x + extent.y) + extent.z
    return primitive.number & TriangleBlock.largeFlag != 0 && sum * sum * 0x1p13 >= surface
  }

  @inline(__always)
  private func bin(_ x: Float, _ origin: Float, _ width: Float) -> Int {
    max(0, min(WideBuilder.cutBinCount - 1, Int((x - origin) / width)))
  }

  func divide(_ range: Range, _ mesh: MeshArrays, _ cut: Cut) -> (Range, Range) {
    let (origin, width) = (
      range.box.lower[cut.axis],
      (range.box.upper[cut.axis] - range.box.lower[cut.axis]) / Float(WideBuilder.cutBinCount)
    )
    let plane = cut.bin
    var left = Range(begin: range.begin, end: 0, limit: 0, box: .empty, centers: .empty, depth: range.depth + 1)
    var right = Range(
      begin: 0, end: range.end, limit: range.limit, box: .empty, centers: .empty, depth: range.depth + 1)
    var (i, j) = (range.begin, range.end)
    var added = range.end
    @inline(__always) func add(_ primitive: BoxedPrimitive, to side: inout Range) {
      side.box.formUnion(primitive.box)
      side.centers.include(primitive.center)
    }
    while i < j {
      let primitive = primitives[i]
      let box = primitive.box
      let (first, last) = (bin(box.lower[cut.axis], origin, width), bin(box.upper[cut.axis], origin, width))
      let isWhole = first == last || !isCuttable(primitive)
      let middle = bin((box.lower[cut.axis] + box.upper[cut.axis]) / 2, origin, width)
      if isWhole ? middle < plane : last < plane {
        add(primitive, to: &left)
        i += 1
      } else if isWhole ? middle >= plane : first >= plane {
        add(primitive, to: &right)
        j -= 1
        primitives[i] = primitives[j]
        primitives[j] = primitive
      } else {
        let (lower, upper) = parts(mesh, primitive.number, box, axis: cut.axis, plane: cut.plane)
        primitives[i] = BoxedPrimitive(lower, number: primitive.number)
        (primitives + added).initialize(to: BoxedPrimitive(upper, number: primitive.number))
        add(primitives[i], to: &left)
        add(primitives[added], to: &right)
        added += 1
        i += 1
      }
    }
    left.end = i
    right.begin = i
    right.end = added
    spread(&left, &right)
    return (left, right)
  }

  /// Gives each side its share of the free places.
  func spread(_ left: inout Range, _ right: inout Range) {
    let free = right.limit - right.end
    left.limit = left.end
    guard free > 0, left.box.halfArea > surface * WideBuilder.overlapShare else { return }
    let share = Int(Double(free) * Double(left.count) / Double(left.count + right.count))
    if share == 0 { return }
    (primitives + right.begin + share).update(from: primitives + right.begin, count: right.count)
    left.limit += share
    right.begin += share
    right.end += share
  }
}
