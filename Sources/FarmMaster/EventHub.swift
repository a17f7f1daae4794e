import FarmModel
import Synchronization

/// Hands events on to whoever listens: pages, commands, and the master's own workers.
final class EventHub: Sendable {
  private struct Listener {
    var wants: @Sendable (FarmEvent) -> Bool
    var continuation: AsyncStream<FarmEvent>.Continuation
  }

  private struct State {
    var listeners: [Int: Listener] = [:]
    var next = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: Events that may wait; older ones are dropped.
  ///   - wants: Which events are meant.
  /// - Returns: Nil where there are too many listeners already.
  func listen(
    limit: Int = MasterLimits.listenerBacklog, where wants: @escaping @Sendable (FarmEvent) -> Bool = { _ in true }
  ) -> AsyncStream<FarmEvent>? {
    let (stream, continuation) = AsyncStream.makeStream(of: FarmEvent.self, bufferingPolicy: .bufferingNewest(limit))
    let id: Int? = state.withLock { state in
      guard !state.isClosed, state.listeners.count < MasterLimits.listenerCount else { return nil }
      state.next += 1
      state.listeners[state.next] = Listener(wants: wants, continuation: continuation)
      return state.next
    }
    guard let id else { return nil }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
    }
    return stream
  }

  func publish(_ events: [FarmEvent]) {
    guard !events.isEmpty else { return }
    let listeners = state.withLock { Array($0.listeners.values) }
    for event in events { for listener in listeners where listener.wants(event) { listener.continuation.yield(event) } }
  }

  /// Ends all streams: the master stops.
  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.continuation.finish() }
  }
}
