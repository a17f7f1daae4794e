/// What of glTF's extensions is read.
enum Extensions {
  static let supported: Set<String> = [
    "EXT_mesh_gpu_instancing", "KHR_lights_punctual", "KHR_materials_emissive_strength", "KHR_materials_unlit",
    "KHR_mesh_quantization", "KHR_texture_transform",
  ]

  /// What a person can do about an extension without which a file cannot be shown.
  private static func remedy(_ name: String) -> String {
    switch name {
    case "KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression":
      "export without mesh compression, or unpack it: gltf-transform copy in.glb out.glb"
    case "KHR_texture_basisu", "EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds":
      "export with PNG or JPEG textures, or convert them: gltf-transform png in.glb out.glb"
    default: "export without it"
    }
  }

  /// Refuses files that need an extension that is not read, and warns of each that is merely used.
  ///
  /// - Returns: Extensions used, required and ignored.
  static func check(
    _ document: GLTFDocument
  ) throws(ImportError) -> (used: [String], required: [String], ignored: [String]) {
    func names(_ node: JSONNode) throws(ImportError) -> [String] {
      var result: [String] = []
      var known: Set<String> = []
      for item in try node.array() {
        guard let name = try item.string() else { throw item.fault("expected a name") }
        if known.insert(name).inserted { result.append(name) }
      }
      return result
    }
    let required = try names(document.root["extensionsRequired"])
    let used = try names(document.root["extensionsUsed"])
    let missing = required.filter { !supported.contains($0) }
    if !missing.isEmpty {
      let remedies = missing.map { "\($0) (\(remedy($0)))" }.joined(separator: ", ")
      throw ImportError("extensionsRequired: the file needs what is not supported: \(remedies)")
    }
    let ignored = used.filter { !supported.contains($0) }
    for name in ignored { document.warn("extension \(name) is not supported; the scene is shown without it") }
    return (used, required, ignored)
  }
}
