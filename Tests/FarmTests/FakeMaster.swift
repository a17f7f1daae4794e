import FarmModel
import Foundation
import FrameRenderer
import KernelScene
import SceneModel

@testable import FarmAgent

/// A master in memory, without HTTP: hands out the units of some frames, takes results, and misbehaves as told.
actor FakeMaster: MasterLink {
  enum Happening: Equatable {
    case asked
    case returned([LeaseID])
    case failed(LeaseID, String)
    case delivered(LeaseID)
    case renewed
  }

  let manifest: BundleManifest
  let store: PartStore
  private(set) var results: [LeaseID: UnitOutcome] = [:]
  private(set) var deliveryCounts: [LeaseID: Int] = [:]
  private(set) var returned: Set<LeaseID> = []
  private(set) var downloads: [ContentHash: Int] = [:]
  private(set) var happenings: [Happening] = []
  private(set) var units: [LeaseID: LeasedUnit] = [:]

  private var free: [LeasedUnit]
  private var held: Set<LeaseID> = []
  private var askFailures: [any Error] = []
  private var deliveryFailures: [any Error] = []
  private var corruptDownloads = 0
  private var waiters:
    [(condition: @Sendable (isolated FakeMaster) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
  private var lifetime = Duration.seconds(60)

  /// - Parameter size: Width and height; tiles are 16 × 16, passes are `samples` each.
  init(frames: ClosedRange<Int>, size: Int, passes: [Range<Int>], store: PartStore) throws {
    self.store = store
    manifest = try TinyScene.bundle(frames: frames, in: store)
    var settings = RenderSettings(width: size, height: size, sampleCount: passes.map(\.upperBound).max() ?? 1)
    settings.bounces = 3
    var all: [LeasedUnit] = []
    for frame in frames {
      for samples in passes {
        for y in stride(from: 0, to: size, by: 16) {
          for x in stride(from: 0, to: size, by: 16) {
            all.append(
              LeasedUnit(
                id: .sample(all.count), frame: FrameKey(bundle: manifest.id, number: frame, camera: 0),
                settings: settings, tile: TileRectangle(x: x, y: y, width: 16, height: 16), samples: samples,
                lifetime: .seconds(60)))
          }
        }
      }
    }
    free = all
    units = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
  }

  // MARK: - Script

  func failAsking(with errors: [any Error]) { askFailures = errors }
  func failDelivery(with errors: [any Error]) { deliveryFailures = errors }
  func corrupt(downloads count: Int) { corruptDownloads = count }
  func shorten(lifetime: Duration) { self.lifetime = lifetime }
  /// From now on no lease is anybody's.
  func forgetLeases() { held = [] }

  /// Waits until something is true; asked after everything that happens.
  func wait(until condition: @escaping @Sendable (isolated FakeMaster) -> Bool) async {
    if condition(self) { return }
    await withCheckedContinuation { waiters.append((condition, $0)) }
  }

  private func note(_ happening: Happening) {
    happenings.append(happening)
    let ready = waiters.filter { $0.condition(self) }
    waiters.removeAll { $0.condition(self) }
    for waiter in ready { waiter.continuation.resume() }
  }

  // MARK: - MasterLink

  func register() async throws {}

  func ask(unitCount: Int, preparedFrames: [FrameKey]) async throws -> [LeasedUnit] {
    note(.asked)
    if !askFailures.isEmpty { throw askFailures.removeFirst() }
    var given = Array(free.prefix(unitCount))
    free.removeFirst(given.count)
    for index in given.indices { given[index].lifetime = lifetime }
    held.formUnion(given.map(\.id))
    return given
  }

  func renew(_ ids: [LeaseID]) async throws -> (held: [LeaseID], lifetime: Duration) {
    defer { note(.renewed) }
    return (ids.filter { held.contains($0) }, lifetime)
  }

  func giveBack(_ ids: [LeaseID]) async throws {
    held.subtract(ids)
    returned.formUnion(ids)
    free += ids.compactMap { units[$0] }
    note(.returned(ids))
  }

  func reportFailure(_ id: LeaseID, reason: String) async throws {
    held.remove(id)
    note(.failed(id, reason))
  }

  func deliver(_ unit: LeasedUnit, _ outcome: UnitOutcome) async throws {
    if !deliveryFailures.isEmpty { throw deliveryFailures.removeFirst() }
    held.remove(unit.id)
    results[unit.id] = outcome
    deliveryCounts[unit.id, default: 0] += 1
    note(.delivered(unit.id))
  }

  func downloadPart(_ hash: ContentHash, to file: URL, limit: Int) async throws {
    downloads[hash, default: 0] += 1
    var bytes = try Data(contentsOf: store.fileURL(hash))
    if corruptDownloads > 0 {
      corruptDownloads -= 1
      bytes[bytes.count / 2] ^= 0x55
    }
    try bytes.write(to: file)
  }

  func manifest(of bundle: ContentHash) async throws -> BundleManifest { manifest }
}
