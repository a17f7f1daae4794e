import LaneMath
import KernelScene
import SceneModel

/// Reads the primitives of meshes.
final class GeometryReader {
  private let document: GLTFDocument
  private let materials: [Material]
  private let coordinateSets: [[Int]]
  /// Vertices and indices read so far: small files may name large accessors many times.
  private var elementCount = 0

  /// - Parameter table: Materials of the document; the last is the default.
  init(_ document: GLTFDocument, materials table: MaterialTable) {
    self.document = document
    materials = table.materials
    coordinateSets = table.coordinateSets
  }

  /// All triangles of a mesh.
  ///
  /// - Parameter jointCount: Of the skin that deforms the mesh; nil without one.
  func primitives(_ mesh: JSONNode, jointCount: Int?) throws(ImportError) -> [PrimitiveData] {
    let nodes = try mesh["primitives"].array()
    if nodes.isEmpty { document.warn(.leftOut, "\(mesh.path): has no primitives; the mesh is left out") }
    var result: [PrimitiveData] = []
    for node in nodes {
      guard var data = try primitive(node, jointCount: jointCount) else { continue }
      data.repairNormals()
      if let reference = materials[data.material].normalTexture, data.tangents.isEmpty {
        if data.uv[reference.uvSet].isEmpty {
          let set = coordinateSets[data.material][reference.uvSet]
          document.warn(.picture, "\(node.path): has a normal texture but no TEXCOORD_\(set); it is shown smooth")
        } else {
          if data.normals.isEmpty { data.makeFlat() }
          data.makeTangents(uvSet: reference.uvSet)
        }
      }
      result.append(data)
    }
    if result.contains(where: { !$0.normals.isEmpty }) {
      for i in result.indices where result[i].normals.isEmpty { result[i].makeFlat() }
    }
    return result
  }

  private func primitive(_ node: JSONNode, jointCount: Int?) throws(ImportError) -> PrimitiveData? {
    let mode = try node["mode"].index() ?? 4
    guard mode <= 6 else { throw node["mode"].fault("found \(mode), expected 0 to 6") }
    guard mode >= 4 else {
      document.warn(.picture, "\(node.path): \(mode == 0 ? "points" : "lines") are not rendered")
      return nil
    }
    let attributes = node["attributes"]
    guard let positionIndex = try attributes["POSITION"].index() else {
      document.warn(.leftOut, "\(node.path): has no POSITION; it is left out")
      return nil
    }
    guard !document.isEmpty(positionIndex) else {
      document.warn(.leftOut, "\(node.path): has no vertices; it is left out")
      return nil
    }
    if let indices = try node["indices"].index(), document.isEmpty(indices) {
      document.warn(.leftOut, "\(node.path): has no triangles; it is left out")
      return nil
    }
    var data = PrimitiveData()
    data.path = node.path
    data.material =
      try node["material"].index(below: materials.count - 1, of: "materials") ?? materials.count - 1
    let shape = try document.shape(positionIndex, for: attributes["POSITION"])
    try spend(shape.count, node)
    data.positions = try document.floats(positionIndex, components: [3], for: attributes["POSITION"])
    data.vertexCount = shape.count
    data.indices = try triangles(node, mode: mode, vertexCount: data.vertexCount)
    try checkPositions(&data, attributes["POSITION"], accessor: positionIndex)
    guard !data.indices.isEmpty else {
      document.warn(.leftOut, "\(node.path): has no triangles; it is left out")
      return nil
    }

    data.normals = try floats(attributes["NORMAL"], [3], data.vertexCount)
    // Without normals, glTF wants tangents ignored; without a normal texture nothing asks for them.
    if !data.normals.isEmpty, materials[data.material].normalTexture != nil {
      data.tangents = try floats(attributes["TANGENT"], [4], data.vertexCount)
    }
    data.repairTangents()
    for slot in textureSlots(of: data.material) {
      let set = coordinateSets[data.material][slot]
      if !attributes["TEXCOORD_\(set)"].isPresent {
        let name = document.names.name("materials", data.material) ?? "materials[\(data.material)]"
        document.warn(
          .picture,
          "\(node.path): \(name) has a texture that reads TEXCOORD_\(set), which is missing; its first texel is shown everywhere"
        )
      }
      data.uv[slot] = try coordinates(attributes["TEXCOORD_\(set)"], data.vertexCount)
    }
    data.colors = try colors(attributes["COLOR_0"], data.vertexCount)
    if let jointCount { try readSkin(&data, attributes, jointCount: jointCount) }
    try readTargets(&data, node)
    return data
  }

