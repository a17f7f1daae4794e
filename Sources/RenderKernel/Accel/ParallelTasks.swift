import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbered tasks, each run once by one of several threads; which one is left open.
enum ParallelTasks {
  /// More threads than this never help a build.
  static let threadLimit = 64

  private final class Queue: Sendable {
    let next = Atomic<Int>(0)
    let count: Int
    let body: @Sendable (Int) -> Void

    init(count: Int, body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
    }

    func drain() {
      while true {
        let task = next.add(1, ordering: .relaxed).oldValue
        if task >= count { return }
        body(task)
      }
    }
  }

  /// Returns when all tasks ran. The calling thread works too; threads that cannot be started are done without.
  static func run(count: Int, threadCount: Int, body: @escaping @Sendable (Int) -> Void) {
    let queue = Queue(count: count, body: body)
    let helperCount = min(threadCount, threadLimit, count) - 1
    var helpers: [pthread_t] = []
    for _ in 0..<max(0, helperCount) {
      #if canImport(Darwin)
        var thread: pthread_t?
      #else
        var thread = pthread_t()
      #endif
      let argument = Unmanaged.passRetained(queue)
      let status = pthread_create(
        &thread, nil,
        { raw in
          #if canImport(Darwin)
            let queue = Unmanaged<Queue>.fromOpaque(raw).takeRetainedValue()
          #else
            let queue = Unmanaged<Queue>.fromOpaque(raw!).takeRetainedValue()
          #endif
          queue.drain()
          return nil
        }, argument.toOpaque())
      guard status == 0 else {
        argument.release()
        break
      }
      #if canImport(Darwin)
        helpers.append(thread!)
      #else
        helpers.append(thread)
      #endif
    }
    queue.drain()
    for helper in helpers { pthread_join(helper, nil) }
  }
}
