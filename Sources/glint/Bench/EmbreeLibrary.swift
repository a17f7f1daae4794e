import Foundation
import KernelScene
import LaneMath
import RenderKernel

/// Intel Embree 4, loaded at run time to compare with: single rays against one mesh, high build quality.
///
/// The values are those of Embree's public headers (rtcore_common.h, rtcore_ray.h).
final class EmbreeLibrary {
  private typealias Object = UnsafeMutableRawPointer
  private typealias Query = @convention(c) (Object, Object, Object?) -> Void

  /// Seconds that the build took.
  let buildSeconds: Double
  private let scene: Object
  private let intersect: Query
  private let occluded: Query
  private typealias PacketQuery = @convention(c) (UnsafePointer<Int32>, Object, Object, Object?) -> Void
  /// By width.
  private let packets: [Int: (intersect: PacketQuery, occluded: PacketQuery)]
  /// An RTCRayHit, or one of 8 or 16 rays, with room for later versions' members.
  private let rayHit: UnsafeMutableRawPointer

  /// - Parameters:
  ///   - path: Of the shared library. Its TBB is looked for in the same folder.
  ///   - isRobust: Builds for Embree's watertight intersection.
  init(path: String, mesh: MeshArrays, isRobust: Bool, threadCount: Int) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    let neighbours = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in neighbours.sorted() where name.hasPrefix("libtbb") && !name.contains("malloc") {
      _ = dlopen(folder.appendingPathComponent(name).path, RTLD_NOW | RTLD_GLOBAL)
    }
    guard let handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL) else {
      throw CommandFailure(.badInput, "--embree: \(String(cString: dlerror()))")
    }
    func function<T>(_ name: String, as type: T.Type) throws -> T {
      guard let symbol = dlsym(handle, name) else {
        throw CommandFailure(.badInput, "--embree: \(path) has no function \(name); expected Embree 4")
      }
      return unsafeBitCast(symbol, to: type)
    }
    typealias Setting = @convention(c) (Object, Int32) -> Void
    typealias Action = @convention(c) (Object) -> Void
    let newDevice = try function("rtcNewDevice", as: (@convention(c) (UnsafePointer<CChar>?) -> Object?).self)
    let newScene = try function("rtcNewScene", as: (@convention(c) (Object) -> Object?).self)
    let newGeometry = try function("rtcNewGeometry", as: (@convention(c) (Object, Int32) -> Object?).self)
    let newBuffer = try function(
      "rtcSetNewGeometryBuffer", as: (@convention(c) (Object, Int32, UInt32, Int32, Int, Int) -> Object?).self)
    let attach = try function("rtcAttachGeometry", as: (@convention(c) (Object, Object) -> UInt32).self)
    let setSceneQuality = try function("rtcSetSceneBuildQuality", as: Setting.self)
    let setSceneFlags = try function("rtcSetSceneFlags", as: Setting.self)
    let setGeometryQuality = try function("rtcSetGeometryBuildQuality", as: Setting.self)
    let commitGeometry = try function("rtcCommitGeometry", as: Action.self)
    let commitScene = try function("rtcCommitScene", as: Action.self)
    intersect = try function("rtcIntersect1", as: Query.self)
    occluded = try function("rtcOccluded1", as: Query.self)
    packets = [
      8: (
        try function("rtcIntersect8", as: PacketQuery.self), try function("rtcOccluded8", as: PacketQuery.self)
      ),
      16: (
        try function("rtcIntersect16", as: PacketQuery.self), try function("rtcOccluded16", as: PacketQuery.self)
      ),
    ]

    let (highQuality, robustFlag, triangles): (Int32, Int32, Int32) = (2, 4, 0)
    let (indexBuffer, vertexBuffer, uint3, float3): (Int32, Int32, Int32, Int32) = (0, 1, 0x5003, 0x9003)
    guard let device = newDevice("threads=\(threadCount)"), let scene = newScene(device),
      let geometry = newGeometry(device, triangles),
      let vertices = newBuffer(geometry, vertexBuffer, 0, float3, 12, mesh.vertexCount),
      let indices = newBuffer(geometry, indexBuffer, 0, uint3, 12, mesh.triangleCount)
    else { throw CommandFailure(.failedWork, "--embree: Embree cannot hold \(mesh.triangleCount) triangles") }
    setSceneQuality(scene, highQuality)
    if isRobust { setSceneFlags(scene, robustFlag) }
    setGeometryQuality(geometry, highQuality)
    vertices.copyMemory(from: mesh.positions.pointer, byteCount: mesh.positions.byteCount)
    indices.copyMemory(from: mesh.indices.pointer, byteCount: mesh.indices.byteCount)
    commitGeometry(geometry)
    _ = attach(scene, geometry)
    let start = ContinuousClock.now
    commitScene(scene)
    buildSeconds = (ContinuousClock.now - start) / .seconds(1)
    self.scene = scene
    rayHit = .allocate(byteCount: 2048, alignment: 64)
    rayHit.initializeMemory(as: UInt8.self, repeating: 0, count: 2048)
  }

  // The scene lives as long as the process.
  deinit { rayHit.deallocate() }

  /// Answers all rays one by one: triangles, `.max` for a miss; or 1 and 0 where any hit will do.
  func answer(_ batch: RayBatch, anyHit: Bool, into answers: FlatBuffer<UInt32>) {
    let numbers = rayHit.assumingMemoryBound(to: Float.self)
    let words = rayHit.assumingMemoryBound(to: UInt32.self)
    let (o, d, n) = (batch.origins.pointer, batch.directions.pointer, batch.count)
    // Members of RTCRay: origin, near, direction, time, far, mask, id, flags; of RTCHit: normal, u, v, primitive, geometry.
    let (near, far, mask, primitive, geometry) = (3, 8, 9, 17, 18)
    for ray in 0..<n {
      (numbers[0], numbers[1], numbers[2], numbers[near]) = (o[ray], o[n + ray], o[2 * n + ray], 0)
      (numbers[4], numbers[5], numbers[6]) = (d[ray], d[n + ray], d[2 * n + ray])
      numbers[far] = batch.limits.pointer[ray]
      words[mask] = .max
      if anyHit {
        occluded(scene, rayHit, nil)
        answers.pointer[ray] = numbers[far] < 0 ? 1 : 0
      } else {
        words[geometry] = .max
        intersect(scene, rayHit, nil)
        answers.pointer[ray] = words[geometry] == .max ? .max : words[primitive]
      }
    }
  }

  /// As `answer`, with packets of 8 or 16 consecutive rays.
  func answerPackets(of width: Int, _ batch: RayBatch, anyHit: Bool, into answers: FlatBuffer<UInt32>) {
    guard let packet = packets[width] else { return }
    let numbers = rayHit.assumingMemoryBound(to: Float.self)
    let words = rayHit.assumingMemoryBound(to: UInt32.self)
    let (o, d, n) = (batch.origins.pointer, batch.directions.pointer, batch.count)
    // Rows of the members named in `answer`, a number a ray.
    let (near, far, mask, primitive, geometry) = (3, 8, 9, 17, 18)
    var valid = [Int32](repeating: -1, count: width)
    for first in stride(from: 0, to: n, by: width) {
      let count = min(width, n - first)
      for lane in 0..<width {
        valid[lane] = lane < count ? -1 : 0
        let ray = first + min(lane, count - 1)
        for axis in 0..<3 {
          numbers[axis * width + lane] = o[axis * n + ray]
          numbers[(4 + axis) * width + lane] = d[axis * n + ray]
        }
        numbers[near * width + lane] = 0
        numbers[far * width + lane] = batch.limits.pointer[ray]
        words[mask * width + lane] = .max
        words[geometry * width + lane] = .max
      }
      if anyHit { packet.occluded(valid, scene, rayHit, nil) } else { packet.intersect(valid, scene, rayHit, nil) }
      for lane in 0..<count {
        answers.pointer[first + lane] =
          anyHit
          ? (numbers[far * width + lane] < 0 ? 1 : 0)
          : (words[geometry * width + lane] == .max ? .max : words[primitive * width + lane])
      }
    }
  }
}
