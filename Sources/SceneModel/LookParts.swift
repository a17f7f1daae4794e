import LaneMath
import KernelScene

/// Bytes of a texture part: how it is sampled, then its texels. Format: docs/bundle.md, section "Texture".
enum TexturePart {
  private static let tag: StaticString = "glint texture 1\n"

  static func encoded(_ texture: Texture) -> [UInt8] {
    var writer = ByteWriter()
    writer.reserve(texture.texels.count + 64)
    writer.tag(tag)
    writer.integer(UInt32(texture.width))
    writer.integer(UInt32(texture.height))
    writer.integer(texture.encoding == .srgb ? UInt8(0) : 1)
    writer.integer(texture.wrapU.rawValue)
    writer.integer(texture.wrapV.rawValue)
    writer.integer(texture.filter.rawValue)
    writer.buffer(texture.texels)
    return writer.bytes
  }

  static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws(BundleError) -> Texture {
    var reader = ByteReader(bytes, what: name)
    try reader.expect(tag: tag)
    let width = Int(try reader.integer(UInt32.self))
    let height = Int(try reader.integer(UInt32.self))
    guard (1...BundleLimits.textureEdge).contains(width), (1...BundleLimits.textureEdge).contains(height) else {
      throw reader.fault("\(width)×\(height) texels; edges go from 1 to \(BundleLimits.textureEdge)")
    }
    let encoding = try reader.choice(Texture.Encoding.self)
    let wrapU = try reader.choice(Texture.Wrap.self)
    let wrapV = try reader.choice(Texture.Wrap.self)
    let filter = try reader.choice(Texture.Filter.self)
    let texels = try reader.buffer(of: UInt8.self, count: width * height * 4, "texels")
    try reader.expectEnd()
    return Texture(
      width: width, height: height, texels: texels, encoding: encoding, wrapU: wrapU, wrapV: wrapV, filter: filter)
  }
}

/// Bytes of the environment part. Format: docs/bundle.md, section "Environment".
enum EnvironmentPart {
  private static let tag: StaticString = "glint environment 1\n"

  /// An environment and how it is placed.
  struct Content {
    var environment: Environment
    var scale: Float
    var worldToEnvironment: Affine
  }

  static func encoded(_ content: Content) -> [UInt8] {
    var writer = ByteWriter()
    writer.reserve(content.environment.texels.byteCount + 128)
    writer.tag(tag)
    writer.integer(UInt32(content.environment.width))
    writer.integer(UInt32(content.environment.height))
    writer.float(content.scale)
    writer.affine(content.worldToEnvironment)
    writer.buffer(content.environment.texels)
    return writer.bytes
  }

  static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws(BundleError) -> Content {
    var reader = ByteReader(bytes, what: name)
    try reader.expect(tag: tag)
    let width = Int(try reader.integer(UInt32.self))
    let height = Int(try reader.integer(UInt32.self))
    guard (1...BundleLimits.textureEdge).contains(width), (1...BundleLimits.textureEdge).contains(height) else {
      throw reader.fault("\(width)×\(height) texels; edges go from 1 to \(BundleLimits.textureEdge)")
    }
    let scale = try reader.finite()
    guard scale >= 0 else { throw reader.fault("scale \(scale), expected 0 or more") }
    let rotation = try reader.affine()
    let texels = try reader.buffer(of: Float.self, count: width * height * 3, "texels")
    try reader.expectEnd()
    guard texels.elements.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw reader.fault("a texel is not finite or below zero")
    }
    return Content(
      environment: Environment(width: width, height: height, texels: texels), scale: scale,
      worldToEnvironment: rotation)
  }
}

/// Bytes of the materials part. Format: docs/bundle.md, section "Materials".
enum MaterialsPart {
  private static let tag: StaticString = "glint materials 2\n"
  private static let minimumByteCount = 52

  static func encoded(_ materials: [Material]) -> [UInt8] {
    var writer = ByteWriter()
    writer.tag(tag)
    writer.integer(UInt32(materials.count))
    for material in materials {
      writer.vector(material.baseColor)
      writer.floats(material.metallic, material.roughness)
      writer.vector(material.emissive)
      writer.float(material.normalScale)
      writer.integer(material.alphaMode.rawValue)
      writer.float(material.alphaCutoff)
      writer.flag(material.isDoubleSided)
      writer.flag(material.isUnlit)
      writer.flag(material.specularGlossiness != nil)
      if let surface = material.specularGlossiness {
        writer.vector(surface.specular)
        writer.float(surface.glossiness)
      }
      for reference in [
        material.baseColorTexture, material.surfaceTexture, material.normalTexture, material.emissiveTexture,
      ] {
        writer.flag(reference != nil)
        guard let reference else { continue }
        writer.integer(UInt32(reference.texture))
        writer.integer(UInt8(reference.uvSet))
        writer.vector(reference.transformU)
        writer.vector(reference.transformV)
      }
    }
    return writer.bytes
  }

  /// - Parameter textureCount: Of the scene that the materials belong to.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, textureCount: Int
  ) throws(BundleError) -> [Material] {
    var reader = ByteReader(bytes, what: name)
    try reader.expect(tag: tag)
    let count = try reader.count(limit: BundleLimits.materialCount, minimumByteCount: minimumByteCount, of: "materials")
    guard count > 0 else { throw reader.fault("no materials, expected at least one") }
    var materials: [Material] = []
    materials.reserveCapacity(count)
    for _ in 0..<count {
      var material = Material()
      material.baseColor = try reader.vector4()
      material.metallic = try reader.finite()
      material.roughness = try reader.finite()
      material.emissive = try reader.vector3()
      material.normalScale = try reader.finite()
      material.alphaMode = try reader.choice(Material.AlphaMode.self)
      material.alphaCutoff = try reader.finite()
      material.isDoubleSided = try reader.flag()
      material.isUnlit = try reader.flag()
      if try reader.flag() {
        let specular = try reader.vector3()
        material.specularGlossiness = Material.SpecularGlossiness(
          specular: specular, glossiness: try reader.finite())
      }
      material.baseColorTexture = try reference(&reader, textureCount: textureCount)
      material.surfaceTexture = try reference(&reader, textureCount: textureCount)
      material.normalTexture = try reference(&reader, textureCount: textureCount)
      material.emissiveTexture = try reference(&reader, textureCount: textureCount)
      materials.append(material)
    }
    try reader.expectEnd()
    return materials
  }

  private static func reference(
    _ reader: inout ByteReader, textureCount: Int
  ) throws(BundleError) -> TextureReference? {
    guard try reader.flag() else { return nil }
    let texture = Int(try reader.integer(UInt32.self))
    guard texture < textureCount else {
      throw reader.fault("texture \(texture), expected one below the texture count \(textureCount)")
    }
    let uvSet = Int(try reader.integer(UInt8.self))
    guard uvSet < MeshArrays.uvSetCount else {
      throw reader.fault("set \(uvSet) of texture coordinates, expected one below \(MeshArrays.uvSetCount)")
    }
    var reference = TextureReference(texture: texture, uvSet: uvSet)
    reference.transformU = try reader.vector3()
    reference.transformV = try reader.vector3()
    return reference
  }
}
