import LaneMath

extension PathTracer {
  /// Adds the environment to paths that left the scene.
  @inline(never)
  mutating func shadeMisses() {
    guard hasEnvironment else { return }
    var index = 0
    while index < missCount {
      let ray = F.Bits.load(misses + index)
      let (light, lightDensity) = environment.radiance(rays.direction.gather(ray) as Vector<F>)
      let density = F.gather(rays.density, ray)
      let weight = F.select(
        density .< 0, F(lane: 1), Self.powerHeuristic(density, lightDensity))
      ((rays.throughput.gather(ray) * light) * weight).storeApart(scratch)
      for lane in 0..<min(F.laneCount, missCount &- index) {
        states.radiance[Int(rays.path[Int(misses[index &+ lane])])] += Vector<F>.taken(from: scratch + lane)
      }
      index &+= F.laneCount
    }
  }

  @inline(__always)
  static func powerHeuristic(_ a: F, _ b: F) -> F {
    let r = b / a
    return F.select(a .> 0, 1 / (r * r + 1), F(lane: 0))
  }

  /// Fills the queues of shadow rays and of next rays from the surfaces.
  @inline(never)
  mutating func shade(_ vertex: Int) {
    if hasEnvironment { placeEnvironmentSamples(vertex) }
    var index = 0
    while index < surfaces.count {
      shadeGroup(index, vertex)
      index &+= F.laneCount
    }
  }

  @inline(__always)
  private func sampler(_ index: Int) -> Sampler<F> {
    let path = F.Bits.load(surfaces.path + index)
    return Sampler(
      pixelKey: Self.gatherWords(states.pixelKey, path), index: Self.gatherWords(states.index, path),
      net: net)
  }

  /// The first two steps of sampling the environment, for all surfaces.
  @inline(__always)
  private func placeEnvironmentSamples(_ vertex: Int) {
    var index = 0
    while index < surfaces.count {
      let (x, y) = sampler(index).pair(5 &* vertex &+ 3)
      let (row, coarse) = environment.locate(x, y)
      surfaces.environment.store(Vector(row, coarse, y), at: index)
      x.store(surfaces.environmentX + index)
      for slot in index..<index &+ F.laneCount {
        environment.prefetchColumns(row: surfaces.environment.x[slot], coarse: surfaces.environment.y[slot])
      }
      index &+= F.laneCount
    }
    index = 0
    while index < surfaces.count {
      let place = surfaces.environment.lanes(F.self, at: index)
      let (column, restX, restY) = environment.refine(
        F.load(surfaces.environmentX + index), place.z, row: place.x, coarse: place.y)
      surfaces.environment.store(Vector(place.x, column, restY), at: index)
      restX.store(surfaces.environmentX + index)
      for slot in index..<index &+ F.laneCount {
        environment.prefetchTexels(row: surfaces.environment.x[slot], column: surfaces.environment.y[slot])
      }
      index &+= F.laneCount
    }
  }

