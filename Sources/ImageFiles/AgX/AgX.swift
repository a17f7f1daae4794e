/// The view AgX of Blender 5.0 on an sRGB display, with one of its looks.
///
/// Blender evaluates an OpenColorIO configuration: light in E-Gamut, its logarithm, a table of 57³ nodes, tetrahedral
/// interpolation. This type does the same with a table that it computes itself (`AgXFormation`); docs/views.md has the
/// differences from Blender, at most 0.2 of 255. Everything is exactly defined (`ExactMath`): equal bits on every machine.
struct AgX: Sendable {
  private let look: AgXLook?
  private let formation = AgX.formation
  // Copies of what is computed once in a process: a global would be asked whether it is ready at each pixel.
  private let rec709ToEGamut = AgXSpaces.rec709ToEGamut
  private let eGamutToLog = AgXSpaces.eGamutToLog
  private let logToEGamut = AgXSpaces.logToEGamut
  /// Light outside Rec. 2020 taken inside; used before a look.
  private let guardRail: ColorLattice?

  /// The first use in a process computes the table, in about 0.1 s.
  init(look: ViewLook) {
    self.look = AgXLook(look)
    guardRail = self.look == nil ? nil : AgX.guardRail
  }

  /// Linear scene light to linear display light in [0, 1], sRGB primaries.
  ///
  /// - Parameter light: Any numbers: negative components are colours outside sRGB, NaN counts as 0.
  @inline(__always) func displayed(_ light: SIMD3<Float>) -> SIMD3<Float> {
    let bounded = SIMD3(AgX.bounded(light.x), AgX.bounded(light.y), AgX.bounded(light.z))
    var code = AgXSpaces.encoded(rec709ToEGamut.applied(to: bounded))
    if let look, let guardRail {
      let guarded = AgXSpaces.decoded(guardRail.value(at: code))
      let graded = look.applied(to: eGamutToLog.applied(to: guarded))
      code = AgXSpaces.encoded(logToEGamut.applied(to: graded))
    }
    let picture = formation.value(at: code)
    return SIMD3(
      Float(ExactMath.quickPower(picture.x, 2.4)), Float(ExactMath.quickPower(picture.y, 2.4)),
      Float(ExactMath.quickPower(picture.z, 2.4)))
  }

  /// Far beyond the table's range, but safe to multiply.
  @inline(__always) private static func bounded(_ light: Float) -> Double {
    light.isNaN ? 0 : Double(min(max(light, -1e30), 1e30))
  }

  /// As many nodes as Blender's tables have: interpolation between them is part of the picture.
  private static let formation = lattice(edge: 57, AgXFormation.formed)
  private static let guardRail = lattice(edge: 37, AgXFormation.guarded)

  private static func lattice(edge: Int, _ function: (SIMD3<Double>) -> SIMD3<Double>) -> ColorLattice {
    ColorLattice(edge: edge) { red, green, blue in
      function(SIMD3(Double(red), Double(green), Double(blue)) / Double(edge - 1))
    }
  }
}
