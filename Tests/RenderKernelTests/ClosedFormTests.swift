import LaneMath
import Testing

@testable import RenderKernel

/// A rough dielectric would reflect some light at its coat: the closed forms need Lambert only, which a metal cannot be
/// and a dielectric nearly is. So they are stated for the albedo that the surface has.
private func matte(_ color: Float) -> Material {
  var material = Material()
  material.baseColor = [color, color, color, 1]
  material.metallic = 0
  material.roughness = 1
  return material
}

@Suite("Closed forms")
struct ClosedFormTests {
  private let dielectric = Vector<Float>(0.04, 0.04, 0.04)

  /// Radiance that one unit of irradiance from a direction makes at normal view.
  private func response(_ color: Float, cosine: Float) -> Double {
    let lobes = SurfaceLobes<Float>(
      baseColor: Vector(color, color, color), dielectric: dielectric, metallic: 0, roughness: 1, cosO: 1,
      table: UnsafePointer(AlbedoTables.shared.values.pointer))
    let wi = Vector<Float>((1 - cosine * cosine).squareRoot(), 0, cosine)
    return Double(lobes.evaluate(Vector(0, 0, 1), wi).value.x / cosine)
  }

  private func floor() -> SceneBuilder {
    var builder = SceneBuilder()
    builder.quad([-50, -50, 0], [100, 0, 0], [0, 100, 0])
    return builder
  }

