import FrameRenderer
import ImageFiles
import LaneMath
import Testing

@Suite("Files of a finished frame")
struct FinishedFrameTests {
  /// Two pixels of four samples: means (1, 2, 3) and (0.1, 1000, 100000).
  static let frame = FinishedFrame(
    width: 2, height: 1, sampleCount: 4,
    sums: FlatBuffer<Float>([4, 0.4, 8, 4000, 12, 400_000] + [Float](repeating: 0, count: 6)))

  static func decode(_ bytes: [UInt8]) throws -> [Float] {
    let picture = try bytes.withUnsafeBytes { try EXRReader.decode($0) }
    return Array(picture.texels.elements)
  }

  @Test("OpenEXR holds the means, as floats or as the nearest halves, without exposure or view")
  func exr() throws {
    #expect(try Self.decode(Self.frame.exr(pixelType: .float)) == [1, 2, 3, 0.1, 1000, 100_000])
    #expect(try Self.decode(Self.frame.exr()) == [1, 2, 3, 0x1.998p-4, 1000, 65504])
    let crop = CropPlacement(x: 1, y: 1, wholeWidth: 3, wholeHeight: 2)
    let rest = try Self.decode(Self.frame.exr(placement: crop)).suffix(6)
    #expect(Array(rest) == [1, 2, 3, 0x1.998p-4, 1000, 65504])
  }

  @Test("Metadata is in PNG and OpenEXR, and changes no pixel")
  func metadata() throws {
    let metadata = PictureMetadata([("camera", "Shot 12"), ("samples", "4")])
    for entry in metadata.entries {
      for bytes in [
        try Self.frame.exr(metadata: metadata),
        try Self.frame.png(view: ViewSettings(), depth: .eight, metadata: metadata),
        try Self.frame.png(view: ViewSettings(), depth: .sixteen, metadata: metadata),
      ] {
        #expect(String(decoding: bytes, as: UTF8.self).contains(entry.key))
        #expect(String(decoding: bytes, as: UTF8.self).contains(entry.value))
      }
    }
    #expect(try Self.decode(Self.frame.exr(metadata: metadata)) == Self.decode(Self.frame.exr()))
  }
}
