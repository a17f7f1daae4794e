import LaneMath
import KernelScene
import SceneModel

extension SceneMesh {
  /// The mesh in one pose: morph targets first, then the skin (glTF 2.0, sections 3.7.2.2 and 3.7.3). Feeds pixels, so every
  /// operation rounds as written here.
  func deformed(by pose: FrameState.Pose) -> MeshArrays {
    guard let deformation else { return arrays }
    let count = arrays.vertexCount
    let targets = zip(deformation.morphTargets, pose.morphWeights).filter { $0.1 != 0 }.map { ($0.0, $0.1) }
    func morphed(_ rest: FlatBuffer<Float>, width: Int, _ key: KeyPath<Deformation.MorphTarget, FlatBuffer<Float>>)
      -> FlatBuffer<Float>
    {
      let active = targets.filter { !$0.0[keyPath: key].isEmpty }
      guard !rest.isEmpty, !active.isEmpty else { return rest }
      return FlatBuffer(count: rest.count) { result in
        for i in 0..<rest.count { result[i] = rest[i] }
        for (target, weight) in active {
          let delta = target[keyPath: key]
          // Tangents have four numbers, their displacements three.
          for vertex in 0..<count {
            for axis in 0..<3 {
              let at = vertex * width + axis
              result[at] = result[at].addingProduct(weight, delta[vertex * 3 + axis])
            }
          }
        }
      }
    }
    // Sums within [0, 1], as glTF demands of morphed colours.
    func morphedColors() -> FlatBuffer<Float> {
      let active = targets.filter { !$0.0.colors.isEmpty }
      guard !arrays.colors.isEmpty, !active.isEmpty else { return arrays.colors }
      return FlatBuffer(count: arrays.colors.count) { result in
        for i in 0..<arrays.colors.count {
          var sum = arrays.colors[i]
          for (target, weight) in active { sum = sum.addingProduct(weight, target.colors[i]) }
          result[i] = sum > 0 ? min(1, sum) : 0
        }
      }
    }
    var positions = morphed(arrays.positions, width: 3, \.positions)
    var normals = morphed(arrays.normals, width: 3, \.normals)
    var tangents = morphed(arrays.tangents, width: 4, \.tangents)
    let influences = deformation.influencesPerVertex
    if influences > 0 {
      let matrices: [Affine] = (0..<count).map { vertex in
        var x = SIMD4<Float>.zero
        var y = SIMD4<Float>.zero
        var z = SIMD4<Float>.zero
        for i in 0..<influences {
          let weight = deformation.weights[vertex * influences + i]
          guard weight != 0 else { continue }
          let joint = pose.jointMatrices[Int(deformation.joints[vertex * influences + i])]
          let w = SIMD4<Float>(repeating: weight)
          x = x.addingProduct(joint.x, w)
          y = y.addingProduct(joint.y, w)
          z = z.addingProduct(joint.z, w)
        }
        return Affine(x: x, y: y, z: z)
      }
      let (p, n, t) = (positions, normals, tangents)
      positions = FlatBuffer(count: p.count) { result in
        for vertex in 0..<count { result.set3(vertex, 3, matrices[vertex].point(p.vector(vertex, 3))) }
      }
      if !n.isEmpty {
        normals = FlatBuffer(count: n.count) { result in
          for vertex in 0..<count { result.set3(vertex, 3, matrices[vertex].cofactorVector(n.vector(vertex, 3))) }
        }
      }
      if !t.isEmpty {
        tangents = FlatBuffer(count: t.count) { result in
          for vertex in 0..<count {
            result.set3(vertex, 4, matrices[vertex].vector(t.vector(vertex, 4)))
            result[vertex * 4 + 3] = matrices[vertex].determinant < 0 ? -t[vertex * 4 + 3] : t[vertex * 4 + 3]
          }
        }
      }
    }
    return MeshArrays(
      positions: positions.withinLimits(), normals: normals.normalized(width: 3, fallback: [0, 1, 0]),
      tangents: tangents.normalized(width: 4, fallback: [1, 0, 0]), uv0: arrays.uv0, uv1: arrays.uv1,
      uv2: arrays.uv2, uv3: arrays.uv3, colors: morphedColors(), indices: arrays.indices, materials: arrays.materials)
  }
}

extension FlatBuffer where Element == Float {
  @inline(__always)
  fileprivate func vector(_ index: Int, _ width: Int) -> SIMD3<Float> {
    SIMD3(self[index * width], self[index * width + 1], self[index * width + 2])
  }

  /// Coordinates that the kernel can take; what is not finite goes to the origin.
  fileprivate func withinLimits() -> FlatBuffer<Float> {
    let limit = MeshArrays.coordinateLimit
    guard elements.contains(where: { !($0 >= -limit && $0 <= limit) }) else { return self }
    return FlatBuffer(count: count) { result in
      for i in 0..<count { result[i] = self[i].isFinite ? Swift.min(limit, Swift.max(-limit, self[i])) : 0 }
    }
  }

  /// Vectors of length one; the rest of a row is kept.
  fileprivate func normalized(width: Int, fallback: SIMD3<Float>) -> FlatBuffer<Float> {
    FlatBuffer(count: count) { result in
      for i in 0..<count / width {
        let v = vector(i, width)
        let square = (v.x * v.x).addingProduct(v.y, v.y).addingProduct(v.z, v.z)
        let isUsable = square > 1e-30 && square.isFinite
        result.set3(i, width, isUsable ? v / square.squareRoot() : fallback)
        for rest in 3..<Swift.max(3, width) { result[i * width + rest] = self[i * width + rest] }
      }
    }
  }
}

extension UnsafeMutableBufferPointer where Element == Float {
  @inline(__always)
  fileprivate func set3(_ index: Int, _ width: Int, _ v: SIMD3<Float>) {
    self[index * width] = v.x
    self[index * width + 1] = v.y
    self[index * width + 2] = v.z
  }
}

extension Affine {
  /// A normal mapped by the cofactors of the linear part, turned so that it stays on the side of the mapped triangle's own
  /// normal where the map mirrors.
  fileprivate func cofactorVector(_ n: SIMD3<Float>) -> SIMD3<Float> {
    func cross(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD3<Float> {
      SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
    let (r0, r1, r2) = (cross(y, z), cross(z, x), cross(x, y))
    func dot(_ a: SIMD3<Float>) -> Float { (a.x * n.x).addingProduct(a.y, n.y).addingProduct(a.z, n.z) }
    return SIMD3(dot(r0), dot(r1), dot(r2))
  }
}
