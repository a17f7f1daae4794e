import CLaneIntrinsics
import LaneMath

/// Rays and what they hit, as flat arrays: what a `RayQuery` answers.
public final class RayBatch: @unchecked Sendable {
  // Sendable because one thread at a time works with a batch.

  public let count: Int
  /// `3 × count`, planar: all x, then all y, then all z.
  public let origins: FlatBuffer<Float>
  /// As `origins`; need not have unit length.
  public let directions: FlatBuffer<Float>
  /// Rays end before these parameters.
  public let limits: FlatBuffer<Float>
  /// `t`, infinite for a miss. Any-hit queries do not write it.
  public let distances: FlatBuffer<Float>
  /// Barycentric weight of the second and of the third vertex; `2 × count`, planar.
  public let barycentrics: FlatBuffer<Float>
  public let instances: FlatBuffer<UInt32>
  /// `.max` for a miss. Any-hit queries write 1 where anything is hit and 0 where nothing is.
  public let triangles: FlatBuffer<UInt32>

  public init(count: Int) {
    self.count = count
    origins = FlatBuffer(count: 3 * count)
    directions = FlatBuffer(count: 3 * count)
    limits = FlatBuffer(count: count)
    distances = FlatBuffer(count: count)
    barycentrics = FlatBuffer(count: 2 * count)
    instances = FlatBuffer(count: count)
    triangles = FlatBuffer(count: count)
  }

  var stream: RayStream {
    RayStream(
      count: count, originX: UnsafePointer(origins.pointer), originY: UnsafePointer(origins.pointer + count),
      originZ: UnsafePointer(origins.pointer + 2 * count), directionX: UnsafePointer(directions.pointer),
      directionY: UnsafePointer(directions.pointer + count), directionZ: UnsafePointer(directions.pointer + 2 * count),
      limits: UnsafePointer(limits.pointer), keys: nil)
  }
}

/// Answers rays against placed meshes, apart from any picture: for measurements and tests.
public final class RayQuery: Sendable {
  private let structure: SceneStructure

  public init(meshes: [PreparedMesh], instances: [MeshInstance], kind: AccelerationKind = .wide) {
    structure = SceneStructure(meshes: meshes, instances: instances, kind: kind)
  }

  /// Finds the nearest hit of every ray.
  public func closestHits(_ batch: RayBatch) {
    glint_set_float_environment()
    let sink = ClosestHitSink(
      t: batch.distances.pointer, u: batch.barycentrics.pointer, v: batch.barycentrics.pointer + batch.count,
      instance: batch.instances.pointer, triangle: batch.triangles.pointer)
    structure.trace(
      batch.stream, filter: OpaqueFilter(), lanes: EightLanes.self, sink: sink, memory: TraversalMemory())
  }

  /// Finds out of every ray whether it hits anything.
  public func anyHits(_ batch: RayBatch) {
    glint_set_float_environment()
    structure.trace(
      batch.stream, filter: OpaqueFilter(), lanes: EightLanes.self,
      sink: AnyHitSink(isBlocked: batch.triangles.pointer),
      memory: TraversalMemory())
  }
}
