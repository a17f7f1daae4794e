import Foundation
import ImageFiles
import Testing

@Suite("Writing OpenEXR")
struct EXRWriterTests {
  static func random(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float.random(in: 0...70, using: &random) }
  }

  /// As a half holds it. Tests of the conversion itself are in `HalfFloatTests`.
  static func rounded(_ value: Float) -> Float {
    let step = Float(sign: .plus, exponent: max(value.exponent - 10, -24), significand: 1)
    return (value / step).rounded(.toNearestOrEven) * step
  }

  /// Whether a header has an attribute with exactly this type and these bytes.
  static func has(_ bytes: [UInt8], _ name: String, _ type: String, _ value: [UInt8]) -> Bool {
    let size = withUnsafeBytes(of: UInt32(value.count).littleEndian) { Array($0) }
    let expected = Array(name.utf8) + [0] + Array(type.utf8) + [0] + size + value
    return Data(bytes).range(of: Data(expected)) != nil
  }

  static func box(_ numbers: Int32...) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
  }

  @Test("RGB survives a round trip in every compression", arguments: EXRCompression.allCases, EXRPixelType.allCases)
  func roundTrip(compression: EXRCompression, pixelType: EXRPixelType) throws {
    // More rows than a chunk has, and a chunk that is not full.
    let (width, height) = (19, 37)
    let values = Self.random(width * height * 3, seed: 1)
    let bytes = try EXRWriter.encode(
      layers: [.rgb(values, pixelType: pixelType)], width: width, height: height, compression: compression)
    let picture = try EXRReaderTests.decode(bytes)
    #expect(picture.width == width && picture.height == height)
    #expect(picture.texels == (pixelType == .half ? values.map(Self.rounded) : values))
  }

  @Test("RGBA holds the colours beside the alpha", arguments: EXRPixelType.allCases)
  func alpha(pixelType: EXRPixelType) throws {
    let values: [Float] = [1, 2, 3, 0.5, 4, 5, 6, 0.25]
    let bytes = try EXRWriter.encode(layers: [.rgba(values, pixelType: pixelType)], width: 2, height: 1)
    #expect(try EXRReaderTests.decode(bytes).texels == [1, 2, 3, 4, 5, 6])
  }

  @Test("Layers keep their own types and names, and do not change the picture")
  func layers() throws {
    let depth = EXRLayer(name: "Depth", channels: ["Z"], pixelType: .float, values: [0.1, 1000])
    let bytes = try EXRWriter.encode(
      layers: [.rgb([1, 2, 3, 4, 5, 6], pixelType: .half), depth], width: 2, height: 1)
    #expect(try EXRReaderTests.decode(bytes).texels == [1, 2, 3, 4, 5, 6])
    #expect(Data(bytes).range(of: Data("Depth.Z\0\u{2}\0\0\0".utf8)) != nil, "pixel type 2 is float")
  }

  @Test("A crop is a data window within the display window")
  func crop() throws {
    let bytes = try EXRWriter.encode(
      layers: [.rgb([1, 2, 3, 4, 5, 6], pixelType: .half)], width: 2, height: 1,
      placement: CropPlacement(x: 1, y: 2, wholeWidth: 4, wholeHeight: 3))
    #expect(Self.has(bytes, "dataWindow", "box2i", Self.box(1, 2, 2, 2)))
    #expect(Self.has(bytes, "displayWindow", "box2i", Self.box(0, 0, 3, 2)))
    let picture = try EXRReaderTests.decode(bytes)
    #expect(picture.width == 4 && picture.height == 3)
    #expect(picture.texels == [Float](repeating: 0, count: 27) + [1, 2, 3, 4, 5, 6, 0, 0, 0])
  }

  @Test("The header has sRGB primaries and the attributes as given, and nothing that changes from run to run")
  func header() throws {
    var metadata = PictureMetadata([("Scene", "Küche"), ("frame", "-12")])
    metadata.append("camera", "")
    let attributes =
      metadata.exrAttributes + [
        EXRAttribute(name: "samples", value: .int(-64)), EXRAttribute(name: "exposure", value: .float(0.5)),
      ]
    let bytes = try EXRWriter.encode(
      layers: [.rgb([1, 2, 3], pixelType: .half)], width: 1, height: 1, attributes: attributes)
    #expect(Self.has(bytes, "Scene", "string", Array("Küche".utf8)))
    #expect(Self.has(bytes, "frame", "string", Array("-12".utf8)))
    #expect(Self.has(bytes, "camera", "string", []))
    #expect(Self.has(bytes, "samples", "int", [0xC0, 0xFF, 0xFF, 0xFF]))
    #expect(Self.has(bytes, "exposure", "float", [0, 0, 0, 0x3F]))
    #expect(Self.has(bytes, "compression", "compression", [3]))
    let primaries: [Float] = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329]
    let primaryBytes = primaries.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    #expect(Self.has(bytes, "chromaticities", "chromaticities", primaryBytes))
    for name in ["capDate", "owner", "utcOffset"] { #expect(Data(bytes).range(of: Data(name.utf8)) == nil) }
    #expect(
      try bytes
        == EXRWriter.encode(
          layers: [.rgb([1, 2, 3], pixelType: .half)], width: 1, height: 1, attributes: attributes))
  }

  @Test("What OpenEXR cannot hold is an error that says why")
  func unwritable() {
    func refusal(
      _ layers: [EXRLayer], _ width: Int = 1, _ height: Int = 1, placement: CropPlacement? = nil,
      attributes: [EXRAttribute] = []
    ) -> String? {
      let error = #expect(throws: ImageError.self) {
        try EXRWriter.encode(
          layers: layers, width: width, height: height, placement: placement, attributes: attributes)
      }
      return error?.kind == .unwritable ? error?.description : nil
    }
    let pixel = EXRLayer.rgb([1, 2, 3], pixelType: .half)
    func text(_ name: String, _ value: String = "x") -> EXRAttribute {
      EXRAttribute(name: name, value: .string(value))
    }
    #expect(refusal([pixel], 2, 1)?.contains("3 values given for 2×1 pixels of 3 channels") == true)
    #expect(refusal([.rgb([], pixelType: .half)], 0, 1)?.contains("0×1") == true)
    #expect(refusal([])?.contains("no channels") == true)
    #expect(refusal([pixel, pixel])?.contains("\"R\" is given twice") == true)
    let long = EXRLayer(name: String(repeating: "a", count: 30), channels: ["Z"], pixelType: .half, values: [1])
    #expect(refusal([long])?.contains("1 to 31 printable ASCII") == true)
    for (x, y, width, height) in [(-1, 0, 3, 3), (3, 0, 3, 3), (0, 3, 3, 3), (0, 0, 0, 1), (.max, 0, 3, 3)] {
      let place = CropPlacement(x: x, y: y, wholeWidth: width, wholeHeight: height)
      #expect(refusal([pixel], placement: place)?.contains("does not lie within") == true)
    }
    #expect(refusal([pixel], attributes: [text("channels")])?.contains("belongs to the format") == true)
    #expect(refusal([pixel], attributes: [text("")])?.contains("1 to 31") == true)
    #expect(refusal([pixel], attributes: [text("Schlüssel")])?.contains("1 to 31") == true)
    #expect(refusal([pixel], attributes: [text("a"), text("a")])?.contains("given twice") == true)
    #expect(refusal([pixel], attributes: [text("a", "b\0c")])?.contains("without NUL") == true)
  }
}
