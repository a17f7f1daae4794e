import LaneMath

/// Emissive triangles and punctual lights of a frame, ready for sampling.
///
/// A vertex of a path asks one light of each kind that the frame has (environment, emissive triangles, punctual lights), by
/// its power. A triangle's chance is proportional to area times luminance of its
/// material, so that the density at a point depends on the material alone.
final class LightTables: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  struct EmissiveTriangle {
    var instance: UInt32
    var triangle: UInt32
  }

  let triangles: FlatBuffer<EmissiveTriangle>
  /// Running sums of the triangles' chances, `count + 1`, the last is 1.
  let triangleSums: FlatBuffer<Float>
  /// For each material: density of its points per unit of world area.
  let areaDensity: FlatBuffer<Float>
  let punctual: FlatBuffer<PunctualLight>
  /// Running sums, `count + 1`, the last is 1.
  let punctualSums: FlatBuffer<Float>
  let kindCount: Int
  /// Environment, emissive triangles, punctual lights.
  static let largestKindCount = 3

  init(
    _ frame: FrameDescription, materials: FlatBuffer<MaterialView>, instances: FlatBuffer<InstanceGeometry>,
    hasEnvironment: Bool
  ) {
    var list: [EmissiveTriangle] = []
    var weights: [Double] = []
    let luminances = materials.elements.map { LightTables.meanLuminance($0) }
    var anyEmissive = false
    for value in luminances where value > 0 { anyEmissive = true }
    if anyEmissive {
      for (i, instance) in frame.instances.enumerated() {
        let mesh = frame.meshes[instance.mesh]
        for triangle in 0..<mesh.triangleCount {
          let geometry = instances[i]
          let light = luminances[geometry.materialIndex(triangle)]
          guard light > 0 else { continue }
          let area = LightTables.area(geometry, triangle)
          guard area > 0, area < .infinity else { continue }
          list.append(EmissiveTriangle(instance: UInt32(i), triangle: UInt32(triangle)))
          weights.append(Double(area) * Double(light))
        }
      }
    }
    triangles = FlatBuffer(list)
    let total: Double
    (triangleSums, total) = LightTables.sums(weights)
    areaDensity = FlatBuffer(luminances.map { total > 0 ? Float(Double($0) / total) : 0 })
    let lights = frame.lights.filter { luminance($0.intensity) > 0 }
    punctual = FlatBuffer(lights)
    punctualSums = LightTables.sums(lights.map { Double(luminance($0.intensity)) }).0
    kindCount = (hasEnvironment ? 1 : 0) + (list.isEmpty ? 0 : 1) + (lights.isEmpty ? 0 : 1)
  }

  private static func sums(_ weights: [Double]) -> (FlatBuffer<Float>, Double) {
    var total = 0.0
    for weight in weights { total += weight }
    let sums = FlatBuffer<Float>(count: weights.count + 1) { sums in
      var running = 0.0
      for (i, weight) in weights.enumerated() {
        sums[i] = Float(running / total)
        running += weight
      }
      sums[weights.count] = 1
    }
    return (sums, total)
  }

  private static func meanLuminance(_ material: MaterialView) -> Float {
    guard material.isEmissive else { return 0 }
    let light = luminance(material.material.emissive)
    guard light > 0, let texture = material.emissiveTexture else { return max(0, light) }
    // It only steers samples; never zero, because a texel that the mean's bytes cannot show may shine.
    let mean = texture.mean
    return light * max(0.01, luminance(SIMD3(mean.x, mean.y, mean.z)))
  }

  static func area(_ geometry: borrowing InstanceGeometry, _ triangle: Int) -> Float {
    let i = geometry.corners(triangle)
    let p0 = geometry.objectToWorld.point(geometry.position(i.0))
    let p1 = geometry.objectToWorld.point(geometry.position(i.1))
    let p2 = geometry.objectToWorld.point(geometry.position(i.2))
    let n = cross(p1 - p0, p2 - p0)
    return 0.5 * dot(n, n).squareRoot()
  }
}

/// The light tables as the kernel reads them.
struct LightView {
  var triangles: UnsafePointer<LightTables.EmissiveTriangle>
  var triangleSums: UnsafePointer<Float>
  var triangleCount: Int
  var areaDensity: UnsafePointer<Float>
  var punctual: UnsafePointer<PunctualLight>
  var punctualSums: UnsafePointer<Float>
  var punctualCount: Int
  var kindCount: Int

  init(_ tables: LightTables) {
    triangles = UnsafePointer(tables.triangles.pointer)
    triangleSums = UnsafePointer(tables.triangleSums.pointer)
    triangleCount = tables.triangles.count
    areaDensity = UnsafePointer(tables.areaDensity.pointer)
    punctual = UnsafePointer(tables.punctual.pointer)
    punctualSums = UnsafePointer(tables.punctualSums.pointer)
    punctualCount = tables.punctual.count
    kindCount = tables.kindCount
  }

  /// Last index with `sums[index] <= u`.
  @inline(__always)
  static func find(_ sums: UnsafePointer<Float>, _ count: Int, _ u: Float) -> Int {
    var (low, high) = (0, count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if sums[middle] <= u { low = middle } else { high = middle }
    }
    return low
  }
}
