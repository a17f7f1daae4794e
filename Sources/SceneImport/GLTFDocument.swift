import Foundation
import LaneMath
import KernelScene
import SceneModel

/// A glTF file with its buffers: JSON by path, accessors as flat arrays. Nothing in it is believed before it is checked.
final class GLTFDocument {
  let root: JSONNode
  let names: ObjectNames
  private let finder: ResourceFinder
  private let binaryChunk: Data?
  private var buffers: [Int: Data] = [:]
  private var collected: [ImportWarning] = []
  private var known: Set<String> = []

  private(set) var accessors: [JSONNode] = []
  private(set) var bufferViews: [JSONNode] = []
  private(set) var nodes: [JSONNode] = []
  private(set) var meshes: [JSONNode] = []

  /// - Parameter assetRoot: A folder below which files may be read, besides the scene's own.
  init(_ url: URL, assetRoot: URL? = nil) throws(ImportError) {
    finder = ResourceFinder(
      folder: url.absoluteURL.standardizedFileURL.deletingLastPathComponent(), assetRoot: assetRoot)
    let data: Data
    do {
      let values = try url.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
      let size = values.fileSize ?? 0
      guard values.isRegularFile ?? true else { throw ImportError("\(url.path): is not a file") }
      guard size <= ImportLimits.fileByteCount else {
        throw ImportError("\(url.path): \(size) bytes; at most \(ImportLimits.fileByteCount) are read")
      }
      data = try Data(contentsOf: url, options: .alwaysMapped)
    } catch let error as ImportError {
      throw error
    } catch {
      guard FileManager.default.fileExists(atPath: url.path) else {
        throw ImportError("\(url.path): there is no such file")
      }
      throw ImportError("\(url.path): cannot be read (\(error.localizedDescription))")
    }
    var json = data
    var binary: Data?
    if data.starts(with: Array("glTF".utf8)) {
      (json, binary) = try GLTFDocument.chunks(data)
    } else if let foreign = ForeignFile.description(of: data, name: url.lastPathComponent) {
      throw ImportError("\(url.lastPathComponent): the file is \(foreign)")
    }
    binaryChunk = binary
    guard json.count <= ImportLimits.jsonByteCount else {
      throw ImportError("JSON: \(json.count) bytes; at most \(ImportLimits.jsonByteCount) are read")
    }
    if json.starts(with: [0xEF, 0xBB, 0xBF]) { json = json.dropFirst(3) }
    do {
      let value = try JSONSerialization.jsonObject(with: Data(json))
      guard value is [String: Any] else { throw ImportError("JSON: expected an object at the top") }
      root = JSONNode(value: value, path: "")
    } catch let error as ImportError {
      throw error
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String ?? error.localizedDescription
      throw ImportError(
        "\(url.lastPathComponent): the file is neither GLB nor glTF JSON, or its JSON is broken: \(reason) Export it again, or repair the text"
      )
    }
    names = ObjectNames(root)
    let version = try root["asset"]["version"].string() ?? ""
    guard version.hasPrefix("2.") || version == "2" else {
      throw root["asset"]["version"].fault("found '\(version)', expected 2.0; convert the file with a current exporter")
    }
    if let least = try root["asset"]["minVersion"].string(), !least.hasPrefix("2.") {
      throw root["asset"]["minVersion"].fault("found '\(least)', expected 2.0; export the file as glTF 2.0")
    }
    if version != "2.0", version != "2" {
      warn(.note, "asset.version: found '\(version)'; the file is read as glTF 2.0")
    }
    accessors = try root["accessors"].array()
    bufferViews = try root["bufferViews"].array()
    nodes = try root["nodes"].array()
    meshes = try root["meshes"].array()
    guard nodes.count <= ImportLimits.nodeCount else { throw root["nodes"].fault("\(nodes.count) nodes are too many") }
  }

  /// Notes a warning, each text once.
  func warn(_ kind: ImportWarning.Kind, _ text: String) {
    guard known.insert(text).inserted else { return }
    if known.count == ImportLimits.warningCount + 1 {
      collected.append(
        ImportWarning(.note, "there are more than \(ImportLimits.warningCount) warnings; the rest is not shown"))
    }
    guard known.count <= ImportLimits.warningCount else { return }
    collected.append(ImportWarning(kind, text))
  }

  /// All warnings, with the names of what they are about, the most important ones first.
  var warnings: [ImportWarning] {
    collected.map { ImportWarning($0.kind, names.naming($0.description)) }.ranked()
  }