  /// The mesh's sets of coordinates that a material's textures read.
  private func textureSlots(of material: Int) -> [Int] {
    let source = materials[material]
    let references = [source.baseColorTexture, source.surfaceTexture, source.normalTexture, source.emissiveTexture]
    return Set(references.compactMap { $0?.uvSet }).sorted()
  }

  private func spend(_ count: Int, _ node: JSONNode) throws(ImportError) {
    elementCount += count
    guard elementCount <= ImportLimits.geometryElementCount else {
      throw node.fault(
        "more than \(ImportLimits.geometryElementCount) vertices and indices; split the file into several")
    }
  }

  private func triangles(_ node: JSONNode, mode: Int, vertexCount: Int) throws(ImportError) -> [UInt32] {
    let list: [UInt32]
    if let accessor = try node["indices"].index() {
      let shape = try document.shape(accessor, for: node["indices"])
      guard [.uint8, .uint16, .uint32].contains(shape.type) else {
        throw node["indices"].fault("accessor \(accessor) holds no unsigned integers")
      }
      try spend(shape.count, node)
      list = try document.integers(accessor, components: 1, for: node["indices"])
      if let bad = list.firstIndex(where: { $0 >= UInt32(vertexCount) }) {
        throw node["indices"].fault(
          "accessor \(accessor), element \(bad): index \(list[bad]), but there are \(vertexCount) vertices")
      }
    } else {
      list = (0..<UInt32(vertexCount)).map { $0 }
    }
    if mode == 4, list.count % 3 != 0 {
      document.warn(.leftOut, "\(node.path): \(list.count) indices are no multiple of 3; the rest is left out")
    }
    return Topology.triangles(mode: mode, list) ?? []
  }

  /// Refuses positions out of range, but for vertices that no triangle uses: those go to the origin.
  private func checkPositions(
    _ data: inout PrimitiveData, _ node: JSONNode, accessor: Int
  ) throws(ImportError) {
    let limit = MeshArrays.coordinateLimit
    func isBad(_ value: Float) -> Bool { !(value.magnitude <= limit) }
    guard data.positions.contains(where: isBad) else { return }
    let isUsed = data.usedVertices()
    for vertex in 0..<data.vertexCount {
      guard let bad = (vertex * 3..<vertex * 3 + 3).first(where: { isBad(data.positions[$0]) }) else { continue }
      guard !isUsed[vertex] else {
        throw node.fault(
          "accessor \(accessor), element \(vertex): \(data.positions[bad]), expected a number within ±1e9")
      }
      document.warn(
        .leftOut,
        "\(node.path): accessor \(accessor) has positions that are not finite or beyond ±1e9; no triangle uses them")
      data.positions.setVector(vertex, 3, .zero)
    }
  }

  /// Numbers of an attribute of every vertex; none where it is absent.
  private func floats(_ node: JSONNode, _ components: [Int], _ vertexCount: Int) throws(ImportError) -> [Float] {
    guard let accessor = try node.index() else { return [] }
    let shape = try document.shape(accessor, for: node)
    guard shape.count == vertexCount else {
      throw node.fault("accessor \(accessor) has \(shape.count) elements, but there are \(vertexCount) vertices")
    }
    return try document.floats(accessor, components: components, for: node)
  }

  private func coordinates(_ node: JSONNode, _ vertexCount: Int) throws(ImportError) -> [Float] {
    var values = try floats(node, [2], vertexCount)
    var isRepaired = false
    for i in values.indices where !values[i].isFinite {
      values[i] = 0
      isRepaired = true
    }
    if isRepaired { document.warn(.picture, "\(node.path): some coordinates are not finite; they are taken as 0") }
    return values
  }

  private func colors(_ node: JSONNode, _ vertexCount: Int) throws(ImportError) -> [Float] {
    let values = try floats(node, [4, 3], vertexCount)
    guard !values.isEmpty else { return [] }
    let width = values.count / vertexCount
    var result = [Float](repeating: 1, count: vertexCount * 4)
    for vertex in 0..<vertexCount {
      for i in 0..<width {
        let value = values[vertex * width + i]
        result[vertex * 4 + i] = value.isNaN ? 1 : max(0, min(1, value))
      }
    }
    return result
  }

  /// Differences of RGBA that a morph target adds.
  private func colorDifferences(_ node: JSONNode, _ vertexCount: Int) throws(ImportError) -> [Float] {
    let values = try floats(node, [4, 3], vertexCount)
    guard !values.isEmpty else { return [] }
    let width = values.count / vertexCount
    var result = [Float](repeating: 0, count: vertexCount * 4)
    for vertex in 0..<vertexCount {
      for i in 0..<width {
        let value = values[vertex * width + i]
        result[vertex * 4 + i] = value.isNaN ? 0 : max(-1e6, min(1e6, value))
      }
    }
    return result
  }