  @Test("A directional light at an angle")
  func directional() {
    var description = frame(floor().mesh(), [matte(0.5)], camera: camera(distance: 2, tanHalfHeight: 0.001))
    var light = PunctualLight(kind: .directional, intensity: [3, 3, 3])
    light.direction = [-0.8, 0, -0.6]
    description.lights = [light]
    let planes = render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<4).planes
    #expect((mean(planes, x: 0..<16, y: 0..<16) / (3 * 0.6 * response(0.5, cosine: 0.6)) - 1).magnitude < 1e-3)
  }

  @Test("A point light above a plane falls off with the square of its distance")
  func point() {
    var description = frame(floor().mesh(), [matte(0.5)], camera: camera(distance: 2, tanHalfHeight: 0.001))
    var light = PunctualLight(kind: .point, intensity: [10, 10, 10])
    light.position = [3, 0, 4]
    description.lights = [light]
    let planes = render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<4).planes
    let expected = 10.0 / 25 * 0.8 * response(0.5, cosine: 0.8)
    #expect((mean(planes, x: 0..<16, y: 0..<16) / expected - 1).magnitude < 1e-3)
    description.lights[0].range = 4
    #expect(mean(render(prepared(description), settings(16, 16), samples: 0..<1).planes, x: 0..<16, y: 0..<16) == 0)
  }

  @Test("A spot light is dark outside its cone and full inside the inner one")
  func spot() {
    var description = frame(floor().mesh(), [matte(0.5)], camera: camera(distance: 2, tanHalfHeight: 0.001))
    var light = PunctualLight(kind: .spot, intensity: [10, 10, 10])
    light.position = [0, 0, 1]
    light.direction = [0, 0, -1]
    light.cosInnerCone = 0.9
    light.cosOuterCone = 0.8
    description.lights = [light]
    let inside = render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<1).planes
    #expect((mean(inside, x: 0..<16, y: 0..<16) / (10 * response(0.5, cosine: 1)) - 1).magnitude < 2e-3)
    description.lights[0].direction = [0.8, 0, -0.6]
    let outside = render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<1).planes
    #expect(mean(outside, x: 0..<16, y: 0..<16) == 0)
  }

  @Test("An emissive square lights the plane below it as its form factor says", arguments: [Float(0.6), 1.0])
  func emissiveSquare(roughness: Float) {
    // Behind the camera, so that only its light is seen.
    var builder = floor()
    builder.quad([-1, -1, 3], [2, 0, 0], [0, 2, 0], material: 1)
    var emitter = matte(0)
    emitter.emissive = [2, 2, 2]
    var receiver = matte(0.5)
    receiver.roughness = roughness
    let description = frame(builder.mesh(), [receiver, emitter], camera: camera(distance: 2, tanHalfHeight: 0.001))
    let planes = render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<256).planes
    let lobes = SurfaceLobes<Float>(
      baseColor: Vector(0.5, 0.5, 0.5), dielectric: dielectric, metallic: 0, roughness: roughness, cosO: 1,
      table: UnsafePointer(AlbedoTables.shared.values.pointer))
    var expected = 0.0
    for i in 0..<200 {
      for j in 0..<200 {
        let p = SIMD3<Float>((Float(i) + 0.5) / 100 - 1, (Float(j) + 0.5) / 100 - 1, 3)
        let w = normalized(p, or: .zero)
        let value = lobes.evaluate(Vector(0, 0, 1), Vector(w.x, w.y, w.z)).value.x
        expected += Double(2 * value * w.z / dot(p, p)) * 4 / 40_000
      }
    }
    #expect((mean(planes, x: 0..<16, y: 0..<16) / expected - 1).magnitude < 0.01)
  }

  @Test("A half see-through emitter lights half as much")
  func seeThroughEmitter() {
    func brightness(_ alpha: Float) -> Double {
      var builder = floor()
      builder.quad([-1, -1, 3], [2, 0, 0], [0, 2, 0], material: 1)
      var emitter = matte(0)
      emitter.emissive = [2, 2, 2]
      emitter.alphaMode = .blend
      emitter.baseColor.w = alpha
      let description = frame(
        builder.mesh(), [matte(0.5), emitter], camera: camera(distance: 2, tanHalfHeight: 0.001))
      return mean(
        render(prepared(description), settings(16, 16, bounces: 0), samples: 0..<256).planes, x: 0..<16, y: 0..<16)
    }
    #expect((brightness(0.5) / brightness(1) - 0.5).magnitude < 0.01)
  }

  @Test(
    "A plane under a turned, uneven environment reflects the integral", arguments: [Float(0.25), 0.6, 1], [Float(0), 1])
  func unevenEnvironment(roughness: Float, metallic: Float) {
    var texels: [Float] = []
    for i in 0..<32 * 16 { texels += [Float](repeating: i % 37 == 5 ? 40 : Float(i % 7) * 0.1, count: 3) }
    var material = matte(0.8)
    material.roughness = roughness
    material.metallic = metallic
    var description = frame(floor().mesh(), [material], camera: camera(distance: 2, tanHalfHeight: 0.001))
    description.environment = Environment(width: 32, height: 16, texels: FlatBuffer(texels))
    description.worldToEnvironment = Affine(x: [0.8, 0, 0.6, 0], y: [0, 1, 0, 0], z: [-0.6, 0, 0.8, 0])
    let frame = prepared(description)
    let planes = render(frame, settings(16, 16, bounces: 0), samples: 0..<256).planes
    let lobes = SurfaceLobes<Float>(
      baseColor: Vector(0.8, 0.8, 0.8), dielectric: dielectric, metallic: metallic, roughness: roughness, cosO: 1,
      table: UnsafePointer(AlbedoTables.shared.values.pointer))
    var expected = 0.0
    let (rows, columns) = (600, 1200)
    for row in 0..<rows {
      let z = (Float(row) + 0.5) / Float(rows)
      let radius = (1 - z * z).squareRoot()
      for column in 0..<columns {
        let (s, c) = laneSinCosTurns((Float(column) + 0.5) / Float(columns))
        let w = Vector<Float>(radius * c, radius * s, z)
        expected += Double(lobes.evaluate(Vector(0, 0, 1), w).value.x * frame.environment!.radiance(w).radiance.x)
      }
    }
    expected *= 2 * .pi / Double(rows * columns)
    #expect((mean(planes, x: 0..<16, y: 0..<16) / expected - 1).magnitude < 0.015)
  }

  @Test("Nothing appears or is lost in a uniform environment", arguments: [Float(0.3), 0.7, 1], [Float(0), 1])
  func furnace(roughness: Float, metallic: Float) {
    var builder = SceneBuilder()
    builder.sphere(.zero, 1, segments: 32)
    var material = matte(1)
    material.roughness = roughness
    material.metallic = metallic
    var description = frame(builder.mesh(), [material], camera: camera(distance: 4))
    description.environment = uniformEnvironment(0.5)
    let planes = render(prepared(description), settings(32, 32, bounces: 16), samples: 0..<64).planes
    let seen = mean(planes, x: 11..<21, y: 11..<21)
    #expect((seen / 0.5 - 1).magnitude < 0.015, "\(seen)")
    // Around the sphere it is the environment itself.
    #expect((mean(planes, x: 0..<4, y: 0..<4) / 0.5 - 1).magnitude < 1e-4)
  }

  @Test("Light that bounces in a closed white-ish box adds up segment by segment")
  func closedBox() {
    var builder = SceneBuilder()
    let corners: [(SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)] = [
      ([-1, -1, -1], [2, 0, 0], [0, 2, 0]), ([-1, -1, 1], [2, 0, 0], [0, 2, 0]),
      ([-1, -1, -1], [0, 2, 0], [0, 0, 2]),
      ([1, -1, -1], [0, 2, 0], [0, 0, 2]), ([-1, -1, -1], [2, 0, 0], [0, 0, 2]), ([-1, 1, -1], [2, 0, 0], [0, 0, 2]),
    ]
    for (corner, a, b) in corners { builder.quad(corner, a, b) }
    // Inside, all walls shine alike: every segment adds one unit.
    var white = matte(1)
    white.emissive = [1, 1, 1]
    let bounces = 3
    let description = frame(builder.mesh(), [white], camera: camera(distance: 0.5))
    let planes = render(prepared(description), settings(16, 16, bounces: bounces), samples: 0..<64).planes
    // The camera ray, then `bounces` + 1 more.
    let expected = Double(bounces + 2)
    #expect((mean(planes, x: 0..<16, y: 0..<16) / expected - 1).magnitude < 0.02)
  }

  @Test(
    "Scenes a millimetre or a thousand kilometres wide look like scenes of a metre", arguments: [Float(1e-3), 1, 1e6])
  func scales(scale: Float) {
    var builder = SceneBuilder()
    builder.sphere([0, 0, 0], scale, segments: 48)
    builder.quad([-4 * scale, -scale, -4 * scale], [0, 0, 8 * scale], [8 * scale, 0, 0])
    var description = frame(builder.mesh(), [matte(1)], camera: camera(distance: 4 * scale))
    description.environment = uniformEnvironment(1)
    let planes = render(prepared(description), settings(32, 32, bounces: 24), samples: 0..<16).planes
    #expect((mean(planes, x: 0..<32, y: 0..<32) - 1).magnitude < 0.02)
  }
}
