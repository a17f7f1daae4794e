import Foundation
import ImageFiles
import Testing

@Suite("Reading OpenEXR")
struct EXRReaderTests {
  typealias Picture = (width: Int, height: Int, texels: [Float])

  static func decode(_ bytes: [UInt8], limits: ImageLimits = .standard) throws -> Picture {
    // Memory of its own and of the exact size, so that a tool for memory errors sees each look beyond it.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    let picture = try EXRReader.decode(UnsafeRawBufferPointer(copy), limits: limits)
    return (picture.width, picture.height, Array(picture.texels.elements))
  }

  /// What `EXRFixtures` hold.
  static func expected(_ width: Int, _ height: Int) -> [Float] {
    (0..<height).flatMap { y in (0..<width).flatMap { x in [Float(x) / 8, Float(y) / 4, 2] } }
  }

  static func layer(_ name: String, _ channels: [String], _ values: [Float]) -> EXRLayer {
    EXRLayer(name: name, channels: channels, pixelType: .float, values: values)
  }

  static func file(_ layers: [EXRLayer], width: Int = 1, height: Int = 1) throws -> [UInt8] {
    try EXRWriter.encode(layers: layers, width: width, height: height)
  }

  /// Replaces bytes that occur once.
  static func replace(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) throws -> [UInt8] {
    var data = Data(bytes)
    let range = try #require(data.range(of: Data(old)))
    data.replaceSubrange(range, with: new)
    return [UInt8](data)
  }

  static func refusal(_ bytes: [UInt8], limits: ImageLimits = .standard) -> ImageError? {
    #expect(throws: ImageError.self) { try decode(bytes, limits: limits) }
  }

  @Test("B44, PXR24 and tiles with smaller levels are read, at full size")
  func compressions() throws {
    for fixture in [EXRFixtures.b44, EXRFixtures.pxr24, EXRFixtures.tiledMipMaps] {
      let picture = try Self.decode(fixture)
      #expect(picture.width == 9 && picture.height == 6)
      #expect(picture.texels == Self.expected(9, 6))
    }
  }

  @Test("Floats that B44 stored as they are stay as they are")
  func storedFloats() throws {
    #expect(try Self.decode(EXRFixtures.b44Floats).texels == Self.expected(2, 2))
  }

  @Test("The first part with R, G and B is the picture, with its layer's name before them or without")
  func parts() throws {
    #expect(try Self.decode(EXRFixtures.twoParts).texels == [1, 0.5, 0.25, 2, 3, 4])
    let occlusion = Self.layer("View.AO", ["R", "G", "B"], [7, 8, 9])
    let combined = Self.layer("View.Combined", ["R", "G", "B"], [1, 2, 3])
    let plain = Self.layer("", ["R", "G", "B"], [4, 5, 6])
    #expect(try Self.decode(Self.file([occlusion])).texels == [7, 8, 9])
    #expect(try Self.decode(Self.file([occlusion, combined])).texels == [1, 2, 3])
    #expect(try Self.decode(Self.file([occlusion, combined, plain])).texels == [4, 5, 6])
  }

  @Test("Y alone is grey, and unsigned integers keep their value")
  func grey() throws {
    let bytes = try Self.file([Self.layer("", ["Y"], [Float(bitPattern: 3), Float(bitPattern: .max)])], width: 2)
    // Pixel type 2 is float, 0 is unsigned.
    let unsigned = try Self.replace(Array("Y\0\u{2}".utf8), with: Array("Y\0\0".utf8), in: bytes)
    #expect(try Self.decode(unsigned).texels == [3, 3, 3, 0x1p32, 0x1p32, 0x1p32])
  }

  @Test("Negative values and NaN are black, infinity is the largest half", arguments: EXRPixelType.allCases)
  func nonPhysical(pixelType: EXRPixelType) throws {
    let values: [Float] = [-1, .nan, .infinity, -.infinity, -0.0, 0.5]
    let bytes = try Self.file([.rgb(values, pixelType: pixelType)], width: 2)
    #expect(try Self.decode(bytes).texels.map(\.bitPattern) == [0, 0, 65504, 0, 0, 0.5].map(\Float.bitPattern))
  }

