import Foundation
import ImageFiles
import Testing

@Suite("Writing pictures")
struct PNGWriterTests {
  @Test("Eight-bit RGB survives a round trip")
  func roundTrip8() throws {
    var random = SeededGenerator(seed: 1)
    let rgb = (0..<31 * 17 * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
    let image = try ImageDecoderTests.decode(PNGWriter.encode8(rgb: rgb, width: 31, height: 17))
    for i in 0..<31 * 17 {
      #expect(Array(image.texels.elements[4 * i..<4 * i + 3]) == Array(rgb[3 * i..<3 * i + 3]))
      #expect(image.texels[4 * i + 3] == 255)
    }
  }

  @Test("Sixteen-bit RGB is big-endian in the file and rounds back to eight bits")
  func roundTrip16() throws {
    let rgb: [UInt16] = [0, 0x8080, 0xFFFF, 0x0102, 257, 128]
    let bytes = try PNGWriter.encode16(rgb: rgb, width: 2, height: 1)
    #expect(bytes[24] == 16)
    let image = try ImageDecoderTests.decode(bytes)
    #expect(ImageDecoderTests.pixel(image, 0, 0) == [0, 128, 255, 255])
    #expect(ImageDecoderTests.pixel(image, 1, 0) == [1, 1, 0, 255])
  }

  @Test("Colour chunks say sRGB in every way that PNG has", arguments: BitDepth.allCases)
  func colourChunks(depth: BitDepth) throws {
    let bytes =
      switch depth {
      case .eight: try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: [("Software", "Glint")])
      case .sixteen: try PNGWriter.encode16(rgb: [1, 2, 3], width: 1, height: 1, text: [("Scene", "Küche")])
      }
    let chunks = Dictionary(
      Checksum.chunks(of: bytes).map { ($0.name, Array(bytes[$0.data])) }, uniquingKeysWith: { first, _ in first })
    #expect(chunks["sRGB"] == [0])
    #expect(chunks["gAMA"] == [0, 0, 0xB1, 0x8F], "45455")
    #expect(chunks["cHRM"]?.count == 32 && Array(chunks["cHRM"]!.prefix(8)) == [0, 0, 0x7A, 0x26, 0, 0, 0x80, 0x84])
    #expect(chunks["cICP"] == [1, 13, 0, 1])
    let order = Checksum.chunks(of: bytes).map(\.name)
    #expect(order.firstIndex(of: "cICP")! < order.firstIndex(of: "IDAT")!)
    switch depth {
    case .eight: #expect(chunks["tEXt"] == Array("Software\0Glint".utf8))
    case .sixteen: #expect(chunks["iTXt"] == Array("Scene\0\0\0\0\0Küche".utf8))
    }
  }

  @Test("Metadata is written in its order, as Latin text or as UTF-8")
  func metadata() throws {
    let metadata = PictureMetadata([("Scene", "Küche"), ("frame", "12"), ("camera", "")])
    let bytes = try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: metadata.pngText)
    let texts = Checksum.chunks(of: bytes).filter { ["tEXt", "iTXt"].contains($0.name) }.map { Array(bytes[$0.data]) }
    #expect(texts == ["Scene\0\0\0\0\0Küche", "frame\012", "camera\0"].map { Array($0.utf8) })
  }

  @Test("Sizes and texts that PNG cannot hold are errors")
  func unwritable() {
    #expect(throws: ImageError.self) { try PNGWriter.encode8(rgb: [1, 2, 3], width: 2, height: 1) }
    #expect(throws: ImageError.self) { try PNGWriter.encode8(rgb: [], width: 0, height: 0) }
    #expect(throws: ImageError.self) {
      try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: [("", "x")])
    }
    #expect(throws: ImageError.self) {
      try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: [("Schlüssel", "x")])
    }
    for keyword in [" a", "a ", "a  b"] {
      #expect(throws: ImageError.self) {
        try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: [(keyword, "x")])
      }
    }
  }

  @Test("A written file replaces the old one whole; a failed one leaves nothing behind")
  func atomic() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let target = folder.appendingPathComponent("frame.png")
    try PNGWriter.write([1, 2, 3], to: target)
    try PNGWriter.write([4, 5], to: target)
    #expect(try [UInt8](Data(contentsOf: target)) == [4, 5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["frame.png"])

    // Renaming over a folder fails after the temporary file is complete.
    let blocked = folder.appendingPathComponent("blocked")
    try FileManager.default.createDirectory(
      at: blocked.appendingPathComponent("inside"), withIntermediateDirectories: true)
    let error = #expect(throws: AtomicFile.WriteError.self) { try PNGWriter.write([1], to: blocked) }
    #expect(error?.description.contains(blocked.path) == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["blocked", "frame.png"])

    let missing = folder.appendingPathComponent("missing/frame.png")
    let absent = #expect(throws: AtomicFile.WriteError.self) { try PNGWriter.write([1], to: missing) }
    #expect(absent?.code == ENOENT && absent?.description.contains(missing.path) == true)
  }
}
