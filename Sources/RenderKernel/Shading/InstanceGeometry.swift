import CLaneIntrinsics
import LaneMath

/// Vertices of an instance as the kernel reads them. Null pointers stand for arrays that the mesh lacks.
struct InstanceGeometry {
  var positions: UnsafePointer<Float>
  var normals: UnsafePointer<Float>?
  var tangents: UnsafePointer<Float>?
  var uv0: UnsafePointer<Float>?
  var uv1: UnsafePointer<Float>?
  var uv2: UnsafePointer<Float>?
  var uv3: UnsafePointer<Float>?
  var colors: UnsafePointer<Float>?
  var indices: UnsafePointer<UInt32>
  var materials: UnsafePointer<UInt16>?
  var objectToWorld: Affine
  var worldToObject: Affine
  var isMirrored: Bool
  /// Largest sum of magnitudes in a row of the transform's linear part.
  var stretch: Float
  /// Largest magnitude of the transform's translation.
  var shift: Float

  /// Rays start this part of the coordinates' magnitude off a surface. Interpolation, transform and the intersection test
  /// err by less than 2⁻²¹ of it.
  static let relativeClearance: Float = 0x1p-19

  init(_ mesh: MeshArrays, _ instance: MeshInstance) {
    func pointer<T>(_ buffer: FlatBuffer<T>) -> UnsafePointer<T>? {
      buffer.isEmpty ? nil : UnsafePointer(buffer.pointer)
    }
    positions = UnsafePointer(mesh.positions.pointer)
    normals = pointer(mesh.normals)
    tangents = pointer(mesh.tangents)
    uv0 = pointer(mesh.uv0)
    uv1 = pointer(mesh.uv1)
    uv2 = pointer(mesh.uv2)
    uv3 = pointer(mesh.uv3)
    colors = pointer(mesh.colors)
    indices = UnsafePointer(mesh.indices.pointer)
    materials = pointer(mesh.materials)
    objectToWorld = instance.objectToWorld
    worldToObject = instance.worldToObject
    isMirrored = instance.objectToWorld.determinant < 0
    var (stretch, shift): (Float, Float) = (0, 0)
    for row in [objectToWorld.x, objectToWorld.y, objectToWorld.z] {
      stretch = max(stretch, row.x.magnitude + row.y.magnitude + row.z.magnitude)
      shift = max(shift, row.w.magnitude)
    }
    (self.stretch, self.shift) = (stretch, shift)
  }

  /// Distance off the surface at which rays do not meet it again; see `relativeClearance`.
  @inline(__always)
  func clearance(at position: SIMD3<Float>, edges e1: SIMD3<Float>, _ e2: SIMD3<Float>) -> Float {
    let edge = largestMagnitude(e1) + largestMagnitude(e2)
    return (largestMagnitude(position) + shift).addingProduct(edge, stretch) * InstanceGeometry.relativeClearance
  }

  /// Along the front of a triangle with these edges, world space, of any length. A triangle's front is where its corners
  /// run counter-clockwise in object space, mirrored instances included (glTF 2.0, section 3.7.4).
  @inline(__always)
  func outward(edges e1: SIMD3<Float>, _ e2: SIMD3<Float>) -> SIMD3<Float> {
    worldToObject.transposedVector(cross(e1, e2))
  }

  @inline(__always)
  func materialIndex(_ triangle: Int) -> Int { materials.map { Int($0[triangle]) } ?? 0 }

  @inline(__always)
  func prefetchIndices(_ triangle: Int) {
    glint_prefetch(indices + 3 &* triangle)
    if let materials { glint_prefetch(materials + triangle) }
  }

  @inline(__always)
  func prefetchVertices(_ triangle: Int) {
    for corner in 0..<3 {
      let vertex = Int(indices[3 &* triangle &+ corner])
      glint_prefetch(positions + 3 &* vertex)
      if let normals { glint_prefetch(normals + 3 &* vertex) }
      if let uv0 { glint_prefetch(uv0 + 2 &* vertex) }
    }
  }

  @inline(__always)
  func corners(_ triangle: Int) -> (Int, Int, Int) {
    let p = indices + 3 * triangle
    return (Int(p[0]), Int(p[1]), Int(p[2]))
  }

  @inline(__always)
  func position(_ vertex: Int) -> SIMD3<Float> {
    let p = positions + 3 * vertex
    return SIMD3(p[0], p[1], p[2])
  }

  @inline(__always)
  static func blend(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>, _ u: Float, _ v: Float) -> SIMD3<Float> {
    a.addingProduct(b - a, SIMD3(repeating: u)).addingProduct(c - a, SIMD3(repeating: v))
  }

  @inline(__always)
  private func vector3(_ array: UnsafePointer<Float>, _ stride: Int, _ i: (Int, Int, Int), _ u: Float, _ v: Float)
    -> SIMD3<Float>
  {
    func at(_ k: Int) -> SIMD3<Float> {
      let p = array + stride * k
      return SIMD3(p[0], p[1], p[2])
    }
    return InstanceGeometry.blend(at(i.0), at(i.1), at(i.2), u, v)
  }

  @inline(__always)
  func normal(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD3<Float>? {
    guard let normals else { return nil }
    return vector3(normals, 3, i, u, v)
  }

  /// Direction and handedness.
  @inline(__always)
  func tangent(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> (SIMD3<Float>, Float)? {
    guard let tangents else { return nil }
    return (vector3(tangents, 4, i, u, v), tangents[4 * i.0 + 3])
  }

  @inline(__always)
  func coordinates(_ array: UnsafePointer<Float>?, _ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD2<Float> {
    guard let array else { return .zero }
    func at(_ k: Int) -> SIMD2<Float> { SIMD2(array[2 * k], array[2 * k + 1]) }
    let a = at(i.0)
    return a.addingProduct(at(i.1) - a, SIMD2(repeating: u)).addingProduct(at(i.2) - a, SIMD2(repeating: v))
  }

  @inline(__always)
  func color(_ i: (Int, Int, Int), _ u: Float, _ v: Float) -> SIMD4<Float> {
    guard let colors else { return SIMD4(repeating: 1) }
    func at(_ k: Int) -> SIMD4<Float> {
      let p = colors + 4 * k
      return SIMD4(p[0], p[1], p[2], p[3])
    }
    let a = at(i.0)
    return a.addingProduct(at(i.1) - a, SIMD4(repeating: u)).addingProduct(at(i.2) - a, SIMD4(repeating: v))
  }
}
