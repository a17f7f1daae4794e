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

  @inline(__always)
  private static func wrapped(_ index: Int32, _ size: Int32, _ wrap: Texture.Wrap) -> Int {
    switch wrap {
    case .clampToEdge: return Int(index < 0 ? 0 : (index >= size ? size - 1 : index))
    case .repeat:
      let r = index % size
      return Int(r < 0 ? r + size : r)
    case .mirroredRepeat:
      let period = 2 * size
      var r = index % period
      if r < 0 { r += period }
      return Int(r < size ? r : period - 1 - r)
    }
  }

  @inline(__always)
  private func texel(_ x: Int, _ y: Int) -> SIMD4<Float> {
    let p = texels + 4 * (y * Int(width) + x)
    return SIMD4(decode[Int(p[0])], decode[Int(p[1])], decode[Int(p[2])], Float(p[3]) * (1.0 / 255))
  }

  /// Linear RGBA at texture coordinates.
  @inline(__always)
  func sample(uv0: SIMD2<Float>, uv1: SIMD2<Float>) -> SIMD4<Float> {
    let uv = uvSet == 0 ? uv0 : uv1
    var u = transformU.z.addingProduct(uv.y, transformU.y).addingProduct(uv.x, transformU.x)
    var v = transformV.z.addingProduct(uv.y, transformV.y).addingProduct(uv.x, transformV.x)
    // Far away coordinates repeat from here on; keeps the integers in range.
    if !(u.magnitude < 1e4) { u = u.isFinite ? u - u.rounded(.down) : 0 }
    if !(v.magnitude < 1e4) { v = v.isFinite ? v - v.rounded(.down) : 0 }
    let (w, h) = (width, height)
    if isNearest {
      let x = TextureView.wrapped(Int32((u * Float(w)).rounded(.down)), w, wrapU)
      let y = TextureView.wrapped(Int32((v * Float(h)).rounded(.down)), h, wrapV)
      return texel(x, y)
    }
    let x = u * Float(w) - 0.5
    let y = v * Float(h) - 0.5
    let (floorX, floorY) = (x.rounded(.down), y.rounded(.down))
    let (fx, fy) = (x - floorX, y - floorY)
    let (ix, iy) = (Int32(floorX), Int32(floorY))
    let (x0, x1) = (TextureView.wrapped(ix, w, wrapU), TextureView.wrapped(ix &+ 1, w, wrapU))
    let (y0, y1) = (TextureView.wrapped(iy, h, wrapV), TextureView.wrapped(iy &+ 1, h, wrapV))
    let (a, b, c, d) = (texel(x0, y0), texel(x1, y0), texel(x0, y1), texel(x1, y1))
    let top = a + (b - a) * fx
    let bottom = c + (d - c) * fx
    return top + (bottom - top) * fy
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
