import Foundation
import Synchronization

/// Numbered pieces of work, done by several threads at once.
enum Concurrent {
  /// The results, in order.
  ///
  /// - Throws: What `body` threw; after a failure no further piece is begun.
  static func map<Value: Sendable>(
    count: Int, threadCount: Int, _ body: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    let next = Atomic<Int>(0)
    let results = Mutex([Result<Value, any Error>?](repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: max(1, min(count, threadCount))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        if index >= count { return }
        let result = Result { try body(index) }
        results.withLock { $0[index] = result }
        if case .failure = result { next.store(count, ordering: .relaxed) }
      }
    }
    // Pieces that were not begun are missing only where another has failed.
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }
}
