import FarmModel
import FrameRenderer
import KernelScene
import SceneModel

/// Where planes of unfinished frames lie.
protocol PlaneStore: Sendable {
  /// Returns when the bytes survive a crash.
  func keepResult(_ ref: UnitRef, lease: LeaseID, payload: [UInt8]) throws
  func removeResult(_ ref: UnitRef, lease: LeaseID)
}

extension MasterFiles: PlaneStore {}

/// Takes the planes of committed results. Their order: hash the planes, planes on disk, the fact in the store, answer; so
/// whatever ends in between, what was answered is whole.
struct ResultIntake: Sendable {
  let keeper: FarmKeeper
  let planes: any PlaneStore
  let cache: PlaneCache

  /// Returns when planes and fact are durable, or are not wanted any more.
  func take(
    _ id: LeaseID, of agent: KeyID, _ commitment: LeaseRecord.Commitment, payload: [UInt8]
  ) async throws {
    let order = try await keeper.read { try $0.workOrder(id, of: agent) }
    let (unit, lease, planes, cache) = (order.unit, order.lease, planes, cache)
    try await onThread {
      let decoded = try ResultPayload.decode(payload, tile: unit.tile, samples: unit.samples)
      guard decoded.digest == commitment.digest, decoded.counters == commitment.counters else {
        throw APIFault(
          .badRequest, "wrong_hash",
          "lease \(id): the planes hash to \(decoded.digest.short), committed was \(commitment.digest.short)")
      }
      if !lease.isCheck {
        try planes.keepResult(lease.ref, lease: id, payload: payload)
        cache.insert(decoded.planes, lease: id)
      }
    }
    let isTaken: Bool
    do {
      isTaken = try await keeper.perform { try $0.deliver(id, of: agent, now: FarmKeeper.now) }
    } catch let fault as FarmFault {
      // The same result may have arrived by another connection meanwhile: then it is this unit's, and stays.
      if await keeper.read({ $0.isResult(of: lease.ref, lease: id) }) { return }
      remove(lease)
      throw fault
    }
    if !isTaken, !lease.isCheck { remove(lease) }
  }

  private func remove(_ lease: LeaseRecord) {
    planes.removeResult(lease.ref, lease: lease.id)
    cache.remove([lease.id])
  }
}