  @Test("What lies outside of the display window is left out")
  func overscan() throws {
    let values = (0..<27).map { Float($0) }
    let bytes = try Self.file([.rgb(values, pixelType: .float)], width: 3, height: 3)
    func shown(_ minX: Int32, _ minY: Int32, _ maxX: Int32, _ maxY: Int32) throws -> Picture {
      let name = Array("displayWindow\0box2i\0\u{10}\0\0\0".utf8)
      return try Self.decode(
        Self.replace(
          name + EXRWriterTests.box(0, 0, 2, 2), with: name + EXRWriterTests.box(minX, minY, maxX, maxY), in: bytes))
    }
    let middle = try shown(1, 1, 1, 1)
    #expect(middle.width == 1 && middle.height == 1 && middle.texels == [12, 13, 14])
    let corner = try shown(-1, -1, 0, 0)
    #expect(corner.width == 2 && corner.height == 2 && corner.texels == [Float](repeating: 0, count: 9) + [0, 1, 2])
    for (x, y) in [(1000, 0), (0, 1000), (-1000, 0), (0, -1000), (1_000_000_000, -1_000_000_000)] as [(Int32, Int32)] {
      let beside = try shown(x, y, x + 1, y + 1)
      #expect(beside.width == 2 && beside.texels == [Float](repeating: 0, count: 12))
    }
  }

