import LaneMath

/// A texture as the kernel reads it.
///
/// A lookup is a function of level and coordinates; whoever sorts lookups by texture and level gets the same values.
struct TextureView {
  var levels: UnsafePointer<TextureLevel>
  /// 256 values for colour channels.
  var decode: UnsafePointer<Float>
  var levelCount: Int32
  var wrapU: Texture.Wrap
  var wrapV: Texture.Wrap
  var isNearest: Bool
  var uvSet: UInt8
  var transformU: SIMD3<Float>
  var transformV: SIMD3<Float>

  init(_ pyramid: TexturePyramid, _ reference: TextureReference, _ tables: UnsafePointer<Float>) {
    levels = UnsafePointer(pyramid.levels.pointer)
    levelCount = Int32(pyramid.levels.count)
    decode = pyramid.encoding == .srgb ? tables : tables + 256
    (wrapU, wrapV, isNearest) = (pyramid.wrapU, pyramid.wrapV, pyramid.filter == .nearest)
    uvSet = UInt8(reference.uvSet)
    (transformU, transformV) = (reference.transformU, reference.transformV)
  }

  /// A coordinate in texels, reduced to one period; NaN and infinities become 0. Neighbours are then at most one period away.
  @inline(__always)
  private static func reduced(_ u: Float, _ size: Float, _ wrap: Texture.Wrap) -> Float {
    let part: Float
    switch wrap {
    case .clampToEdge: part = clamp01(u)
    case .repeat: part = u - u.floor
    case .mirroredRepeat:
      let half = u * 0.5
      part = (half - half.floor) * 2
    }
    return part >= 0 ? part * size : 0
  }

  /// - Parameter index: At least −1, at most one period.
  @inline(__always)
  private static func wrapped(_ index: Int, _ size: Int, _ wrap: Texture.Wrap) -> Int {
    switch wrap {
    case .clampToEdge: return index < 0 ? 0 : (index >= size ? size &- 1 : index)
    case .repeat: return index < 0 ? index &+ size : (index >= size ? index &- size : index)
    case .mirroredRepeat:
      let folded = index < 0 ? -1 &- index : (index >= size ? 2 &* size &- 1 &- index : index)
      return folded < 0 ? 0 : folded
    }
  }

  /// Linear RGBA of a texel's bytes.
  @inline(__always)
  static func value(_ texel: UInt32, _ decode: UnsafePointer<Float>) -> SIMD4<Float> {
    SIMD4(
      decode[Int(texel & 255)], decode[Int(texel &>> 8 & 255)], decode[Int(texel &>> 16 & 255)],
      Float(texel &>> 24) * (1.0 / 255))
  }

  /// Linear RGBA at a point of a surface.
  ///
  /// - Parameter level: Below `levelCount`.
  @inline(__always)
  func sample(_ point: SurfaceCoordinates, level: Int = 0) -> SIMD4<Float> {
    sample(point.uv(uvSet), level: level)
  }

  /// Linear RGBA at texture coordinates, before the reference's map of them.
  ///
  /// - Parameter level: Below `levelCount`.
  @inline(__always)
  func sample(_ uv: SIMD2<Float>, level: Int = 0) -> SIMD4<Float> {
    let u = transformU.z.addingProduct(uv.y, transformU.y).addingProduct(uv.x, transformU.x)
    let v = transformV.z.addingProduct(uv.y, transformV.y).addingProduct(uv.x, transformV.x)
    let plane = levels[level]
    let (w, h) = (Int(plane.width), Int(plane.height))
    let x = TextureView.reduced(u, Float(plane.width), wrapU)
    let y = TextureView.reduced(v, Float(plane.height), wrapV)
    if isNearest {
      let column = plane.column(TextureView.wrapped(Int(x), w, wrapU))
      return TextureView.value(plane.texels[column &+ plane.row(TextureView.wrapped(Int(y), h, wrapV))], decode)
    }
    let (floorX, floorY) = ((x - 0.5).floor, (y - 0.5).floor)
    let (fx, fy) = (x - 0.5 - floorX, y - 0.5 - floorY)
    let (ix, iy) = (Int(floorX), Int(floorY))
    let left = plane.column(TextureView.wrapped(ix, w, wrapU))
    let right = plane.column(TextureView.wrapped(ix &+ 1, w, wrapU))
    let upper = plane.texels + plane.row(TextureView.wrapped(iy, h, wrapV))
    let lower = plane.texels + plane.row(TextureView.wrapped(iy &+ 1, h, wrapV))
    let (a, b) = (TextureView.value(upper[left], decode), TextureView.value(upper[right], decode))
    let (c, d) = (TextureView.value(lower[left], decode), TextureView.value(lower[right], decode))
    let across = SIMD4(repeating: fx)
    let top = a.addingProduct(b - a, across)
    let bottom = c.addingProduct(d - c, across)
    return top.addingProduct(bottom - top, SIMD4(repeating: fy))
  }

  /// The mean of the whole texture; of nearest filtering, its first texel.
  var mean: SIMD4<Float> { TextureView.value(levels[Int(levelCount) - 1].texels[0], decode) }
}

/// What bytes stand for.
final class TexelTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let shared = TexelTables()

  /// 256 linear values of sRGB bytes (IEC 61966-2-1), then 256 of linear bytes.
  let values: FlatBuffer<Float>
  /// For each of 4,096 equal parts of [0, 1), the byte whose value is nearest to its lower end.
  private let firstColors: FlatBuffer<UInt8>

  private init() {
    let values = FlatBuffer<Float>(count: 512) { values in
      for i in 0..<256 {
        let x = Float(i) / 255
        values[i] = x <= 0.04045 ? x / 12.92 : lanePow((x + 0.055) / 1.055, 2.4)
        values[256 + i] = x
      }
    }
    self.values = values
    firstColors = FlatBuffer(count: 4097) { first in
      var byte = 0
      for i in 0...4096 {
        while byte < 255, Float(i) / 4096 >= 0.5 * (values[byte] + values[byte + 1]) { byte += 1 }
        first[i] = UInt8(byte)
      }
    }
  }

  /// The sRGB byte whose value is nearest.
  @inline(__always)
  func nearestColor(_ value: Float) -> UInt32 {
    let x = clamp01(value)
    var byte = Int(firstColors[Int(x * 4096)])
    while byte < 255, x >= 0.5 * (values[byte] + values[byte + 1]) { byte += 1 }
    return UInt32(byte)
  }
}
