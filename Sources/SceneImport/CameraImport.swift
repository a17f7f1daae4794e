import LaneMath
import KernelScene
import SceneModel

/// Cameras of a scene, with the nodes that place them.
struct PlacedCamera: Sendable {
  var node: Int
  var projection: Camera.Projection
  /// Width over height of the picture that the camera was made for; nil where the file does not say.
  var aspect: Float?
  /// Unique in the scene.
  var name: String

  /// The usable cameras, and which of them was chosen.
  ///
  /// - Parameters:
  ///   - nodes: Nodes of the scene.
  ///   - choice: Name, or number from 1 among all cameras of the scene; nil: the first.
  /// - Returns: Index 0 where the scene has no camera.
  static func all(
    _ document: GLTFDocument, nodes: [Int], choice: String?
  ) throws(ImportError) -> (cameras: [PlacedCamera], chosen: Int) {
    let kinds = try document.root["cameras"].array()
    var names: [String] = []
    var known: Set<String> = []
    var nextNumber: [String: Int] = [:]
    var result: [PlacedCamera] = []
    // Of each camera of the scene: its index in the result, or why it is not there.
    var outcomes: [Result<Int, ImportError>] = []
    for node in nodes {
      let reference = document.nodes[node]["camera"]
      guard reference.isPresent else { continue }
      guard names.count < BundleLimits.cameraCount else { throw reference.fault("there are too many cameras") }
      var index: Int?
      var fault: ImportError?
      do throws(ImportError) { index = try reference.index(below: kinds.count, of: "cameras") } catch { fault = error }
      let kind = index.map { kinds[$0] }
      var wanted = printable(((try? document.nodes[node]["name"].string()) ?? nil) ?? "")
      if wanted.isEmpty { wanted = printable(((try? kind?["name"].string()) ?? nil) ?? "") }
      if wanted.isEmpty { wanted = "camera \(names.count + 1)" }
      var name = wanted
      var number = nextNumber[wanted] ?? 2
      while !known.insert(name).inserted {
        name = "\(wanted) \(number)"
        number += 1
      }
      nextNumber[wanted] = number
      names.append(name)
      if let kind {
        do throws(ImportError) {
          let (projection, aspect) = try projection(kind)
          outcomes.append(.success(result.count))
          result.append(PlacedCamera(node: node, projection: projection, aspect: aspect, name: name))
        } catch {
          outcomes.append(.failure(error))
        }
      } else {
        outcomes.append(.failure(fault ?? reference.fault("is no camera")))
      }
    }
    let chosen = try index(of: choice, among: names)
    for case (let index, .failure(let fault)) in outcomes.enumerated() {
      guard index != chosen else { throw fault }
      document.warn(.leftOut, "\(fault.description); the camera is left out")
    }
    guard outcomes.indices.contains(chosen), case .success(let place) = outcomes[chosen] else { return ([], 0) }
    return (result, place)
  }

  private static func index(of choice: String?, among names: [String]) throws(ImportError) -> Int {
    guard let choice else { return 0 }
    if let index = names.firstIndex(of: choice) { return index }
    if let number = Int(choice), names.indices.contains(number - 1) { return number - 1 }
    if names.isEmpty, choice == standardName || choice == "1" { return 0 }
    let known =
      names.isEmpty ? "none, and one made for it, '\(standardName)'" : names.map { "'\($0)'" }.joined(separator: ", ")
    throw ImportError("--camera: '\(choice)' is not in the scene; it has \(known)")
  }

  /// Name of the camera of a scene without one.
  static let standardName = "default"

  /// Without control characters and blanks around, and short enough for a bundle.
  private static func printable(_ text: String) -> String {
    let visible = String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    let words = visible.split(separator: " ").joined(separator: " ")
    return String(words.prefix(200)).utf8.count <= BundleLimits.cameraNameByteCount - 16
      ? String(words.prefix(200)) : ""
  }

