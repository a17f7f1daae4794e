import KernelScene
import SceneModel

/// Everything that decides a job's pixels. Its hash is what ledgers and signatures speak of.
public struct JobSpec: Sendable, Hashable, Codable {
  public var bundle: ContentHash
  /// Index into the bundle's cameras.
  public var camera: Int
  public var width: Int
  public var height: Int
  /// Samples a pixel.
  public var samples: Int
  public var bounces: Int
  public var seed: UInt64
  /// `box` or `blackman-harris`.
  public var filter: String
  public var kernelRevision: Int

  public init(
    bundle: ContentHash, camera: Int, width: Int, height: Int, samples: Int, bounces: Int, seed: UInt64,
    filter: String, kernelRevision: Int
  ) {
    self.bundle = bundle
    self.camera = camera
    self.width = width
    self.height = height
    self.samples = samples
    self.bounces = bounces
    self.seed = seed
    self.filter = filter
    self.kernelRevision = kernelRevision
  }

  /// SHA-256 of the canonical encoding (docs/protocol.md).
  public var hash: ContentHash {
    var writer = ByteWriter()
    writer.tag("glint job 1\n")
    writer.hash(bundle)
    for value in [camera, width, height, samples, bounces, kernelRevision] { writer.integer(UInt32(value)) }
    writer.integer(seed)
    writer.string(filter)
    return ContentHash(hashing: writer.bytes)
  }

  public static let edgeLimit = 16_384
  public static let sampleLimit = 65_536
  public static let filters = ["box", "blackman-harris"]

  /// What is wrong with it, for a person; nil if nothing is.
  public var fault: String? {
    func outside(_ name: String, _ value: Int, _ range: ClosedRange<Int>) -> String? {
      range.contains(value) ? nil : "\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)"
    }
    if let text = outside("width", width, 1...JobSpec.edgeLimit) { return text }
    if let text = outside("height", height, 1...JobSpec.edgeLimit) { return text }
    if let text = outside("samples", samples, 1...JobSpec.sampleLimit) { return text }
    if let text = outside("bounces", bounces, 0...255) { return text }
    if let text = outside("camera", camera, 0...65_535) { return text }
    if let text = outside("kernelRevision", kernelRevision, 0...65_535) { return text }
    return JobSpec.filters.contains(filter) ? nil : "filter is '\(filter)', expected box or blackman-harris"
  }
}

/// How finished frames become pictures; decides no sums, so it is no part of `JobSpec`.
public struct PictureSpec: Sendable, Hashable, Codable {
  /// A name in `views`.
  public var view: String
  /// Stops.
  public var exposure: Double
  /// 8 or 16 bits a channel.
  public var depth: Int

  public init(view: String = "neutral", exposure: Double = 0, depth: Int = 8) {
    self.view = view
    self.exposure = exposure
    self.depth = depth
  }

  /// The looks of AgX; `ViewLook` without `none`.
  static let looks = [
    "punchy", "greyscale", "very-high-contrast", "high-contrast", "medium-high-contrast", "base-contrast",
    "medium-low-contrast", "low-contrast", "very-low-contrast",
  ]

  /// Names of views: those of `ViewSettings.names`, which this module does not see.
  public static let views = ["neutral", "agx", "standard"] + looks.map { "agx+\($0)" }

  public var fault: String? {
    if !PictureSpec.views.contains(view) {
      let looks = PictureSpec.looks.joined(separator: ", ")
      return "view is '\(view)', expected neutral, agx or standard, or agx+LOOK with one of the looks \(looks)"
    }
    if !(exposure >= -32 && exposure <= 32) { return "exposure is \(exposure), expected -32 to 32" }
    return [8, 16].contains(depth) ? nil : "depth is \(depth), expected 8 or 16"
  }
}

extension RenderSettings {
  /// What the kernel takes of a job.
  public init(_ spec: JobSpec) {
    self.init(width: spec.width, height: spec.height, sampleCount: spec.samples)
    bounces = spec.bounces
    seed = spec.seed
    filter = spec.filter == "box" ? .box : .blackmanHarris
  }
}