  @inline(__always)
  private mutating func shadeGroup(_ index: Int, _ vertex: Int) {
    let group = min(F.laneCount, surfaces.count &- index)
    let present: UInt32 = (1 &<< UInt32(truncatingIfNeeded: group)) &- 1
    let ray = F.Bits.load(surfaces.ray + index)
    let throughput: Vector<F> = rays.throughput.gather(ray)
    let wo: Vector<F> = -rays.direction.gather(ray)
    let sampler = sampler(index)

    // Normals on the side from which the ray came.
    var facing = surfaces.geometricNormal.lanes(F.self, at: index).normalized(or: wo)
    facing = Vector.select(dot(facing, wo) .< 0, -facing, facing)
    var normal = surfaces.shadingNormal.lanes(F.self, at: index).normalized(or: facing)
    normal = Vector.select(dot(normal, facing) .< 0, -normal, normal)
    // A normal that turns away from the viewer is bent back until it is seen at a grazing angle.
    let cosN = dot(normal, wo)
    let bent = normal.addingProduct(wo, 0.01 - cosN).normalized(or: facing)
    normal = Vector.select(cosN .< 0.01, bent, normal)
    let frame = ShadingFrame(normal)
    let localWo = frame.toLocal(wo)
    let isSeen = localWo.z .> 0
    let lobes = SurfaceLobes(
      baseColor: surfaces.baseColor.lanes(F.self, at: index),
      dielectric: surfaces.dielectric.lanes(F.self, at: index), metallic: F.load(surfaces.metallic + index),
      roughness: F.load(surfaces.roughness + index), cosO: localWo.z, table: albedo)
    let origin = surfaces.position.lanes(F.self, at: index).addingProduct(facing, F.load(surfaces.clearance + index))

    for kind in 0..<lights.kindCount {
      let light = sampleLight(kind, sampler, vertex, index, origin, group)
      let (value, density) = lobes.evaluate(localWo, frame.toLocal(light.direction))
      let weight = F.select(
        light.density .> 0, Self.powerHeuristic(light.density, density), F(lane: 1))
      let contribution = (throughput * (value * light.radiance)) * weight
      let isLit = isSeen .& (dot(light.direction, facing) .> 0) .& contribution.isAnyPositive
      appendShadows(isLit.bits & present, index, origin, light.direction, light.distance, contribution)
    }

    let (u, v) = sampler.pair(5 &* vertex &+ 1)
    let wi = lobes.sample(localWo, u, v)
    let (value, density) = lobes.evaluate(localWo, wi)
    var next = throughput * (value * (1 / density))
    let direction = frame.toWorld(wi).normalized(or: facing)
    // Below the true surface nothing is reflected, whatever the shading normal says.
    var goesOn = isSeen .& (density .> 0) .& (dot(direction, facing) .> 0) .& next.isAnyPositive
    if vertex >= Self.rouletteStart {
      let (roulette, _) = sampler.pair(5 &* vertex &+ 2)
      let survival = (F.greater(next.x, F.greater(next.y, next.z)).root * Self.rouletteScale).atMost(1)
      goesOn = goesOn .& (roulette .< survival)
      next = next * (1 / survival)
    }
    appendRays(goesOn.bits & present, index, origin, direction, next, density)
  }

  /// Words gathered as if they were numbers: moves keep all bits.
  @inline(__always)
  private static func gatherWords(_ base: UnsafeMutablePointer<UInt32>, _ index: F.Bits) -> F.Bits {
    F.gather(UnsafeRawPointer(base).assumingMemoryBound(to: Float.self), index).bitsOfLanes
  }

  // MARK: - Lights

  private struct LightLanes {
    var direction: Vector<F>
    var distance: F
    /// Radiance divided by the sample's density; zero where there is no sample.
    var radiance: Vector<F>
    var density: F
  }

  /// One light a lane.
  ///
  /// - Parameter kind: Among the kinds that the frame has, in order: environment, triangles, punctual lights.
  @inline(__always)
  private func sampleLight(
    _ kind: Int, _ sampler: Sampler<F>, _ vertex: Int, _ index: Int, _ origin: Vector<F>, _ group: Int
  ) -> LightLanes {
    let zero = F(lane: 0)
    if kind == 0, hasEnvironment {
      let place = surfaces.environment.lanes(F.self, at: index)
      let (direction, radiance, density) = environment.finish(
        row: place.x, column: place.y, restX: F.load(surfaces.environmentX + index), restY: place.z)
      return LightLanes(
        direction: direction, distance: F(lane: .infinity),
        radiance: radiance * F.select(density .> 0, 1 / density, zero), density: density)
    }
    let isTriangle = lights.triangleCount > 0 && kind == (hasEnvironment ? 1 : 0)
    let (x, y) = sampler.pair(5 &* vertex &+ 3 &+ kind)
    // Through memory: a vector in a register that one lane is written to is copied whole each time.
    let (starts, choices, results) = (scratch, scratch + 3 &* F.laneCount, scratch + 5 &* F.laneCount)
    origin.storeApart(starts)
    x.store(choices)
    y.store(choices + F.laneCount)
    for lane in 0..<group {
      let start = Vector<F>.taken(from: starts + lane)
      let sample =
        isTriangle
        ? lights.sampleTriangle(
          from: start, choice: choices[lane], v: choices[F.laneCount &+ lane], instances: instances,
          materials: materials)
        : lights.samplePunctual(from: start, choice: choices[lane])
      Vector<F>.put(sample.direction, apart: results + lane)
      Vector<F>.put(sample.radiance, apart: results + 3 &* F.laneCount + lane)
      results[6 &* F.laneCount &+ lane] = sample.distance
      results[7 &* F.laneCount &+ lane] = sample.density
    }
    return LightLanes(
      direction: .storedApart(results), distance: .load(results + 6 &* F.laneCount),
      radiance: .storedApart(results + 3 &* F.laneCount), density: .load(results + 7 &* F.laneCount))
  }

