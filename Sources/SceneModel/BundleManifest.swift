/// What a bundle consists of. Its identity is the SHA-256 of its encoding, and equal scenes have equal encodings.
///
/// Format: docs/bundle.md.
public struct BundleManifest: Sendable, Equatable {
  /// A content-addressed run of bytes.
  public struct Part: Sendable, Hashable, Codable {
    /// SHA-256 of the uncompressed bytes.
    public var hash: ContentHash
    /// Uncompressed.
    public var byteCount: Int

    public init(hash: ContentHash, byteCount: Int) {
      self.hash = hash
      self.byteCount = byteCount
    }
  }

  /// A part that describes one frame.
  public struct FramePart: Sendable, Hashable {
    /// Within `FrameNumbers.limits`.
    public var number: Int
    public var part: Part

    public init(number: Int, part: Part) {
      self.number = number
      self.part = part
    }
  }

  /// In the order of `Scene.meshes`.
  public var meshes: [Part] = []
  /// In the order of `Scene.textures`.
  public var textures: [Part] = []
  public var materials: Part
  public var environment: Part?
  /// By ascending number.
  public var frames: [FramePart] = []
  public var cameraNames: [String] = []

  public init(materials: Part) { self.materials = materials }

  public var id: ContentHash { ContentHash(hashing: encoded()) }

  /// Parts that all frames share, each once.
  public var sharedParts: [Part] {
    var seen: Set<ContentHash> = []
    return (meshes + textures + [materials] + (environment.map { [$0] } ?? [])).filter { seen.insert($0.hash).inserted }
  }

  /// Every part, each once.
  public var allParts: [Part] {
    var seen: Set<ContentHash> = []
    return (sharedParts + frames.map(\.part)).filter { seen.insert($0.hash).inserted }
  }

  /// The part of one frame; nil where the bundle has no such frame.
  public func framePart(_ number: Int) -> Part? {
    var (low, high) = (0, frames.count)
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < frames.count && frames[low].number == number ? frames[low].part : nil
  }

  /// All that is needed to render one frame; nil where the bundle has no such frame.
  public func parts(frame number: Int) -> [Part]? { framePart(number).map { sharedParts + [$0] } }

  // MARK: - Encoding

  private static let tag: StaticString = "glint bundle 1\n"

  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.tag(BundleManifest.tag)
    writer.parts(meshes)
    writer.parts(textures)
    writer.part(materials)
    writer.parts(environment.map { [$0] } ?? [])
    writer.integer(UInt32(frames.count))
    for frame in frames {
      writer.integer(Int32(frame.number))
      writer.part(frame.part)
    }
    writer.integer(UInt32(cameraNames.count))
    for name in cameraNames { writer.string(name) }
    return writer.bytes
  }

  public init(decoding bytes: [UInt8]) throws(BundleError) {
    self = try bytes.withRawBytes { (raw) throws(BundleError) in try BundleManifest(raw) }
  }

  private init(_ raw: UnsafeRawBufferPointer) throws(BundleError) {
    guard raw.count <= BundleLimits.manifestByteCount else {
      throw BundleError(
        .tooLarge, "bundle manifest: \(raw.count) bytes; at most \(BundleLimits.manifestByteCount) are allowed")
    }
    var reader = ByteReader(raw, what: "bundle manifest")
    try reader.expect(tag: BundleManifest.tag)
    meshes = try reader.parts(limit: BundleLimits.meshCount, of: "meshes")
    textures = try reader.parts(limit: BundleLimits.textureCount, of: "textures")
    materials = try reader.part()
    environment = try reader.parts(limit: 1, of: "environments").first
    let frameCount = try reader.count(limit: BundleLimits.frameCount, minimumByteCount: 44, of: "frames")
    guard frameCount > 0 else { throw reader.fault("no frames") }
    for _ in 0..<frameCount {
      let number = Int(try reader.integer(Int32.self))
      guard FrameNumbers.limits.contains(number) else {
        let limits = FrameNumbers.limits
        throw reader.fault("frame is \(number), expected \(limits.lowerBound) to \(limits.upperBound)")
      }
      guard number > frames.last?.number ?? .min else { throw reader.fault("frame \(number) is out of order") }
      frames.append(FramePart(number: number, part: try reader.part()))
    }
    let cameraCount = try reader.count(limit: BundleLimits.cameraCount, minimumByteCount: 4, of: "cameras")
    guard cameraCount > 0 else { throw reader.fault("no cameras") }
    for _ in 0..<cameraCount { cameraNames.append(try reader.string(limit: BundleLimits.cameraNameByteCount)) }
    try reader.expectEnd()
    var total = 0
    for part in sharedParts { total += part.byteCount }
    guard total <= BundleLimits.bundleByteCount else {
      throw BundleError(
        .tooLarge, "bundle manifest: parts of \(total) bytes; at most \(BundleLimits.bundleByteCount) are allowed")
    }
  }
}

extension ByteWriter {
  mutating func part(_ part: BundleManifest.Part) {
    hash(part.hash)
    integer(UInt64(part.byteCount))
  }

  mutating func parts(_ parts: [BundleManifest.Part]) {
    integer(UInt32(parts.count))
    for part in parts { self.part(part) }
  }
}

extension ByteReader {
  mutating func part() throws(BundleError) -> BundleManifest.Part {
    let hash = try hash()
    let byteCount = try integer(UInt64.self)
    guard byteCount <= UInt64(BundleLimits.partByteCount) else {
      throw fault("part \(hash.short): \(byteCount) bytes; at most \(BundleLimits.partByteCount) are allowed")
    }
    return BundleManifest.Part(hash: hash, byteCount: Int(byteCount))
  }

  mutating func parts(limit: Int, of name: String) throws(BundleError) -> [BundleManifest.Part] {
    let count = try count(limit: limit, minimumByteCount: 40, of: name)
    var parts: [BundleManifest.Part] = []
    parts.reserveCapacity(count)
    for _ in 0..<count { parts.append(try part()) }
    return parts
  }
}
