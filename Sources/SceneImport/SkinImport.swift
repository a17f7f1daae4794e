import LaneMath
import SceneModel

/// Joints that deform meshes.
struct Skin: Sendable {
  /// Nodes.
  var joints: [Int]
  /// Beside `joints`: rest space to the joint's space.
  var inverseBinds: [Affine]

  /// Stands for a skin that nothing uses.
  static let unused = Skin()

  private init() { (joints, inverseBinds) = ([], []) }

  init(_ document: GLTFDocument, _ node: JSONNode) throws(ImportError) {
    joints = []
    for joint in try node["joints"].array() {
      guard let index = try joint.index(below: document.nodes.count, of: "nodes") else {
        throw joint.fault("expected a node")
      }
      joints.append(index)
    }
    guard !joints.isEmpty, joints.count <= BundleLimits.jointCount else {
      throw node["joints"].fault("\(joints.count) joints, expected 1 to \(BundleLimits.jointCount)")
    }
    inverseBinds = [Affine](repeating: .identity, count: joints.count)
    let matrices = node["inverseBindMatrices"]
    guard let accessor = try matrices.index() else { return }
    let values = try document.floats(accessor, components: [16], for: matrices)
    guard values.count >= joints.count * 16 else {
      throw matrices.fault("accessor \(accessor) has \(values.count / 16) matrices for \(joints.count) joints")
    }
    for i in joints.indices {
      inverseBinds[i] = Affine(columns: values[i * 16..<i * 16 + 16])
      guard inverseBinds[i].isFinite else { throw matrices.fault("accessor \(accessor), element \(i) is not finite") }
    }
  }

  func jointMatrices(_ world: [Affine]) -> [Affine] {
    joints.indices.map { world[joints[$0]].concatenating(inverseBinds[$0]) }
  }
}

extension Deformation {
  /// Where the vertices of a mesh in its pose are, before the instance's transform; for bounding boxes only.
  func bounds(_ positions: FlatBuffer<Float>, _ pose: FrameState.Pose) -> Bounds {
    var box = Bounds()
    for vertex in 0..<positions.count / 3 {
      func vector(_ buffer: FlatBuffer<Float>) -> SIMD3<Float> {
        SIMD3(buffer[vertex * 3], buffer[vertex * 3 + 1], buffer[vertex * 3 + 2])
      }
      var p = vector(positions)
      for (target, weight) in zip(morphTargets, pose.morphWeights) where weight != 0 && !target.positions.isEmpty {
        p += vector(target.positions) * weight
      }
      guard influencesPerVertex > 0 else {
        box.add(p)
        continue
      }
      var moved = SIMD3<Float>.zero
      for i in vertex * influencesPerVertex..<(vertex + 1) * influencesPerVertex where weights[i] != 0 {
        moved += pose.jointMatrices[Int(joints[i])].point(p) * weights[i]
      }
      box.add(moved)
    }
    return box
  }
}
