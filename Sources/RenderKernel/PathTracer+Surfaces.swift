import LaneMath

extension PathTracer {
  /// Looks up what rays met, one after the other: memory decides the pace here, so vertices are asked for some paths ahead.
  /// Adds what surfaces emit.
  @inline(never)
  mutating func lookUpSurfaces(_ vertex: Int) {
    surfaces.count = 0
    missCount = 0
    culled.count = 0
    var first = 0
    while first < rays.count {
      let end = min(rays.count, first &+ 32)
      for slot in first..<end where hits.instance[slot] != .max {
        (instances + Int(hits.instance[slot])).pointee.prefetchIndices(Int(hits.triangle[slot]))
      }
      for slot in first..<end where hits.instance[slot] != .max {
        (instances + Int(hits.instance[slot])).pointee.prefetchVertices(Int(hits.triangle[slot]))
      }
      for slot in first..<end {
        if hits.instance[slot] == .max {
          misses[missCount] = UInt32(truncatingIfNeeded: slot)
          missCount &+= 1
        } else {
          lookUp(slot, vertex)
        }
      }
      first = end
    }
    if culled.count > 0 { lookUpCulled() }
    counters.shadingEvaluations &+= UInt64(rays.count &- missCount)
  }

  /// Looks up what lies behind the backs that camera rays do not see.
  @inline(never)
  private mutating func lookUpCulled() {
    traceCulled()
    let count = culled.count
    for place in 0..<count {
      let slot = Int(culled.ray[place])
      if hits.instance[slot] == .max {
        misses[missCount] = culled.ray[place]
        missCount &+= 1
      } else {
        lookUp(slot, 0)
      }
    }
  }

  @inline(__always)
  private mutating func lookUp(_ slot: Int, _ vertex: Int) {
    let geometry = instances + Int(hits.instance[slot])
    let triangle = Int(hits.triangle[slot])
    let materialIndex = geometry.pointee.materialIndex(triangle)
    let material = materials + materialIndex
    let corners = geometry.pointee.corners(triangle)
    let (u, v) = (hits.u[slot], hits.v[slot])
    let path = rays.path[slot]
    let p0 = geometry.pointee.position(corners.0)
    let e1 = geometry.pointee.position(corners.1) - p0
    let e2 = geometry.pointee.position(corners.2) - p0
    let outward = geometry.pointee.outward(edges: e1, e2)
    if vertex == 0, material.pointee.material.isSingleSided,
      CullingFilter.isBack(outward, seenAlong: rays.direction[slot])
    {
      culled.ray[culled.count] = UInt32(truncatingIfNeeded: slot)
      culled.count &+= 1
      return
    }
    let place = SurfaceCoordinates(geometry, corners, u, v)
    let position = geometry.pointee.objectToWorld.point(
      p0.addingProduct(e1, SIMD3(repeating: u)).addingProduct(e2, SIMD3(repeating: v)))
    var footprint: TextureFootprint?
    if hasLevels {
      let width = widenCone(slot, position)
      if material.pointee.hasLevels {
        footprint = TextureFootprint(geometry, corners, edges: (e1, e2), width: width)
      }
    }
    let color = material.pointee.baseColor(place, geometry.pointee.color(corners, u, v), footprint)
    let baseColor = SIMD3(clamp01(color.x), clamp01(color.y), clamp01(color.z))
    if material.pointee.material.isUnlit {
      states.radiance[Int(path)] += rays.throughput[slot] * baseColor
      return
    }
    if material.pointee.isEmissive {
      let emission = material.pointee.emission(place, footprint)
      let density = rays.density[slot]
      var weight: Float = 1
      if density >= 0, lights.triangleCount > 0 {
        // Density of the light sample that would have led here, per steradian.
        let segment = position - rays.origin[slot]
        let cosine = max(1e-6, dot(normalized(outward, or: .zero), rays.direction[slot]).magnitude)
        let lightDensity = lights.areaDensity[materialIndex] * dot(segment, segment) / cosine
        weight = Self.powerHeuristic(density, lightDensity)
      }
      states.radiance[Int(path)] += rays.throughput[slot] * emission * weight
    }
    // The ray after the last bounce finds emitters only: it closes the estimate of direct light.
    if vertex > bounces { return }

    var normal = outward
    if let n = geometry.pointee.normal(corners, u, v) { normal = geometry.pointee.worldToObject.transposedVector(n) }
    if material.pointee.normalTexture != nil {
      normal = geometry.pointee.mapped(normal, material, corners, u, v, place, footprint)
    }
    let surface = material.pointee.surface(baseColor, place, footprint)
    let index = surfaces.count
    surfaces.ray[index] = UInt32(truncatingIfNeeded: slot)
    surfaces.path[index] = path
    surfaces.position[index] = position
    surfaces.geometricNormal[index] = outward
    surfaces.shadingNormal[index] = normal
    surfaces.baseColor[index] = surface.baseColor
    surfaces.dielectric[index] = surface.specular
    surfaces.metallic[index] = surface.metallic
    surfaces.roughness[index] = surface.roughness
    surfaces.clearance[index] = geometry.pointee.clearance(at: position, edges: e1, e2)
    surfaces.count = index &+ 1
  }

  /// Follows the path's cone to where its ray met a surface.
  ///
  /// - Returns: Its width there.
  @inline(__always)
  private func widenCone(_ slot: Int, _ position: SIMD3<Float>) -> Float {
    let path = Int(rays.path[slot])
    let density = rays.density[slot]
    let isFromCamera = density < 0
    let spread = isFromCamera ? cone.spread : states.coneSpread[path] + RayCone.lobeShare / density.squareRoot()
    let segment = position - rays.origin[slot]
    let width = (isFromCamera ? cone.width : states.coneWidth[path])
      .addingProduct(spread, dot(segment, segment).squareRoot())
    states.coneSpread[path] = spread
    states.coneWidth[path] = width
    return width
  }
}

extension InstanceGeometry {
  /// A world normal bent by the material's normal map.
  @inline(never)
  func mapped(
    _ worldNormal: SIMD3<Float>, _ material: UnsafePointer<MaterialView>, _ corners: (Int, Int, Int), _ u: Float,
    _ v: Float, _ place: SurfaceCoordinates, _ footprint: TextureFootprint?
  ) -> SIMD3<Float> {
    guard let texture = material.pointee.normalTexture, let (t, handedness) = tangent(corners, u, v) else {
      return worldNormal
    }
    let texel = texture.sample(place, level: footprint?.level(of: texture) ?? 0)
    let scale = material.pointee.material.normalScale
    let local = SIMD3((texel.x * 2 - 1) * scale, (texel.y * 2 - 1) * scale, texel.z * 2 - 1)
    let normal = normalized(worldNormal, or: .zero)
    let worldTangent = objectToWorld.vector(t)
    let tangent = normalized(worldTangent - normal * dot(worldTangent, normal), or: .zero)
    guard dot(tangent, tangent) > 0.5, dot(normal, normal) > 0.5 else { return worldNormal }
    let bitangent = cross(normal, tangent) * (isMirrored ? -handedness : handedness)
    return tangent * local.x + bitangent * local.y + normal * local.z
  }
}
