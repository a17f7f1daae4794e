/// AgX's image formation as a closed formula, from linear E-Gamut light to a picture.
///
/// Slow, so it is only evaluated at the nodes of `ColorLattice`. Blender's picture is what its table's interpolation gives,
/// and between nodes that lies up to 20 of 255 from the formula: the lattice is part of the definition.
///
/// Source: Troy Sobotka, "AgX" and "SB2383"; Eary Chow, "AgX_LUT_Gen", with Sakari Kapanen's guard rails. The formulas are
/// theirs, rearranged: their sums over an inverted colour, for example, are 2Y − min here, because the weights sum to 1.
enum AgXFormation {
  /// Red, green and blue of a lattice node, in AgX's logarithm, to the guarded colour, likewise.
  static func guarded(_ node: SIMD3<Double>) -> SIMD3<Double> {
    let light = rec2020Guard(AgXSpaces.eGamutToRec2020.applied(to: nodeLight(node)))
    return nodeCode(AgXSpaces.rec2020ToEGamut.applied(to: light))
  }

  /// Red, green and blue of a lattice node, in AgX's logarithm, to the picture: Rec. 709 encoded with exponent 1 ÷ 2.4,
  /// in [0, 1].
  static func formed(_ node: SIMD3<Double>) -> SIMD3<Double> {
    let light = rec2020Guard(AgXSpaces.eGamutToRec2020.applied(to: nodeLight(node)))
    let inset = AgXSpaces.inset.applied(to: light)
    let formed = mixingHue(inset, curved: SIMD3(curve(inset.x), curve(inset.y), curve(inset.z)))
    let display = rec709Guard(AgXSpaces.rec2020ToRec709.applied(to: AgXSpaces.outset.applied(to: formed)))
    return SIMD3(gamma(display.x), gamma(display.y), gamma(display.z))
  }

  // MARK: - Codes of the tables

  /// The tables count from exactly ten stops below 0.18 to fifteen above.
  private static func nodeLight(_ node: SIMD3<Double>) -> SIMD3<Double> {
    func light(_ v: Double) -> Double { 0.18 * ExactMath.quickExp2(v * 25 - 10) }
    return SIMD3(light(node.x), light(node.y), light(node.z))
  }

  private static func nodeCode(_ light: SIMD3<Double>) -> SIMD3<Double> {
    func code(_ v: Double) -> Double { (ExactMath.quickLog2(max(v, 1e-30) / 0.18) + 10) / 25 }
    return SIMD3(code(light.x), code(light.y), code(light.z))
  }

  private static func gamma(_ v: Double) -> Double { min(ExactMath.quickPower(v, 1 / 2.4), 1) }

  // MARK: - Guard rails

  /// Lifts a colour outside Rec. 2020 until its least component is 0, then darkens it to keep its apparent brightness,
  /// which is 2Y − min.
  private static func rec2020Guard(_ light: SIMD3<Double>) -> SIMD3<Double> {
    let least = light.min()
    guard least < 0 else { return light }
    let luminance = light.dot(AgXSpaces.luminance)
    return (light - least) * ((2 * luminance - least) / (2 * luminance - 2 * least))
  }

  /// As `rec2020Guard` for Rec. 709. Brightness goes from 2Y − min in the dark to Y at white, by Y^0.08.
  private static func rec709Guard(_ light: SIMD3<Double>) -> SIMD3<Double> {
    let least = light.min()
    guard least < 0 else { return light }
    let luminance = light.dot(rec709Luminance)
    let lifted = light - least
    guard luminance >= 0 else { return lifted }
    func mix(_ luminance: Double) -> Double { min(ExactMath.quickPower(luminance, 0.08), 1) }
    let wanted = luminance + (1 - mix(luminance)) * (luminance - least)
    let found = (2 - mix(luminance - least)) * (luminance - least)
    return found > wanted ? lifted * (wanted / found) : lifted
  }

  /// `AgXSpaces.luminance` of linear Rec. 709.
  private static let rec709Luminance: SIMD3<Double> = {
    let map = AgXSpaces.rec2020ToRec709.inverse
    let weights = AgXSpaces.luminance
    return map.x * weights.x + map.y * weights.y + map.z * weights.z
  }()

  // MARK: - Curve

  /// One component of light to display light. On a logarithmic scale of 16.5 stops, middle grey stays and a line of slope
  /// 2.4 runs through it, bent (with power 1.5) to end at 0 and 1. Display light has exponent 2.4.
  ///
  /// With w the share of the way from the pivot to the scale's end, and a the factor by which the line would overshoot
  /// there, the line is divided by (1 + w^1.5 (a^1.5 − 1))^⅔.
  private static func curve(_ light: Double) -> Double {
    guard light > 1e-30 else { return 0 }
    let (slope, power, pivot) = (2.4, 1.5, 10 / 16.5)
    let x = (ExactMath.quickLog2(light / 0.18) + 10) / 16.5
    let isShoulder = x >= pivot
    let length = isShoulder ? 1 - pivot : pivot
    let height = isShoulder ? 1 - greyCode : greyCode
    let distance = (x - pivot).magnitude
    let w = distance / length
    let overshoot = slope * length / height
    let bend = 1 + w * w.squareRoot() * (overshoot * overshoot.squareRoot() - 1)
    let rise = slope * distance / ExactMath.quickPower(bend, 1 / power)
    return ExactMath.quickPower(isShoulder ? greyCode + rise : greyCode - rise, 2.4)
  }

  /// 18 % grey with exponent 1 ÷ 2.4.
  private static let greyCode = ExactMath.quickPower(0.18, 1 / 2.4)

  // MARK: - Hue

  /// The curved colour with its middle component moved so that 60 % of the hue before the curve is kept.
  ///
  /// The curve rises, so the components' order is the same before and after, and the hue of HSV is linear in the middle
  /// component's share of the way from the least to the greatest.
  private static func mixingHue(_ light: SIMD3<Double>, curved: SIMD3<Double>) -> SIMD3<Double> {
    let (least, most) = (light.min(), light.max())
    guard most > least else { return curved }
    let (curvedLeast, curvedMost) = (curved.min(), curved.max())
    let share = (light - least) / (most - least)
    let straight = curvedLeast + (curvedMost - curvedLeast) * share
    // Straight and curved are equal at the least and the greatest component.
    return straight * 0.6 + curved * 0.4
  }
}
