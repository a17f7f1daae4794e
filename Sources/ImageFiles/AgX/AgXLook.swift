/// What a look of AgX does to a colour between AgX's logarithm and the image formation.
///
/// Source: `config.ocio` of Blender 5.0.1; formulas of `GradingPrimary` (logarithmic style), `GradingTone` and `CDL` in
/// OpenColorIO 2.
enum AgXLook: Sendable {
  /// Factor of the distance from 18 % grey, then of the distance from luma.
  case contrast(Double, saturation: Double)
  case punchy
  case greyscale

  /// - Returns: nil for `.none`, which has no such step.
  init?(_ look: ViewLook) {
    switch look {
    case .none: return nil
    case .punchy: self = .punchy
    case .greyscale: self = .greyscale
    case .veryHighContrast: self = .contrast(1.57, saturation: 0.9)
    case .highContrast: self = .contrast(1.4, saturation: 0.95)
    case .mediumHighContrast: self = .contrast(1.2, saturation: 1)
    case .baseContrast: self = .contrast(1, saturation: 1)
    case .mediumLowContrast: self = .contrast(0.9, saturation: 1.05)
    case .lowContrast: self = .contrast(0.8, saturation: 1.1)
    case .veryLowContrast: self = .contrast(0.7, saturation: 1.15)
    }
  }

  /// - Parameter light: Linear, with the primaries of AgX Log.
  @inline(__always) func applied(to light: SIMD3<Double>) -> SIMD3<Double> {
    switch self {
    case .greyscale:
      return SIMD3(repeating: light.dot(AgXLook.greyWeights))
    case .contrast(let contrast, let saturation):
      let code = (AgXSpaces.encoded(light) - 0.4) * contrast + 0.4
      let luma = code.dot(AgXLook.lumaWeights)
      return AgXSpaces.decoded((code - luma) * saturation + luma)
    case .punchy:
      let code = AgXSpaces.encoded(light)
      return AgXSpaces.decoded(SIMD3(punchy(code.x), punchy(code.y), punchy(code.z)))
    }
  }

  /// The configuration's weights of its grey look.
  private static let greyWeights: SIMD3<Double> = [0.2589235355689848, 0.6104985346066525, 0.13057792982436284]
  /// OpenColorIO's weights of saturation.
  private static let lumaWeights: SIMD3<Double> = [0.2126, 0.7152, 0.0722]

  @inline(__always) private func punchy(_ code: Double) -> Double {
    let graded = AgXLook.shadow(AgXLook.shadow(code, slope: 0.2), slope: 0.35)
    return graded > 0 ? ExactMath.quickPower(graded, 1.0912) : graded
  }

  /// Presses shadows down between 0.1 and 0.4, both of which stay: two parabolas, which meet half-way, from `slope` at the
  /// lower end to 1 at the upper; straight on below and above.
  @inline(__always) private static func shadow(_ code: Double, slope: Double) -> Double {
    let (low, high) = (0.1, 0.4)
    if code <= low { return low + (code - low) * slope }
    if code >= high { return code }
    let half = (high - low) / 2
    // The slope at the middle makes the parabolas end at `high`: the mean slope must be 1.
    let middleSlope = (4 - slope - 1) / 2
    let isLower = code < low + half
    let t = isLower ? code - low : code - low - half
    let (start, end) = isLower ? (slope, middleSlope) : (middleSlope, 1)
    let base = isLower ? low : low + half * (slope + middleSlope) / 2
    return base + t * (start + t * (end - start) / (2 * half))
  }
}
