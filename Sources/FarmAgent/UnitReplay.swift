import Foundation
import FrameRenderer
import FarmModel
import KernelScene
import SceneModel

/// Renders single units again, from what a master shows of jobs that are not private.
public actor UnitReplay {
  private let library: FrameLibrary
  private let threads: RenderThreads
  private var prepared: FrameKey?

  /// - Parameter cache: Holds parts that were fetched.
  public init(client: MasterClient, cache: PartStore, kernel: any KernelBuild, threadCount: Int) {
    let fetcher = PartFetcher(
      store: cache,
      download: { part, file, limit in try await client.downloadPart(part.hash, to: file, limit: limit) })
    library = FrameLibrary(fetcher: fetcher, kernel: kernel, threadCount: threadCount) {
      try await client.manifest(of: $0)
    }
    threads = RenderThreads(count: threadCount)
  }

  /// - Parameters:
  ///   - spec: From outside; its hash has been compared.
  ///   - tile: From outside, as samples are.
  public func render(
    _ spec: JobSpec, frame: Int, tile: TileRectangle, samples: Range<Int>
  ) async throws -> UnitOutcome {
    guard tile.x >= 0, tile.y >= 0, tile.width > 0, tile.height > 0, tile.width <= spec.width - tile.x,
      tile.height <= spec.height - tile.y
    else {
      throw BundleError(
        .malformed,
        "tile at (\(tile.x), \(tile.y)) of \(tile.width)x\(tile.height) is outside of its job's frame of \(spec.width)x\(spec.height)"
      )
    }
    guard SampleTree.isNode(samples, of: spec.samples) else {
      throw BundleError(
        .malformed, "samples \(samples) are no node of the tree over its job's \(spec.samples) samples")
    }
    let key = FrameKey(bundle: spec.bundle, number: frame, camera: spec.camera)
    if prepared != key {
      if let prepared { library.forget(prepared) }
      prepared = nil
      try await library.prepare(key)
      prepared = key
    }
    guard let frame = library.frame(key) else { throw BundleError(.missing, "frame \(frame) is not prepared") }
    return try await threads.render(frame, settings: RenderSettings(spec), tile: tile, samples: samples)
  }
}
