import LaneMath

/// Follows paths, one at a time: next-event estimation at every vertex, combined with the material's own samples by the
/// power heuristic (Veach 1997), Russian roulette from the fourth vertex on.
///
/// Dimensions of the sampler: pair 0 is the place in the pixel; vertex n uses pairs 4n + 1 (direction), 4n + 2 (lobe,
/// roulette), 4n + 3 (kind and choice of light) and 4n + 4 (place on the light).
struct PathTracer<L: TraversalLanes> {
  var counters = WorkCounters()

  private let structure: SceneStructure
  private let stack: UnsafeMutablePointer<SceneStructure.StackEntry>
  private let filter: MaterialAlphaFilter
  private let materials: UnsafePointer<MaterialView>
  private let instances: UnsafePointer<InstanceGeometry>
  private let lights: LightView
  private let hasEnvironment: Bool
  private let environment: EnvironmentView
  private let albedo: UnsafePointer<SIMD2<Float>>
  private let bounces: Int
  /// Chance of each kind of light.
  private let kindProbability: Float
  private static var rouletteStart: Int { 3 }

  init(_ frame: PreparedFrame, _ settings: RenderSettings, stack: UnsafeMutablePointer<SceneStructure.StackEntry>) {
    structure = frame.structure
    self.stack = stack
    materials = UnsafePointer(frame.materials.pointer)
    instances = UnsafePointer(frame.instances.pointer)
    filter = MaterialAlphaFilter(materials: materials, instances: instances)
    lights = LightView(frame.lights)
    let dark = UnsafePointer(AlbedoTables.shared.values.pointer)
    albedo = dark
    hasEnvironment = frame.environment != nil
    let none = UnsafeRawPointer(dark).assumingMemoryBound(to: Float.self)
    environment =
      frame.environment
      ?? EnvironmentView(
        texels: none, rows: none, columns: none, density: none, width: 1, height: 1, scale: 0,
        worldToEnvironment: .identity, environmentToWorld: .identity)
    bounces = settings.bounces
    kindProbability = lights.kindCount > 0 ? 1 / Float(lights.kindCount) : 0
  }

  /// What a surface is like where a ray meets it.
  private struct Surface {
    var position: SIMD3<Float>
    /// Unit vector on the side from which the ray came.
    var geometricNormal: SIMD3<Float>
    var frame: ShadingFrame
    var wo: SIMD3<Float>
    var lobes: MetallicRoughness
  }

  @inline(__always)
  private static func powerHeuristic(_ a: Float, _ b: Float) -> Float {
    // Ratios, because squares of large densities overflow.
    if a <= 0 { return 0 }
    let r = b / a
    return 1 / (1 + r * r)
  }

