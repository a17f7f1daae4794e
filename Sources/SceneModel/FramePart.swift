import LaneMath
import KernelScene

/// Bytes of a frame part: what moves, at one moment. Format: docs/bundle.md, section "Frame".
enum FramePart {
  private static let tag: StaticString = "glint frame 1\n"

  static func encoded(_ state: FrameState) -> [UInt8] {
    var writer = ByteWriter()
    writer.reserve(56 * state.instances.count + 4096)
    writer.tag(tag)
    writer.integer(UInt32(state.poses.count))
    for pose in state.poses {
      writer.integer(UInt32(pose.jointMatrices.count))
      for matrix in pose.jointMatrices { writer.affine(matrix) }
      writer.integer(UInt32(pose.morphWeights.count))
      for weight in pose.morphWeights { writer.float(weight) }
    }
    writer.integer(UInt32(state.instances.count))
    for instance in state.instances {
      writer.integer(UInt32(instance.mesh))
      writer.integer(UInt32(instance.pose.map { $0 + 1 } ?? 0))
      writer.affine(instance.transform)
    }
    writer.integer(UInt32(state.lights.count))
    for light in state.lights {
      writer.integer(light.kind.rawValue)
      writer.vector(light.intensity)
      writer.vector(light.position)
      writer.vector(light.direction)
      writer.floats(light.range, light.cosInnerCone, light.cosOuterCone)
    }
    writer.integer(UInt32(state.cameras.count))
    for camera in state.cameras {
      switch camera.projection {
      case .perspective(let tanHalfHeight):
        writer.integer(UInt8(0))
        writer.float(tanHalfHeight)
      case .orthographic(let halfHeight):
        writer.integer(UInt8(1))
        writer.float(halfHeight)
      }
      writer.affine(camera.cameraToWorld)
    }
    return writer.bytes
  }

  /// Indices into the scene are checked where frame and scene meet: `Bundle.state(frame:)`.
  static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws(BundleError) -> FrameState {
    var reader = ByteReader(bytes, what: name)
    try reader.expect(tag: tag)
    var state = FrameState()
    let poseCount = try reader.count(limit: BundleLimits.poseCount, minimumByteCount: 8, of: "poses")
    for _ in 0..<poseCount {
      let jointCount = try reader.count(limit: BundleLimits.jointCount, minimumByteCount: 48, of: "joints")
      var pose = FrameState.Pose(jointMatrices: [], morphWeights: [])
      pose.jointMatrices.reserveCapacity(jointCount)
      for _ in 0..<jointCount { pose.jointMatrices.append(try reader.affine()) }
      let weightCount = try reader.count(limit: BundleLimits.morphTargetCount, minimumByteCount: 4, of: "weights")
      for _ in 0..<weightCount { pose.morphWeights.append(try reader.finite()) }
      state.poses.append(pose)
    }
    let instanceCount = try reader.count(limit: BundleLimits.instanceCount, minimumByteCount: 56, of: "instances")
    state.instances.reserveCapacity(instanceCount)
    for _ in 0..<instanceCount {
      let mesh = Int(try reader.integer(UInt32.self))
      let pose = Int(try reader.integer(UInt32.self))
      guard pose <= poseCount else { throw reader.fault("pose \(pose - 1), expected one below \(poseCount)") }
      state.instances.append(
        FrameState.Instance(mesh: mesh, transform: try reader.affine(), pose: pose == 0 ? nil : pose - 1))
    }
    let lightCount = try reader.count(limit: BundleLimits.lightCount, minimumByteCount: 49, of: "lights")
    for _ in 0..<lightCount {
      let kind = try reader.choice(PunctualLight.Kind.self)
      var light = PunctualLight(kind: kind, intensity: try reader.vector3())
      light.position = try reader.vector3()
      light.direction = try reader.vector3()
      light.range = try reader.float()
      guard light.range > 0 else { throw reader.fault("range \(light.range) of a light, expected more than 0") }
      light.cosInnerCone = try reader.finite()
      light.cosOuterCone = try reader.finite()
      state.lights.append(light)
    }
    let cameraCount = try reader.count(limit: BundleLimits.cameraCount, minimumByteCount: 53, of: "cameras")
    for _ in 0..<cameraCount {
      let kind = try reader.integer(UInt8.self)
      let size = try reader.finite()
      guard kind <= 1, size > 0 else { throw reader.fault("projection \(kind) of size \(size) is not one") }
      state.cameras.append(
        Camera(
          projection: kind == 0 ? .perspective(tanHalfHeight: size) : .orthographic(halfHeight: size),
          cameraToWorld: try reader.affine()))
    }
    try reader.expectEnd()
    return state
  }
}
