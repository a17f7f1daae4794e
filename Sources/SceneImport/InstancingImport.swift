import LaneMath

/// Placements of EXT_mesh_gpu_instancing.
enum InstancingImport {
  /// Transforms inside the node's space; nil where the node places its mesh once.
  static func transforms(_ document: GLTFDocument, _ node: JSONNode) throws(ImportError) -> [Affine]? {
    let attributes = node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]
    guard attributes.isPresent else { return nil }
    var count: Int?
    func values(_ name: String, _ width: Int) throws(ImportError) -> [Float]? {
      guard let accessor = try attributes[name].index() else { return nil }
      let values = try document.floats(accessor, components: [width], for: attributes[name])
      guard count ?? values.count / width == values.count / width else {
        throw attributes[name].fault("\(values.count / width) elements, expected \(count ?? 0) as the others have")
      }
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw attributes[name].fault("element \(bad / width) is not finite")
      }
      count = values.count / width
      return values
    }
    let translations = try values("TRANSLATION", 3)
    let rotations = try values("ROTATION", 4)
    let scales = try values("SCALE", 3)
    guard let count else { return nil }
    return (0..<count).map { i in
      Rotation.transform(
        translation: translations.map { $0.vector(i, 3) } ?? .zero,
        rotation: rotations.map { SIMD4($0[i * 4], $0[i * 4 + 1], $0[i * 4 + 2], $0[i * 4 + 3]) } ?? Rotation.identity,
        scale: scales.map { $0.vector(i, 3) } ?? .one)
    }
  }
}
