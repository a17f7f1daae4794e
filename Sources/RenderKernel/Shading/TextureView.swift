import LaneMath

/// A texture as the kernel reads it.
struct TextureView {
  var texels: UnsafePointer<UInt8>
  /// 256 values for colour channels.
  var decode: UnsafePointer<Float>
  var width: Int32
  var height: Int32
  var wrapU: Texture.Wrap
  var wrapV: Texture.Wrap
  var isNearest: Bool
  var uvSet: UInt8
  var transformU: SIMD3<Float>
  var transformV: SIMD3<Float>

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

  @inline(__always)
  private func texel(_ x: Int, _ y: Int) -> SIMD4<Float> {
    let p = texels + 4 &* (y &* Int(width) &+ x)
    return SIMD4(decode[Int(p[0])], decode[Int(p[1])], decode[Int(p[2])], Float(p[3]) * (1.0 / 255))
  }

  /// Linear RGBA at texture coordinates.
  @inline(__always)
  func sample(uv0: SIMD2<Float>, uv1: SIMD2<Float>) -> SIMD4<Float> {
    let uv = uvSet == 0 ? uv0 : uv1
    let u = transformU.z.addingProduct(uv.y, transformU.y).addingProduct(uv.x, transformU.x)
    let v = transformV.z.addingProduct(uv.y, transformV.y).addingProduct(uv.x, transformV.x)
    let (w, h) = (Int(width), Int(height))
    let x = TextureView.reduced(u, Float(width), wrapU)
    let y = TextureView.reduced(v, Float(height), wrapV)
    if isNearest { return texel(TextureView.wrapped(Int(x), w, wrapU), TextureView.wrapped(Int(y), h, wrapV)) }
    let (floorX, floorY) = ((x - 0.5).floor, (y - 0.5).floor)
    let (fx, fy) = (x - 0.5 - floorX, y - 0.5 - floorY)
    let (ix, iy) = (Int(floorX), Int(floorY))
    let (x0, x1) = (TextureView.wrapped(ix, w, wrapU), TextureView.wrapped(ix &+ 1, w, wrapU))
    let (y0, y1) = (TextureView.wrapped(iy, h, wrapV), TextureView.wrapped(iy &+ 1, h, wrapV))
    let (a, b, c, d) = (texel(x0, y0), texel(x1, y0), texel(x0, y1), texel(x1, y1))
    let across = SIMD4(repeating: fx)
    let top = a.addingProduct(b - a, across)
    let bottom = c.addingProduct(d - c, across)
    return top.addingProduct(bottom - top, SIMD4(repeating: fy))
  }
}

/// What bytes stand for.
final class TexelTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  static let shared = TexelTables()

  /// 256 linear values of sRGB bytes (IEC 61966-2-1), then 256 of linear bytes.
  let values = FlatBuffer<Float>(count: 512) { values in
    for i in 0..<256 {
      let x = Float(i) / 255
      values[i] = x <= 0.04045 ? x / 12.92 : lanePow((x + 0.055) / 1.055, 2.4)
      values[256 + i] = x
    }
  }
}
