import Foundation
import ImageFiles
import Testing

@Suite("Reading Radiance HDR")
struct RadianceHDRTests {
  typealias Picture = (width: Int, height: Int, texels: [Float])

  static func decode(_ bytes: [UInt8]) throws -> Picture {
    try bytes.withUnsafeBytes {
      let picture = try RadianceHDR.decode($0)
      return (picture.width, picture.height, Array(picture.texels.elements))
    }
  }

  static func file(_ resolution: String, _ body: [UInt8]) -> [UInt8] {
    Array("#?RADIANCE\n# made by a test\nFORMAT=32-bit_rle_rgbe\n\n\(resolution)\n".utf8) + body
  }

  @Test("Flat pixels are mantissa times a power of two")
  func flat() throws {
    let picture = try Self.decode(
      Self.file("-Y 1 +X 4", [128, 64, 1, 129, 255, 0, 3, 136, 9, 9, 9, 0, 200, 100, 50, 255]))
    #expect(picture.width == 4 && picture.height == 1)
    let big = Float(sign: .plus, exponent: 119, significand: 1)
    #expect(
      picture.texels == [1, 0.5, 0.0078125, 255, 0, 3, 0, 0, 0, 200 * big, 100 * big, 50 * big])
  }

  @Test("Old runs repeat a pixel, and runs in a row count 256 times as much")
  func oldRuns() throws {
    let body: [UInt8] = [128, 128, 128, 129, 1, 1, 1, 2, 1, 1, 1, 1, 64, 64, 64, 129]
    let picture = try Self.decode(Self.file("-Y 1 +X 260", body))
    #expect(picture.texels.prefix(259 * 3).allSatisfy { $0 == 1 })
    #expect(picture.texels.suffix(3).allSatisfy { $0 == 0.5 })
  }

  @Test("New runs are a channel at a time; rows and columns can be reversed")
  func newRuns() throws {
    func row(_ value: UInt8) -> [UInt8] {
      [2, 2, 0, 8, 136, value, 3, 1, 2, 3, 133, 7, 128 + 8, 0, 128 + 8, 136]
    }
    func channel(_ index: Int, of picture: Picture) -> [Float] {
      (0..<8).map { (column: Int) -> Float in picture.texels[column * 3 + index] }
    }
    let upright = try Self.decode(Self.file("-Y 2 +X 8", row(5) + row(6)))
    #expect(channel(0, of: upright) == [Float](repeating: 5, count: 8))
    #expect(channel(1, of: upright) == [1, 2, 3, 7, 7, 7, 7, 7] as [Float])
    let turned = try Self.decode(Self.file("+Y 2 -X 8", row(5) + row(6)))
    #expect(channel(0, of: turned) == [Float](repeating: 6, count: 8))
    #expect(channel(1, of: turned) == [7, 7, 7, 7, 7, 3, 2, 1] as [Float])
  }

  @Test("Wrong headers, sizes and runs are errors that say what was found")
  func malformed() {
    let cases: [(String, [UInt8])] = [
      ("#?RADIANCE", Array("PF\n".utf8)),
      ("header does not end", Array("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n".utf8)),
      ("32-bit_rle_xyze", Array("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n".utf8) + [1, 2, 3, 4]),
      ("resolution line", Self.file("-Y 0 +X 1", [1, 2, 3, 4])),
      ("not columns", Self.file("+X 1 -Y 1", [1, 2, 3, 4])),
      ("at most", Self.file("-Y 1 +X 99999", [1, 2, 3, 4])),
      ("cannot be in", Self.file("-Y 9000 +X 9000", [1, 2, 3, 4])),
      ("a run of", Self.file("-Y 1 +X 4", [1, 1, 1, 2])),
      ("stated", Self.file("-Y 1 +X 8", [2, 2, 0, 9, 137, 1])),
      ("a run of", Self.file("-Y 1 +X 8", [2, 2, 0, 8, 137, 1])),
    ]
    for (text, bytes) in cases {
      let error = #expect(throws: ImageError.self) { try Self.decode(bytes) }
      #expect(error?.description.contains(text) == true, "\(text): \(String(describing: error))")
    }
  }

  @Test("Truncated and damaged files are read or refused, never a crash")
  func damaged() throws {
    let runs: [UInt8] = [2, 2, 0, 8, 136, 5, 3, 1, 2, 3, 133, 7, 128 + 8, 0, 128 + 8, 136]
    let bytes = Self.file("-Y 2 +X 8", runs + runs)
    for count in 0..<bytes.count {
      #expect(throws: ImageError.self) { try Self.decode(Array(bytes.prefix(count))) }
    }
    for seed in 0..<2000 {
      var random = SeededGenerator(seed: UInt64(seed))
      var damaged = bytes
      for _ in 0..<3 {
        damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? Self.decode(damaged)
    }
  }
}
