import Foundation
import KernelScene
import SceneModel
import Synchronization

/// What a rendered unit is.
public struct UnitOutcome: Sendable {
  public var planes: UnitPlanes
  public var counters: WorkCounters
  /// `ResultPayload.digest` of both.
  public var digest: ContentHash
  public var seconds: Double

  public init(planes: UnitPlanes, counters: WorkCounters, digest: ContentHash, seconds: Double) {
    self.planes = planes
    self.counters = counters
    self.digest = digest
    self.seconds = seconds
  }
}

/// Threads of our own that render units, apart from the cooperative pool that answers the network. They end with their owner.
public final class RenderThreads: Sendable {
  private typealias Job = @Sendable () -> Void

  /// What threads and owner share; the threads hold only this, so that the owner can go.
  private final class Queue: @unchecked Sendable {
    // Sendable because `jobs` and `isClosed` are touched only while `condition` is locked.
    private let condition = NSCondition()
    private var jobs: [Job] = []
    private var first = 0
    private var isClosed = false

    func add(_ job: @escaping Job) {
      condition.lock()
      jobs.append(job)
      condition.signal()
      condition.unlock()
    }

    func close() {
      condition.lock()
      isClosed = true
      condition.broadcast()
      condition.unlock()
    }

    /// Waits; nil once the queue is closed and empty.
    func next() -> Job? {
      condition.lock()
      defer { condition.unlock() }
      while first == jobs.count {
        if isClosed { return nil }
        condition.wait()
      }
      let job = jobs[first]
      first += 1
      if first == jobs.count {
        jobs.removeAll(keepingCapacity: true)
        first = 0
      }
      return job
    }
  }

  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  public let count: Int
  private let queue = Queue()

  public init(count: Int) {
    precondition(count > 0)
    self.count = count
    for index in 0..<count {
      let queue = queue
      let thread = Thread {
        while let job = queue.next() { job() }
      }
      thread.name = "glint-render-\(index)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { queue.close() }

  /// Renders one unit on one of the threads, after those asked for before.
  ///
  /// - Throws: `Cancelled` when the task is cancelled.
  public func render(
    _ frame: PreparedJobFrame, settings: RenderSettings, tile: TileRectangle, samples: Range<Int>
  ) async throws -> UnitOutcome {
    try await run { isCancelled in
      try RenderThreads.renderNow(
        frame, settings: settings, tile: tile, samples: samples, isCancelled: isCancelled)
    }
  }

  /// Renders on the calling thread.
  ///
  /// - Parameter times: Gets the time that each stage of the kernel took.
  public static func renderNow(
    _ frame: PreparedJobFrame, settings: RenderSettings, tile: TileRectangle, samples: Range<Int>,
    times: StageTimes? = nil, isCancelled: () -> Bool = { false }
  ) throws -> UnitOutcome {
    let start = ContinuousClock.now
    let (planes, counters) = try frame.frame.render(
      settings: settings, frameNumber: frame.number, tile: tile, samples: samples, times: times,
      isCancelled: isCancelled)
    let digest = ResultPayload.digest(planes, counters)
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return UnitOutcome(
      planes: planes, counters: counters, digest: digest, seconds: Double(seconds) + Double(attoseconds) * 1e-18)
  }

  /// Queues work after all that was queued before.
  func submit(_ job: @escaping @Sendable () -> Void) { queue.add(job) }

  /// Runs `body` on one of the threads; it is handed a closure that says whether the asking task was cancelled.
  public func run<Result: Sendable>(
    _ body: @escaping @Sendable (_ isCancelled: () -> Bool) throws -> Result
  ) async throws -> Result {
    let flag = Flag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.add {
          if flag.isSet { return continuation.resume(throwing: Cancelled()) }
          continuation.resume(with: Swift.Result { try body { flag.isSet } })
        }
      }
    } onCancel: {
      flag.set()
    }
  }
}