  /// Radiance that arrives along a ray.
  @inline(never)
  mutating func radiance(_ cameraRay: Ray, _ sampler: Sampler) -> SIMD3<Float> {
    counters.paths &+= 1
    var ray = cameraRay
    var throughput = SIMD3<Float>(repeating: 1)
    var result = SIMD3<Float>.zero
    /// Of the direction that led here; nil after the camera.
    var density: Float = -1
    var vertex = 0
    while true {
      counters.rays &+= 1
      let key = sampler.alphaKey(2 &* vertex)
      let hit = structure.closestHit(ray, key: key, filter: filter, lanes: L.self, stack: stack)
      if hit.isMiss {
        if hasEnvironment {
          let (light, lightDensity) = environment.radiance(ray.direction)
          let weight = density < 0 ? 1 : Self.powerHeuristic(density, lightDensity * kindProbability)
          result += throughput * light * weight
        }
        return result
      }
      let geometry = instances + Int(hit.instance)
      let triangle = Int(hit.triangle)
      let materialIndex = geometry.pointee.materialIndex(triangle)
      let material = materials + materialIndex
      let corners = geometry.pointee.corners(triangle)
      let (u, v) = (hit.u, hit.v)
      let uv0 = geometry.pointee.coordinates(geometry.pointee.uv0, corners, u, v)
      let uv1 = geometry.pointee.coordinates(geometry.pointee.uv1, corners, u, v)
      let color = material.pointee.baseColor(uv0, uv1, geometry.pointee.color(corners, u, v))
      let baseColor = SIMD3(clamp01(color.x), clamp01(color.y), clamp01(color.z))
      counters.shadingEvaluations &+= 1
      if material.pointee.material.isUnlit { return result + throughput * baseColor }

      let p0 = geometry.pointee.position(corners.0)
      let p1 = geometry.pointee.position(corners.1)
      let p2 = geometry.pointee.position(corners.2)
      let position = geometry.pointee.objectToWorld.point(InstanceGeometry.blend(p0, p1, p2, u, v))
      let outward = normalized(
        geometry.pointee.worldToObject.transposedVector(normalized(cross(p1 - p0, p2 - p0), or: [0, 1, 0])),
        or: -ray.direction)
      let wo = -ray.direction
      let cosO = dot(outward, wo)
      let geometricNormal = cosO < 0 ? -outward : outward

      if material.pointee.isEmissive {
        let emission = material.pointee.emission(uv0, uv1)
        var weight: Float = 1
        if density >= 0, lights.triangleCount > 0 {
          // Density of the light sample that would have led here, per steradian.
          let distance = position - ray.origin
          let cosine = max(1e-6, cosO.magnitude)
          let lightDensity = lights.areaDensity[materialIndex] * dot(distance, distance) / cosine * kindProbability
          weight = Self.powerHeuristic(density, lightDensity)
        }
        result += throughput * emission * weight
      }
      // The ray after the last bounce finds emitters only: it closes the estimate of direct light.
      if vertex > bounces { return result }

      var normal = outward
      if let n = geometry.pointee.normal(corners, u, v) {
        normal = normalized(geometry.pointee.worldToObject.transposedVector(n), or: outward)
      }
      if let texture = material.pointee.normalTexture, let (t, handedness) = geometry.pointee.tangent(corners, u, v) {
        let texel = texture.sample(uv0: uv0, uv1: uv1)
        let scale = material.pointee.material.normalScale
        let local = SIMD3((texel.x * 2 - 1) * scale, (texel.y * 2 - 1) * scale, texel.z * 2 - 1)
        let worldTangent = geometry.pointee.objectToWorld.vector(t)
        let tangent = normalized(worldTangent - normal * dot(worldTangent, normal), or: .zero)
        if dot(tangent, tangent) > 0.5 {
          let side = geometry.pointee.isMirrored ? -handedness : handedness
          let bitangent = cross(normal, tangent) * side
          normal = normalized(tangent * local.x + bitangent * local.y + normal * local.z, or: normal)
        }
      }
      if dot(normal, geometricNormal) < 0 { normal = -normal }
      // A normal that turns away from the viewer is bent back until it is seen at a grazing angle.
      let cosN = dot(normal, wo)
      if cosN < 0.01 { normal = normalized(normal + wo * (0.01 - cosN), or: geometricNormal) }

      var metallic = material.pointee.material.metallic
      var roughness = material.pointee.material.roughness
      if let texture = material.pointee.metallicRoughnessTexture {
        let texel = texture.sample(uv0: uv0, uv1: uv1)
        metallic *= texel.z
        roughness *= texel.y
      }
      let frame = ShadingFrame(normal)
      let localWo = frame.toLocal(wo)
      guard localWo.z > 0 else { return result }
      let surface = Surface(
        position: position, geometricNormal: geometricNormal, frame: frame, wo: localWo,
        lobes: MetallicRoughness(
          baseColor: baseColor, metallic: metallic, roughness: roughness, cosO: localWo.z, tables: albedo))

      if lights.kindCount > 0 {
        result += throughput * directLight(surface, sampler, vertex)
      }

      let pair = 4 &* vertex &+ 1
      let choice = sampler.pair(pair + 1)
      let wi = surface.lobes.sample(surface.wo, sampler.pair(pair), lobe: choice.x)
      let (value, sampleDensity) = surface.lobes.evaluate(surface.wo, wi)
      guard sampleDensity > 0 else { return result }
      throughput *= value / sampleDensity
      let direction = normalized(surface.frame.toWorld(wi), or: geometricNormal)
      // Below the true surface nothing is reflected, whatever the shading normal says.
      guard dot(direction, geometricNormal) > 0 else { return result }
      density = sampleDensity
      if vertex >= Self.rouletteStart {
        let survival = min(0.95, max(throughput.x, max(throughput.y, throughput.z)))
        if !(choice.y < survival) { return result }
        throughput /= survival
      }
      if !(throughput.x > 0 || throughput.y > 0 || throughput.z > 0) { return result }
      ray = Ray(origin: offset(position, along: geometricNormal), direction: direction, tMax: .infinity)
      vertex &+= 1
    }
  }