  private func readSkin(_ data: inout PrimitiveData, _ attributes: JSONNode, jointCount: Int) throws(ImportError) {
    guard attributes["JOINTS_0"].isPresent, attributes["WEIGHTS_0"].isPresent else { return }
    var sets = 1
    while attributes["JOINTS_\(sets)"].isPresent, attributes["WEIGHTS_\(sets)"].isPresent { sets += 1 }
    if sets * 4 > BundleLimits.influenceCount {
      sets = BundleLimits.influenceCount / 4
      document.warn(
        .picture,
        "\(attributes.path): more than \(BundleLimits.influenceCount) joints a vertex; the others are left out")
    }
    data.influences = 4 * sets
    data.joints = [UInt16](repeating: 0, count: data.vertexCount * data.influences)
    data.weights = [Float](repeating: 0, count: data.vertexCount * data.influences)
    for set in 0..<sets {
      let node = attributes["JOINTS_\(set)"]
      guard let accessor = try node.index() else { throw node.fault("is missing") }
      let shape = try document.shape(accessor, for: node)
      guard [.uint8, .uint16].contains(shape.type), shape.count == data.vertexCount else {
        throw node.fault("accessor \(accessor): expected unsigned integers for \(data.vertexCount) vertices")
      }
      let joints = try document.integers(accessor, components: 4, for: node)
      let weights = try floats(attributes["WEIGHTS_\(set)"], [4], data.vertexCount)
      for (i, joint) in joints.enumerated() {
        let weight = weights[i].isFinite ? max(0, weights[i]) : 0
        // Exporters leave anything beside a zero weight.
        guard weight > 0 else { continue }
        guard joint < UInt32(jointCount) else {
          throw node.fault("accessor \(accessor), element \(i / 4): joint \(joint), but the skin has \(jointCount)")
        }
        let at = i / 4 * data.influences + set * 4 + i % 4
        data.joints[at] = UInt16(joint)
        data.weights[at] = weight
      }
    }
    data.normalizeWeights()
  }

  private func readTargets(_ data: inout PrimitiveData, _ node: JSONNode) throws(ImportError) {
    let targets = try node["targets"].array()
    guard targets.count <= BundleLimits.morphTargetCount else {
      throw node["targets"].fault("\(targets.count) morph targets; at most \(BundleLimits.morphTargetCount) are read")
    }
    for target in targets {
      var read = PrimitiveData.Target()
      try spend(data.vertexCount, target)
      read.positions = try floats(target["POSITION"], [3], data.vertexCount)
      if !data.normals.isEmpty { read.normals = try floats(target["NORMAL"], [3], data.vertexCount) }
      if !data.colors.isEmpty { read.colors = try colorDifferences(target["COLOR_0"], data.vertexCount) }
      if !data.tangents.isEmpty { read.tangents = try floats(target["TANGENT"], [3], data.vertexCount) }
      for (name, path) in [
        ("POSITION", \PrimitiveData.Target.positions), ("NORMAL", \.normals), ("TANGENT", \.tangents),
      ] {
        func isBad(_ value: Float) -> Bool { !(value.magnitude <= MeshArrays.coordinateLimit) }
        guard read[keyPath: path].contains(where: isBad) else { continue }
        // Displacements of vertices that no triangle uses do not matter.
        let isUsed = data.usedVertices()
        for vertex in 0..<data.vertexCount where !isUsed[vertex] { read[keyPath: path].setVector(vertex, 3, .zero) }
        let values = read[keyPath: path]
        if let bad = values.firstIndex(where: isBad) {
          throw target[name].fault("element \(bad / 3): \(values[bad]), expected a number within ±1e9")
        }
      }
      data.targets.append(read)
    }
  }
}

extension PrimitiveData {
  /// For each vertex, whether a triangle uses it.
  fileprivate func usedVertices() -> [Bool] {
    var isUsed = [Bool](repeating: false, count: vertexCount)
    for index in indices { isUsed[Int(index)] = true }
    return isUsed
  }

  /// Makes the weights of each vertex sum to one; a vertex that nothing pulls is pulled by the first joint.
  fileprivate mutating func normalizeWeights() {
    for vertex in 0..<vertexCount {
      let row = vertex * influences..<(vertex + 1) * influences
      var sum: Float = 0
      for i in row { sum += weights[i] }
      guard sum > 0, sum.isFinite else {
        for i in row { (joints[i], weights[i]) = (0, 0) }
        weights[row.lowerBound] = 1
        continue
      }
      if sum != 1 { for i in row { weights[i] /= sum } }
    }
  }
}
