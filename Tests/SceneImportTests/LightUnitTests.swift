import Foundation
import KernelScene
import SceneModel
import Testing

@testable import SceneImport

@Suite("Units of lamps")
struct LightUnitTests {
  /// A sun, a point lamp and a spot, each of that intensity.
  private func intensities(_ intensity: Float, generator: String?, _ unit: LightUnit? = nil) throws -> [Float] {
    var file = SmallFile()
    let lamps = ["directional", "point", "spot"].map { "{\"type\":\"\($0)\",\"intensity\":\(intensity)}" }
    file.members = [
      "\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[\(lamps.joined(separator: ","))]}}",
      "\"nodes\":["
        + (0..<3).map { "{\"extensions\":{\"KHR_lights_punctual\":{\"light\":\($0)}}}" }.joined(separator: ",") + "]",
    ]
    var options = ImportOptions()
    options.lightUnit = unit
    let text = file.json.replacingOccurrences(
      of: "\"version\":\"2.0\"", with: "\"version\":\"2.0\"" + (generator.map { ",\"generator\":\"\($0)\"" } ?? ""))
    let imported = try SmallFile.load(Data(text.utf8), options)
    return try imported.state(frame: 1).lights.map(\.intensity.y)
  }

  @Test("Each mode of Blender's exporter gives the lamp's power back")
  func modes() throws {
    // What is written for a power of 100 W, or W/m² for the sun; Cycles has 100 and 100 / 4π.
    let (sun, lamp): (Float, Float) = (100, 100 / (4 * .pi))
    for (unit, file) in [
      (LightUnit.standard, [683 * sun, 683 * lamp]), (.unitless, [sun, lamp]), (.raw, [100, 100]),
      (.gltf, [sun, lamp]),
    ] {
      #expect(near(try intensities(file[0], generator: nil, unit)[0], sun, 1e-3))
      for place in 1...2 { #expect(near(try intensities(file[1], generator: nil, unit)[place], lamp, 1e-4)) }
    }
  }

  @Test("Lamps far too dim for the mode that is taken get a hint at another")
  func hint() throws {
    func text(_ intensity: Float) throws -> String {
      var file = SmallFile()
      file.members = [
        "\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[{\"type\":\"point\",\"intensity\":\(intensity)}]}}",
        "\"nodes\":[{\"extensions\":{\"KHR_lights_punctual\":{\"light\":0}}}]",
      ]
      let json = file.json.replacingOccurrences(
        of: "\"version\":\"2.0\"", with: "\"version\":\"2.0\",\"generator\":\"Khronos glTF Blender I/O v4.0.44\"")
      let warnings = try SmallFile.load(Data(json.utf8), ImportOptions()).warnings
      return try #require(warnings.first { $0.description.hasPrefix("lights") }).description
    }
    // 1000 W, as Unitless and as Standard writes them.
    #expect(try text(79.577).contains("try --light-unit unitless"))
    #expect(try !text(79.577 * 683).contains("try"))
  }

  @Test(
    "The generator's version decides where nothing is said",
    arguments: [
      ("Khronos glTF Blender I/O v5.0.21", LightUnit.standard), ("Khronos glTF Blender I/O v3.4.39", .standard),
      ("Khronos glTF Blender I/O v3.4.38", .raw), ("Khronos glTF Blender I/O v3.3.32", .raw),
      ("Khronos glTF Blender I/O v1.8.19", .raw),
      ("Khronos glTF Blender I/O v10.1.0", .standard), ("Khronos glTF Blender I/O v4", .gltf), ("COLLADA2GLTF", .gltf),
      (nil, .gltf),
    ] as [(String?, LightUnit)])
  func generators(_ generator: String?, _ expected: LightUnit) throws {
    #expect(LightUnit.written(by: generator) == expected)
    let factor = expected == .standard ? 1 / Float(683) : 1
    #expect(near(try intensities(683, generator: generator)[0], 683 * factor, 1e-3))
  }
}
