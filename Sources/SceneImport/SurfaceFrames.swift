import LaneMath

// Normals and tangents: repaired where a file's are unusable, made where it has none.

extension PrimitiveData {
  private func corners(_ triangle: Int) -> (Int, Int, Int) {
    (Int(indices[triangle * 3]), Int(indices[triangle * 3 + 1]), Int(indices[triangle * 3 + 2]))
  }

  /// Twice the area, along the normal.
  private func areaVector(_ triangle: Int) -> SIMD3<Float> {
    let (a, b, c) = corners(triangle)
    let origin = position(a)
    return Vector.cross(position(b) - origin, position(c) - origin)
  }

  /// Brings normals to length one; what is no direction is replaced by that of the triangles around.
  mutating func repairNormals() {
    guard !normals.isEmpty else { return }
    var broken: [Int] = []
    for vertex in 0..<vertexCount {
      if let n = Vector.normalized(normals.vector(vertex, 3)) {
        normals.setVector(vertex, 3, n)
      } else {
        broken.append(vertex)
      }
    }
    guard !broken.isEmpty else { return }
    var sums = [Float](repeating: 0, count: vertexCount * 3)
    for triangle in 0..<triangleCount {
      guard let n = Vector.normalized(areaVector(triangle)) else { continue }
      let (a, b, c) = corners(triangle)
      for vertex in [a, b, c] { sums.setVector(vertex, 3, sums.vector(vertex, 3) + n) }
    }
    for vertex in broken { normals.setVector(vertex, 3, Vector.normalized(sums.vector(vertex, 3)) ?? [0, 0, 1]) }
  }

  /// Brings tangents to length one and handedness to ±1.
  mutating func repairTangents() {
    guard !tangents.isEmpty else { return }
    for vertex in 0..<vertexCount {
      let n = Vector.normalized(normals.vector(vertex, 3)) ?? [0, 0, 1]
      tangents.setVector(vertex, 4, Vector.normalized(tangents.vector(vertex, 4)) ?? Vector.perpendicular(n))
      tangents[vertex * 4 + 3] = tangents[vertex * 4 + 3] < 0 ? -1 : 1
    }
  }

  /// Gives every triangle vertices of its own, with its normal.
  mutating func makeFlat() {
    self = gathered(indices, indices: (0..<UInt32(indices.count)).map { $0 })
    normals = [Float](repeating: 0, count: vertexCount * 3)
    for triangle in 0..<triangleCount {
      let n = Vector.normalized(areaVector(triangle)) ?? [0, 0, 1]
      for corner in 0..<3 { normals.setVector(triangle * 3 + corner, 3, n) }
    }
    tangents = []
    for i in targets.indices { (targets[i].normals, targets[i].tangents) = ([], []) }
  }

