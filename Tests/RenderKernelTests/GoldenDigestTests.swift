import LaneMath
import Testing

@testable import RenderKernel

@Suite("Golden digests")
struct GoldenDigestTests {
  private func furnaceScene() -> FrameDescription {
    var builder = SceneBuilder()
    builder.sphere(.zero, 1, segments: 16)
    var material = Material()
    material.metallic = 0.5
    material.roughness = 0.4
    var description = frame(builder.mesh(), [material], camera: camera(distance: 4))
    description.environment = uniformEnvironment()
    return description
  }

  private func check(_ description: FrameDescription, _ size: RenderSettings, _ expected: UInt64, _ rays: UInt64) {
    let result = render(prepared(description), size, samples: 0..<4)
    let found = digest(result.planes.values.bytes)
    let advice: Comment = """
      Pixels or work changed: 0x\(String(found, radix: 16)), rays \(result.counters.rays). If that is meant, raise \
      `kernelRevision` (\(kernelRevision)) and write the new values here; ledgers and running jobs depend on it.
      """
    #expect(found == expected, advice)
    #expect(result.counters.rays == rays, advice)
  }

  @Test("A scene with everything in it")
  func mixed() { check(mixedScene(), settings(48, 32, bounces: 5), 0x8fbb1126e88a79de, 10553) }

  @Test("A sphere in a furnace, box filter")
  func furnace() {
    var size = settings(32, 32)
    size.filter = .box
    check(furnaceScene(), size, 0x17eb_6745_2059_394f, 4929)
  }

  @Test("An orthographic camera, flat normals, no environment")
  func orthographic() {
    var description = mixedScene()
    description.environment = nil
    description.camera.projection = .orthographic(halfHeight: 1.5)
    check(description, settings(32, 32, bounces: 2), 0x83af_fec1_189f_fcc3, 7659)
  }

  @Test("Double-sided surfaces give the bits of revision 6")
  func doubleSided() {
    var description = mixedScene()
    for index in description.materials.indices { description.materials[index].isDoubleSided = true }
    check(description, settings(48, 32, bounces: 5), 0x7432_4317_88a8_8446, 10557)
  }
}