  private static func chunks(_ data: Data) throws(ImportError) -> (json: Data, binary: Data?) {
    func word(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(data[data.startIndex + offset + $1]) << (8 * $1) }
    }
    guard data.count >= 20 else { throw ImportError("GLB: \(data.count) bytes, expected a header of 20") }
    guard word(4) == 2 else { throw ImportError("GLB: container version \(word(4)), expected 2") }
    let length = min(word(8), data.count)
    var offset = 12
    var json: Data?
    var binary: Data?
    while offset + 8 <= length {
      let size = word(offset)
      let kind = word(offset + 4)
      guard size <= length - offset - 8 else {
        throw ImportError(
          "GLB: the chunk at byte \(offset) claims \(size) bytes, \(length - offset - 8) are left; the file is cut off or damaged: export or copy it again"
        )
      }
      let start = data.startIndex + offset + 8
      if kind == 0x4E4F_534A, json == nil { json = data[start..<start + size] }
      if kind == 0x004E_4942, binary == nil { binary = data[start..<start + size] }
      offset += 8 + (size + 3) / 4 * 4
    }
    guard let json else { throw ImportError("GLB: no JSON chunk") }
    return (json, binary)
  }

  // MARK: - Outside data

  /// Bytes of a data URI or of a file that `ResourceFinder` finds.
  func resource(_ node: JSONNode, _ uri: String) throws(ImportError) -> Data {
    if uri.hasPrefix("data:") {
      guard let comma = uri.firstIndex(of: ",") else { throw node.fault("data URI without a comma") }
      let payload = uri[uri.index(after: comma)...]
      if uri[..<comma].hasSuffix(";base64") {
        guard let data = Data(base64Encoded: String(payload), options: .ignoreUnknownCharacters) else {
          throw node.fault("data URI that is not base64")
        }
        return data
      }
      guard let text = payload.removingPercentEncoding else { throw node.fault("data URI with broken escapes") }
      return Data(text.utf8)
    }
    let found: ResourceFinder.Found
    do {
      found = try finder.find(uri)
    } catch {
      throw node.fault(error.reason)
    }
    if let remark = found.remark { warn(.choice, "\(node.path): \(remark)") }
    do {
      let values = try found.file.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
      let size = values.fileSize ?? 0
      guard values.isRegularFile ?? true else { throw node.fault("'\(uri.prefix(80))' is not a file") }
      guard size <= ImportLimits.fileByteCount else { throw node.fault("\(size) bytes are too many") }
      return try Data(contentsOf: found.file, options: .alwaysMapped)
    } catch let error as ImportError {
      throw error
    } catch {
      throw node.fault("file '\(uri.prefix(80))' cannot be read beside the scene")
    }
  }

  private func buffer(_ index: Int) throws(ImportError) -> Data {
    if let data = buffers[index] { return data }
    let node = root["buffers"][index]
    guard node.isPresent else { throw node.fault("there is no such buffer") }
    var data: Data
    if let uri = try node["uri"].string() {
      data = try resource(node["uri"], uri)
    } else if index == 0, let binaryChunk {
      data = binaryChunk
    } else {
      throw node.fault("has neither a uri nor the GLB's binary chunk")
    }
    guard let length = try node["byteLength"].index() else { throw node["byteLength"].fault("is missing") }
    guard data.count >= length else {
      throw node.fault("needs \(length) bytes, found \(data.count); the file is incomplete")
    }
    if data.startIndex != 0 { data = Data(data) }
    buffers[index] = data
    return data
  }

  /// The bytes of a view, and its stride where one is given.
  func view(_ index: Int, for user: JSONNode) throws(ImportError) -> (data: Data, range: Range<Int>, stride: Int?) {
    guard bufferViews.indices.contains(index) else {
      throw user.fault("found bufferView \(index), but there are \(bufferViews.count)")
    }
    let node = bufferViews[index]
    guard let bufferIndex = try node["buffer"].index() else { throw node["buffer"].fault("is missing") }
    let data = try buffer(bufferIndex)
    let offset = try node["byteOffset"].index() ?? 0
    guard let length = try node["byteLength"].index() else { throw node["byteLength"].fault("is missing") }
    guard offset <= data.count, length <= data.count - offset else {
      throw node.fault("bytes \(offset) to \(offset &+ length) are not in buffer \(bufferIndex) of \(data.count) bytes")
    }
    var stride = try node["byteStride"].index()
    if stride == 0 {
      warn(.choice, "\(node.path).byteStride: found 0, expected 4 to 252; elements are taken to follow each other")
      stride = nil
    }
    if let stride, !(1...4096).contains(stride) { throw node["byteStride"].fault("found \(stride), expected 4 to 252") }
    return (data, offset..<offset + length, stride)
  }
}
