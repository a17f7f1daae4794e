import Foundation
import ImageFiles
import LaneMath
import KernelScene
import SceneModel
import Synchronization

/// Turns uses of glTF textures into textures of the scene: each picture decoded once, by all processors.
final class TextureTable {
  private struct Key: Hashable {
    var image: Int
    var isColor: Bool
    var wrapU: Texture.Wrap
    var wrapV: Texture.Wrap
    var filter: Texture.Filter
  }

  private let document: GLTFDocument
  private let textures: [JSONNode]
  private var images: [Int: DecodedImage] = [:]
  /// Pictures that were warned of.
  private var unreadable: Set<Int> = []
  private var made: [Key: Int] = [:]
  private(set) var result: [Texture] = []

  /// - Parameter reachable: Only pictures that the scene leads to are read.
  init(_ document: GLTFDocument, _ reachable: Reachable) throws(ImportError) {
    self.document = document
    textures = try document.root["textures"].array()
    try decodeImages(reachable.images)
  }

  /// Decodes pictures. What cannot be decoded is warned of and left out.
  private func decodeImages(_ reachable: Set<Int>) throws(ImportError) {
    let nodes = try document.root["images"].array()
    let wanted = reachable.filter { nodes.indices.contains($0) }
    var payloads: [(index: Int, data: Data)] = []
    for index in wanted.sorted() {
      let node = nodes[index]
      do throws(ImportError) {
        if let uri = try node["uri"].string() {
          payloads.append((index, try document.resource(node["uri"], uri)))
        } else if let view = try node["bufferView"].index() {
          let view = try document.view(view, for: node["bufferView"])
          payloads.append((index, view.data.subdata(in: view.range)))
        } else {
          document.warn(
            .missingTexture, "\(node.path): has neither uri nor bufferView; textures that use it are left out")
        }
      } catch {
        document.warn(.missingTexture, "\(error.description); textures that use it are left out")
      }
    }
    let slots = ResultSlots(count: payloads.count)
    let work = payloads
    let texelCount = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: work.count) { i in
      slots[i] = work[i].data.withUnsafeBytes { raw in
        Result { () throws(ImageError) in
          guard texelCount.withLock({ $0 }) <= ImportLimits.texelCount else {
            throw ImageError(.tooLarge, "all pictures together have more than \(ImportLimits.texelCount) pixels")
          }
          let image = try ImageDecoder.decode(raw)
          texelCount.withLock { $0 += image.width * image.height }
          return image
        }
      }
    }
    for (i, payload) in payloads.enumerated() {
      switch slots[i] {
      case .success(let image): images[payload.index] = image
      case .failure(let error):
        document.warn(
          .missingTexture, "images[\(payload.index)]: \(error.description); textures that use it are left out")
      case nil: break
      }
    }
    unreadable = wanted.subtracting(images.keys)
  }

  /// Results of parallel work, one slot for each worker.
  private final class ResultSlots: @unchecked Sendable {
    // Sendable because every slot is written by one worker only and read after all have ended.
    private let slots: UnsafeMutablePointer<Result<DecodedImage, ImageError>?>
    private let count: Int

    init(count: Int) {
      self.count = count
      slots = .allocate(capacity: max(1, count))
      slots.initialize(repeating: nil, count: count)
    }

    deinit {
      slots.deinitialize(count: count)
      slots.deallocate()
    }

    subscript(_ index: Int) -> Result<DecodedImage, ImageError>? {
      get { slots[index] }
      set { slots[index] = newValue }
    }
  }

  private static func wrap(_ node: JSONNode) throws(ImportError) -> Texture.Wrap {
    switch try node.index() ?? 10497 {
    case 33071: .clampToEdge
    case 33648: .mirroredRepeat
    default: .repeat
    }
  }

  /// - Parameter node: A `textureInfo` of a material.
  /// - Returns: The reference, with the set of coordinates as the file numbers it. Nil if the material names no texture or its
  ///   picture could not be read.
  func reference(_ node: JSONNode, isColor: Bool) throws(ImportError) -> TextureReference? {
    guard node.isPresent else { return nil }
    guard let index = try node["index"].index(below: textures.count, of: "textures") else {
      throw node["index"].fault("is missing")
    }
    let texture = textures[index]
    guard let source = try texture["source"].index(), let image = images[source] else {
      // The picture has its own warning.
      if let source = try texture["source"].index(), unreadable.contains(source) { return nil }
      document.warn(
        .missingTexture, "\(texture.path): has no picture that can be read; \(node.path) is left out")
      return nil
    }
    var sampler = JSONNode(value: nil, path: "")
    if let index = try texture["sampler"].index() { sampler = document.root["samplers"][index] }
    let key = Key(
      image: source, isColor: isColor, wrapU: try TextureTable.wrap(sampler["wrapS"]),
      wrapV: try TextureTable.wrap(sampler["wrapT"]),
      filter: try sampler["magFilter"].index() == 9728 ? .nearest : .linear)
    let known = made[key]
    if known == nil {
      made[key] = result.count
      result.append(
        Texture(
          width: image.width, height: image.height, texels: image.texels, encoding: isColor ? .srgb : .linear,
          wrapU: key.wrapU, wrapV: key.wrapV, filter: key.filter))
    }
    var reference = TextureReference(texture: known ?? result.count - 1, uvSet: try node["texCoord"].index() ?? 0)
    let transform = node["extensions"]["KHR_texture_transform"]
    if transform.isPresent {
      let offset = try transform["offset"].floats(count: 2) ?? [0, 0]
      let scale = try transform["scale"].floats(count: 2) ?? [1, 1]
      let (s, c) = laneSinCos(try transform["rotation"].float(0))
      // Translation · rotation · scale, as the extension's specification writes it.
      reference.transformU = SIMD3(c * scale[0], s * scale[1], offset[0])
      reference.transformV = SIMD3(-s * scale[0], c * scale[1], offset[1])
      if let set = try transform["texCoord"].index() { reference.uvSet = set }
    }
    return reference
  }
}
