import LaneMath
import KernelScene
import SceneModel

/// Joins primitives to one mesh of the scene.
struct MeshAssembly {
  private let parts: [PrimitiveData]
  private let vertexCount: Int
  private let triangleCount: Int

  /// Nil without triangles.
  init?(_ parts: [PrimitiveData]) {
    vertexCount = parts.reduce(0) { $0 + $1.vertexCount }
    triangleCount = parts.reduce(0) { $0 + $1.triangleCount }
    guard triangleCount > 0 else { return nil }
    self.parts = parts
  }

  /// - Parameter jointCount: Of the skin that deforms the mesh; 0 without one.
  func mesh(jointCount: Int) -> SceneMesh {
    let normals = joined(\.normals, 3) { _, _ in [0, 0, 1] }
    let tangents = joined(\.tangents, 4) { part, vertex in
      let n: SIMD3<Float> = part.normals.isEmpty ? [0, 0, 1] : part.normals.vector(vertex, 3)
      let t = Vector.perpendicular(n)
      return [t.x, t.y, t.z, 1]
    }
    let indices = FlatBuffer<UInt32>(count: triangleCount * 3) { target in
      var (at, base) = (0, UInt32(0))
      for part in parts {
        for index in part.indices {
          target[at] = base + index
          at += 1
        }
        base += UInt32(part.vertexCount)
      }
    }
    let materials = FlatBuffer<UInt16>(count: triangleCount) { target in
      var at = 0
      for part in parts {
        for _ in 0..<part.triangleCount {
          target[at] = UInt16(part.material)
          at += 1
        }
      }
    }
    let arrays = MeshArrays(
      positions: joined(\.positions, 3) { _, _ in [0, 0, 0] }, normals: normals, tangents: tangents,
      uv0: coordinates(0), uv1: coordinates(1), uv2: coordinates(2), uv3: coordinates(3),
      colors: joined(\.colors, 4) { _, _ in [1, 1, 1, 1] }, indices: indices, materials: materials)
    return SceneMesh(arrays: arrays, deformation: deformation(jointCount: jointCount))
  }

  private func coordinates(_ set: Int) -> FlatBuffer<Float> { joined({ $0.uv[set] }, 2) { _, _ in [0, 0] } }

  /// An array of all parts, or an empty one if no part has it.
  private func joined(
    _ key: (PrimitiveData) -> [Float], _ width: Int, _ filler: (PrimitiveData, Int) -> [Float]
  ) -> FlatBuffer<Float> {
    guard parts.contains(where: { !key($0).isEmpty }) else { return FlatBuffer(count: 0) }
    return FlatBuffer(count: vertexCount * width) { target in
      var at = 0
      for part in parts {
        let values = key(part)
        if values.isEmpty {
          for vertex in 0..<part.vertexCount {
            for (i, value) in filler(part, vertex).enumerated() { target[at + i] = value }
            at += width
          }
        } else {
          for value in values {
            target[at] = value
            at += 1
          }
        }
      }
    }
  }

  private func deformation(jointCount: Int) -> Deformation? {
    let influences = jointCount > 0 ? parts.reduce(0) { max($0, $1.influences) } : 0
    let targetCount = parts.reduce(0) { max($0, $1.targets.count) }
    guard influences > 0 || targetCount > 0 else { return nil }
    let joints = FlatBuffer<UInt16>(count: vertexCount * influences) { target in
      spread(influences) { part, from, to in target[to] = part.joints[from] }
    }
    let weights = FlatBuffer<Float>(count: vertexCount * influences) { target in
      var base = 0
      for part in parts {
        // What no joint pulls goes with the first.
        if part.influences == 0, influences > 0 {
          for vertex in 0..<part.vertexCount { target[(base + vertex) * influences] = 1 }
        }
        base += part.vertexCount
      }
      spread(influences) { part, from, to in target[to] = part.weights[from] }
    }
    let targets = (0..<targetCount).map { index in
      func displacement(_ key: KeyPath<PrimitiveData.Target, [Float]>) -> FlatBuffer<Float> {
        joined({ $0.targets.indices.contains(index) ? $0.targets[index][keyPath: key] : [] }, 3) { _, _ in [0, 0, 0] }
      }
      let colors = joined({ $0.targets.indices.contains(index) ? $0.targets[index].colors : [] }, 4) { _, _ in
        [0, 0, 0, 0]
      }
      return Deformation.MorphTarget(
        positions: displacement(\.positions), normals: displacement(\.normals), tangents: displacement(\.tangents),
        colors: colors)
    }
    return Deformation(
      influencesPerVertex: influences, joints: joints, weights: weights, jointCount: influences > 0 ? jointCount : 0,
      morphTargets: targets)
  }

  /// Calls `copy` with the place of each joint in its part and in the whole.
  private func spread(_ influences: Int, _ copy: (PrimitiveData, Int, Int) -> Void) {
    guard influences > 0 else { return }
    var base = 0
    for part in parts {
      for vertex in 0..<part.vertexCount {
        for i in 0..<part.influences {
          copy(part, vertex * part.influences + i, (base + vertex) * influences + i)
        }
      }
      base += part.vertexCount
    }
  }
}
