import LaneMath

/// A light seen from a point: where it is, and what it would contribute unblocked to a surface that reflects everything.
struct LightSample {
  /// Unit vector towards the light.
  var direction: SIMD3<Float>
  var distance: Float
  /// Radiance divided by the sample's density.
  var radiance: SIMD3<Float>
  /// Per steradian; zero for lights that a scattered ray cannot hit by chance.
  var density: Float

  static let none = LightSample(direction: .zero, distance: 0, radiance: .zero, density: 0)
}

extension LightView {
  /// A point of an emissive triangle.
  ///
  /// - Parameters:
  ///   - origin: Where the shadow ray will start.
  ///   - choice: In [0, 1): chooses the triangle; what is left of it is the first coordinate, so that the points of one
  ///     triangle stay as evenly spread as those that come in.
  ///   - v: In [0, 1).
  @inline(never)
  func sampleTriangle(
    from origin: SIMD3<Float>, choice: Float, v: Float, instances: UnsafePointer<InstanceGeometry>,
    materials: UnsafePointer<MaterialView>
  ) -> LightSample {
    let index = LightView.find(triangleSums, triangleCount, choice)
    let emitter = triangles[index]
    let geometry = instances + Int(emitter.instance)
    let corners = geometry.pointee.corners(Int(emitter.triangle))
    // Uniform over the triangle, by folding the square (Heitz 2019).
    var v = v
    var u = min((choice - triangleSums[index]) / (triangleSums[index + 1] - triangleSums[index]), 0x1.fffffep-1)
    if v > u {
      u *= 0.5
      v -= u
    } else {
      v *= 0.5
      u -= v
    }
    let p0 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.0))
    let p1 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.1))
    let p2 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.2))
    let point = InstanceGeometry.blend(p0, p1, p2, u, v)
    let normal = normalized(cross(p1 - p0, p2 - p0), or: .zero)
    let segment = point - origin
    let square = dot(segment, segment)
    guard square > 0, square < .infinity else { return .none }
    let distance = square.squareRoot()
    let direction = segment / distance
    let cosine = dot(normal, direction).magnitude
    guard cosine > 1e-6 else { return .none }
    let materialIndex = geometry.pointee.materialIndex(Int(emitter.triangle))
    let density = areaDensity[materialIndex] * square / cosine
    guard density > 0 else { return .none }
    let material = materials + materialIndex
    let place = SurfaceCoordinates(geometry, corners, u, v)
    var emission = material.pointee.emission(place)
    // A ray that arrives by chance sees a see-through emitter as often as its filter accepts it.
    if material.pointee.material.alphaMode != .opaque {
      emission *= material.pointee.coverage(place, geometry.pointee.color(corners, u, v))
    }
    // The shadow ray ends before the emitter, by more than the rounding of either end.
    let reach = largestMagnitude(point) + largestMagnitude(p1 - p0) + largestMagnitude(p2 - p0) + geometry.pointee.shift
    let gap = (reach + largestMagnitude(origin)) * InstanceGeometry.relativeClearance / cosine
    return LightSample(
      direction: direction, distance: distance - min(gap, distance * 0.5), radiance: emission / density,
      density: density)
  }

  /// A punctual light.
  @inline(never)
  func samplePunctual(from origin: SIMD3<Float>, choice: Float) -> LightSample {
    let index = LightView.find(punctualSums, punctualCount, choice)
    let source = punctual + index
    let probability = punctualSums[index + 1] - punctualSums[index]
    guard probability > 0 else { return .none }
    var light = source.pointee.intensity / probability
    if source.pointee.kind == .directional {
      return LightSample(direction: -source.pointee.direction, distance: .infinity, radiance: light, density: 0)
    }
    let segment = source.pointee.position - origin
    let square = dot(segment, segment)
    guard square > 0, square < .infinity else { return .none }
    let distance = square.squareRoot()
    let direction = segment / distance
    light /= square
    // Windowing as KHR_lights_punctual recommends.
    if source.pointee.range < .infinity {
      let ratio = distance / source.pointee.range
      let r2 = ratio * ratio
      light *= clamp01(1 - r2 * r2)
    }
    if source.pointee.kind == .spot {
      let cosine = -dot(direction, source.pointee.direction)
      let (inner, outer) = (source.pointee.cosInnerCone, source.pointee.cosOuterCone)
      let fade = clamp01((cosine - outer) / max(1e-3, inner - outer))
      light *= fade * fade
    }
    return LightSample(direction: direction, distance: distance, radiance: light, density: 0)
  }
}
