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

  /// - Parameter spec: From outside; its hash has been compared.
  public func render(
    _ spec: JobSpec, frame: Int, tile: TileRectangle, samples: Range<Int>
  ) async throws -> UnitOutcome {
    let key = FrameKey(bundle: spec.bundle, number: frame, camera: spec.camera)
    if prepared != key {
      if let prepared { library.forget(prepared) }
      prepared = nil
      try await library.prepare(key)
      prepared = key
    }
    guard let frame = library.frame(key) else { throw BundleError(.missing, "frame \(frame) is not prepared") }
    var settings = RenderSettings(width: spec.width, height: spec.height)
    settings.bounces = spec.bounces
    settings.seed = spec.seed
    settings.filter = spec.filter == "box" ? .box : .blackmanHarris
    return try await threads.render(frame, settings: settings, tile: tile, samples: samples)
  }
}
