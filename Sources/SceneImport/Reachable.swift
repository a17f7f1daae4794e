/// The objects of a document that the chosen scene leads to. What is not among them cannot change the picture.
struct Reachable {
  private(set) var nodes: Set<Int> = []
  private(set) var meshes: Set<Int> = []
  private(set) var materials: Set<Int> = []
  private(set) var textures: Set<Int> = []
  private(set) var images: Set<Int> = []
  private(set) var skins: Set<Int> = []
  /// Nodes whose animation can change the picture: those of the scene, and joints.
  private(set) var moving: Set<Int> = []
  private(set) var cameras: Set<Int> = []
  private(set) var lights: Set<Int> = []
  private(set) var accessors: Set<Int> = []
  private(set) var bufferViews: Set<Int> = []

  /// - Parameters:
  ///   - nodes: Nodes of the scene.
  ///   - visible: Those of them that are not hidden.
  init(_ document: GLTFDocument, nodes: [Int], visible: Set<Int>) {
    self.nodes = Set(nodes)
    func index(_ node: JSONNode) -> Int? { try? node.index() }
    func list(_ node: JSONNode) -> [JSONNode] { (try? node.array()) ?? [] }
    func members(_ node: JSONNode) -> [JSONNode] { ((try? node.object()) ?? []).map(\.node) }
    for number in nodes {
      let node = document.nodes[number]
      if let camera = index(node["camera"]) { cameras.insert(camera) }
      guard visible.contains(number) else { continue }
      if let mesh = index(node["mesh"]) {
        meshes.insert(mesh)
        let isSkinned = list(document.root["meshes"][mesh]["primitives"]).contains {
          $0["attributes"]["JOINTS_0"].isPresent && $0["attributes"]["WEIGHTS_0"].isPresent
        }
        if isSkinned, let skin = index(node["skin"]) { skins.insert(skin) }
      }
      if let light = index(node["extensions"]["KHR_lights_punctual"]["light"]) { lights.insert(light) }
      for attribute in members(node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]) {
        if let accessor = index(attribute) { accessors.insert(accessor) }
      }
    }
    for mesh in meshes {
      for primitive in list(document.root["meshes"][mesh]["primitives"]) {
        if let material = index(primitive["material"]) { materials.insert(material) }
        for attribute in members(primitive["attributes"]) + [primitive["indices"]] {
          if let accessor = index(attribute) { accessors.insert(accessor) }
        }
        for target in list(primitive["targets"]) {
          for attribute in members(target) { if let accessor = index(attribute) { accessors.insert(accessor) } }
        }
      }
    }
    moving = self.nodes
    for skin in skins {
      for joint in list(document.root["skins"][skin]["joints"]) { if let node = index(joint) { moving.insert(node) } }
    }
    for animation in list(document.root["animations"]) {
      let samplers = list(animation["samplers"])
      for channel in list(animation["channels"]) {
        guard let node = index(channel["target"]["node"]), moving.contains(node),
          let sampler = index(channel["sampler"]),
          samplers.indices.contains(sampler)
        else { continue }
        for key in ["input", "output"] {
          if let accessor = index(samplers[sampler][key]) { accessors.insert(accessor) }
        }
      }
    }
    for skin in skins {
      if let accessor = index(document.root["skins"][skin]["inverseBindMatrices"]) { accessors.insert(accessor) }
    }
    for material in materials { textures.formUnion(Reachable.textures(of: document.root["materials"][material])) }
    for texture in textures {
      if let image = index(document.root["textures"][texture]["source"]) { images.insert(image) }
    }
    for accessor in accessors {
      let node = document.root["accessors"][accessor]
      for user in [node, node["sparse"]["indices"], node["sparse"]["values"]] {
        if let view = index(user["bufferView"]) { bufferViews.insert(view) }
      }
    }
    for image in images {
      if let view = index(document.root["images"][image]["bufferView"]) { bufferViews.insert(view) }
    }
  }

  /// Indices of the textures by which a material's look is decided.
  static func textures(of material: JSONNode) -> Set<Int> {
    Set(MaterialTable.textureInfos(of: material).compactMap { (try? $0["index"].index()) ?? nil })
  }

  /// Reachable objects by the extensions that they have.
  func extensionUsers(in document: GLTFDocument) -> [String: [JSONNode]] {
    var result: [String: [JSONNode]] = [:]
    func look(_ node: JSONNode) {
      for name in ((node["extensions"].value as? [String: Any]) ?? [:]).keys { result[name, default: []].append(node) }
    }
    func look(_ kind: String, _ indices: Set<Int>) {
      for index in indices.sorted() { look(document.root[kind][index]) }
    }
    look("nodes", nodes)
    look("meshes", meshes)
    for mesh in meshes.sorted() {
      for primitive in (try? document.root["meshes"][mesh]["primitives"].array()) ?? [] { look(primitive) }
    }
    look("materials", materials)
    for material in materials.sorted() {
      for info in MaterialTable.textureInfos(of: document.root["materials"][material]) { look(info) }
    }
    look("textures", textures)
    look("images", images)
    look("skins", skins)
    look("cameras", cameras)
    look("accessors", accessors)
    look("bufferViews", bufferViews)
    for scene in (try? document.root["scenes"].array()) ?? [] { look(scene) }
    // Extensions of the whole document.
    for name in ((document.root["extensions"].value as? [String: Any]) ?? [:]).keys {
      result[name, default: []].append(document.root["extensions"][name])
    }
    return result
  }
}
