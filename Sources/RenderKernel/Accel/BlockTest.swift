import LaneMath

/// The first half of the triangle test over a block.
enum EdgeTest {
  /// `TriangleTest.isInside` of eight triangles, as bits.
  @inline(__always)
  static func inside(_ block: UnsafeRawPointer, _ traveller: UnsafePointer<Traveller>) -> UInt32 {
    let edges = BlockEdges(block, traveller)
    let (u, v, w) = (edges.u, edges.v, edges.w)
    let zero = SIMD8<Float>.zero
    let same = ((u .>= zero) .& (v .>= zero) .& (w .>= zero)) .| ((u .<= zero) .& (v .<= zero) .& (w .<= zero))
    return Lanes.bits(same .& (((u + v) + w) .!= zero))
  }

  @inline(__always)
  static func corners(_ block: UnsafeRawPointer, _ lane: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let column = block + 4 &* lane
    @inline(__always) func vertex(_ number: Int) -> SIMD4<Float> {
      let rows = column + number &* TriangleBlock.vertexByteCount
      return SIMD4(
        rows.load(as: Float.self), rows.load(fromByteOffset: TriangleBlock.rowByteCount, as: Float.self),
        rows.load(fromByteOffset: 2 * TriangleBlock.rowByteCount, as: Float.self), 0)
    }
    return (vertex(0), vertex(1), vertex(2))
  }

  /// What `TriangleTest.edges` gives for one triangle of the block.
  @inline(__always)
  static func edges(
    _ block: UnsafeRawPointer, _ lane: Int, _ traveller: UnsafePointer<Traveller>
  ) -> (depths: SIMD3<Float>, edges: SIMD3<Float>) {
    let column = block + 4 &* lane
    @inline(__always) func row(_ axis: Int32) -> SIMD4<Float> {
      let row = column + Int(axis) &* TriangleBlock.rowByteCount
      return SIMD4(
        row.load(as: Float.self), row.load(fromByteOffset: TriangleBlock.vertexByteCount, as: Float.self),
        row.load(fromByteOffset: 2 * TriangleBlock.vertexByteCount, as: Float.self), 0)
    }
    let z = row(traveller.pointee.frame.axisZ) - traveller.pointee.frame.originZ
    let x = (row(traveller.pointee.frame.axisX) - traveller.pointee.frame.originX) - traveller.pointee.frame.shearX * z
    let y = (row(traveller.pointee.frame.axisY) - traveller.pointee.frame.originY) - traveller.pointee.frame.shearY * z
    let e = x.cab * y.bca - y.cab * x.bca
    return (SIMD3(z.x, z.y, z.z), SIMD3(e.x, e.y, e.z))
  }
}

/// What `TriangleTest.edges` gives for the eight triangles of a block.
struct BlockEdges {
  /// Depths of the vertices along the ray's main axis.
  let az: SIMD8<Float>
  let bz: SIMD8<Float>
  let cz: SIMD8<Float>
  /// Edge functions.
  let u: SIMD8<Float>
  let v: SIMD8<Float>
  let w: SIMD8<Float>

  @inline(__always)
  init(_ block: UnsafeRawPointer, _ traveller: UnsafePointer<Traveller>) {
    let rowX = block + Int(traveller.pointee.frame.axisX) &* TriangleBlock.rowByteCount
    let rowY = block + Int(traveller.pointee.frame.axisY) &* TriangleBlock.rowByteCount
    let rowZ = block + Int(traveller.pointee.frame.axisZ) &* TriangleBlock.rowByteCount
    let originX = SIMD8(repeating: traveller.pointee.frame.originX)
    let originY = SIMD8(repeating: traveller.pointee.frame.originY)
    let originZ = SIMD8(repeating: traveller.pointee.frame.originZ)
    let shearX = SIMD8(repeating: traveller.pointee.frame.shearX)
    let shearY = SIMD8(repeating: traveller.pointee.frame.shearY)
    @inline(__always) func sheared(_ number: Int) -> (SIMD8<Float>, SIMD8<Float>, SIMD8<Float>) {
      let offset = number &* TriangleBlock.vertexByteCount
      let z = rowZ.load(fromByteOffset: offset, as: SIMD8<Float>.self) - originZ
      return (
        (rowX.load(fromByteOffset: offset, as: SIMD8<Float>.self) - originX) - shearX * z,
        (rowY.load(fromByteOffset: offset, as: SIMD8<Float>.self) - originY) - shearY * z, z
      )
    }
    let (ax, ay, az) = sheared(0)
    let (bx, by, bz) = sheared(1)
    let (cx, cy, cz) = sheared(2)
    (self.az, self.bz, self.cz) = (az, bz, cz)
    u = cx * by - cy * bx
    v = ax * cy - ay * cx
    w = bx * ay - by * ax
  }
}

extension SIMD4<Float> {
  /// The first three lanes, turned.
  @inline(__always) fileprivate var cab: SIMD4<Float> { SIMD4(z, x, y, w) }
  @inline(__always) fileprivate var bca: SIMD4<Float> { SIMD4(y, z, x, w) }
}
