import LaneMath

@testable import RenderKernel

/// Small scenes out of quads and spheres.
struct SceneBuilder {
  var positions: [Float] = []
  var normals: [Float] = []
  var tangents: [Float] = []
  var uv: [Float] = []
  var colors: [Float] = []
  var indices: [UInt32] = []
  var materials: [UInt16] = []

  private mutating func vertex(_ p: SIMD3<Float>, _ n: SIMD3<Float>, _ t: SIMD3<Float>, _ u: SIMD2<Float>) {
    positions += [p.x, p.y, p.z]
    normals += [n.x, n.y, n.z]
    tangents += [t.x, t.y, t.z, 1]
    uv += [u.x, u.y]
  }

  /// A parallelogram; its front is on the side of a × b.
  mutating func quad(_ corner: SIMD3<Float>, _ a: SIMD3<Float>, _ b: SIMD3<Float>, material: UInt16 = 0) {
    let first = UInt32(positions.count / 3)
    let n = normalized(cross(a, b), or: .zero)
    let t = normalized(a, or: .zero)
    vertex(corner, n, t, [0, 0])
    vertex(corner + a, n, t, [1, 0])
    vertex(corner + a + b, n, t, [1, 1])
    vertex(corner + b, n, t, [0, 1])
    indices += [first, first + 1, first + 2, first, first + 2, first + 3]
    materials += [material, material]
  }

  mutating func sphere(_ center: SIMD3<Float>, _ radius: Float, segments: Int = 24, material: UInt16 = 0) {
    let first = UInt32(positions.count / 3)
    for j in 0...segments {
      for i in 0...2 * segments {
        let (st, ct) = laneSinCos(Float.pi * Float(j) / Float(segments))
        let (sp, cp) = laneSinCos(Float.pi * Float(i) / Float(segments))
        let n = SIMD3(st * cp, ct, st * sp)
        vertex(
          center + n * radius, n, [-sp, 0, cp], [Float(i) / Float(2 * segments), Float(j) / Float(segments)])
      }
    }
    let row = UInt32(2 * segments + 1)
    for j in 0..<UInt32(segments) {
      for i in 0..<UInt32(2 * segments) {
        let a = first + j * row + i
        indices += [a, a + 1, a + row + 1, a, a + row + 1, a + row]
        materials += [material, material]
      }
    }
  }

  func mesh(flat: Bool = false) -> MeshArrays {
    MeshArrays(
      positions: FlatBuffer(positions), normals: FlatBuffer(flat ? [] : normals), tangents: FlatBuffer(tangents),
      uv0: FlatBuffer(uv), colors: FlatBuffer(colors), indices: FlatBuffer(indices), materials: FlatBuffer(materials))
  }
}

/// Looks along −z from (0, 0, distance).
func camera(distance: Float, tanHalfHeight: Float = 0.5) -> Camera {
  Camera(
    projection: .perspective(tanHalfHeight: tanHalfHeight),
    cameraToWorld: Affine(x: [1, 0, 0, 0], y: [0, 1, 0, 0], z: [0, 0, 1, distance]))
}

func frame(_ mesh: MeshArrays, _ materials: [Material], camera: Camera) -> FrameDescription {
  var description = FrameDescription(camera: camera)
  description.meshes = [mesh]
  description.instances = [MeshInstance(mesh: 0, objectToWorld: .identity)!]
  description.materials = materials
  return description
}

func uniformEnvironment(_ radiance: Float = 1) -> Environment {
  Environment(width: 16, height: 8, texels: FlatBuffer([Float](repeating: radiance, count: 16 * 8 * 3)))
}

func prepared(_ description: FrameDescription, kind: AccelerationKind = .wide) -> PreparedFrame {
  let flags = PreparedFrame.alphaTested(description.materials)
  return PreparedFrame(
    description,
    meshes: description.meshes.map { PreparedMesh($0, alphaTested: flags, kind: kind, threadCount: 1) }, kind: kind,
    environmentTables: nil)
}

/// The whole frame's sums.
func render(
  _ frame: PreparedFrame, _ settings: RenderSettings, samples: Range<Int>, lanes: ExecutionOptions.LaneWidth = .wide,
  frameNumber: Int = 1
) -> (planes: UnitPlanes, counters: WorkCounters) {
  var options = ExecutionOptions()
  options.laneWidth = lanes
  let tile = TileRectangle(x: 0, y: 0, width: settings.width, height: settings.height)
  do {
    return try renderUnit(
      frame, settings: settings, frameNumber: frameNumber, tile: tile, samples: samples, options: options,
      isCancelled: { false })
  } catch { fatalError("cancelled") }
}