  /// Makes tangents as MikkTSpace does: corners that share position, normal, coordinates and handedness share a tangent,
  /// which is the mean of their triangles' by angle. Vertices used with both handednesses are split.
  ///
  /// Source: M. Mikkelsen, "Simulation of Wrinkled Surfaces Revisited" (2008).
  mutating func makeTangents(uvSet: Int) {
    let welded = weldedVertices(uv: uv[uvSet])
    let frames = triangleTangents(uv: uv[uvSet])
    // Slot 2w: right-handed corners of welded vertex w; slot 2w + 1: left-handed ones.
    var sums = [Float](repeating: 0, count: vertexCount * 6)
    var isUsed = [Bool](repeating: false, count: vertexCount * 2)
    for triangle in 0..<triangleCount {
      guard let frame = frames[triangle] else { continue }
      let corner = [Int(indices[triangle * 3]), Int(indices[triangle * 3 + 1]), Int(indices[triangle * 3 + 2])]
      for i in 0..<3 {
        let vertex = corner[i]
        let n = normals.vector(vertex, 3)
        let slot = Int(welded[vertex]) * 2 + (frame.isLeftHanded ? 1 : 0)
        isUsed[slot] = true
        func flattened(_ v: SIMD3<Float>) -> SIMD3<Float>? { Vector.normalized(v - n * Vector.dot(n, v)) }
        guard let tangent = flattened(frame.tangent),
          let next = flattened(position(corner[(i + 1) % 3]) - position(vertex)),
          let previous = flattened(position(corner[(i + 2) % 3]) - position(vertex))
        else { continue }
        let angle = laneAcos(Vector.dot(next, previous))
        sums.setVector(slot, 3, sums.vector(slot, 3) + tangent * angle)
      }
    }

    var sources = (0..<UInt32(vertexCount)).map { $0 }
    var isLeftHanded = [Bool?](repeating: nil, count: vertexCount)
    var twins: [UInt32: UInt32] = [:]
    var newIndices = indices
    for triangle in 0..<triangleCount {
      for i in triangle * 3..<triangle * 3 + 3 {
        let vertex = Int(indices[i])
        let slot = Int(welded[vertex]) * 2
        // A triangle without extent in the texture joins its neighbours.
        let isLeft = frames[triangle]?.isLeftHanded ?? (!isUsed[slot] && isUsed[slot + 1])
        if isLeftHanded[vertex] == nil { isLeftHanded[vertex] = isLeft }
        guard isLeftHanded[vertex] != isLeft else { continue }
        if let twin = twins[UInt32(vertex)] {
          newIndices[i] = twin
        } else {
          newIndices[i] = UInt32(sources.count)
          twins[UInt32(vertex)] = UInt32(sources.count)
          sources.append(UInt32(vertex))
        }
      }
    }
    let originalCount = vertexCount
    self = gathered(sources, indices: newIndices)
    tangents = [Float](repeating: 0, count: vertexCount * 4)
    for (vertex, source) in sources.enumerated() {
      let first = isLeftHanded[Int(source)] ?? false
      let isLeft = vertex < originalCount ? first : !first
      let n = normals.vector(vertex, 3)
      let sum = sums.vector(Int(welded[Int(source)]) * 2 + (isLeft ? 1 : 0), 3)
      tangents.setVector(vertex, 4, Vector.normalized(sum) ?? Vector.perpendicular(n))
      tangents[vertex * 4 + 3] = isLeft ? -1 : 1
    }
  }

  /// For each vertex the first one with the same position, normal and coordinates.
  private func weldedVertices(uv: [Float]) -> [UInt32] {
    struct Key: Hashable {
      var a: SIMD8<Float>
    }
    var first: [Key: UInt32] = [:]
    first.reserveCapacity(vertexCount)
    var result: [UInt32] = []
    result.reserveCapacity(vertexCount)
    for vertex in 0..<vertexCount {
      let (p, n) = (position(vertex), normals.vector(vertex, 3))
      // Adding zero makes −0 and 0 alike.
      let key = Key(a: SIMD8(p.x, p.y, p.z, n.x, n.y, n.z, uv[vertex * 2], uv[vertex * 2 + 1]) + 0)
      if let known = first[key] {
        result.append(known)
      } else {
        first[key] = UInt32(vertex)
        result.append(UInt32(vertex))
      }
    }
    return result
  }

  private struct TriangleTangent {
    var tangent: SIMD3<Float>
    var isLeftHanded: Bool
  }

  /// Direction of growing u for each triangle; nil where the coordinates span no area.
  private func triangleTangents(uv: [Float]) -> [TriangleTangent?] {
    (0..<triangleCount).map { triangle in
      let (a, b, c) = corners(triangle)
      let (u1, v1) = (uv[b * 2] - uv[a * 2], uv[b * 2 + 1] - uv[a * 2 + 1])
      let (u2, v2) = (uv[c * 2] - uv[a * 2], uv[c * 2 + 1] - uv[a * 2 + 1])
      let area = u1 * v2 - u2 * v1
      guard area != 0, area.isFinite else { return nil }
      let (e1, e2) = (position(b) - position(a), position(c) - position(a))
      let direction = e1 * v2 - e2 * v1
      guard let tangent = Vector.normalized(area > 0 ? direction : -direction) else { return nil }
      // v grows downwards in glTF, so an unmirrored triangle has negative area.
      return TriangleTangent(tangent: tangent, isLeftHanded: area > 0)
    }
  }
}
