import Foundation
import ImageFiles
import Testing

@Suite("Writing linear pictures")
struct PFMWriterTests {
  @Test("A Portable Float Map has its header, then rows from the bottom up, bit for bit")
  func layout() throws {
    let rgb: [Float] = [0, -0.0, 1, 2.5, .infinity, 0x1p-140, 3, 4, 5, 6, 7, 0x1.fffffep127]
    let bytes = try PFMWriter.encode(rgb: rgb, width: 2, height: 2)
    let header = Array("PF\n2 2\n-1.0\n".utf8)
    #expect(Array(bytes.prefix(header.count)) == header)
    let words = Array(bytes).withUnsafeBytes { raw in
      stride(from: header.count, to: raw.count, by: 4).map { offset -> UInt32 in
        UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      }
    }
    #expect(words == (rgb[6...] + rgb[..<6]).map(\.bitPattern))
  }

  @Test("Sizes that do not fit the values are errors", arguments: [(2, 1), (0, 1), (1, -1)])
  func unwritable(width: Int, height: Int) {
    #expect(throws: ImageError.self) { try PFMWriter.encode(rgb: [1, 2, 3], width: width, height: height) }
  }

  @Test("A written file replaces the old one")
  func atomic() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("glint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let target = folder.appendingPathComponent("frame.pfm")
    try PFMWriter.write([1, 2, 3], to: target)
    try PFMWriter.write([4], to: target)
    #expect(try [UInt8](Data(contentsOf: target)) == [4])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["frame.pfm"])
  }
}
