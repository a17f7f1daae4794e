import FarmModel
import KernelScene
import Synchronization

/// Planes that arrived lately, so that a frame need not be read back from disk to be put together. Only what was checked
/// against its commitment goes in.
final class PlaneCache: Sendable {
  private struct State {
    var planes: [LeaseID: UnitPlanes] = [:]
    /// Oldest first; some may have been taken out since.
    var order: [LeaseID] = []
    var byteCount = 0
  }

  private let state = Mutex(State())
  private let limit: Int

  /// - Parameter limit: Most bytes of planes that are kept.
  init(limit: Int = MasterLimits.planeCacheByteCount) { self.limit = limit }

  /// - Parameter lease: By which they came.
  func insert(_ planes: UnitPlanes, lease: LeaseID) {
    state.withLock { state in
      guard state.planes.updateValue(planes, forKey: lease) == nil else { return }
      state.order.append(lease)
      state.byteCount += planes.values.byteCount
      var dropped = 0
      while state.byteCount > limit, dropped < state.order.count {
        if let old = state.planes.removeValue(forKey: state.order[dropped]) { state.byteCount -= old.values.byteCount }
        dropped += 1
      }
      state.order.removeFirst(dropped)
    }
  }

  /// Planes that came by a lease, if they are still here.
  func planes(lease: LeaseID) -> UnitPlanes? { state.withLock { $0.planes[lease] } }

  /// For tests: what is remembered of planes that are here or gone.
  var noteCount: Int { state.withLock { $0.order.count } }

  /// Forgets what came by some leases.
  func remove(_ leases: some Collection<LeaseID>) {
    state.withLock { state in
      for lease in leases {
        if let old = state.planes.removeValue(forKey: lease) { state.byteCount -= old.values.byteCount }
      }
      // Those taken out must not pile up where the limit is never reached.
      if state.order.count > 2 * state.planes.count + 64 { state.order.removeAll { state.planes[$0] == nil } }
    }
  }
}
