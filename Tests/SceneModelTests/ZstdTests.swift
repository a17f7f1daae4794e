import LaneMath
import Testing

@testable import SceneModel

@Suite("Zstandard frames")
struct ZstdTests {
  private func kind(_ body: () throws -> Void) -> BundleError.Kind? {
    do {
      try body()
      return nil
    } catch {
      return (error as? BundleError)?.kind
    }
  }

  /// A frame without a content size in its header, whose one block repeats a zero `count` times (RFC 8878, section 3.1.1).
  private func undeclaredBomb(blocks: Int) -> [UInt8] {
    // Magic number; descriptor: no content size, no single segment; window of 128 KiB.
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38]
    for index in 0..<blocks {
      // RLE block of 128 KiB: last-block bit, type 1, size.
      let header = UInt32(131_072) << 3 | 1 << 1 | (index == blocks - 1 ? 1 : 0)
      bytes += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16 & 0xFF), 0]
    }
    return bytes
  }

  @Test("Bytes come back, at every length around the block size", arguments: [0, 1, 1000, 131_071, 131_072, 300_001])
  func roundTrip(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...7, using: &generator) }
    let compressed = Zstd.compress(bytes)
    #expect(try Zstd.decompress(compressed, limit: count) == bytes)
    let exact = try compressed.withUnsafeBytes { try Zstd.decompress($0, exactly: count) }
    #expect(withExtendedLifetime(exact) { Array(exact.elements) } == bytes)
  }

  @Test("A bomb that declares its size is refused at the limit")
  func declaredBomb() {
    let bomb = Zstd.compress([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 100_000)
    #expect(kind { _ = try Zstd.decompress(bomb, limit: 1 << 20) } == .tooLarge)
    #expect(kind { _ = try bomb.withUnsafeBytes { try Zstd.decompress($0, exactly: 1 << 20) } } == .malformed)
  }

  @Test("A bomb that declares no size is refused at the limit, after no more than one block beyond it")
  func undeclared() throws {
    let bytes = undeclaredBomb(blocks: 3)
    #expect(try Zstd.decompress(bytes, limit: 3 << 17) == [UInt8](repeating: 0, count: 3 << 17))
    // 128 GiB out of 4 MB.
    let bomb = undeclaredBomb(blocks: 1 << 20)
    #expect(kind { _ = try Zstd.decompress(bomb, limit: 1 << 20) } == .tooLarge)
    var reader = try ZstdReader(limit: 1 << 20)
    var produced = 0
    #expect {
      try bomb.withRawBytes { (raw: UnsafeRawBufferPointer) throws(BundleError) -> Void in
        try reader.read(raw) { produced += $0.count }
      }
    } throws: { ($0 as? BundleError)?.kind == .tooLarge }
    #expect(produced <= 1 << 20)
  }

  @Test("Several frames that are small each are bounded together")
  func manyFrames() {
    let frame = Zstd.compress([UInt8](repeating: 1, count: 1000))
    let frames = (0..<100).flatMap { _ in frame }
    #expect(kind { _ = try Zstd.decompress(frames, limit: 99_999) } == .tooLarge)
    #expect(kind { _ = try Zstd.decompress(frames, limit: 100_000) } == nil)
  }

  @Test("A window beyond the limit is refused, whatever the content")
  func largeWindow() {
    // Window descriptor for 2^31 bytes, then one empty last block.
    let bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]
    #expect(kind { _ = try Zstd.decompress(bytes, limit: 1 << 20) } == .malformed)
  }

  @Test("Data that ends early is refused, wherever it ends")
  func truncation() {
    var generator = SeededGenerator(seed: 9)
    let bytes = Zstd.compress((0..<500).map { _ in UInt8.random(in: 0...15, using: &generator) })
    for count in 0..<bytes.count {
      #expect(kind { _ = try Zstd.decompress(Array(bytes.prefix(count)), limit: 500) } == .malformed, "\(count) bytes")
    }
  }

  @Test("Pieces of any size give the same bytes as the whole")
  func pieces() throws {
    var generator = SeededGenerator(seed: 10)
    let bytes = (0..<400_000).map { _ in UInt8.random(in: 0...3, using: &generator) }
    let compressed = Zstd.compress(bytes)
    var reader = try ZstdReader(limit: bytes.count)
    var output: [UInt8] = []
    var rest = compressed[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(Int.random(in: 1...3000, using: &generator)))
      rest = rest.dropFirst(piece.count)
      try piece.withRawBytes { (raw: UnsafeRawBufferPointer) throws(BundleError) -> Void in
        try reader.read(raw) { output.append(contentsOf: $0) }
      }
    }
    try reader.finish()
    #expect(output == bytes)
  }

  @Test("Random changes are refused or give bytes within the limit, and never crash")
  func randomChanges() {
    var generator = SeededGenerator(seed: 13)
    let bytes = (0..<2000).map { _ in UInt8.random(in: 0...31, using: &generator) }
    let compressed = Zstd.compress(bytes)
    for _ in 0..<3000 {
      var changed = compressed
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        changed[Int.random(in: changed.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      do {
        #expect(try Zstd.decompress(changed, limit: 5000).count <= 5000)
      } catch {
        #expect(error.kind == .malformed || error.kind == .tooLarge)
      }
    }
  }
}

extension Zstd {
  /// All bytes at once.
  fileprivate static func decompress(_ bytes: [UInt8], limit: Int) throws(BundleError) -> [UInt8] {
    var output: [UInt8] = []
    var stream = try ZstdReader(limit: limit)
    try bytes.withRawBytes { (raw: UnsafeRawBufferPointer) throws(BundleError) -> Void in
      try stream.read(raw) { output.append(contentsOf: $0) }
    }
    try stream.finish()
    return output
  }
}
