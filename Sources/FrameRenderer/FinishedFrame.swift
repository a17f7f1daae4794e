import ImageFiles
import LaneMath
import KernelScene
import SceneModel

/// A whole frame's sums, before tone mapping.
public struct FinishedFrame: Sendable {
  public let width: Int
  public let height: Int
  public let sampleCount: Int
  /// `6 × height × width`, planar, as in `UnitPlanes`.
  public let sums: FlatBuffer<Float>
  /// SHA-256 of the merged film: tag, width, height, sample count (UInt32), sums. Equal digests mean equal pictures.
  public let digest: ContentHash

  public init(width: Int, height: Int, sampleCount: Int, sums: FlatBuffer<Float>) {
    self.width = width
    self.height = height
    self.sampleCount = sampleCount
    self.sums = sums
    var writer = ByteWriter()
    writer.tag("glint film 1\n")
    for value in [width, height, sampleCount] { writer.integer(UInt32(value)) }
    var hasher = ContentHasher()
    hasher.update(writer.bytes)
    hasher.update(sums.bytes)
    digest = hasher.finish()
  }

  /// - Parameter film: Complete.
  public init(_ film: Film) {
    self.init(width: film.width, height: film.height, sampleCount: film.sampleCount, sums: film.sums)
  }

  /// Means of the samples, linear: row-major, `height × width × 3`, top row first.
  public func linear() -> [Float] {
    let (pixelCount, divisor) = (width * height, Float(sampleCount))
    return [Float](unsafeUninitializedCapacity: 3 * pixelCount) { values, count in
      for i in 0..<pixelCount {
        for channel in 0..<3 {
          values.initializeElement(at: 3 * i + channel, to: sums.pointer[channel * pixelCount + i] / divisor)
        }
      }
      count = 3 * pixelCount
    }
  }

  /// The picture as a Portable Float Map's bytes: linear, without exposure or view transform.
  public func pfm() throws(ImageError) -> [UInt8] {
    try PFMWriter.encode(rgb: linear(), width: width, height: height)
  }

  /// The picture as an OpenEXR file's bytes: linear RGB, without exposure or view transform.
  ///
  /// - Parameter placement: Where the frame lies in a larger picture; nil: it is whole.
  public func exr(
    pixelType: EXRPixelType = .half, placement: CropPlacement? = nil, metadata: PictureMetadata = .none
  ) throws(ImageError) -> [UInt8] {
    try EXRWriter.encode(
      layers: [.rgb(linear(), pixelType: pixelType)], width: width, height: height, placement: placement,
      attributes: metadata.exrAttributes)
  }

  /// The picture as a PNG file's bytes.
  public func png(
    view: ViewSettings, depth: BitDepth, metadata: PictureMetadata = .none
  ) throws(ImageError) -> [UInt8] {
    switch depth {
    case .eight:
      try PNGWriter.encode8(
        rgb: Develop.developed8(sums: sums.pointer, width: width, height: height, sampleCount: sampleCount, view: view),
        width: width, height: height, text: metadata.pngText)
    case .sixteen:
      try PNGWriter.encode16(
        rgb: Develop.developed16(
          sums: sums.pointer, width: width, height: height, sampleCount: sampleCount, view: view),
        width: width, height: height, text: metadata.pngText)
    }
  }
}
