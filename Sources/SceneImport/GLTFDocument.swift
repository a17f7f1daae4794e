import Foundation
import LaneMath
import KernelScene
import SceneModel

/// A glTF file with its buffers: JSON by path, accessors as flat arrays. Nothing in it is believed before it is checked.
final class GLTFDocument {
  let root: JSONNode
  let folder: URL
  private let binaryChunk: Data?
  private var buffers: [Int: Data] = [:]
  private(set) var warnings: [ImportWarning] = []

  private(set) var accessors: [JSONNode] = []
  private(set) var bufferViews: [JSONNode] = []
  private(set) var nodes: [JSONNode] = []
  private(set) var meshes: [JSONNode] = []

  init(_ url: URL) throws(ImportError) {
    folder = url.absoluteURL.standardizedFileURL.deletingLastPathComponent()
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
    if data.starts(with: Array("glTF".utf8)) { (json, binary) = try GLTFDocument.chunks(data) }
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
      throw ImportError("\(url.lastPathComponent) is neither glTF JSON nor GLB: \(reason)")
    }
    let version = try root["asset"]["version"].string() ?? ""
    guard version.hasPrefix("2.") || version == "2" else {
      throw root["asset"]["version"].fault("found '\(version)', expected 2.0; convert the file with a current exporter")
    }
    accessors = try root["accessors"].array()
    bufferViews = try root["bufferViews"].array()
    nodes = try root["nodes"].array()
    meshes = try root["meshes"].array()
    guard nodes.count <= ImportLimits.nodeCount else { throw root["nodes"].fault("\(nodes.count) nodes are too many") }
  }

  func warn(_ text: String) {
    if warnings.count < ImportLimits.warningCount, !warnings.contains(where: { $0.description == text }) {
      warnings.append(ImportWarning(text))
    }
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
        throw ImportError("GLB: the chunk at byte \(offset) claims \(size) bytes, \(length - offset - 8) are left")
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

  /// Bytes of a data URI or of a file in the scene's folder.
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
    guard let path = uri.removingPercentEncoding, !path.isEmpty, !path.contains("\0") else {
      throw node.fault("'\(uri.prefix(80))' is no relative path")
    }
    guard !path.contains("://"), !path.hasPrefix("/"), !path.contains("\\") else {
      throw node.fault("'\(uri.prefix(80))' leads outside the scene's folder; only files beside the scene are read")
    }
    let file = folder.appendingPathComponent(path).resolvingSymlinksInPath().standardizedFileURL
    let base = folder.resolvingSymlinksInPath().standardizedFileURL.path
    guard file.path.hasPrefix(base.hasSuffix("/") ? base : base + "/") else {
      throw node.fault("'\(uri.prefix(80))' leads outside the scene's folder; only files beside the scene are read")
    }
    do {
      let values = try file.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
      let size = values.fileSize ?? 0
      guard values.isRegularFile ?? true else { throw node.fault("'\(path)' is not a file") }
      guard size <= ImportLimits.fileByteCount else { throw node.fault("\(size) bytes are too many") }
      return try Data(contentsOf: file, options: .alwaysMapped)
    } catch let error as ImportError {
      throw error
    } catch {
      throw node.fault("file '\(path)' cannot be read beside the scene")
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
    let stride = try node["byteStride"].index()
    if let stride, !(1...4096).contains(stride) { throw node["byteStride"].fault("found \(stride), expected 4 to 252") }
    return (data, offset..<offset + length, stride)
  }
}
