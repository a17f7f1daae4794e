import Foundation
import LaneMath
import RenderKernel
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
    folder = url.deletingLastPathComponent()
    let data: Data
    do {
      let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
      guard size <= ImportLimits.fileByteCount else {
        throw ImportError("\(url.path): \(size) bytes; at most \(ImportLimits.fileByteCount) are read")
      }
      data = try Data(contentsOf: url, options: .alwaysMapped)
    } catch let error as ImportError {
      throw error
    } catch {
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
      let size = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
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

  // MARK: - Accessors

  enum ComponentType: Int {
    case int8 = 5120
    case uint8 = 5121
    case int16 = 5122
    case uint16 = 5123
    case uint32 = 5125
    case float = 5126

    var size: Int {
      switch self {
      case .int8, .uint8: 1
      case .int16, .uint16: 2
      case .uint32, .float: 4
      }
    }
  }

  struct AccessorShape {
    var count: Int
    var components: Int
    var type: ComponentType
    var isNormalized: Bool
  }

  private static let componentCounts = ["SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16]

  func shape(_ index: Int, for user: JSONNode) throws(ImportError) -> AccessorShape {
    guard accessors.indices.contains(index) else {
      throw user.fault("found accessor \(index), but there are \(accessors.count)")
    }
    let node = accessors[index]
    guard let count = try node["count"].index(), count > 0 else { throw node["count"].fault("expected at least 1") }
    guard count <= ImportLimits.accessorElementCount else { throw node["count"].fault("\(count) elements are too many") }
    guard let type = ComponentType(rawValue: try node["componentType"].index() ?? 0) else {
      throw node["componentType"].fault("is none of 5120, 5121, 5122, 5123, 5125, 5126")
    }
    guard let components = GLTFDocument.componentCounts[try node["type"].string() ?? ""] else {
      throw node["type"].fault("is none of SCALAR, VEC2, VEC3, VEC4, MAT2, MAT3, MAT4")
    }
    return AccessorShape(
      count: count, components: components, type: type, isNormalized: try node["normalized"].bool(false))
  }

  /// All elements as floats, row after row; integers are normalised where the accessor says so.
  ///
  /// - Parameter components: Numbers that an element must have.
  func floats(_ index: Int, components: [Int], for user: JSONNode) throws(ImportError) -> [Float] {
    let shape = try shape(index, for: user)
    guard components.contains(shape.components) else {
      throw user.fault("accessor \(index) has \(shape.components) numbers an element, expected \(components[0])")
    }
    return try read(index, shape, user) { raw, offset in
      let value: Float
      switch shape.type {
      case .int8:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: Int8.self))
        value = shape.isNormalized ? max(v / 127, -1) : v
      case .uint8:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
        value = shape.isNormalized ? v / 255 : v
      case .int16:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        value = shape.isNormalized ? max(v / 32767, -1) : v
      case .uint16:
        let v = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        value = shape.isNormalized ? v / 65535 : v
      case .uint32: value = Float(raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      case .float: value = raw.loadUnaligned(fromByteOffset: offset, as: Float.self)
      }
      return value
    }
  }

  /// All elements as whole numbers.
  func integers(_ index: Int, components: Int, for user: JSONNode) throws(ImportError) -> [UInt32] {
    let shape = try shape(index, for: user)
    guard shape.components == components else {
      throw user.fault("accessor \(index) has \(shape.components) numbers an element, expected \(components)")
    }
    return try read(index, shape, user) { raw, offset in
      switch shape.type {
      case .uint8: UInt32(raw.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
      case .uint16: UInt32(raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      case .uint32: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      // Not allowed for indices and joints; out of every range, so that the user complains.
      case .int8, .int16, .float: .max
      }
    }
  }

  private func read<T>(
    _ index: Int, _ shape: AccessorShape, _ user: JSONNode, _ convert: (UnsafeRawBufferPointer, Int) -> T
  ) throws(ImportError) -> [T] where T: Numeric {
    let node = accessors[index]
    var values = [T](repeating: 0, count: shape.count * shape.components)
    // Columns of small matrices start at multiples of four bytes.
    let matrixOrder = (try node["type"].string() ?? "").hasPrefix("MAT") ? Int(Double(shape.components).squareRoot()) : 0
    let columnSize =
      matrixOrder > 0 ? (matrixOrder * shape.type.size + 3) / 4 * 4 : shape.components * shape.type.size
    let elementSize = matrixOrder > 0 ? columnSize * matrixOrder : columnSize
    func copy(
      _ target: inout [T], _ data: Data, _ range: Range<Int>, _ offset: Int, _ stride: Int, _ count: Int,
      _ elements: [UInt32]?
    ) throws(ImportError) {
      let needed = offset + (count - 1) * stride + elementSize
      guard needed <= range.count else {
        throw user.fault("accessor \(index) needs \(needed) bytes, its buffer view holds \(range.count)")
      }
      data.withUnsafeBytes { all in
        let raw = UnsafeRawBufferPointer(rebasing: all[range])
        for i in 0..<count {
          let element = elements.map { Int($0[i]) } ?? i
          for c in 0..<shape.components {
            let inside =
              matrixOrder > 0
              ? c / matrixOrder * columnSize + c % matrixOrder * shape.type.size : c * shape.type.size
            target[element * shape.components + c] = convert(raw, offset + i * stride + inside)
          }
        }
      }
    }
    if let viewIndex = try node["bufferView"].index() {
      let view = try view(viewIndex, for: node["bufferView"])
      let offset = try node["byteOffset"].index() ?? 0
      guard offset <= view.range.count else { throw node["byteOffset"].fault("found \(offset), the view is shorter") }
      try copy(&values, view.data, view.range, offset, view.stride ?? elementSize, shape.count, nil)
    }
    let sparse = node["sparse"]
    if sparse.isPresent {
      guard let count = try sparse["count"].index(), count <= shape.count else {
        throw sparse["count"].fault("expected a number from 1 to \(shape.count)")
      }
      if count > 0 {
        let indexNode = sparse["indices"]
        guard let type = ComponentType(rawValue: try indexNode["componentType"].index() ?? 0),
          [.uint8, .uint16, .uint32].contains(type)
        else { throw indexNode["componentType"].fault("is none of 5121, 5123, 5125") }
        guard let indexView = try indexNode["bufferView"].index() else {
          throw indexNode["bufferView"].fault("is missing")
        }
        let view = try view(indexView, for: indexNode["bufferView"])
        let offset = try indexNode["byteOffset"].index() ?? 0
        guard offset <= view.range.count, count * type.size <= view.range.count - offset else {
          throw indexNode.fault("needs \(count * type.size) bytes, its buffer view holds \(view.range.count)")
        }
        var elements: [UInt32] = []
        view.data.withUnsafeBytes { all in
          for i in 0..<count {
            let at = view.range.lowerBound + offset + i * type.size
            switch type {
            case .uint8: elements.append(UInt32(all.loadUnaligned(fromByteOffset: at, as: UInt8.self)))
            case .uint16: elements.append(UInt32(all.loadUnaligned(fromByteOffset: at, as: UInt16.self)))
            default: elements.append(all.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            }
          }
        }
        guard elements.allSatisfy({ Int($0) < shape.count }) else {
          throw indexNode.fault("an index is not below the accessor's count \(shape.count)")
        }
        guard let valueView = try sparse["values"]["bufferView"].index() else {
          throw sparse["values"]["bufferView"].fault("is missing")
        }
        let source = try self.view(valueView, for: sparse["values"]["bufferView"])
        let valueOffset = try sparse["values"]["byteOffset"].index() ?? 0
        guard valueOffset <= source.range.count else { throw sparse["values"].fault("starts after its buffer view") }
        try copy(&values, source.data, source.range, valueOffset, elementSize, count, elements)
      }
    }
    return values
  }
}
