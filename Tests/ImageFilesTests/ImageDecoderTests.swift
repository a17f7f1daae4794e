import ImageFiles
import Testing

@Suite("Reading textures")
struct ImageDecoderTests {
  static func decode(_ bytes: [UInt8], limits: ImageLimits = .standard) throws(ImageError) -> DecodedImage {
    // `withUnsafeBytes` widens typed throws; the result carries the type across.
    let result = bytes.withUnsafeBytes { bytes -> Result<DecodedImage, ImageError> in
      do throws(ImageError) {
        return .success(try ImageDecoder.decode(bytes, limits: limits))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  static func pixel(_ image: DecodedImage, _ x: Int, _ y: Int) -> [Int] {
    (0..<4).map { Int(image.texels[(y * image.width + x) * 4 + $0]) }
  }

  func isNear(_ a: [Int], _ b: [Int], within tolerance: Int) -> Bool {
    zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test("RGBA survives writing and reading, for many sizes")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 7)
    for (width, height) in [(1, 1), (3, 2), (17, 5), (64, 64), (1, 300), (257, 3)] {
      let rgba = (0..<width * height * 4).map { _ in UInt8.random(in: 0...255, using: &random) }
      let image = try Self.decode(PNGWriter.encodeRGBA8(rgba: rgba, width: width, height: height))
      #expect(image.width == width && image.height == height)
      #expect(Array(image.texels.elements) == rgba)
    }
  }

  @Test("Sixteen-bit PNG is rounded to eight bits and its gamma is ignored")
  func sixteenBit() throws {
    let image = try Self.decode(Fixtures.sixteenBitPNG)
    // v ÷ 257, rounded to nearest.
    #expect(Self.pixel(image, 0, 0) == [0, 0, 0, 255])
    #expect(Self.pixel(image, 1, 0) == [128, 128, 128, 255])
    #expect(Self.pixel(image, 2, 0) == [255, 255, 254, 255])
  }

  @Test("Palettes, single bits and colour keys are widened")
  func widened() throws {
    let palette = try Self.decode(Fixtures.palettePNG)
    #expect(
      (0..<4).map { Self.pixel(palette, $0, 0) } == [
        [255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 255, 0], [10, 20, 30, 255],
      ])
    let gray = try Self.decode(Fixtures.grayPNG)
    #expect((0..<8).map { Self.pixel(gray, $0, 0)[0] } == [255, 0, 255, 255, 0, 0, 255, 0])
    let keyed = try Self.decode(Fixtures.grayKeyedPNG)
    #expect(Self.pixel(keyed, 0, 0) == [7, 7, 7, 0] && Self.pixel(keyed, 1, 0) == [9, 9, 9, 255])
  }

  @Test("Interlaced PNG comes out in reading order")
  func interlaced() throws {
    let image = try Self.decode(Fixtures.interlacedPNG)
    for y in 0..<3 {
      for x in 0..<5 { #expect(Self.pixel(image, x, y) == [x * 10, y * 20, 99, 255]) }
    }
  }

  @Test(
    "Baseline, progressive and rotated JPEG give the same picture", arguments: ["baseline", "progressive", "oriented"])
  func jpeg(kind: String) throws {
    let files = [
      "baseline": Fixtures.baselineJPEG, "progressive": Fixtures.progressiveJPEG, "oriented": Fixtures.orientedJPEG,
    ]
    let image = try Self.decode(files[kind]!)
    #expect(image.width == 16 && image.height == 8, "EXIF orientation is ignored")
    #expect(isNear(Self.pixel(image, 2, 3), [200, 40, 40, 255], within: 3))
    #expect(isNear(Self.pixel(image, 13, 3), [30, 60, 180, 255], within: 3))
  }

  @Test("Grey and CMYK JPEG become RGB")
  func grayAndCMYK() throws {
    let gray = try Self.decode(Fixtures.grayJPEG)
    #expect(isNear(Self.pixel(gray, 2, 3), [88, 88, 88, 255], within: 2))
    let cmyk = try Self.decode(Fixtures.cmykJPEG)
    #expect(isNear(Self.pixel(cmyk, 2, 3), [204, 41, 41, 255], within: 3))
    #expect(isNear(Self.pixel(cmyk, 13, 3), [41, 122, 204, 255], within: 3))
  }

  @Test("Other formats are refused by name")
  func refusedByName() {
    let files: [(String, [UInt8])] = [
      ("WebP", Array("RIFF".utf8) + [9, 0, 0, 0] + Array("WEBPVP8 ".utf8)),
      ("KTX 2", [0xAB, 0x4B, 0x54, 0x58, 0x20, 0x32, 0x30, 0xBB, 0x0D, 0x0A, 0x1A, 0x0A]),
      ("GIF", Array("GIF89a".utf8)),
      ("Radiance", Array("#?RADIANCE\n".utf8)),
      ("Git LFS", Array("version https://git-lfs.github.com/spec/v1".utf8)),
      ("starts with 00 01 02", [0, 1, 2]),
      ("empty", []),
    ]
    for (name, bytes) in files {
      let error = #expect(throws: ImageError.self) { try Self.decode(bytes) }
      #expect(error?.kind == .unsupported)
      #expect(error?.description.contains(name) == true, "\(String(describing: error))")
    }
  }

  @Test("A picture beyond the limits is refused before it is unpacked")
  func limits() throws {
    let bytes = try PNGWriter.encodeRGBA8(rgba: [UInt8](repeating: 9, count: 40 * 30 * 4), width: 40, height: 30)
    let narrow = ImageLimits(maxWidth: 39, maxHeight: 100, maxPixels: 1 << 20)
    let low = ImageLimits(maxWidth: 100, maxHeight: 29, maxPixels: 1 << 20)
    let small = ImageLimits(maxWidth: 100, maxHeight: 100, maxPixels: 1199)
    for limits in [narrow, low, small] {
      let error = #expect(throws: ImageError.self) { try Self.decode(bytes, limits: limits) }
      #expect(error?.kind == .tooLarge)
    }
    _ = try Self.decode(bytes, limits: ImageLimits(maxWidth: 40, maxHeight: 30, maxPixels: 1200))
  }

  @Test("A small file cannot claim a picture that deflate could not hold")
  func implausibleSize() throws {
    var bytes = try PNGWriter.encodeRGBA8(rgba: [1, 2, 3, 4], width: 1, height: 1)
    bytes.replaceSubrange(16..<24, with: [0, 0, 0x20, 0, 0, 0, 0x20, 0])
    bytes.replaceSubrange(29..<33, with: Checksum.crc32(bytes[12..<29]))
    let error = #expect(throws: ImageError.self) { try Self.decode(bytes) }
    #expect(error?.description.contains("cannot be in") == true, "\(String(describing: error))")
  }

  @Test(
    "Every cut-off file is an error, never a crash",
    arguments: ["png", "interlaced", "baseline", "progressive", "cmyk"])
  func truncated(kind: String) throws {
    let bytes = Self.files[kind]!
    for count in 0..<bytes.count {
      do {
        _ = try Self.decode(Array(bytes.prefix(count)))
        // All pixels are there; only the end marker is missing.
        #expect(count >= bytes.count - 16, "\(kind) cut to \(count) of \(bytes.count) bytes was read")
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test(
    "Damaged files are read or refused, never a crash",
    arguments: ["png", "interlaced", "baseline", "progressive", "cmyk", "palette"])
  func damaged(kind: String) throws {
    let bytes = Self.files[kind]!
    for seed in 0..<400 {
      var random = SeededGenerator(seed: UInt64(seed))
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<damaged.count, using: &random)
        damaged[at] = UInt8.random(in: 0...255, using: &random)
      }
      if kind != "baseline", seed % 2 == 0 { Checksum.repairPNG(&damaged) }
      _ = try? Self.decode(damaged, limits: ImageLimits(maxWidth: 4096, maxHeight: 4096, maxPixels: 1 << 20))
    }
  }

  static let files: [String: [UInt8]] = [
    "png": Fixtures.sixteenBitPNG, "interlaced": Fixtures.interlacedPNG, "palette": Fixtures.palettePNG,
    "baseline": Fixtures.baselineJPEG, "progressive": Fixtures.progressiveJPEG, "cmyk": Fixtures.cmykJPEG,
  ]
}