  /// One light's contribution, weighted against the material's own sampling.
  @inline(__always)
  private mutating func directLight(_ surface: borrowing Surface, _ sampler: Sampler, _ vertex: Int) -> SIMD3<Float> {
    let pair = 4 &* vertex &+ 3
    var choice = sampler.pair(pair)
    let scaled = choice.x * Float(lights.kindCount)
    var kind = min(lights.kindCount - 1, Int(scaled))
    choice.x = min(0x1.fffffep-1, scaled - Float(kind))
    // Kinds that the frame has, in order.
    if !hasEnvironment { kind += 1 }
    if kind >= 1, lights.triangleCount == 0 { kind += 1 }

    var direction = SIMD3<Float>.zero
    var light = SIMD3<Float>.zero
    var tMax = Float.infinity
    /// Zero for lights that the material cannot hit by chance.
    var lightDensity: Float = 0
    let origin = offset(surface.position, along: surface.geometricNormal)
    switch kind {
    case 0:
      let sample = environment.sample(sampler.pair(pair + 1))
      guard sample.density > 0 else { return .zero }
      direction = sample.direction
      lightDensity = sample.density * kindProbability
      light = sample.radiance / lightDensity
    case 1:
      let index = LightView.find(lights.triangleSums, lights.triangleCount, choice.x)
      let emitter = lights.triangles[index]
      let geometry = instances + Int(emitter.instance)
      let corners = geometry.pointee.corners(Int(emitter.triangle))
      // Uniform over the triangle, by folding the square (Heitz 2019).
      var u = sampler.pair(pair + 1)
      if u.y > u.x {
        u.x *= 0.5
        u.y -= u.x
      } else {
        u.y *= 0.5
        u.x -= u.y
      }
      let p0 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.0))
      let p1 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.1))
      let p2 = geometry.pointee.objectToWorld.point(geometry.pointee.position(corners.2))
      let point = InstanceGeometry.blend(p0, p1, p2, u.x, u.y)
      let normal = normalized(cross(p1 - p0, p2 - p0), or: .zero)
      let toLight = point - surface.position
      let square = dot(toLight, toLight)
      direction = normalized(toLight, or: .zero)
      let cosine = dot(normal, direction).magnitude
      guard square > 0, cosine > 1e-6 else { return .zero }
      let materialIndex = geometry.pointee.materialIndex(Int(emitter.triangle))
      lightDensity = lights.areaDensity[materialIndex] * square / cosine * kindProbability
      guard lightDensity > 0 else { return .zero }
      let material = materials + materialIndex
      let emission = material.pointee.emission(
        geometry.pointee.coordinates(geometry.pointee.uv0, corners, u.x, u.y),
        geometry.pointee.coordinates(geometry.pointee.uv1, corners, u.x, u.y))
      light = emission / lightDensity
      // Towards the offset point the emitter is at t = 1.
      let target = offset(point, along: dot(normal, direction) < 0 ? normal : -normal)
      let segment = target - origin
      direction = normalized(segment, or: direction)
      tMax = dot(segment, segment).squareRoot()
    default:
      let index = LightView.find(lights.punctualSums, lights.punctualCount, choice.x)
      let source = lights.punctual + index
      let probability = (lights.punctualSums[index + 1] - lights.punctualSums[index]) * kindProbability
      guard probability > 0 else { return .zero }
      light = source.pointee.intensity / probability
      if source.pointee.kind == .directional {
        direction = -source.pointee.direction
      } else {
        let segment = source.pointee.position - origin
        let square = dot(segment, segment)
        guard square > 0 else { return .zero }
        let distance = square.squareRoot()
        direction = segment / distance
        tMax = distance
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
      }
    }
    guard dot(direction, surface.geometricNormal) > 0 else { return .zero }
    let wi = surface.frame.toLocal(direction)
    let (value, density) = surface.lobes.evaluate(surface.wo, wi)
    var contribution = value * light
    if lightDensity > 0 { contribution *= Self.powerHeuristic(lightDensity, density) }
    guard contribution.x > 0 || contribution.y > 0 || contribution.z > 0 else { return .zero }
    counters.shadowRays &+= 1
    let ray = Ray(origin: origin, direction: direction, tMax: tMax)
    let isBlocked = structure.anyHit(
      ray, key: sampler.alphaKey(2 &* vertex &+ 1), filter: filter, lanes: L.self, stack: stack)
    return isBlocked ? .zero : contribution
  }
}
