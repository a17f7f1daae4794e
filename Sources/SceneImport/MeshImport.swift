import LaneMath
import KernelScene
import SceneModel

/// The meshes that a scene's nodes use, each read once, and where they are placed.
struct MeshImport {
  private(set) var meshes: [SceneMesh] = []
  private(set) var placements: [MeshPlacement] = []
  private(set) var bakedMesh: Int?
  /// Placed meshes and their triangles, every copy counted.
  private(set) var instanceCount = 0
  private(set) var triangleCount = 0

  private struct Key: Hashable {
    var mesh: Int
    /// Of the skin; 0 without one.
    var jointCount: Int
  }

  private let document: GLTFDocument
  private let reader: GeometryReader
  private var known: [Key: Int?] = [:]
  private var baked = BakedGeometry()

  /// - Parameter nodes: Visible nodes of the scene, each before its children.
  init(
    _ document: GLTFDocument, materials: MaterialTable, nodes: [Int], skins: [Skin], motion: Rig.Motion
  ) throws(ImportError) {
    self.document = document
    reader = GeometryReader(document, materials: materials)
    var uses: [Int: Int] = [:]
    for node in nodes {
      guard let mesh = try document.nodes[node]["mesh"].index(below: document.meshes.count, of: "meshes") else {
        continue
      }
      uses[mesh, default: 0] += 1
    }
    for node in nodes {
      let source = document.nodes[node]
      guard let mesh = try source["mesh"].index() else { continue }
      try place(
        node, mesh: mesh, skins: skins, world: motion.restWorld[node],
        canBake: uses[mesh] == 1 && !motion.isMoving[node])
    }
    if let mesh = baked.joined() {
      bakedMesh = meshes.count
      meshes.append(mesh)
    }
    guard meshes.count <= BundleLimits.meshCount else {
      throw document.root["meshes"].fault("\(meshes.count) meshes; at most \(BundleLimits.meshCount) are read")
    }
  }

  private mutating func place(
    _ node: Int, mesh: Int, skins: [Skin], world: Affine, canBake: Bool
  ) throws(ImportError) {
    let source = document.nodes[node]
    let weights = try MeshImport.restWeights(document, source, document.meshes[mesh])
    let copies = try InstancingImport.transforms(document, source)
    var skin = try source["skin"].index(below: skins.count, of: "skins")
    if skin != nil, copies != nil {
      document.warn(.picture, "\(source.path): has a skin and instances; the skin is left out")
      skin = nil
    }
    if canBake, skin == nil, copies == nil, weights.isEmpty, world.isFinite {
      let primitives = try reader.primitives(document.meshes[mesh], jointCount: nil)
      if baked.add(primitives, world) {
        instanceCount += 1
        triangleCount += primitives.reduce(0) { $0 + $1.triangleCount }
        return
      }
      known[Key(mesh: mesh, jointCount: 0)] = append(MeshAssembly(primitives)?.mesh(jointCount: 0))
    }
    guard let index = try self.mesh(mesh, jointCount: skin.map { skins[$0].joints.count } ?? 0) else { return }
    let deformation = meshes[index].deformation
    if skin != nil, (deformation?.influencesPerVertex ?? 0) == 0 {
      document.warn(.choice, "\(source.path): has a skin, but its mesh has no JOINTS_0; the skin is left out")
      skin = nil
    }
    let count = copies?.count ?? 1
    guard count <= ImportLimits.instanceCount - instanceCount else {
      throw source.fault("more than \(ImportLimits.instanceCount) instances")
    }
    instanceCount += count
    triangleCount += count * meshes[index].arrays.triangleCount
    var fitting = [Float](repeating: 0, count: deformation?.morphTargets.count ?? 0)
    for i in fitting.indices where i < weights.count { fitting[i] = weights[i] }
    placements.append(
      MeshPlacement(
        node: node, mesh: index, copies: copies, skin: skin, weights: fitting, isDeforming: deformation != nil))
    guard placements.count <= BundleLimits.poseCount || deformation == nil else {
      throw source.fault("more than \(BundleLimits.poseCount) deforming meshes")
    }
  }

  /// Index of a mesh; nil where it has no triangles.
  private mutating func mesh(_ mesh: Int, jointCount: Int) throws(ImportError) -> Int? {
    let key = Key(mesh: mesh, jointCount: jointCount)
    if let index = known[key] { return index }
    let primitives = try reader.primitives(document.meshes[mesh], jointCount: jointCount > 0 ? jointCount : nil)
    let index = append(MeshAssembly(primitives)?.mesh(jointCount: jointCount))
    known[key] = index
    return index
  }

  private mutating func append(_ mesh: SceneMesh?) -> Int? {
    guard let mesh else { return nil }
    meshes.append(mesh)
    return meshes.count - 1
  }

  /// Morph targets of a mesh.
  static func targetCount(_ mesh: JSONNode) throws(ImportError) -> Int {
    var count = 0
    for primitive in try mesh["primitives"].array() { count = max(count, try primitive["targets"].array().count) }
    return count
  }

  /// Weights of a node's morph targets: its own, else its mesh's, else 0.
  private static func restWeights(
    _ document: GLTFDocument, _ node: JSONNode, _ mesh: JSONNode
  ) throws(ImportError) -> [Float] {
    let count = try targetCount(mesh)
    guard count > 0 else { return [] }
    for source in [node["weights"], mesh["weights"]] where source.isPresent {
      let given = try source.array()
      guard given.count == count else {
        throw source.fault("found \(given.count) weights, but there are \(count) morph targets")
      }
      return try source.floats(count: count) ?? []
    }
    return [Float](repeating: 0, count: count)
  }
}
