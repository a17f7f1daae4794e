/// A function of a colour, sampled on a cubic lattice over [0, 1]³ and interpolated in tetrahedra.
///
/// Its memory is never freed: lattices are for constants that live as long as the process. `@unchecked Sendable` holds
/// because the nodes are written by the initialiser only. An array would be retained and released at each pixel.
struct ColorLattice: @unchecked Sendable {
  private let edge: Int
  /// `edge³`, red fastest; the fourth lane is unused.
  private let nodes: UnsafePointer<SIMD4<Float>>

  /// - Parameter edge: Nodes along an edge, at least 2. Node i lies at i ÷ (edge − 1).
  init(edge: Int, function: (_ red: Int, _ green: Int, _ blue: Int) -> SIMD3<Double>) {
    precondition(edge >= 2)
    self.edge = edge
    let nodes = UnsafeMutablePointer<SIMD4<Float>>.allocate(capacity: edge * edge * edge)
    var index = 0
    for blue in 0..<edge {
      for green in 0..<edge {
        for red in 0..<edge {
          (nodes + index).initialize(to: SIMD4(SIMD3<Float>(function(red, green, blue)), 0))
          index += 1
        }
      }
    }
    self.nodes = UnsafePointer(nodes)
  }

  /// The function at `position`, whose components are taken into [0, 1] first; NaN counts as 0.
  ///
  /// A cell is cut along its grey diagonal into six tetrahedra. The path from the cell's least node to its greatest goes
  /// along the axes in falling order of the fraction, so only four nodes count. Source: Kasson, Nin, Plouffe and Hafner,
  /// "Performing color space conversions with three-dimensional linear interpolation", 1995.
  @inline(__always) func value(at position: SIMD3<Double>) -> SIMD3<Double> {
    let (ri, rf) = split(position.x)
    let (gi, gf) = split(position.y)
    let (bi, bf) = split(position.z)
    let (red, green, blue) = (1, edge, edge * edge)
    let corner = ri + gi * green + bi * blue
    // The axes in falling order of their fraction.
    var (first, middle, last) = (red, green, blue)
    var (a, b, c) = (rf, gf, bf)
    if a < b { (a, b, first, middle) = (b, a, middle, first) }
    if b < c { (b, c, middle, last) = (c, b, last, middle) }
    if a < b { (a, b, first, middle) = (b, a, middle, first) }
    var sum: SIMD4<Float> = nodes[corner] * (1 - a)
    sum += nodes[corner + first] * (a - b)
    sum += nodes[corner + first + middle] * (b - c)
    sum += nodes[corner + first + middle + last] * c
    return SIMD3(Double(sum.x), Double(sum.y), Double(sum.z))
  }

  /// Index of the cell along one axis, and the fraction of the way through it.
  @inline(__always) private func split(_ coordinate: Double) -> (index: Int, fraction: Float) {
    guard coordinate > 0 else { return (0, 0) }
    let scaled = min(coordinate, 1) * Double(edge - 1)
    let index = min(Int(scaled), edge - 2)
    return (index, Float(scaled - Double(index)))
  }
}
