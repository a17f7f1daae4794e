/// How scene light becomes a picture.
public enum ViewTransform: String, CaseIterable, Sendable {
  /// Khronos PBR Neutral: colours of materials stay as authored, highlights are compressed.
  case neutral
  /// AgX as in Blender 5.0: filmic, bright colours fade to white. It has looks (`ViewLook`).
  case agx
  /// Nothing but clipping at 1.
  case standard
}

extension ViewTransform {
  /// Scene light to linear display light, sRGB primaries, with Khronos PBR Neutral. Negative light and NaN are made 0 first.
  ///
  /// Source: Khronos Group, "Khronos PBR Neutral Tone Mapper", specification and sample code, 2024.
  @inline(__always) static func neutral(_ light: SIMD3<Float>) -> SIMD3<Float> {
    let light = standard(light)
    let startCompression: Float = 0.8 - 0.04
    let desaturation: Float = 0.15
    let darkest = light.min()
    let offset = darkest < 0.08 ? darkest - 6.25 * darkest * darkest : 0.04
    let color = light - offset
    let peak = color.max()
    guard peak >= startCompression else { return color }
    guard peak < .infinity else { return SIMD3(repeating: 1) }
    let d = 1 - startCompression
    let newPeak = 1 - d * d / (peak + d - startCompression)
    let compressed = color * (newPeak / peak)
    let g = 1 - 1 / (desaturation * (peak - newPeak) + 1)
    return compressed + (newPeak - compressed) * g
  }

  /// Scene light as it is; not clipped at 1. Negative light and NaN are made 0.
  @inline(__always) static func standard(_ light: SIMD3<Float>) -> SIMD3<Float> {
    light.replacing(with: 0, where: .!(light .> 0))
  }
}
