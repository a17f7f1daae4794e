import FrameRenderer
import Foundation
import KernelScene
import FarmModel
import SceneImport

/// What a job will cost, from a cheap pass on this machine.
struct CostEstimate {
  /// Of all frames, without checks.
  var credit: UInt64
  /// Samples that were rendered for it.
  var pathCount: UInt64
  var frames: [Int]

  /// Rays of a path hardly depend on how many pixels a picture has: a small one of the same view will do.
  private static let edge = 128
  private static let samples = 4
  private static let frameCount = 3

  /// Renders some frames, small and with few samples, and scales their credit.
  static func make(
    _ imported: ImportedScene, frames: [Int], camera: Int, settings: RenderSettings, kernel: any KernelBuild
  ) async throws -> CostEstimate {
    var small = settings
    let scale = min(1, Double(edge) / Double(max(settings.width, settings.height)))
    small.width = max(1, Int(Double(settings.width) * scale))
    small.height = max(1, Int(Double(settings.height) * scale))
    let chosen = pick(frames)
    small.sampleCount = min(settings.sampleCount, CostEstimate.samples)
    let renderer = LocalRenderer(
      scene: imported.scene, settings: small, tile: 64, kernel: kernel,
      threadCount: ProcessInfo.processInfo.activeProcessorCount)
    var work = WorkCounters()
    try await renderer.render(frames: chosen, state: { try imported.state(frame: $0) }, camera: camera) {
      work = work + $0.counters
    }
    let perPath = Double(CreditWeights.current.credit(work)) / Double(max(1, work.paths))
    let paths = Double(settings.width) * Double(settings.height) * Double(settings.sampleCount) * Double(frames.count)
    return CostEstimate(credit: UInt64(perPath * paths), pathCount: work.paths, frames: chosen)
  }

  /// First, middle and last.
  private static func pick(_ frames: [Int]) -> [Int] {
    guard frames.count > frameCount else { return frames }
    return [frames[0], frames[frames.count / 2], frames[frames.count - 1]]
  }
}
