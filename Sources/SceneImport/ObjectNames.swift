/// Names by which people know the objects of a file, for warnings and errors.
final class ObjectNames {
  private let root: JSONNode
  private lazy var materialUsers = users { node in
    self.primitives(node).compactMap { self.index($0["material"]) }
  }
  private lazy var meshUsers = users { node in self.index(node["mesh"]).map { [$0] } ?? [] }
  private lazy var cameraUsers = users { node in self.index(node["camera"]).map { [$0] } ?? [] }
  private lazy var skinUsers = users { node in self.index(node["skin"]).map { [$0] } ?? [] }
  private lazy var lightUsers = users { node in
    self.index(node["extensions"]["KHR_lights_punctual"]["light"]).map { [$0] } ?? []
  }
  private lazy var textureUsers = materialsByTexture()

  /// - Parameter root: The document, not believed.
  init(_ root: JSONNode) { self.root = root }

  /// Puts the names behind a text's path: `materials[2].normalTexture: …` becomes `materials[2].normalTexture (material 'glass'
  /// of 'ball'): …`.
  func naming(_ text: String) -> String {
    guard let colon = text.range(of: ": "), let (kind, index) = ObjectNames.start(text[..<colon.lowerBound]),
      let name = name(kind, index)
    else { return text }
    return text[..<colon.lowerBound] + " (\(name))" + text[colon.lowerBound...]
  }

  /// `material 'glass' of 'ball'`; nil for what has no name and no user with one.
  func name(_ kind: String, _ index: Int) -> String? {
    switch kind {
    case "materials": full("material", ownName(root["materials"][index]), materialUsers[index])
    case "meshes": full("mesh", ownName(root["meshes"][index]), meshUsers[index])
    case "cameras": full("camera", ownName(root["cameras"][index]), cameraUsers[index])
    case "skins": full("skin", ownName(root["skins"][index]), skinUsers[index])
    case "lights":
      full("light", ownName(root["extensions"]["KHR_lights_punctual"]["lights"][index]), lightUsers[index])
    case "nodes": full("object", ownName(root["nodes"][index]), nil)
    case "animations": full("animation", ownName(root["animations"][index]), nil)
    case "scenes": full("scene", ownName(root["scenes"][index]), nil)
    case "textures": textureName(index)
    case "images": imageName(index)
    default: nil
    }
  }

  // MARK: - Names

  private func full(_ kind: String, _ own: String?, _ users: Users?) -> String? {
    let named = own.map { "\(kind) '\($0)'" }
    guard let users, let first = users.first else { return named }
    let of = "of '\(first)'" + (users.count > 1 ? " and \(users.count - 1) more" : "")
    return "\(named ?? kind) \(of)"
  }

  private func textureName(_ index: Int) -> String? {
    guard let materials = textureUsers[index], let first = materials.min() else {
      return full("texture", ownName(root["textures"][index]), nil)
    }
    return name("materials", first).map {
      $0 + (materials.count > 1 ? " and \(materials.count - 1) more materials" : "")
    }
  }

  private func imageName(_ index: Int) -> String? {
    let image = root["images"][index]
    let own = ownName(image) ?? (image["uri"].value as? String).flatMap { $0.hasPrefix("data:") ? nil : $0 }
    let count = (root["textures"].value as? [Any])?.count ?? 0
    let users = (0..<count).first { self.index(root["textures"][$0]["source"]) == index }.flatMap { textureName($0) }
    switch (own, users) {
    case (let own?, let users?): return "image '\(own)' of \(users)"
    case (let own?, nil): return "image '\(own)'"
    case (nil, let users?): return "image of \(users)"
    case (nil, nil): return nil
    }
  }

  private func ownName(_ node: JSONNode) -> String? {
    guard let name = node["name"].value as? String, !name.isEmpty else { return nil }
    return String(name.prefix(80))
  }

  // MARK: - Users

  private struct Users {
    var first: String?
    var count = 0
  }

  private func index(_ node: JSONNode) -> Int? { try? node.index() }

  private func primitives(_ node: JSONNode) -> [JSONNode] {
    guard let mesh = index(node["mesh"]) else { return [] }
    return (try? root["meshes"][mesh]["primitives"].array()) ?? []
  }

  /// For each object that nodes use, the name of the first such node, and their count.
  private func users(_ used: (JSONNode) -> [Int]) -> [Int: Users] {
    var result: [Int: Users] = [:]
    for node in (try? root["nodes"].array()) ?? [] {
      for object in Set(used(node)) {
        var users = result[object] ?? Users()
        users.first = users.first ?? ownName(node) ?? index(node["mesh"]).flatMap { ownName(root["meshes"][$0]) }
        users.count += 1
        result[object] = users
      }
    }
    return result
  }

  private func materialsByTexture() -> [Int: Set<Int>] {
    var result: [Int: Set<Int>] = [:]
    for (index, material) in ((try? root["materials"].array()) ?? []).enumerated() {
      for texture in Reachable.textures(of: material) { result[texture, default: []].insert(index) }
    }
    return result
  }

  /// Kind and index that a path begins with.
  private static func start(_ path: Substring) -> (kind: String, index: Int)? {
    var path = path
    if path.hasPrefix("extensions.KHR_lights_punctual.") {
      path = path.dropFirst("extensions.KHR_lights_punctual.".count)
    }
    guard let open = path.firstIndex(of: "["), let close = path.firstIndex(of: "]"), open < close,
      let index = Int(path[path.index(after: open)..<close])
    else { return nil }
    return (String(path[..<open]), index)
  }
}
