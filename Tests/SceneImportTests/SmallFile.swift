import Foundation
import SceneImport
import SceneModel

/// Builds a small glTF file: bytes in a data URI, the rest as JSON text.
struct SmallFile {
  private var bytes: [UInt8] = []
  private var views: [String] = []
  private(set) var accessors: [String] = []
  /// Members of the top object, without those that the builder writes.
  var members: [String] = []

  /// - Returns: Index of a buffer view.
  mutating func view<T: BitwiseCopyable>(_ values: [T], stride: Int? = nil) -> Int {
    while bytes.count % 4 != 0 { bytes.append(0) }
    let start = bytes.count
    values.withUnsafeBytes { bytes += $0 }
    let strideText = stride.map { ",\"byteStride\":\($0)" } ?? ""
    views.append("{\"buffer\":0,\"byteOffset\":\(start),\"byteLength\":\(bytes.count - start)\(strideText)}")
    return views.count - 1
  }

  /// - Parameter rest: Further members, led by a comma.
  mutating func accessor(view: Int?, type: String, component: Int, count: Int, rest: String = "") -> Int {
    let viewText = view.map { "\"bufferView\":\($0)," } ?? ""
    accessors.append(
      "{\(viewText)\"componentType\":\(component),\"count\":\(count),\"type\":\"\(type)\"\(rest)}")
    return accessors.count - 1
  }

  mutating func floats(_ values: [Float], _ type: String) -> Int {
    let width = ["SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16][type] ?? 1
    return accessor(view: view(values), type: type, component: 5126, count: values.count / width)
  }

  mutating func shorts(_ values: [UInt16]) -> Int {
    accessor(view: view(values), type: "SCALAR", component: 5123, count: values.count)
  }

  /// A triangle with corners (0, 0, 0), (1, 0, 0), (0, 1, 0).
  mutating func triangle() -> Int { floats([0, 0, 0, 1, 0, 0, 0, 1, 0], "VEC3") }

  var json: String {
    let data = Data(bytes).base64EncodedString()
    var all = ["\"asset\":{\"version\":\"2.0\"}"] + members
    if !bytes.isEmpty {
      all.append(
        "\"buffers\":[{\"byteLength\":\(bytes.count),\"uri\":\"data:application/octet-stream;base64,\(data)\"}]")
    }
    if !views.isEmpty { all.append("\"bufferViews\":[\(views.joined(separator: ","))]") }
    if !accessors.isEmpty { all.append("\"accessors\":[\(accessors.joined(separator: ","))]") }
    return "{\(all.joined(separator: ","))}"
  }

  func load(_ options: ImportOptions = ImportOptions()) throws -> ImportedScene {
    try SmallFile.load(Data(json.utf8), options)
  }

  /// Loads a file with these bytes, alone in a folder.
  static func load(_ data: Data, _ options: ImportOptions = ImportOptions()) throws -> ImportedScene {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("scene")
    try data.write(to: file)
    return try GLTFImporter.load(file, options: options)
  }
}

/// What a file is refused with; nil where it is not.
func refusal(_ file: SmallFile, _ options: ImportOptions = ImportOptions()) -> String? {
  do {
    _ = try file.load(options)
    return nil
  } catch {
    return "\(error)"
  }
}

func near(_ a: Float, _ b: Float, _ tolerance: Float = 1e-5) -> Bool { (a - b).magnitude <= tolerance }

func near(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ tolerance: Float = 1e-5) -> Bool {
  near(a.x, b.x, tolerance) && near(a.y, b.y, tolerance) && near(a.z, b.z, tolerance)
}
