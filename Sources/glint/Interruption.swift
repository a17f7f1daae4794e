import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM. The first asks the command to end well; a second one ends it at once, with exit code 130.
enum Interruption {
  private struct State {
    var sources: [any DispatchSourceSignal] = []
    var isAsked = false
    var onFirst: (@Sendable () -> Void)?
  }

  private static let state = Mutex(State())
  private static let queue = DispatchQueue(label: "glint.interruption")

  /// From now on the first signal runs `onFirst`, on a queue of its own. A later call replaces the action; if the signal
  /// has come already, the new action runs at once.
  static func handle(_ onFirst: @escaping @Sendable () -> Void) {
    let isAsked = state.withLock { state in
      state.onFirst = onFirst
      if state.sources.isEmpty {
        for number in [SIGINT, SIGTERM] {
          // The source sees the signal only if its default action is off.
          signal(number, SIG_IGN)
          let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
          source.setEventHandler { Interruption.arrived() }
          source.resume()
          state.sources.append(source)
        }
      }
      return state.isAsked
    }
    if isAsked { onFirst() }
  }

  /// For commands that hold nothing: the first signal ends them, after some last lines on standard error.
  static func leave(saying words: @escaping @Sendable () -> [String] = { [] }) {
    handle {
      ProgressBar.clear()
      for word in words() { Terminal.note(word) }
      exit(ExitStatus.interrupted.rawValue)
    }
  }

  private static func arrived() {
    let action: (@Sendable () -> Void)? = state.withLock { state in
      if state.isAsked { return nil }
      state.isAsked = true
      return state.onFirst
    }
    guard let action else {
      ProgressBar.clear()
      _exit(ExitStatus.interrupted.rawValue)
    }
    action()
  }
}