  @Test("What is not read is refused with what to do")
  func unsupported() throws {
    let cases: [(String, [UInt8])] = [
      ("flatten", EXRFixtures.deep),
      ("save it as RGB", EXRFixtures.luminanceChroma),
      ("save it with ZIP or PIZ", EXRFixtures.dwaa),
      ("channels Z found", try Self.file([Self.layer("", ["Z"], [1])])),
      (
        "channels a.R, b.G, c.B found",
        try Self.file(["a", "b", "c"].enumerated().map { Self.layer($1, [["R", "G", "B"][$0]], [1]) })
      ),
      ("76 2f 31 01", Array("#?RADIANCE\n".utf8)),
    ]
    for (text, bytes) in cases {
      let error = Self.refusal(bytes)
      #expect(error?.kind == .unsupported && error?.description.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test("Sizes beyond the limits, or beyond what the file can hold, are refused before memory is given to them")
  func tooLarge() throws {
    let bytes = try Self.file([.rgb([1, 2, 3, 4, 5, 6], pixelType: .half)], width: 2)
    let small = ImageLimits(maxWidth: 1, maxHeight: 8, maxPixels: 8)
    #expect(Self.refusal(bytes, limits: small)?.kind == .tooLarge)
    let windows = ["dataWindow", "displayWindow"].map { Array("\($0)\0box2i\0\u{10}\0\0\0".utf8) }
    let box = EXRWriterTests.box(0, 0, 1, 0)
    for (maxX, maxY) in [(16383, 8191), (1_000_000_000, 1_000_000_000), (.max, .max), (-2, 0)] as [(Int32, Int32)] {
      let huge = EXRWriterTests.box(0, 0, maxX, maxY)
      var both = bytes
      for name in windows {
        #expect(Self.refusal(try Self.replace(name + box, with: name + huge, in: bytes)) != nil)
        both = try Self.replace(name + box, with: name + huge, in: both)
      }
      #expect(Self.refusal(both) != nil)
    }
  }

  @Test("Chunks that share bytes are refused")
  func sharedChunks() throws {
    let (width, height) = (64, 64)
    let values = EXRWriterTests.random(width * height * 3, seed: 2)
    let bytes = try EXRWriter.encode(
      layers: [.rgb(values, pixelType: .float)], width: width, height: height, compression: .none)
    // Each row is 8 bytes of leader and its pixels. All rows but the first become their leader in front of the first one's.
    let rowByteCount = 8 + 12 * width
    let tableStart = bytes.count - height * (rowByteCount + 8)
    var shared = Array(bytes[0..<tableStart])
    let pixelStart = tableStart + 8 * height
    for row in 0..<height {
      withUnsafeBytes(of: UInt64(pixelStart + 8 * row).littleEndian) { shared += $0 }
    }
    for row in 0..<height {
      let leader = pixelStart + row * rowByteCount
      shared += bytes[leader..<leader + 8]
    }
    shared += [UInt8](repeating: 0, count: rowByteCount)
    #expect(Self.refusal(shared)?.description.contains("overlap") == true)
  }

  @Test("Files that are cut off are refused wherever they end")
  func truncated() throws {
    let bytes = try Self.file(
      [.rgb(EXRWriterTests.random(4 * 20 * 3, seed: 3), pixelType: .half)], width: 4, height: 20)
    for file in [bytes, EXRFixtures.b44, EXRFixtures.pxr24, EXRFixtures.twoParts] {
      for count in 0..<file.count { #expect(throws: ImageError.self) { try Self.decode(Array(file.prefix(count))) } }
    }
  }

  @Test("Damaged files are read or refused, never a crash, and what is read is light")
  func damaged() throws {
    var files = [
      EXRFixtures.b44, EXRFixtures.b44Floats, EXRFixtures.pxr24, EXRFixtures.tiledMipMaps, EXRFixtures.twoParts,
      EXRFixtures.deep, EXRFixtures.luminanceChroma, EXRFixtures.dwaa,
    ]
    let values = EXRWriterTests.random(7 * 40 * 4, seed: 4)
    for compression in EXRCompression.allCases {
      for pixelType in EXRPixelType.allCases {
        files.append(
          try EXRWriter.encode(
            layers: [.rgba(values, pixelType: pixelType)], width: 7, height: 40,
            placement: CropPlacement(x: 1, y: 2, wholeWidth: 9, wholeHeight: 50), compression: compression))
      }
    }
    // Numbers that stand at the edge of what headers, tables and chunks can hold.
    let edges: [Int32] = [0, 1, -1, .max, .min, 0x10000, 0x7FFF, 16384]
    let limits = ImageLimits(maxWidth: 16384, maxHeight: 16384, maxPixels: 1 << 18)
    for seed in 0..<3000 {
      var random = SeededGenerator(seed: UInt64(seed))
      var bytes = files[seed % files.count]
      if Bool.random(using: &random) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          bytes[Int.random(in: 4..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
      } else {
        let at = Int.random(in: 4...bytes.count - 4, using: &random)
        let edge = edges.randomElement(using: &random)!
        bytes.replaceSubrange(at..<at + 4, with: withUnsafeBytes(of: edge.littleEndian) { Array($0) })
      }
      guard let picture = try? Self.decode(bytes, limits: limits) else { continue }
      #expect(picture.texels.count == picture.width * picture.height * 3, "seed \(seed)")
      #expect(picture.texels.allSatisfy { $0 >= 0 && $0.isFinite }, "seed \(seed)")
    }
  }

  @Test("Environments are told apart by what they hold")
  func environments() throws {
    func decode(_ bytes: [UInt8]) throws -> [Float] {
      let picture = try bytes.withUnsafeBytes { try EnvironmentDecoder.decode($0) }
      return Array(picture.texels.elements)
    }
    #expect(try decode(Self.file([.rgb([1, 2, 3], pixelType: .half)])) == [1, 2, 3])
    #expect(try decode(RadianceHDRTests.file("-Y 1 +X 1", [128, 64, 0, 129])) == [1, 0.5, 0])
    let png = try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1)
    for (name, bytes) in [("PNG", png), ("TIFF", [0x49, 0x49, 0x2A, 0]), ("empty", []), ("no picture", [1, 2])] {
      let error = #expect(throws: ImageError.self) { try decode(bytes) }
      #expect(error?.description.contains(name) == true && error?.description.contains("(.exr) expected") == true)
    }
  }
}
