@_exported import KernelScene
import LaneMath

// This folder is compiled once for every instruction set: as `RenderKernel`, and on x86-64 a second time, through a link,
// as `renderKernelV4` with sixteen lanes.

#if GLINT_SIXTEEN_LANES
  typealias WideFloat = SIMD16<Float>
#else
  typealias WideFloat = SIMD8<Float>
#endif

/// What this module offers to those who choose among builds.
public struct RenderKernelBuild: KernelBuild {
  public let name: String
  private let options: ExecutionOptions

  /// - Parameter laneWidth: `.scalar` is the reference, one path after the other.
  public init(name: String, laneWidth: ExecutionOptions.LaneWidth) {
    self.name = name
    var options = ExecutionOptions()
    options.laneWidth = laneWidth
    self.options = options
  }

  public var laneCount: Int { options.laneWidth == .scalar ? 1 : WideFloat.laneCount }

  public func prepare(_ mesh: MeshArrays, alphaTested: [Bool], threadCount: Int) -> any KernelMesh {
    PreparedMesh(mesh, alphaTested: alphaTested, threadCount: threadCount)
  }

  public func prepare(_ environment: Environment) -> any KernelEnvironment { EnvironmentTables(environment) }

  public func prepare(_ textures: [Texture], for materials: [Material], threadCount: Int) -> any KernelTextures {
    TexturePyramids(textures, for: materials, threadCount: threadCount)
  }

  public func prepare(
    _ frame: FrameDescription, meshes: [any KernelMesh], textures: any KernelTextures,
    environment: (any KernelEnvironment)?
  ) -> any KernelFrame {
    let own = meshes.compactMap { $0 as? PreparedMesh }
    let tables = environment as? EnvironmentTables
    let pyramids = textures as? TexturePyramids
    precondition(
      own.count == meshes.count && (tables == nil) == (environment == nil) && pyramids != nil,
      "prepared by another build")
    return BuiltFrame(
      PreparedFrame(frame, meshes: own, textures: pyramids, environmentTables: tables), options)
  }
}

extension PreparedMesh: KernelMesh {}
extension EnvironmentTables: KernelEnvironment {}
extension TexturePyramids: KernelTextures {}

/// A frame with the way in which this build renders it.
private final class BuiltFrame: KernelFrame {
  private let frame: PreparedFrame
  private let options: ExecutionOptions

  init(_ frame: PreparedFrame, _ options: ExecutionOptions) {
    self.frame = frame
    self.options = options
  }

  func render(
    settings: RenderSettings, frameNumber: Int, tile: TileRectangle, samples: Range<Int>, times: StageTimes?,
    isCancelled: () -> Bool
  ) throws(Cancelled) -> (planes: UnitPlanes, counters: WorkCounters) {
    try renderUnit(
      frame, settings: settings, frameNumber: frameNumber, tile: tile, samples: samples, options: options,
      times: times, isCancelled: isCancelled)
  }
}
