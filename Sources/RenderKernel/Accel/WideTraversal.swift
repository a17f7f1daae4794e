import CLaneIntrinsics

/// The part of a traversal that is the same for trees of triangles and of instances: a ray in lanes, and a stack.
///
/// A stack entry is a distance's bits in the upper half and a reference in the lower: distances are not negative, so
/// entries compare like distances.
struct WideTraversal: BitwiseCopyable {
  /// Entries in front of the stack, for a vector to take lanes from.
  static let scratchCount = 4
  /// Entries that one tree's traversal takes at most: seven for each of its levels, and one.
  static let stackLimit = scratchCount + 7 * WideBuilder.depthLimit + 1

  private let nodes: UnsafeRawPointer
  private let scratch: UnsafeMutableRawPointer
  private let stack: UnsafeMutablePointer<UInt64>
  private var depth = 0

  private let inverseX: SIMD8<Float>
  private let inverseY: SIMD8<Float>
  private let inverseZ: SIMD8<Float>
  private let nearX: SIMD8<Float>
  private let nearY: SIMD8<Float>
  private let nearZ: SIMD8<Float>
  private let farX: SIMD8<Float>
  private let farY: SIMD8<Float>
  private let farZ: SIMD8<Float>
  /// Offsets of the rows by which the ray enters a node's children.
  private let rowX: Int
  private let rowY: Int
  private let rowZ: Int

  /// - Parameter memory: Room for `stackLimit` entries.
  @inline(__always)
  init(_ tree: WideTree, _ ray: RayFrame, memory: UnsafeMutablePointer<UInt64>) {
    nodes = tree.nodes
    scratch = UnsafeMutableRawPointer(memory)
    stack = memory + WideTraversal.scratchCount
    inverseX = SIMD8(repeating: ray.inverse.x)
    inverseY = SIMD8(repeating: ray.inverse.y)
    inverseZ = SIMD8(repeating: ray.inverse.z)
    nearX = SIMD8(repeating: ray.nearOffset.x)
    nearY = SIMD8(repeating: ray.nearOffset.y)
    nearZ = SIMD8(repeating: ray.nearOffset.z)
    farX = SIMD8(repeating: ray.farOffset.x)
    farY = SIMD8(repeating: ray.farOffset.y)
    farZ = SIMD8(repeating: ray.farOffset.z)
    rowX = ray.inverse.x > 0 ? 0 : WideNode.upperOffset
    rowY = (ray.inverse.y > 0 ? 0 : WideNode.upperOffset) + WideNode.rowByteCount
    rowZ = (ray.inverse.z > 0 ? 0 : WideNode.upperOffset) + 2 * WideNode.rowByteCount
  }

  /// Enters a node: pushes the children that the ray enters no later than at `limit`, the nearest last.
  ///
  /// - Returns: The nearest of them, which is not pushed, or `none`.
  @inline(__always)
  mutating func enter<L: TraversalLanes>(_ reference: UInt32, limit: Float, lanes: L.Type) -> UInt32 {
    let node = nodes + Int(reference) * WideNode.byteCount
    let (near, last) = L.areScalar ? intervalsOneByOne(node, limit: limit) : intervals(node, limit: limit)
    var hits = Lanes.bits(near .<= last)
    if hits == 0 { return WideTree.none }

    let references = node + WideNode.referenceOffset
    let first = hits.trailingZeroBitCount
    hits &= hits - 1
    let firstReference = references.load(fromByteOffset: 4 * first, as: UInt32.self)
    if hits == 0 { return firstReference }

    scratch.storeBytes(of: near, as: SIMD8<Float>.self)
    var nearest = entry(first, firstReference)
    let base = depth
    repeat {
      let lane = hits.trailingZeroBitCount
      hits &= hits - 1
      let next = entry(lane, references.load(fromByteOffset: 4 * lane, as: UInt32.self))
      let closer = min(nearest, next)
      // The farther of the two sinks to its place among those already pushed.
      let farther = max(nearest, next)
      nearest = closer
      var place = depth
      while place > base && stack[place - 1] < farther {
        stack[place] = stack[place - 1]
        place -= 1
      }
      stack[place] = farther
      depth += 1
    } while hits != 0
    return UInt32(truncatingIfNeeded: nearest)
  }

  /// `RayFrame.interval` of the node's children, the far ends cut at `limit`.
  @inline(__always)
  private func intervals(_ node: UnsafeRawPointer, limit: Float) -> (near: SIMD8<Float>, last: SIMD8<Float>) {
    @inline(__always) func row(_ offset: Int) -> SIMD8<Float> {
      node.load(fromByteOffset: offset, as: SIMD8<Float>.self)
    }
    let enterX = nearX.addingProduct(row(rowX), inverseX)
    let enterY = nearY.addingProduct(row(rowY), inverseY)
    let enterZ = nearZ.addingProduct(row(rowZ), inverseZ)
    let leaveX = farX.addingProduct(row(WideNode.oppositeRow(rowX, axis: 0)), inverseX)
    let leaveY = farY.addingProduct(row(WideNode.oppositeRow(rowY, axis: 1)), inverseY)
    let leaveZ = farZ.addingProduct(row(WideNode.oppositeRow(rowZ, axis: 2)), inverseZ)
    let near = Lanes.greater(Lanes.greater(enterX, enterY), Lanes.greater(enterZ, SIMD8<Float>.zero))
    let far = Lanes.lesser(Lanes.lesser(leaveX, leaveY), leaveZ) * RayFrame.farScale
    return (near, Lanes.lesser(far, SIMD8(repeating: limit)))
  }

  @inline(never)
  private func intervalsOneByOne(_ node: UnsafeRawPointer, limit: Float) -> (near: SIMD8<Float>, last: SIMD8<Float>) {
    var near = SIMD8<Float>.zero
    var last = SIMD8<Float>.zero
    for lane in 0..<8 {
      func value(_ row: Int) -> Float { node.load(fromByteOffset: row + 4 * lane, as: Float.self) }
      let enterX = nearX[0].addingProduct(value(rowX), inverseX[0])
      let enterY = nearY[0].addingProduct(value(rowY), inverseY[0])
      let enterZ = nearZ[0].addingProduct(value(rowZ), inverseZ[0])
      let leaveX = farX[0].addingProduct(value(WideNode.oppositeRow(rowX, axis: 0)), inverseX[0])
      let leaveY = farY[0].addingProduct(value(WideNode.oppositeRow(rowY, axis: 1)), inverseY[0])
      let leaveZ = farZ[0].addingProduct(value(WideNode.oppositeRow(rowZ, axis: 2)), inverseZ[0])
      near[lane] = Lanes.greater(Lanes.greater(enterX, enterY), Lanes.greater(enterZ, 0))
      last[lane] = Lanes.lesser(Lanes.lesser(Lanes.lesser(leaveX, leaveY), leaveZ) * RayFrame.farScale, limit)
    }
    return (near, last)
  }

  @inline(__always)
  private func entry(_ lane: Int, _ reference: UInt32) -> UInt64 {
    UInt64(scratch.load(fromByteOffset: 4 * lane, as: UInt32.self)) << 32 | UInt64(reference)
  }

  /// The next entry that starts no later than at `limit`, or `none`.
  @inline(__always)
  mutating func pop(limit: Float) -> UInt32 {
    while depth > 0 {
      depth -= 1
      let top = stack[depth]
      if Float(bitPattern: UInt32(truncatingIfNeeded: top >> 32)) <= limit { return UInt32(truncatingIfNeeded: top) }
    }
    return WideTree.none
  }
}
