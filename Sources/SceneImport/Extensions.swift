/// The glTF extensions that Glint supports.
enum Extensions {
  static let supported: Set<String> = [
    "EXT_mesh_gpu_instancing", "KHR_lights_punctual", "KHR_materials_emissive_strength",
    "KHR_materials_pbrSpecularGlossiness", "KHR_materials_unlit", "KHR_mesh_quantization", "KHR_node_visibility",
    "KHR_texture_transform",
  ]

  /// Extensions that no picture shows.
  private static let metadata: Set<String> = [
    "KHR_xmp", "KHR_xmp_json_ld", "EXT_structural_metadata", "EXT_mesh_features", "EXT_instance_features", "KHR_audio",
    "KHR_physics_rigid_bodies", "KHR_implicit_shapes", "KHR_interactivity", "KHR_node_selectability",
    "KHR_node_hoverability",
    "AGI_articulations", "AGI_stk_metadata", "VRM", "VRMC_vrm", "VRMC_springBone", "MSFT_lod", "FB_ngon_encoding",
    "EXT_mesh_manifold",
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

  /// What a file says of its extensions, as far as they are known.
  struct Use {
    var used: [String] = []
    var required: [String] = []
    var ignored: [String] = []
  }

  /// Refuses files whose picture needs an extension that is not supported, and warns of each that is merely used.
  static func check(_ document: GLTFDocument, _ reachable: Reachable) throws(ImportError) -> Use {
    func names(_ node: JSONNode) throws(ImportError) -> [String] {
      var result: [String] = []
      var known: Set<String> = []
      for item in try node.array() {
        guard let name = try item.string() else { throw item.fault("expected a name") }
        if known.insert(name).inserted { result.append(name) }
      }
      return result
    }
    var use = Use()
    use.required = try names(document.root["extensionsRequired"])
    use.used = try names(document.root["extensionsUsed"])
    let users = reachable.extensionUsers(in: document)
    func affected(_ name: String) -> [JSONNode] { Extensions.affected(name, users[name] ?? []) }
    var refusals: [String] = []
    for name in use.required where !supported.contains(name) {
      let affected = affected(name)
      if affected.isEmpty {
        document.warn(
          .leftOut, "extensionsRequired: \(name) is not supported; it changes nothing of this picture and is left out")
      } else {
        refusals.append("\(name) (\(remedy(name))), needed by \(list(affected, document))")
      }
    }
    guard refusals.isEmpty else {
      throw ImportError("extensionsRequired: the file needs what is not supported: \(refusals.joined(separator: "; "))")
    }
    use.ignored = use.used.filter { !supported.contains($0) }
    for name in use.ignored where !use.required.contains(name) {
      let affected = affected(name)
      if affected.isEmpty {
        document.warn(.note, "extensionsUsed: \(name) is not supported; it changes nothing of this picture")
      } else {
        document.warn(
          .picture, "extensionsUsed: \(name) is not supported; shown without it: \(list(affected, document))")
      }
    }
    return use
  }

  private static func list(_ objects: [JSONNode], _ document: GLTFDocument) -> String {
    let shown = objects.prefix(5).map { document.names.naming("\($0.path): ").dropLast(2) }
    return shown.joined(separator: ", ") + (objects.count > 5 ? " and \(objects.count - 5) more" : "")
  }

  /// The objects among `users` that would look otherwise with the extension.
  private static func affected(_ name: String, _ users: [JSONNode]) -> [JSONNode] {
    if metadata.contains(name) || name == "KHR_materials_variants" { return [] }
    // Targets of channels that are warned of one by one.
    if name == "KHR_animation_pointer" { return [] }
    return users.filter { hasEffect(name, on: $0) }
  }

  /// Whether an object's extension differs from what the core specification shows.
  private static func hasEffect(_ name: String, on object: JSONNode) -> Bool {
    let content = object["extensions"][name]
    func number(_ key: String, _ fallback: Double) -> Double {
      ((try? content[key].double()) ?? nil) ?? fallback
    }
    func color(_ key: String) -> [Float]? { (try? content[key].floats(count: 3)) ?? nil }
    if name.hasPrefix("KHR_materials_"), object["extensions"]["KHR_materials_unlit"].isPresent { return false }
    switch name {
    case "KHR_materials_ior": return number("ior", 1.5) != 1.5
    case "KHR_materials_transmission": return number("transmissionFactor", 0) != 0
    case "KHR_materials_diffuse_transmission": return number("diffuseTransmissionFactor", 0) != 0
    case "KHR_materials_volume": return number("thicknessFactor", 0) != 0
    case "KHR_materials_clearcoat": return number("clearcoatFactor", 0) != 0
    case "KHR_materials_sheen": return (color("sheenColorFactor") ?? [0, 0, 0]).contains { $0 != 0 }
    case "KHR_materials_iridescence": return number("iridescenceFactor", 0) != 0
    case "KHR_materials_anisotropy": return number("anisotropyStrength", 0) != 0
    case "KHR_materials_dispersion": return number("dispersion", 0) != 0
    case "KHR_materials_specular":
      return number("specularFactor", 1) != 1 || (color("specularColorFactor") ?? [1, 1, 1]) != [1, 1, 1]
        || content["specularTexture"].isPresent || content["specularColorTexture"].isPresent
    // A fallback in a format of the core stands beside these.
    case "KHR_texture_basisu", "EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds":
      guard let fallback = (try? object["source"].index()) ?? nil else { return true }
      return fallback == ((try? content["source"].index()) ?? nil)
    default: return true
    }
  }
}
