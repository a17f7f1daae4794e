import LaneMath

/// One level of a texture as the kernel reads it: rows of texels, or rows of blocks of 4 × 4 texels, each a cache line.
struct TextureLevel: @unchecked Sendable {
  // Sendable because texels are written by their pyramid's `init` only, every row by one thread.

  /// RGBA, red in the lowest byte.
  var texels: UnsafePointer<UInt32>
  var width: Int32
  var height: Int32
  var isInBlocks: Bool

  var blocksAcross: Int { (Int(width) &+ 3) >> 2 }

  /// Part of a texel's place that its column decides; `column(x) + row(y)` is the texel's index.
  @inline(__always)
  func column(_ x: Int) -> Int { isInBlocks ? (x >> 2) &<< 4 &+ (x & 3) : x }

  @inline(__always)
  func row(_ y: Int) -> Int {
    isInBlocks ? ((y >> 2) &* blocksAcross) &<< 4 &+ (y & 3) &<< 2 : y &* Int(width)
  }
}

/// A texture in the shape that rays read: level 0 is the texture's own memory, every further level has half the edges
/// (rounded down, at least 1) and is stored in blocks, to a last level of one texel. Immutable; shared by frames.
///
/// Levels are averages in linear light with exact weights: where an edge of 2m + 1 texels becomes one of m, texel i gathers
/// texels 2i, 2i + 1 and 2i + 2 with weights m − i, m and i + 1. Sums stay in floating point from level to level; bytes are
/// those whose values are nearest. Textures of nearest filtering have level 0 only.
public final class TexturePyramid: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  /// Finest first.
  let levels: FlatBuffer<TextureLevel>
  let encoding: Texture.Encoding
  let wrapU: Texture.Wrap
  let wrapV: Texture.Wrap
  let filter: Texture.Filter
  /// Level 0.
  private let texels: FlatBuffer<UInt8>
  /// The other levels.
  private let storage: FlatBuffer<UInt32>

  /// Colour of fully transparent texels counts as that of texels of this alpha, so that it is there where nothing else is.
  private static let leastWeight: Float = 0x1p-12
  /// Rows that one thread takes at a time.
  private static let bandHeight = 64

  /// - Parameters:
  ///   - isWeightedByAlpha: Whether colours count by their alpha: where texels are invisible, their colour is anything.
  ///   - threadCount: Changes no bit.
  public init(_ texture: Texture, isWeightedByAlpha: Bool = false, threadCount: Int = 1) {
    (encoding, wrapU, wrapV, filter) = (texture.encoding, texture.wrapU, texture.wrapV, texture.filter)
    var sizes = [(width: texture.width, height: texture.height)]
    while texture.filter == .linear, sizes.last!.width > 1 || sizes.last!.height > 1 {
      sizes.append((max(1, sizes.last!.width / 2), max(1, sizes.last!.height / 2)))
    }
    func blocks(_ edge: Int) -> Int { (edge + 3) / 4 }
    let storage = FlatBuffer<UInt32>(
      count: sizes.dropFirst().reduce(0) { $0 + 16 * blocks($1.width) * blocks($1.height) })
    texels = texture.texels
    let base = UnsafeRawPointer(texels.pointer).assumingMemoryBound(to: UInt32.self)
    levels = FlatBuffer(count: sizes.count) { levels in
      var first = storage.pointer
      for (i, size) in sizes.enumerated() {
        levels[i] = TextureLevel(
          texels: i == 0 ? base : UnsafePointer(first), width: Int32(size.width), height: Int32(size.height),
          isInBlocks: i > 0)
        if i > 0 { first += 16 * blocks(size.width) * blocks(size.height) }
      }
    }
    self.storage = storage
    guard sizes.count > 1 else { return }
    let codec = TexelCodec(texture.encoding, isWeightedByAlpha ? TexturePyramid.leastWeight : nil)
    var sums: FlatBuffer<SIMD4<Float>>?
    for i in 1..<sizes.count {
      let (finer, level) = (levels[i - 1], levels[i])
      let result = FlatBuffer<SIMD4<Float>>(count: Int(level.width) * Int(level.height))
      let above = sums
      TexturePyramid.bands(of: level, threadCount) { rows in
        TexturePyramid.reduce(finer, above, into: level, result, rows, codec)
      }
      sums = result
    }
  }

  private static func bands(
    of level: TextureLevel, _ threadCount: Int, _ body: @escaping @Sendable (Range<Int>) -> Void
  ) {
    let height = Int(level.height)
    let count = (height + bandHeight - 1) / bandHeight
    ParallelTasks.run(count: count, threadCount: threadCount) { band in
      body(band * bandHeight..<min(height, (band + 1) * bandHeight))
    }
  }

  /// Texels of the finer level that one texel gathers along an edge.
  private struct Taps {
    var first: Int
    var count: Int
    var weights: (Float, Float, Float)

    /// - Parameters:
    ///   - index: Of the texel along its edge.
    ///   - edge: Of the finer level.
    init(_ index: Int, of edge: Int) {
      let half = edge / 2
      first = min(2 * index, edge - 1)
      if edge == 1 {
        (count, weights) = (1, (1, 0, 0))
      } else if edge % 2 == 0 {
        (count, weights) = (2, (0.5, 0.5, 0))
      } else {
        let all = Float(edge)
        (count, weights) = (3, (Float(half - index) / all, Float(half) / all, Float(index + 1) / all))
      }
    }

    @inline(__always)
    func sum(_ value: (Int) -> SIMD4<Float>) -> SIMD4<Float> {
      var sum = value(first) * weights.0
      if count > 1 { sum = sum.addingProduct(value(first + 1), SIMD4(repeating: weights.1)) }
      if count > 2 { sum = sum.addingProduct(value(first + 2), SIMD4(repeating: weights.2)) }
      return sum
    }
  }

  /// - Parameter above: Sums of the finer level; nil where that is level 0.
  private static func reduce(
    _ finer: TextureLevel, _ above: FlatBuffer<SIMD4<Float>>?, into level: TextureLevel,
    _ result: FlatBuffer<SIMD4<Float>>, _ rows: Range<Int>, _ codec: TexelCodec
  ) {
    let (width, finerWidth) = (Int(level.width), Int(finer.width))
    for y in rows {
      let down = Taps(y, of: Int(finer.height))
      let line = UnsafeMutablePointer(mutating: level.texels) + level.row(y)
      for x in 0..<width {
        let across = Taps(x, of: finerWidth)
        let sum = down.sum { row in
          if let above {
            let values = above.pointer + row * finerWidth
            return across.sum { values[$0] }
          }
          let texels = finer.texels + finer.row(row)
          return across.sum { codec.value(texels[finer.column($0)]) }
        }
        result.pointer[y * width + x] = sum
        line[level.column(x)] = codec.texel(sum)
      }
    }
  }
}