/// Mean of a plane over a rectangle of pixels, per sample.
func mean(_ planes: UnitPlanes, plane: Int = 1, x: Range<Int>, y: Range<Int>) -> Double {
  var sum = 0.0
  for row in y {
    for column in x {
      sum += Double(planes.values[plane * planes.tile.pixelCount + row * planes.tile.width + column])
    }
  }
  return sum / Double(x.count * y.count * planes.samples.count)
}

func settings(_ width: Int, _ height: Int, bounces: Int = 8, sampleCount: Int = 16) -> RenderSettings {
  var settings = RenderSettings(width: width, height: height, sampleCount: sampleCount)
  settings.bounces = bounces
  return settings
}

func sameBits(_ a: FlatBuffer<Float>, _ b: FlatBuffer<Float>) -> Bool { a.bytes.elementsEqual(b.bytes) }

/// FNV-1a.
func digest(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  return hash
}

/// A room with a bit of everything, in the view of `camera(distance: 3)`.
func mixedScene() -> FrameDescription {
  var builder = SceneBuilder()
  builder.quad([-2, -1, -2], [0, 0, 4], [4, 0, 0], material: 0)
  builder.quad([-2, -1, -2], [4, 0, 0], [0, 3, 0], material: 1)
  builder.sphere([-0.6, -0.4, 0], 0.5, segments: 12, material: 2)
  builder.sphere([0.6, -0.5, 0.2], 0.4, segments: 12, material: 3)
  builder.quad([-0.4, 1.2, -0.4], [0.8, 0, 0], [0, 0, 0.8], material: 4)
  builder.quad([0.2, -0.9, 0.9], [0.6, 0, 0], [0, 0.6, 0], material: 5)
  builder.quad([-1.2, -0.9, 0.8], [0.4, 0, 0], [0, 0.4, 0], material: 6)
  var materials = [Material](repeating: Material(), count: 7)
  materials[0].metallic = 0
  materials[0].baseColorTexture = TextureReference(texture: 0)
  materials[0].surfaceTexture = TextureReference(texture: 1)
  materials[1].baseColor = [0.8, 0.3, 0.2, 1]
  materials[1].metallic = 0
  materials[1].roughness = 0.9
  materials[1].normalTexture = TextureReference(texture: 1)
  materials[2].roughness = 0.2
  materials[2].baseColor = [1, 0.8, 0.4, 1]
  materials[3].metallic = 0.3
  materials[3].roughness = 0.4
  materials[4].emissive = [6, 5, 4]
  materials[4].emissiveTexture = TextureReference(texture: 0)
  materials[5].alphaMode = .blend
  materials[5].baseColor = [0.2, 0.4, 0.9, 0.5]
  materials[5].metallic = 0
  materials[6].alphaMode = .mask
  materials[6].isUnlit = true
  materials[6].baseColorTexture = TextureReference(texture: 1)
  var description = frame(builder.mesh(), materials, camera: camera(distance: 3))
  func texture(_ encoding: Texture.Encoding, _ wrap: Texture.Wrap) -> Texture {
    var texels: [UInt8] = []
    for i in 0..<140 { texels.append(UInt8(truncatingIfNeeded: i * 67 + 90)) }
    return Texture(
      width: 5, height: 7, texels: FlatBuffer(texels), encoding: encoding, wrapU: wrap, wrapV: .repeat)
  }
  description.textures = [texture(.srgb, .repeat), texture(.linear, .mirroredRepeat)]
  var point = PunctualLight(kind: .spot, intensity: [2, 3, 4])
  point.position = [1, 1.5, 1]
  point.direction = normalized([-1, -1.5, -1], or: .zero)
  description.lights = [point]
  var sky: [Float] = []
  for i in 0..<32 * 16 * 3 { sky.append(i % 97 == 0 ? 20 : Float(i % 13) * 0.05) }
  description.environment = Environment(width: 32, height: 16, texels: FlatBuffer(sky))
  description.instances.append(
    MeshInstance(
      mesh: 0, objectToWorld: Affine(x: [-0.2, 0, 0.1, 0.9], y: [0, 0.3, 0, 0.5], z: [0.1, 0, 0.2, -0.5]))!)
  return description
}
