import FarmModel
import FarmStore
import Foundation
import FrameRenderer
import ImageFiles
import LaneMath
import Logging
import KernelScene
import NIOPosix
import SceneModel
import ServiceLifecycle
import Synchronization

/// Puts frames together whose units are all here, writes their pictures, and removes planes that nobody needs any more.
struct Assembler: Service {
  let keeper: FarmKeeper
  let files: MasterFiles
  let cache: PlaneCache
  let worker: KernelWorker
  /// Listens since before the first request was answered, without limit: a lost event would leave a frame unfinished.
  let events: AsyncStream<FarmEvent>
  let logger: Logger
  private let manifests = LatestManifest()

  init(
    keeper: FarmKeeper, files: MasterFiles, cache: PlaneCache, worker: KernelWorker, events: AsyncStream<FarmEvent>,
    logger: Logger
  ) {
    (self.keeper, self.files, self.cache, self.worker) = (keeper, files, cache, worker)
    (self.events, self.logger) = (events, logger)
  }

  /// What it listens for; nothing else may pile up while a frame is put together.
  static func wants(_ event: FarmEvent) -> Bool {
    switch event {
    case .assemble, .frameFinal, .planesVoid: true
    default: false
    }
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await keeper.announceRestoredWork()
      for await event in events {
        switch event {
        case .assemble(let job, let frame): await assemble(job, frame)
        // Until a frame is final, units of it may turn out void: then the others' planes are needed again.
        case .frameFinal(let job, let frame): files.removeResults(job, frame: frame)
        case .planesVoid(let ref, let lease):
          files.removeResult(ref, lease: lease)
          cache.remove([lease])
        default: break
        }
        if Task.isCancelled { return }
      }
    }
  }

  private func assemble(_ job: JobID, _ number: Int) async {
    do {
      // After a failed write the same event may come twice.
      guard let attempt = await keeper.read({ $0.assembly(job, frame: number) }),
        let view = await keeper.read({ $0.jobView(job) })
      else { return }
      let units = await keeper.read { $0.receivedUnits(job, frame: number) }
      let spec = view.record.spec
      let film = FilmBox(Film(width: spec.width, height: spec.height, sampleCount: spec.samples))
      var screening = FrameScreening()
      for unit in units {
        let planes = try await planes(unit, spec)
        film.film.add(planes)
        screening.add(unit.ref.unit, by: unit.result.contributor, planes)
      }
      guard film.film.isComplete else {
        throw MasterFault(.system, "not every pixel has its \(spec.samples) samples")
      }
      try await screen(screening, job, frame: number, attempt: attempt)
      let picture = view.record.picture
      let bundle = manifests.manifest(spec.bundle, in: files)?.id(ofFrame: number)
      let (digest, png) = try await onThread {
        let frame = FinishedFrame(film.film)
        let description = PictureDescription(
          settings: RenderSettings(spec), camera: spec.camera, frame: number, bundle: bundle)
        let view = ViewSettings(picture)
        let metadata = description.metadata(digest: frame.digest, view: view)
        return (
          frame.digest,
          try frame.png(view: view, depth: picture.depth == 16 ? .sixteen : .eight, metadata: metadata)
        )
      }
      try files.keepPicture(job, frame: number, png: png)
      cache.remove(units.map(\.result.lease))
      try await keeper.perform {
        $0.frameAssembled(job, frame: number, attempt: attempt, digest: digest, now: FarmKeeper.now)
      }
    } catch {
      if Task.isCancelled { return }
      // The keeper has gone back to what the disk holds, and asks for this frame again.
      if error is StoreError { return }
      logger.error("Frame \(number) of job \(job) cannot be put together: \(error)")
      try? await keeper.perform {
        $0.pause(
          job,
          reason:
            "frame \(number) cannot be put together (\(error)); mend that, then resume the job: `glint resume \(job)`")
      }
    }
  }

  /// A unit's planes from memory or from disk; what the disk has lost is rendered again, which gives the same bits.
  private func planes(_ received: ReceivedUnit, _ spec: JobSpec) async throws -> UnitPlanes {
    let unit = received.unit
    if let planes = cache.planes(lease: received.result.lease) { return planes }
    if let payload = files.result(received.ref, lease: received.result.lease),
      let decoded = try? ResultPayload.decode(payload, tile: unit.tile, samples: unit.samples),
      decoded.digest == received.result.digest
    {
      return decoded.planes
    }
    logger.warning("Unit \(received.ref.unit) of frame \(received.ref.frame) was damaged on disk; it is rendered again")
    let outcome = try await worker.render(spec, frame: received.ref.frame, unit: unit)
    guard outcome.digest == received.result.digest else {
      throw MasterFault(
        .system, "unit \(received.ref.unit) is damaged on disk, and rendering it again gave another digest")
    }
    return outcome.planes
  }

  /// The manifest that was asked for last: frames of one job follow each other.
  private final class LatestManifest: Sendable {
    private let latest = Mutex<(id: ContentHash, manifest: BundleManifest)?>(nil)

    /// Nil where the data folder has lost it.
    func manifest(_ id: ContentHash, in files: MasterFiles) -> BundleManifest? {
      if let latest = latest.withLock({ $0 }), latest.id == id { return latest.manifest }
      guard let manifest = try? files.manifest(id) else { return nil }
      latest.withLock { $0 = (id, manifest) }
      return manifest
    }
  }

  /// A film on its way between threads; one of them holds it at a time.
  private final class FilmBox: @unchecked Sendable {
    // Sendable because `assemble` awaits each use before the next.
    let film: Film
    init(_ film: Film) { self.film = film }
  }
}

/// Runs synchronous work that takes long, or waits for the disk, away from the pool that answers the network.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await workThreads.runIfActive(body)
}

/// More than processors: most of them wait for the disk, and syncs that wait side by side share one.
private let workThreads: NIOThreadPool = {
  let threads = NIOThreadPool(numberOfThreads: 32)
  threads.start()
  return threads
}()

extension ViewSettings {
  init(_ picture: PictureSpec) {
    let exposure = Float(picture.exposure)
    self = ViewSettings(name: picture.view, exposure: exposure) ?? ViewSettings(exposure: exposure)
  }
}