/// Between a texel's bytes and what is averaged: linear values, or, with a least weight, colour times weight, and weight.
private struct TexelCodec: Sendable {
  private let tables = TexelTables.shared
  private let isColor: Bool
  private let leastWeight: Float?

  init(_ encoding: Texture.Encoding, _ leastWeight: Float?) {
    isColor = encoding == .srgb
    self.leastWeight = leastWeight
  }

  @inline(__always)
  func value(_ texel: UInt32) -> SIMD4<Float> {
    let value = TextureView.value(texel, tables.values.pointer + (isColor ? 0 : 256))
    guard let leastWeight else { return value }
    let weight = value.w + leastWeight
    return SIMD4(value.x * weight, value.y * weight, value.z * weight, weight)
  }

  @inline(__always)
  func texel(_ sum: SIMD4<Float>) -> UInt32 {
    var value = sum
    if let leastWeight {
      value = sum / sum.w
      value.w = sum.w - leastWeight
    }
    let alpha = byte(value.w)
    guard isColor else { return byte(value.x) | byte(value.y) << 8 | byte(value.z) << 16 | alpha << 24 }
    return tables.nearestColor(value.x) | tables.nearestColor(value.y) << 8 | tables.nearestColor(value.z) << 16
      | alpha << 24
  }

  @inline(__always)
  private func byte(_ value: Float) -> UInt32 { UInt32(clamp01(value) * 255 + 0.5) }
}
