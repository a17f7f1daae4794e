import Testing

@testable import ImageFiles

@Suite("Integrity of PNG files")
struct PNGIntegrityTests {
  @Test("Any flipped bit, cut or added byte is seen")
  func damage() throws {
    let png = try PNGWriter.encode8(
      rgb: [1, 2, 3, 4, 5, 6], width: 2, height: 1, text: [("glint.frame", "7")])
    #expect(PNGIntegrity.isWhole(png))
    for at in png.indices {
      for bit in 0..<8 {
        var damaged = png
        damaged[at] ^= 1 << UInt8(bit)
        #expect(!PNGIntegrity.isWhole(damaged))
      }
      #expect(!PNGIntegrity.isWhole(Array(png.prefix(at))))
    }
    #expect(!PNGIntegrity.isWhole(png + [0]))
  }
}