  // MARK: - Queues

  @inline(__always)
  private mutating func appendShadows(
    _ mask: UInt32, _ index: Int, _ origin: Vector<F>, _ direction: Vector<F>, _ distance: F, _ contribution: Vector<F>
  ) {
    guard mask != 0 else { return }
    let values = scratch
    let vector = 3 &* F.laneCount
    origin.storeApart(values)
    direction.storeApart(values + vector)
    contribution.storeApart(values + 2 &* vector)
    distance.store(values + 3 &* vector)
    var rest = mask
    var slot = shadows.count
    while rest != 0 {
      let p = values + rest.trailingZeroBitCount
      shadows.path[slot] = surfaces.path[index &+ rest.trailingZeroBitCount]
      rest &= rest &- 1
      shadows.origin[slot] = Vector<F>.taken(from: p)
      shadows.direction[slot] = Vector<F>.taken(from: p + vector)
      shadows.contribution[slot] = Vector<F>.taken(from: p + 2 &* vector)
      shadows.distance[slot] = p[3 &* vector]
      slot &+= 1
    }
    shadows.count = slot
  }

  @inline(__always)
  private mutating func appendRays(
    _ mask: UInt32, _ index: Int, _ origin: Vector<F>, _ direction: Vector<F>, _ throughput: Vector<F>, _ density: F
  ) {
    guard mask != 0 else { return }
    let values = scratch
    let vector = 3 &* F.laneCount
    origin.storeApart(values)
    direction.storeApart(values + vector)
    throughput.storeApart(values + 2 &* vector)
    density.store(values + 3 &* vector)
    var rest = mask
    var slot = nextRays.count
    while rest != 0 {
      let p = values + rest.trailingZeroBitCount
      nextRays.path[slot] = surfaces.path[index &+ rest.trailingZeroBitCount]
      rest &= rest &- 1
      nextRays.origin[slot] = Vector<F>.taken(from: p)
      nextRays.direction[slot] = Vector<F>.taken(from: p + vector)
      nextRays.throughput[slot] = Vector<F>.taken(from: p + 2 &* vector)
      nextRays.density[slot] = p[3 &* vector]
      slot &+= 1
    }
    nextRays.count = slot
  }
}

extension Vector {
  /// Components one after the other, as many numbers each as there are lanes.
  @inline(__always)
  func storeApart(_ target: UnsafeMutablePointer<Float>) {
    x.store(target)
    y.store(target + F.laneCount)
    z.store(target + 2 &* F.laneCount)
  }

  /// What `storeApart` wrote.
  @inline(__always)
  static func storedApart(_ source: UnsafeMutablePointer<Float>) -> Vector {
    Vector(F.load(source), F.load(source + F.laneCount), F.load(source + 2 &* F.laneCount))
  }

  /// Writes one lane of what `storedApart` will read.
  @inline(__always)
  static func put(_ value: SIMD3<Float>, apart target: UnsafeMutablePointer<Float>) {
    target[0] = value.x
    target[F.laneCount] = value.y
    target[2 &* F.laneCount] = value.z
  }

  /// One lane of what `storeApart` wrote.
  @inline(__always)
  static func taken(from source: UnsafeMutablePointer<Float>) -> SIMD3<Float> {
    SIMD3(source[0], source[F.laneCount], source[2 &* F.laneCount])
  }
}
