import FarmModel
import Synchronization

/// Hands events on to whoever listens: pages, commands, and the master's own workers.
final class EventHub: Sendable {
  private struct State {
    var listeners: [Int: AsyncStream<FarmEvent>.Continuation] = [:]
    var next = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  /// - Parameter limit: Events that may wait; older ones are dropped.
  /// - Returns: Nil where there are too many listeners already.
  func listen(limit: Int = MasterLimits.listenerBacklog) -> AsyncStream<FarmEvent>? {
    let (stream, continuation) = AsyncStream.makeStream(of: FarmEvent.self, bufferingPolicy: .bufferingNewest(limit))
    let id: Int? = state.withLock { state in
      guard !state.isClosed, state.listeners.count < MasterLimits.listenerCount else { return nil }
      state.next += 1
      state.listeners[state.next] = continuation
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
    for event in events { for listener in listeners { listener.yield(event) } }
  }

  /// Ends all streams: the master stops.
  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }
}
