import LaneMath
import KernelScene
import SceneModel

/// The nodes of a document: a forest, checked to be one.
struct NodeTree: Sendable {
  /// What a node's transform is made of.
  struct Placement: Sendable {
    var translation: SIMD3<Float> = .zero
    var rotation: SIMD4<Float> = Rotation.identity
    var scale: SIMD3<Float> = .one
    /// In place of the others.
    var matrix: Affine?

    var transform: Affine {
      matrix ?? Rotation.transform(translation: translation, rotation: rotation, scale: scale)
    }
  }

  private(set) var placements: [Placement] = []
  /// Why nodes cannot be placed, by node: an error only where the scene has them.
  private var faults: [Int: ImportError] = [:]
  /// −1 for roots.
  private(set) var parents: [Int] = []
  private(set) var children: [[Int]] = []
  /// Every node after its parent.
  private(set) var order: [Int] = []

  init(_ document: GLTFDocument) throws(ImportError) {
    let count = document.nodes.count
    placements.reserveCapacity(count)
    children.reserveCapacity(count)
    parents = [Int](repeating: -1, count: count)
    for (index, node) in document.nodes.enumerated() {
      do throws(ImportError) {
        placements.append(try NodeTree.placement(node))
      } catch {
        faults[index] = error
        placements.append(Placement())
      }
      var own: [Int] = []
      for child in try node["children"].array() {
        let target: Int
        do throws(ImportError) {
          guard let index = try child.index(below: count, of: "nodes") else { throw child.fault("expected a node") }
          target = index
        } catch {
          faults[index] = faults[index] ?? error
          continue
        }
        guard parents[target] < 0 else {
          throw child.fault("node \(target) is a child of node \(parents[target]) already; a node has one parent")
        }
        guard target != index else { throw child.fault("node \(target) is its own child") }
        parents[target] = index
        own.append(target)
      }
      children.append(own)
    }
    try sortByDepth(document)
  }

  private static func placement(_ node: JSONNode) throws(ImportError) -> Placement {
    var result = Placement()
    if let m = try node["matrix"].floats(count: 16) { result.matrix = Affine(columns: m[...]) }
    if let t = try node["translation"].floats(count: 3) { result.translation = SIMD3(t[0], t[1], t[2]) }
    if let r = try node["rotation"].floats(count: 4) { result.rotation = SIMD4(r[0], r[1], r[2], r[3]) }
    if let s = try node["scale"].floats(count: 3) { result.scale = SIMD3(s[0], s[1], s[2]) }
    return result
  }

  /// Parents first. Nodes that no root leads to are in a cycle.
  private mutating func sortByDepth(_ document: GLTFDocument) throws(ImportError) {
    var level = parents.indices.filter { parents[$0] < 0 }
    var depth = 0
    order.reserveCapacity(parents.count)
    while !level.isEmpty {
      depth += 1
      guard depth <= ImportLimits.nodeDepth else {
        throw document.nodes[level[0]].fault("is more than \(ImportLimits.nodeDepth) levels deep")
      }
      order += level
      var next: [Int] = []
      for node in level { next += children[node] }
      level = next
    }
    guard order.count == parents.count else {
      var isReached = [Bool](repeating: false, count: parents.count)
      for node in order { isReached[node] = true }
      let node = isReached.firstIndex(of: false) ?? 0
      throw document.nodes[node]["children"].fault("the node is its own ancestor, or child of one that is")
    }
  }

  /// The nodes below some roots and these, each before its children, in the order of the file.
  func nodes(below roots: [Int]) -> [Int] {
    var result: [Int] = []
    var stack = Array(roots.reversed())
    while let node = stack.popLast() {
      result.append(node)
      stack += children[node].reversed()
    }
    return result
  }

  /// Refuses a scene some of whose nodes cannot be placed.
  func check(_ nodes: [Int]) throws(ImportError) {
    guard !faults.isEmpty else { return }
    for node in nodes { if let fault = faults[node] { throw fault } }
  }

