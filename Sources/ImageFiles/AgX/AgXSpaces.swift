/// The colour spaces of Blender's AgX, as maps between them, and its logarithmic encoding.
///
/// Source: `config.ocio` of Blender 5.0.1 (matrices of the spaces, inset, ranges); Eary Chow, "AgX_LUT_Gen" (matrices of
/// the tables, outset). Each matrix has its rows' sums set to 1, so greys stay grey to the last bit of a 16-bit picture;
/// this moves saturated colours by at most 0.2 of 255.
enum AgXSpaces {
  /// CIE XYZ to linear Rec. 709 (also sRGB's primaries), as in the configuration.
  private static let xyzToRec709 = ColorMatrix(
    x: [3.2409699, -1.5373832, -0.4986108], y: [-0.9692436, 1.8759675, 0.0415551],
    z: [0.0556301, -0.2039770, 1.0569715])
  private static let xyzToRec2020 = ColorMatrix(
    x: [1.7166512, -0.3556708, -0.2533663], y: [-0.6666844, 1.6164812, 0.0157685],
    z: [0.0176399, -0.0427706, 0.9421031])
  /// FilmLight's E-Gamut, wide enough to hold nearly every colour without negative components.
  private static let xyzToEGamut = ColorMatrix(
    x: [1.5250528, -0.3159135, -0.1226583], y: [-0.5091526, 1.3333274, 0.1382844], z: [0.0957153, 0.0508974, 0.7879558])

  static let rec709ToEGamut = xyzToEGamut.concatenating(xyzToRec709.inverse).keepingGrey
  static let eGamutToRec2020 = xyzToRec2020.concatenating(xyzToEGamut.inverse).keepingGrey
  static let rec2020ToEGamut = eGamutToRec2020.inverse.keepingGrey
  static let rec2020ToRec709 = xyzToRec709.concatenating(xyzToRec2020.inverse).keepingGrey

  /// Pulls Rec. 2020's primaries towards white and turns them, so that pure colours can fade.
  static let inset = ColorMatrix(
    x: [0.856627153315983, 0.0951212405381588, 0.0482516061458583],
    y: [0.137318972929847, 0.761241990602591, 0.101439036467562],
    z: [0.11189821299995, 0.0767994186031903, 0.811302368396859]
  ).keepingGrey

  /// Pushes the formed colours outwards again, without the turn.
  static let outset = ColorMatrix(
    x: [0.899796955911611, 0.0871996192028351, 0.013003424885555],
    y: [0.11142098895748, 0.875575586156966, 0.0130034248855548],
    z: [0.11142098895748, 0.0871996192028349, 0.801379391839686]
  ).inverse.keepingGrey

  /// Linear E-Gamut to the primaries of AgX Log, and back.
  static let eGamutToLog = inset.concatenating(eGamutToRec2020).keepingGrey
  static let logToEGamut = eGamutToLog.inverse.keepingGrey

  /// Luminance of linear Rec. 2020 from the CIE's cone-based functions of 2015, as AgX's tables have it.
  static let luminance: SIMD3<Double> = [0.2658180370250449, 0.59846986045365, 0.1357121025213052]

  /// log₂ of the light that encodes to 0: ten stops below 18 % grey.
  static let leastLog2 = -12.47393
  /// Stops from 0 to 1.
  static let stops = 24.9999988117

  /// Light to AgX's logarithm: 0.4 at 18 % grey, one twenty-fifth a stop. Not clipped above; light that is not positive
  /// counts as the least normal `Float`.
  @inline(__always) static func encoded(_ light: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(encoded(light.x), encoded(light.y), encoded(light.z))
  }

  @inline(__always) private static func encoded(_ light: Double) -> Double {
    let least = Double(Float.leastNormalMagnitude)
    return (ExactMath.quickLog2(light > least ? light : least) - leastLog2) * (1 / stops)
  }

  @inline(__always) static func decoded(_ value: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      ExactMath.quickExp2(value.x * stops + leastLog2), ExactMath.quickExp2(value.y * stops + leastLog2),
      ExactMath.quickExp2(value.z * stops + leastLog2))
  }
}
