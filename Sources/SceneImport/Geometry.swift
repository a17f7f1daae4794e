import LaneMath
import KernelScene
import SceneModel

/// One primitive of a glTF mesh as triangles: flat arrays, each either empty or of full length.
struct PrimitiveData {
  /// Displacements of one morph target, three numbers a vertex.
  struct Target {
    var positions: [Float] = []
    var normals: [Float] = []
    var tangents: [Float] = []
    /// Four numbers a vertex.
    var colors: [Float] = []
  }

  /// Where it stands in the file.
  var path = ""
  var material = 0
  var vertexCount = 0
  var positions: [Float] = []
  var normals: [Float] = []
  var tangents: [Float] = []
  /// Sets of texture coordinates, in the order of `MaterialTable.coordinateSets`.
  var uv = [[Float]](repeating: [], count: MeshArrays.uvSetCount)
  var colors: [Float] = []
  /// Joints a vertex, a multiple of 4.
  var influences = 0
  var joints: [UInt16] = []
  var weights: [Float] = []
  var targets: [Target] = []
  var indices: [UInt32] = []

  var triangleCount: Int { indices.count / 3 }

  func position(_ vertex: Int) -> SIMD3<Float> { positions.vector(vertex, 3) }

  /// The same triangles over other vertices: vertex `i` of the result is a copy of `sources[i]`.
  func gathered(_ sources: [UInt32], indices: [UInt32]) -> PrimitiveData {
    func take<T>(_ array: [T], _ width: Int) -> [T] {
      guard !array.isEmpty else { return [] }
      var result: [T] = []
      result.reserveCapacity(sources.count * width)
      for source in sources {
        for i in 0..<width { result.append(array[Int(source) * width + i]) }
      }
      return result
    }
    var result = self
    result.vertexCount = sources.count
    result.positions = take(positions, 3)
    result.normals = take(normals, 3)
    result.tangents = take(tangents, 4)
    result.uv = uv.map { take($0, 2) }
    result.colors = take(colors, 4)
    result.joints = take(joints, influences)
    result.weights = take(weights, influences)
    result.targets = targets.map { target in
      Target(
        positions: take(target.positions, 3), normals: take(target.normals, 3), tangents: take(target.tangents, 3),
        colors: take(target.colors, 4))
    }
    result.indices = indices
    return result
  }
}

extension [Float] {
  /// The first three numbers of a row.
  func vector(_ index: Int, _ width: Int) -> SIMD3<Float> {
    SIMD3(self[index * width], self[index * width + 1], self[index * width + 2])
  }

  mutating func setVector(_ index: Int, _ width: Int, _ v: SIMD3<Float>) {
    self[index * width] = v.x
    self[index * width + 1] = v.y
    self[index * width + 2] = v.z
  }
}

/// Vector arithmetic that rounds as written, on every machine.
enum Vector {
  static func dot(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float {
    (a.z * b.z).addingProduct(a.y, b.y).addingProduct(a.x, b.x)
  }

  static func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }

  /// Of length one; nil for what is not finite or has no length. Scaled first, so that neither tiny nor huge vectors fail.
  static func normalized(_ v: SIMD3<Float>) -> SIMD3<Float>? {
    let largest = max(v.x.magnitude, max(v.y.magnitude, v.z.magnitude))
    guard largest > 0, isFinite(v) else { return nil }
    let scaled = v / largest
    return scaled / dot(scaled, scaled).squareRoot()
  }

  static func isFinite(_ v: SIMD3<Float>) -> Bool { v.x.isFinite && v.y.isFinite && v.z.isFinite }

  /// Some unit vector at right angles to a unit vector.
  static func perpendicular(_ n: SIMD3<Float>) -> SIMD3<Float> {
    let axis: SIMD3<Float> = n.x.magnitude < 0.6 ? [1, 0, 0] : [0, 1, 0]
    return normalized(axis - n * dot(axis, n)) ?? [1, 0, 0]
  }
}

/// Turns the index lists of glTF's primitive modes into separate triangles.
enum Topology {
  /// - Returns: Nil for points and lines.
  static func triangles(mode: Int, _ list: [UInt32]) -> [UInt32]? {
    var result: [UInt32] = []
    func add(_ a: UInt32, _ b: UInt32, _ c: UInt32) {
      // Without area whatever the positions: strips are joined by such triangles.
      if a != b, b != c, a != c { result += [a, b, c] }
    }
    switch mode {
    case 4:
      result.reserveCapacity(list.count)
      for i in stride(from: 0, to: list.count - list.count % 3, by: 3) { add(list[i], list[i + 1], list[i + 2]) }
    case 5:
      result.reserveCapacity(list.count * 3)
      for i in 0..<max(0, list.count - 2) { add(list[i], list[i + 1 + i % 2], list[i + 2 - i % 2]) }
    case 6:
      result.reserveCapacity(list.count * 3)
      for i in 0..<max(0, list.count - 2) { add(list[i + 1], list[i + 2], list[0]) }
    default: return nil
    }
    return result
  }
}
