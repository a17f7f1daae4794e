import LaneMath
import KernelScene
import SceneModel

/// Lights of KHR_lights_punctual, with the nodes that place them.
struct PlacedLight: Sendable {
  var node: Int
  var light: PunctualLight

  /// - Parameters:
  ///   - nodes: Visible nodes of the scene.
  ///   - unit: What the file's intensities are.
  static func all(_ document: GLTFDocument, nodes: [Int], unit: LightUnit) throws(ImportError) -> [PlacedLight] {
    let name = "KHR_lights_punctual"
    guard nodes.contains(where: { document.nodes[$0]["extensions"][name]["light"].isPresent }) else { return [] }
    let kinds = try document.root["extensions"][name]["lights"].array()
    var result: [PlacedLight] = []
    for node in nodes {
      let reference = document.nodes[node]["extensions"][name]["light"]
      guard reference.isPresent else { continue }
      guard result.count < BundleLimits.lightCount else { throw reference.fault("there are too many lights") }
      do throws(ImportError) {
        guard let index = try reference.index(below: kinds.count, of: "lights") else { continue }
        result.append(PlacedLight(node: node, light: try light(kinds[index], document, unit)))
      } catch {
        document.warn(.leftOut, "\(error.description); the light is left out")
      }
    }
    return result
  }

  /// True below two watts, and below a tenth of a watt a square metre for a sun: lamps are rarely set so low in Blender, where
  /// a new one has ten watts or more.
  var isDim: Bool {
    let brightest = light.intensity.max()
    return light.kind == .directional ? brightest < 0.1 : brightest * 4 * .pi < 2
  }

  private static func light(
    _ node: JSONNode, _ document: GLTFDocument, _ unit: LightUnit
  ) throws(ImportError) -> PunctualLight {
    let kind: PunctualLight.Kind
    switch try node["type"].string() ?? "" {
    case "directional": kind = .directional
    case "point": kind = .point
    case "spot": kind = .spot
    case let other: throw node["type"].fault("'\(other)' is none of directional, point, spot")
    }
    let color = try node["color"].floats(count: 3) ?? [1, 1, 1]
    let intensity = max(0, try node["intensity"].float(1)) * unit.factor(kind)
    let radiance = SIMD3(max(0, color[0]), max(0, color[1]), max(0, color[2])) * intensity
    guard Vector.isFinite(radiance) else { throw node["intensity"].fault("times the colour is too large") }
    var result = PunctualLight(kind: kind, intensity: radiance)
    if kind != .directional, node["range"].isPresent {
      let range = try node["range"].float(0)
      if range > 0 {
        result.range = range
      } else {
        document.warn(
          .leftOut, "\(node["range"].path): found \(range), expected more than 0; the light shines without a range")
      }
    }
    if kind == .spot {
      let quarter = Float.pi / 4
      let outer = max(0, min(2 * quarter, try node["spot"]["outerConeAngle"].float(quarter)))
      let inner = max(0, min(outer, try node["spot"]["innerConeAngle"].float(0)))
      result.cosInnerCone = laneCos(inner)
      result.cosOuterCone = laneCos(outer)
    }
    return result
  }

  func light(_ world: Affine) -> PunctualLight {
    var result = light
    result.position = world.origin
    result.direction = Vector.normalized(world.vector([0, 0, -1])) ?? [0, 0, -1]
    return result
  }
}