  private static func projection(
    _ node: JSONNode
  ) throws(ImportError) -> (projection: Camera.Projection, aspect: Float?) {
    func ratio(_ width: Float, _ height: Float) -> Float? {
      let ratio = (width / height).magnitude
      return ratio > 1e-3 && ratio < 1e3 ? ratio : nil
    }
    switch try node["type"].string() ?? "" {
    case "perspective":
      let angle = node["perspective"]["yfov"]
      let yfov = try angle.float(0)
      let tangent = laneTan(max(0, min(4, yfov)) / 2)
      guard yfov > 0, yfov < 3.1415, tangent > 0, tangent.isFinite else {
        throw angle.fault("found \(yfov), expected an angle between 0 and π")
      }
      return (.perspective(tanHalfHeight: tangent), ratio(try node["perspective"]["aspectRatio"].float(0), 1))
    case "orthographic":
      let height = try node["orthographic"]["ymag"].float(0)
      guard height != 0 else { throw node["orthographic"]["ymag"].fault("expected a height other than 0") }
      return (.orthographic(halfHeight: height.magnitude), ratio(try node["orthographic"]["xmag"].float(0), height))
    case let other:
      throw node["type"].fault("'\(other)' is neither perspective nor orthographic")
    }
  }

  /// Place and direction count, scale does not.
  func camera(_ world: Affine) -> Camera {
    Camera(
      projection: projection,
      cameraToWorld: PlacedCamera.frame(
        at: world.origin, back: world.vector([0, 0, 1]), up: world.vector([0, 1, 0])))
  }

  /// Right-handed axes of unit length: +z along `back`, +y as near `up` as can be.
  static func frame(at position: SIMD3<Float>, back: SIMD3<Float>, up: SIMD3<Float>) -> Affine {
    let z = Vector.normalized(back) ?? [0, 0, 1]
    let upright = Vector.normalized(up) ?? Vector.perpendicular(z)
    let x = Vector.normalized(Vector.cross(upright, z)) ?? Vector.perpendicular(z)
    let y = Vector.cross(z, x)
    return Affine(
      x: [x.x, y.x, z.x, position.x], y: [x.y, y.y, z.y, position.y], z: [x.z, y.z, z.z, position.z])
  }

  /// The camera of a file without one: sees the box from its front, right and above, through a lens of 50 mm, from as far
  /// as its enclosing ball needs; boxes leave a little room around them, so the ball may touch the picture's edges.
  static func standard(_ box: Bounds) -> Camera {
    let center = box.center
    let extent = box.extent
    let diagonal = (extent.x * extent.x + extent.y * extent.y + extent.z * extent.z).squareRoot()
    let tanHalfHeight: Float = (18.0 / 50) * 9 / 16
    // sin of half the field of view.
    let sine = tanHalfHeight / (1 + tanHalfHeight * tanHalfHeight).squareRoot()
    let distance = (diagonal > 0 ? diagonal / 2 : 1) / sine * 0.9
    let direction = SIMD3<Float>(0.9, 0.5, 1.4)
    let offset = direction * (distance / (direction * direction).sum().squareRoot())
    return Camera(
      projection: .perspective(tanHalfHeight: tanHalfHeight),
      cameraToWorld: frame(at: center + offset, back: offset, up: [0, 1, 0]))
  }
}

/// A box along the axes.
struct Bounds: Sendable {
  var low = SIMD3<Float>(repeating: .infinity)
  var high = SIMD3<Float>(repeating: -.infinity)

  var isEmpty: Bool { !(low.x <= high.x) }
  var center: SIMD3<Float> { isEmpty ? .zero : low * 0.5 + high * 0.5 }
  var extent: SIMD3<Float> { isEmpty ? .zero : high - low }

  mutating func add(_ p: SIMD3<Float>) {
    guard Vector.isFinite(p) else { return }
    low = pointwiseMin(low, p)
    high = pointwiseMax(high, p)
  }

  mutating func add(_ positions: FlatBuffer<Float>, _ transform: Affine) {
    for i in stride(from: 0, to: positions.count - 2, by: 3) {
      add(transform.point(SIMD3(positions[i], positions[i + 1], positions[i + 2])))
    }
  }

  /// The corners of a box, mapped.
  mutating func add(_ box: Bounds, _ transform: Affine) {
    guard !box.isEmpty else { return }
    for corner in 0..<8 {
      add(
        transform.point(
          SIMD3(
            corner & 1 == 0 ? box.low.x : box.high.x, corner & 2 == 0 ? box.low.y : box.high.y,
            corner & 4 == 0 ? box.low.z : box.high.z)))
    }
  }
}
