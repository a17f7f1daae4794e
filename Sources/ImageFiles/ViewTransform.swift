/// How scene light becomes a picture.
public enum ViewTransform: String, CaseIterable, Sendable {
  /// Khronos PBR Neutral: colours of materials stay as authored, highlights are compressed.
  case neutral
  /// AgX with its base look: filmic, bright colours fade to white.
  case agx
  /// Nothing but clipping at 1.
  case standard
}

public struct ViewSettings: Sendable, Equatable {
  public var transform = ViewTransform.neutral
  /// Stops: light is multiplied by 2^exposure first.
  public var exposure: Float = 0

  public init(transform: ViewTransform = .neutral, exposure: Float = 0) {
    self.transform = transform
    self.exposure = exposure
  }

  /// The factor of `exposure`, which is held within ±100 stops.
  var exposureScale: Float {
    guard exposure != 0, !exposure.isNaN else { return 1 }
    return Float(ExactMath.exp2(Double(min(max(exposure, -100), 100))))
  }
}

extension ViewTransform {
  /// Linear scene light to linear display light, sRGB primaries; not clipped for `standard`. Negative light is made 0 first.
  func displayed(_ light: SIMD3<Float>) -> SIMD3<Float> {
    let light = light.replacing(with: 0, where: .!(light .> 0))
    switch self {
    case .neutral: return ViewTransform.neutral(light)
    case .agx: return ViewTransform.agx(light)
    case .standard: return light
    }
  }

  /// Source: Khronos Group, "Khronos PBR Neutral Tone Mapper", specification and sample code, 2024.
  @inline(__always) private static func neutral(_ light: SIMD3<Float>) -> SIMD3<Float> {
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

  /// Source: Troy Sobotka's AgX, in the form with Rec. 2020 matrices of Filament and three.js; the contrast curve is Benjamin
  /// Wrensch's polynomial, "Minimal AgX Implementation".
  private static func agx(_ light: SIMD3<Float>) -> SIMD3<Float> {
    let inset = agxInset.applied(to: SIMD3<Double>(light))
    let curved = SIMD3(agxContrast(inset.x), agxContrast(inset.y), agxContrast(inset.z))
    let outset = agxOutset.applied(to: curved)
    return SIMD3<Float>(
      agxToSRGB.applied(to: SIMD3(power2_2(outset.x), power2_2(outset.y), power2_2(outset.z))))
  }

  private static func agxContrast(_ value: Double) -> Double {
    let (leastStops, mostStops) = (-12.47393, 4.026069)
    let stops = ExactMath.log2(min(max(value, 1e-10), 1e10))
    let x = min(max((stops - leastStops) / (mostStops - leastStops), 0), 1)
    let x2 = x * x
    let x4 = x2 * x2
    return 15.5 * x4 * x2 - 40.14 * x4 * x + 31.96 * x4 - 6.868 * x2 * x + 0.4298 * x2 + 0.1191 * x - 0.00232
  }

  private static func power2_2(_ value: Double) -> Double {
    guard value > 0 else { return 0 }
    return value * value * ExactMath.fifthRoot(value)
  }

  private struct Matrix {
    var x: SIMD3<Double>
    var y: SIMD3<Double>
    var z: SIMD3<Double>

    func applied(to v: SIMD3<Double>) -> SIMD3<Double> {
      let (a, b, c) = (x * v, y * v, z * v)
      return SIMD3(a.x + a.y + a.z, b.x + b.y + b.z, c.x + c.y + c.z)
    }

    /// The map that applies `inner` first.
    func concatenating(_ inner: Matrix) -> Matrix {
      func row(_ r: SIMD3<Double>) -> SIMD3<Double> { inner.x * r.x + inner.y * r.y + inner.z * r.z }
      return Matrix(x: row(x), y: row(y), z: row(z))
    }
  }

  private static let agxInset = Matrix(
    x: [0.856627153315983, 0.0951212405381588, 0.0482516061458583],
    y: [0.137318972929847, 0.761241990602591, 0.101439036467562],
    z: [0.11189821299995, 0.0767994186031903, 0.811302368396859]
  ).concatenating(
    // Linear sRGB to linear Rec. 2020.
    Matrix(
      x: [0.6274038959, 0.3292830384, 0.0433130657], y: [0.0690972894, 0.9195403951, 0.0113623156],
      z: [0.0163914389, 0.0880133079, 0.8955952532]))

  private static let agxOutset = Matrix(
    x: [1.1271005818144368, -0.11060664309660323, -0.016493938717834573],
    y: [-0.1413297634984383, 1.157823702216272, -0.016493938717834257],
    z: [-0.14132976349843826, -0.11060664309660294, 1.2519364065950405])

  /// Linear Rec. 2020 to linear sRGB.
  private static let agxToSRGB = Matrix(
    x: [1.6604910021, -0.5876411388, -0.0728498633], y: [-0.1245504745, 1.1328998971, -0.0083494226],
    z: [-0.0181507634, -0.1005788980, 1.1187296614])
}
