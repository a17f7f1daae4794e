import KernelScene

/// What the intensities of a file's lamps are.
///
/// Glint takes radiant intensity (W/sr) of point and spot lamps and irradiance (W/m²) of suns. Blender's exporter writes a lamp
/// of power P (watts; W/m² for a sun) in one of three ways, which its option "Lighting Mode" chooses: 683 · P / 4π, P / 4π or P
/// for point and spot, 683 · P, P or P for a sun. Cycles renders P / 4π and P.
public enum LightUnit: String, Sendable, Codable, CaseIterable {
  /// As KHR_lights_punctual says, with candela taken as W/sr and lux as W/m².
  case gltf
  /// Blender's mode "Standard": candela and lux, at 683 lumens a watt.
  case standard
  /// Blender's mode "Unitless": as "Standard", without the 683.
  case unitless
  /// Blender's mode "Raw (Deprecated)", and its exporter before there were modes: watts as they are in Blender.
  case raw

  /// Lumens of a watt in Blender's exporter: the peak of photopic vision, 555 nm.
  private static let lumensPerWatt: Float = 683

  /// What an intensity in the file is multiplied by.
  func factor(_ kind: PunctualLight.Kind) -> Float {
    switch (self, kind) {
    case (.gltf, _), (.unitless, _): 1
    case (.standard, _): 1 / LightUnit.lumensPerWatt
    case (.raw, .directional): 1
    case (.raw, _): 1 / (4 * Float.pi)
    }
  }

  /// For people: what the unit means.
  public var text: String {
    switch self {
    case .gltf: "candela and lux taken as W/sr and W/m² (--light-unit gltf)"
    case .standard: "candela and lux of Blender's Standard mode, at 683 lumens a watt (--light-unit standard)"
    case .unitless: "Blender's Unitless mode (--light-unit unitless)"
    case .raw: "Blender's watts (--light-unit raw)"
    }
  }

  /// The exporter's first version with lighting modes.
  private static let firstVersionWithModes = [3, 4, 39]

  /// What a generator writes by default.
  ///
  /// - Parameter generator: `asset.generator`, such as `Khronos glTF Blender I/O v5.0.21`.
  static func written(by generator: String?) -> LightUnit {
    guard let generator, let range = generator.range(of: "glTF Blender I/O v") else { return .gltf }
    let version = generator[range.upperBound...].prefix { $0.isNumber || $0 == "." }.split(separator: ".").map {
      Int($0) ?? 0
    }
    guard version.count >= 3 else { return .gltf }
    return version.lexicographicallyPrecedes(firstVersionWithModes) ? .raw : .standard
  }
}
