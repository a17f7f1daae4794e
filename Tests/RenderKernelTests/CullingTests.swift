import LaneMath
import Testing

@testable import RenderKernel

@Suite("Single-sided surfaces")
struct CullingTests {
  /// A red quad at z = 0 before a green one at z = −1, both unlit; the camera is at z = 3.
  ///
  /// - Parameter isTurned: Whether the red quad's front is away from the camera.
  private func scene(
    isTurned: Bool, isMirrored: Bool = false, kind: AccelerationKind = .wide,
    _ edit: (inout Material) -> Void = { _ in }
  ) -> PreparedFrame {
    var (red, green) = (SceneBuilder(), SceneBuilder())
    if isTurned {
      red.quad([-5, -5, 0], [0, 10, 0], [10, 0, 0])
    } else {
      red.quad([-5, -5, 0], [10, 0, 0], [0, 10, 0])
    }
    green.quad([-9, -9, -1], [18, 0, 0], [0, 18, 0], material: 1)
    var materials = [Material(), Material()]
    for index in 0...1 { materials[index].isUnlit = true }
    (materials[0].baseColor, materials[1].baseColor) = ([1, 0, 0, 1], [0, 1, 0, 1])
    edit(&materials[0])
    var description = FrameDescription(camera: camera(distance: 3))
    description.meshes = [red.mesh(), green.mesh()]
    let mirror = Affine(x: [-1, 0, 0, 0], y: [0, 1, 0, 0], z: [0, 0, 1, 0])
    description.instances = [
      MeshInstance(mesh: 0, objectToWorld: isMirrored ? mirror : .identity)!,
      MeshInstance(mesh: 1, objectToWorld: .identity)!,
    ]
    description.materials = materials
    return prepared(description, kind: kind)
  }

  /// Mean red and green.
  private func seen(_ frame: PreparedFrame, samples: Int = 16, wide: Bool = true) -> (Double, Double) {
    let planes = render(frame, settings(16, 16), samples: 0..<samples, lanes: wide ? .wide : .scalar).planes
    return (mean(planes, plane: 0, x: 0..<16, y: 0..<16), mean(planes, plane: 1, x: 0..<16, y: 0..<16))
  }

  @Test(
    "The camera sees through backs, and through backs only",
    arguments: [(false, false, false), (true, false, true), (false, true, false), (true, true, true)])
  func fronts(isTurned: Bool, isMirrored: Bool, isCulled: Bool) {
    for kind in [AccelerationKind.wide, .reference] {
      for wide in [true, false] {
        let (red, green) = seen(scene(isTurned: isTurned, isMirrored: isMirrored, kind: kind), wide: wide)
        #expect((red, green) == (isCulled ? (0, 1) : (1, 0)))
      }
    }
  }

  @Test("Double-sided surfaces are seen from behind")
  func doubleSided() { #expect(seen(scene(isTurned: true) { $0.isDoubleSided = true }) == (1, 0)) }

  @Test("What is behind see-through fronts is culled on the straight way on")
  func throughAlpha() {
    // The front is half there; behind it a back of the same material, then green.
    var (red, green) = (SceneBuilder(), SceneBuilder())
    red.quad([-5, -5, 0], [10, 0, 0], [0, 10, 0])
    red.quad([-5, -5, -0.5], [0, 10, 0], [10, 0, 0])
    green.quad([-9, -9, -1], [18, 0, 0], [0, 18, 0], material: 1)
    var materials = [Material(), Material()]
    for index in 0...1 { materials[index].isUnlit = true }
    (materials[0].baseColor, materials[1].baseColor) = ([1, 0, 0, 0.5], [0, 1, 0, 1])
    materials[0].alphaMode = .blend
    var description = FrameDescription(camera: camera(distance: 3))
    description.meshes = [red.mesh(), green.mesh()]
    description.instances = (0...1).map { MeshInstance(mesh: $0, objectToWorld: .identity)! }
    description.materials = materials
    let (r, g) = seen(prepared(description), samples: 256)
    #expect((r - 0.5).magnitude < 0.02 && (g - 0.5).magnitude < 0.02)
  }

  @Test("Shadow rays and scattered rays meet backs")
  func scattered() {
    // The camera looks straight down on a floor. A lid above the camera keeps the sun off, whichever side is its front.
    func brightness(lid: Float?, isTurned: Bool = false, hasSun: Bool) -> Double {
      var builder = SceneBuilder()
      builder.quad([-1, 0, 1], [2, 0, 0], [0, 0, -2])
      if let lid {
        let (a, b): (SIMD3<Float>, SIMD3<Float>) = ([100, 0, 0], [0, 0, -100])
        builder.quad([-50, lid, 50], isTurned ? b : a, isTurned ? a : b, material: 1)
      }
      var (floor, black) = (Material(), Material())
      floor.metallic = 0
      black.baseColor = [0, 0, 0, 1]
      black.isUnlit = true
      var description = frame(builder.mesh(), [floor, black], camera: camera(distance: 3))
      description.camera.cameraToWorld = Affine(x: [1, 0, 0, 0], y: [0, 0, 1, 3], z: [0, -1, 0, 0])
      if hasSun {
        var light = PunctualLight(kind: .directional, intensity: [1, 1, 1])
        light.direction = [0, -1, 0]
        description.lights = [light]
      } else {
        description.environment = uniformEnvironment(1)
      }
      return mean(render(prepared(description), settings(16, 16), samples: 0..<32).planes, x: 6..<10, y: 6..<10)
    }
    for hasSun in [true, false] {
      let open = brightness(lid: nil, hasSun: hasSun)
      #expect(open > 0.2)
      for isTurned in [true, false] {
        #expect(brightness(lid: 4, isTurned: isTurned, hasSun: hasSun) < 0.05 * open)
      }
    }
  }

  @Test("All builds of the culling traversal give the same bits")
  func bits() {
    var builder = SceneBuilder()
    builder.sphere([0, 0, 0], 1.2)
    builder.sphere([0.3, 0.2, 0], 1.8)
    // Inside out: the camera sees the far halves' insides.
    for triangle in 0..<builder.indices.count / 3 { builder.indices.swapAt(triangle * 3 + 1, triangle * 3 + 2) }
    var material = Material()
    material.metallic = 0
    material.baseColor = [0.8, 0.5, 0.2, 1]
    var description = frame(builder.mesh(), [material], camera: camera(distance: 4))
    // Inside: what shines from outside meets the outsides.
    var light = PunctualLight(kind: .point, intensity: [1, 2, 3])
    light.position = [0.2, 0.1, 0.3]
    description.lights = [light]
    description.environment = uniformEnvironment(0.5)
    func bits(_ kind: AccelerationKind, wide: Bool) -> [UInt32] {
      let result = render(
        prepared(description, kind: kind), settings(32, 32), samples: 0..<8, lanes: wide ? .wide : .scalar)
      return result.planes.values.elements.map(\.bitPattern)
    }
    let first = bits(.wide, wide: true)
    #expect(bits(.wide, wide: false) == first)
    #expect(bits(.reference, wide: true) == first)
    #expect(Set(first).count > 500)
  }
}
