import LaneMath
import KernelScene
import SceneModel

/// Materials of a document, and the sets of texture coordinates that each reads.
struct MaterialTable {
  /// All materials of the document, then glTF's default material.
  private(set) var materials: [Material] = []
  /// For each material, the file's sets of texture coordinates (n of `TEXCOORD_n`) that meshes with it carry, in the order of
  /// the mesh's own sets. The first two are the file's first two where those are enough.
  private(set) var coordinateSets: [[Int]] = []

  /// - Parameters:
  ///   - reachable: Materials that the scene does not lead to are not read.
  ///   - isDoubleSided: Whether all of them are.
  init(
    _ document: GLTFDocument, _ textures: TextureTable, _ reachable: Reachable, isDoubleSided: Bool
  ) throws(ImportError) {
    let nodes = try document.root["materials"].array()
    guard nodes.count < BundleLimits.materialCount else {
      throw document.root["materials"].fault(
        "\(nodes.count + 1) materials; at most \(BundleLimits.materialCount) are read")
    }
    for (index, node) in nodes.enumerated() {
      guard reachable.materials.contains(index) else {
        add(Material())
        continue
      }
      add(try MaterialTable.material(node, document, textures))
    }
    add(Material())
    if isDoubleSided { for index in materials.indices { materials[index].isDoubleSided = true } }
  }

  /// The texture references that `material` reads: what no picture shows is not among them.
  static func textureInfos(of node: JSONNode) -> [JSONNode] {
    let specularGlossiness = node["extensions"]["KHR_materials_pbrSpecularGlossiness"]
    let pbr = node["pbrMetallicRoughness"]
    var infos = [specularGlossiness.isPresent ? specularGlossiness["diffuseTexture"] : pbr["baseColorTexture"]]
    if !node["extensions"]["KHR_materials_unlit"].isPresent {
      infos.append(
        specularGlossiness.isPresent
          ? specularGlossiness["specularGlossinessTexture"] : pbr["metallicRoughnessTexture"])
      infos.append(node["normalTexture"])
      if emits(node) { infos.append(node["emissiveTexture"]) }
    }
    return infos.filter(\.isPresent)
  }

  private static func emits(_ node: JSONNode) -> Bool {
    ((try? node["emissiveFactor"].floats(count: 3)) ?? nil)?.contains { $0 > 0 } ?? false
  }

  /// Makes opaque what can be seen through nowhere: that spares every ray the question.
  ///
  /// - Parameter meshes: All that use the materials.
  mutating func simplify(for meshes: [SceneMesh]) {
    var isSeeThrough = materials.map { $0.baseColorTexture != nil || $0.baseColor.w < 1 }
    for mesh in meshes {
      let arrays = mesh.arrays
      guard !arrays.colors.isEmpty else { continue }
      let isMorphed = mesh.deformation?.morphTargets.contains { !$0.colors.isEmpty } ?? false
      for triangle in 0..<arrays.triangleCount {
        let material = arrays.materials.isEmpty ? 0 : Int(arrays.materials[triangle])
        guard !isSeeThrough[material], materials[material].alphaMode == .blend else { continue }
        let corners = (0..<3).map { Int(arrays.indices[triangle * 3 + $0]) }
        isSeeThrough[material] = isMorphed || corners.contains { arrays.colors[$0 * 4 + 3] < 1 }
      }
    }
    for index in materials.indices where materials[index].alphaMode == .blend && !isSeeThrough[index] {
      materials[index].alphaMode = .opaque
    }
  }

  /// Takes a material with the file's sets of coordinates.
  private mutating func add(_ source: Material) {
    var material = source
    let slots: [WritableKeyPath<Material, TextureReference?>] = [
      \.baseColorTexture, \.surfaceTexture, \.normalTexture, \.emissiveTexture,
    ]
    var sets = Set(slots.compactMap { material[keyPath: $0]?.uvSet }).sorted()
    if sets.allSatisfy({ $0 <= 1 }) {
      sets = [0, 1]
    } else {
      for slot in slots {
        guard let set = material[keyPath: slot]?.uvSet else { continue }
        material[keyPath: slot]?.uvSet = sets.firstIndex(of: set) ?? 0
      }
    }
    materials.append(material)
    coordinateSets.append(sets)
  }

  private static func material(
    _ node: JSONNode, _ document: GLTFDocument, _ textures: TextureTable
  ) throws(ImportError) -> Material {
    var material = Material()
    material.isUnlit = node["extensions"]["KHR_materials_unlit"].isPresent
    let specularGlossiness = node["extensions"]["KHR_materials_pbrSpecularGlossiness"]
    if specularGlossiness.isPresent {
      try readSpecularGlossiness(&material, specularGlossiness, textures)
    } else {
      let pbr = node["pbrMetallicRoughness"]
      if let c = try pbr["baseColorFactor"].floats(count: 4) { material.baseColor = SIMD4(c[0], c[1], c[2], c[3]) }
      material.metallic = try pbr["metallicFactor"].float(1)
      material.roughness = try pbr["roughnessFactor"].float(1)
      material.baseColorTexture = try textures.reference(pbr["baseColorTexture"], isColor: true)
      if !material.isUnlit {
        material.surfaceTexture = try textures.reference(pbr["metallicRoughnessTexture"], isColor: false)
      }
    }
    if !material.isUnlit {
      material.normalTexture = try textures.reference(node["normalTexture"], isColor: false)
      material.normalScale = try node["normalTexture"]["scale"].float(1)
      if emits(node) { material.emissiveTexture = try textures.reference(node["emissiveTexture"], isColor: true) }
    }
    if let e = try node["emissiveFactor"].floats(count: 3) {
      let strength = try node["extensions"]["KHR_materials_emissive_strength"]["emissiveStrength"].float(1)
      material.emissive = SIMD3(max(0, e[0]), max(0, e[1]), max(0, e[2])) * max(0, strength)
    }
    if node["emissiveTexture"].isPresent, material.emissiveTexture == nil { material.emissive = .zero }
    switch try node["alphaMode"].string() ?? "OPAQUE" {
    case "MASK": material.alphaMode = .mask
    case "BLEND": material.alphaMode = .blend
    case "OPAQUE": break
    case let other: document.warn(.picture, "\(node["alphaMode"].path): '\(other)' is unknown; taken as OPAQUE")
    }
    material.alphaCutoff = try node["alphaCutoff"].float(0.5)
    material.isDoubleSided = try node["doubleSided"].bool(false)
    return material
  }

  private static func readSpecularGlossiness(
    _ material: inout Material, _ node: JSONNode, _ textures: TextureTable
  ) throws(ImportError) {
    if let c = try node["diffuseFactor"].floats(count: 4) { material.baseColor = SIMD4(c[0], c[1], c[2], c[3]) }
    var factors = Material.SpecularGlossiness()
    if let c = try node["specularFactor"].floats(count: 3) {
      factors.specular = SIMD3(max(0, min(1, c[0])), max(0, min(1, c[1])), max(0, min(1, c[2])))
    }
    factors.glossiness = try node["glossinessFactor"].float(1)
    material.specularGlossiness = factors
    (material.metallic, material.roughness) = (0, max(0, min(1, 1 - factors.glossiness)))
    material.baseColorTexture = try textures.reference(node["diffuseTexture"], isColor: true)
    if !material.isUnlit {
      material.surfaceTexture = try textures.reference(node["specularGlossinessTexture"], isColor: true)
    }
  }
}
