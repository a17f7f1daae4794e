/// The objects of a document that the chosen scene leads to. What is not among them cannot change the picture.
struct Reachable {
  private(set) var nodes: Set<Int> = []
  private(set) var meshes: Set<Int> = []
  private(set) var materials: Set<Int> = []
  private(set) var textures: Set<Int> = []
  private(set) var images: Set<Int> = []
  private(set) var skins: Set<Int> = []
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
      if let mesh = index(node["mesh"]) { meshes.insert(mesh) }
      if let skin = index(node["skin"]) { skins.insert(skin) }
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
    for skin in skins {
      if let accessor = index(document.root["skins"][skin]["inverseBindMatrices"]) { accessors.insert(accessor) }
    }
    for material in materials { textures.formUnion(Reachable.textures(of: document.root["materials"][material])) }
    for texture in textures {
      if let image = index(document.root["textures"][texture]["source"]) { images.insert(image) }
    }
    for accessor in accessors {
      if let view = index(document.root["accessors"][accessor]["bufferView"]) { bufferViews.insert(view) }
    }
    for image in images {
      if let view = index(document.root["images"][image]["bufferView"]) { bufferViews.insert(view) }
    }
  }

  /// Indices of the textures that a material names anywhere, its extensions included.
  static func textures(of material: JSONNode) -> Set<Int> {
    var result: Set<Int> = []
    func search(_ value: Any?, depth: Int) {
      guard depth < 8, let object = value as? [String: Any] else { return }
      for (key, member) in object {
        guard let inner = member as? [String: Any] else { continue }
        if key.hasSuffix("Texture"), let index = try? JSONNode(value: inner["index"], path: "").index() {
          result.insert(index)
        }
        search(inner, depth: depth + 1)
      }
    }
    search(material.value, depth: 0)
    return result
  }

  /// Reachable objects that have an extension, by path.
  func users(of name: String, in document: GLTFDocument) -> [JSONNode] {
    var result: [JSONNode] = []
    func look(_ node: JSONNode) { if node["extensions"][name].isPresent { result.append(node) } }
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
      // Extensions of texture references.
      func search(_ node: JSONNode, depth: Int) {
        guard depth < 8, node.value is [String: Any] else { return }
        for (key, member) in (try? node.object()) ?? [] {
          if key.hasSuffix("Texture") { look(member) }
          search(member, depth: depth + 1)
        }
      }
      search(document.root["materials"][material], depth: 0)
    }
    look("textures", textures)
    look("images", images)
    look("skins", skins)
    look("cameras", cameras)
    look("accessors", accessors)
    look("bufferViews", bufferViews)
    for scene in (try? document.root["scenes"].array()) ?? [] { look(scene) }
    if document.root["extensions"][name].isPresent { result.append(document.root["extensions"][name]) }
    return result
  }
}