  /// Nodes that neither they nor an ancestor hide (KHR_node_visibility).
  ///
  /// - Parameter nodes: Each before its children.
  func visible(_ nodes: [Int], _ document: GLTFDocument) throws(ImportError) -> [Int] {
    let name = "KHR_node_visibility"
    var isHidden = [Bool](repeating: false, count: parents.count)
    var result: [Int] = []
    for node in nodes {
      let isShown = try document.nodes[node]["extensions"][name]["visible"].bool(true)
      isHidden[node] = !isShown || (parents[node] >= 0 && isHidden[parents[node]])
      if !isHidden[node] { result.append(node) }
    }
    return result
  }

  /// Takes a node's matrix apart into translation, rotation and scale, so that they can be animated.
  ///
  /// - Returns: False where the matrix shears: then something of it is lost.
  mutating func decompose(_ node: Int) -> Bool {
    guard let matrix = placements[node].matrix else { return true }
    var columns = [matrix.vector([1, 0, 0]), matrix.vector([0, 1, 0]), matrix.vector([0, 0, 1])]
    var scale = SIMD3<Float>(columns.map { Vector.dot($0, $0).squareRoot() })
    if matrix.determinant < 0 { scale.x = -scale.x }
    for axis in 0..<3 where scale[axis] != 0 { columns[axis] /= scale[axis] }
    let placement = Placement(
      translation: matrix.origin, rotation: Rotation.quaternion(columns[0], columns[1], columns[2]), scale: scale)
    placements[node] = placement
    let difference = [
      placement.transform.x - matrix.x, placement.transform.y - matrix.y, placement.transform.z - matrix.z,
    ]
    let size = max(scale.x.magnitude, max(scale.y.magnitude, scale.z.magnitude))
    return difference.allSatisfy { row in (0..<3).allSatisfy { row[$0].magnitude <= 1e-3 * size } }
  }

  /// Object space to world space for every node.
  func worldTransforms(_ placements: [Placement]) -> [Affine] {
    var result = [Affine](repeating: .identity, count: placements.count)
    for node in order {
      let own = placements[node].transform
      result[node] = parents[node] < 0 ? own : result[parents[node]].concatenating(own)
    }
    return result
  }
}

/// The scene of a document that is rendered.
enum SceneChoice {
  /// Roots of the scene: the one asked for, the file's default, its first, or all nodes that have no parent.
  static func roots(_ document: GLTFDocument, _ tree: NodeTree, name: String?) throws(ImportError) -> [Int] {
    let scenes = try document.root["scenes"].array()
    guard let index = try index(document, scenes, name: name) else {
      return tree.parents.indices.filter { tree.parents[$0] < 0 }
    }
    var roots: [Int] = []
    var isIncluded = [Bool](repeating: false, count: tree.parents.count)
    for node in try scenes[index]["nodes"].array() {
      guard let root = try node.index(below: tree.parents.count, of: "nodes") else {
        throw node.fault("expected a node")
      }
      guard !isIncluded[root] else { throw node.fault("node \(root) is in the scene twice") }
      if tree.parents[root] >= 0 {
        throw node.fault("node \(root) has a parent, node \(tree.parents[root]); scenes list nodes without one")
      }
      isIncluded[root] = true
      roots.append(root)
    }
    return roots
  }

  private static func index(
    _ document: GLTFDocument, _ scenes: [JSONNode], name: String?
  ) throws(ImportError) -> Int? {
    guard let name else {
      if let given = try document.root["scene"].index(below: scenes.count, of: "scenes") { return given }
      return scenes.isEmpty ? nil : 0
    }
    return try Choice.index(name, among: scenes, of: "scene")
  }
}

/// Things of a file that a person names.
enum Choice {
  /// A thing's name, else its number from 1.
  static func name(_ node: JSONNode, _ index: Int) -> String {
    let name = ((try? node["name"].string()) ?? nil) ?? ""
    return name.isEmpty ? "\(index + 1)" : name
  }

  /// By name, else by number from 1.
  static func index(_ name: String, among nodes: [JSONNode], of kind: String) throws(ImportError) -> Int {
    let names = nodes.map { ((try? $0["name"].string()) ?? nil) ?? "" }
    if let index = names.firstIndex(of: name) { return index }
    if let number = Int(name), number >= 1, number <= nodes.count { return number - 1 }
    let known = names.enumerated().prefix(20).map { $1.isEmpty ? "\($0 + 1)" : "'\($1)'" }
    throw ImportError(
      "there is no \(kind) '\(name)'; the file has \(known.isEmpty ? "none" : known.joined(separator: ", "))")
  }
}
