import Foundation
import KernelScene
import LaneMath
import SceneModel
import Synchronization

/// Renders frames one after the other on this machine, with the bits that a farm gives.
///
/// Threads never wait at a frame's end: the next frame is prepared while the last units of this one are rendered, and
/// pictures are put together beside that.
public final class LocalRenderer: Sendable {
  /// One frame, done.
  public struct Frame: Sendable {
    public var number: Int
    public var picture: FinishedFrame
    public var counters: WorkCounters
    /// Time that threads spent on its units.
    public var seconds: Double
    /// Time that making it ready took.
    public var prepareSeconds: Double
    /// From the first unit queued to the last one done.
    public var sampleSeconds: Double
  }

  private let preparer: FramePreparer
  private let threads: RenderThreads
  private let settings: RenderSettings
  /// The part of the frame that is rendered.
  private let crop: TileRectangle
  /// Each is rendered with all its samples at once.
  private let tiles: [TileRectangle]

  /// - Parameters:
  ///   - crop: The part of the frame that is rendered, inside it, in pixels from its top left corner; pictures have its size.
  ///     Its pixels have the bits that they have in the whole frame. Nil: all of the frame.
  ///   - tile: Edge of the tiles, a multiple of 16. Changes no pixel.
  ///   - kernel: The build that renders. Changes no pixel.
  ///   - threadCount: Changes no pixel either.
  public init(
    scene: Scene, settings: RenderSettings, crop: TileRectangle? = nil, tile: Int,
    kernel: any KernelBuild = KernelChoice.fastest, threadCount: Int
  ) {
    precondition(tile >= 16 && tile % 16 == 0 && settings.sampleCount > 0)
    let whole = TileRectangle(x: 0, y: 0, width: settings.width, height: settings.height)
    precondition(crop.map { whole.intersection($0) == $0 } ?? true, "the crop lies inside the frame")
    self.crop = crop ?? whole
    preparer = FramePreparer(scene: scene, kernel: kernel, threadCount: threadCount)
    threads = RenderThreads(count: threadCount)
    self.settings = settings
    let grid = TileGrid(width: settings.width, height: settings.height, edge: tile)
    tiles = grid.tiles.compactMap { [crop = self.crop] in $0.intersection(crop) }
  }

  /// Units of one frame, for progress.
  public var unitCount: Int { tiles.count }

  /// Renders frames in order.
  ///
  /// - Parameters:
  ///   - state: What moves, at a frame. Called on render threads.
  ///   - camera: Index into the state's cameras.
  ///   - onUnit: Hears of every unit that is done, on any thread.
  ///   - onFrame: Takes each frame, in order.
  public func render(
    frames: [Int], state: @escaping @Sendable (Int) throws -> FrameState, camera: Int,
    onUnit: @escaping @Sendable (WorkCounters) -> Void = { _ in }, onFrame: (Frame) async throws -> Void
  ) async throws {
    guard let first = frames.first else { return }
    let preparer = preparer
    @Sendable func prepare(_ number: Int) throws -> (frame: PreparedJobFrame, seconds: Double) {
      let start = ContinuousClock.now
      let frame = try preparer.prepare(try state(number), number: number, camera: camera)
      return (frame, LocalRenderer.seconds(since: start))
    }
    var prepared = try await threads.run { _ in try prepare(first) }
    var running: Task<Frame, any Error>?
    for (index, number) in frames.enumerated() {
      let next = frames.indices.contains(index + 1) ? frames[index + 1] : nil
      let following = Handover<(frame: PreparedJobFrame, seconds: Double)>()
      let work = Handover<[UnitOutcome]>()
      let start = ContinuousClock.now
      enqueue(prepared.frame, into: work, onUnit: onUnit) {
        if let next { following.resolve(Result { try prepare(next) }) }
      }
      let prepareSeconds = prepared.seconds
      let task = Task {
        let outcomes = try await work.value()
        let sampleSeconds = LocalRenderer.seconds(since: start)
        return await self.assemble(
          number, outcomes, prepareSeconds: prepareSeconds, sampleSeconds: sampleSeconds)
      }
      if let running { try await onFrame(try await running.value) }
      running = task
      if next != nil { prepared = try await following.value() }
    }
    if let running { try await onFrame(try await running.value) }
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// Queues all units of a frame, and `beforeEnd` before the last of them.
  private func enqueue(
    _ frame: PreparedJobFrame, into work: Handover<[UnitOutcome]>, onUnit: @escaping @Sendable (WorkCounters) -> Void,
    beforeEnd: @escaping @Sendable () -> Void
  ) {
    let collector = Collector(count: tiles.count, work)
    let position = max(0, tiles.count - 2 * threads.count)
    for (index, tile) in tiles.enumerated() {
      if index == position { threads.submit(beforeEnd) }
      let settings = settings
      threads.submit {
        do {
          let outcome = try RenderThreads.renderNow(
            frame, settings: settings, tile: tile, samples: 0..<settings.sampleCount,
            isCancelled: { collector.hasFailed })
          onUnit(outcome.counters)
          collector.put(index, outcome)
        } catch {
          collector.fail(error)
        }
      }
    }
  }

  private func assemble(
    _ number: Int, _ outcomes: [UnitOutcome], prepareSeconds: Double, sampleSeconds: Double
  ) async -> Frame {
    let (settings, crop) = (settings, crop)
    return await withCheckedContinuation { continuation in
      let thread = Thread {
        // Every unit has all samples of its pixels: there is nothing to add, as there is in `Film`.
        let sums = FlatBuffer<Float>(count: UnitPlanes.planeCount * crop.pixelCount)
        var counters = WorkCounters()
        var seconds = 0.0
        for outcome in outcomes {
          outcome.planes.copy(to: sums, of: crop)
          counters = counters + outcome.counters
          seconds += outcome.seconds
        }
        continuation.resume(
          returning: Frame(
            number: number,
            picture: FinishedFrame(
              width: crop.width, height: crop.height, sampleCount: settings.sampleCount, sums: sums),
            counters: counters, seconds: seconds, prepareSeconds: prepareSeconds, sampleSeconds: sampleSeconds))
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// A value that one thread makes and one task awaits.
  private final class Handover<Value: Sendable>: Sendable {
    private enum State {
      case empty
      case waiting(CheckedContinuation<Value, any Error>)
      case full(Result<Value, any Error>)
    }

    private let state = Mutex(State.empty)

    func resolve(_ result: Result<Value, any Error>) {
      let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
        switch state {
        case .empty:
          state = .full(result)
          return nil
        case .waiting(let continuation):
          state = .full(result)
          return continuation
        case .full: return nil
        }
      }
      waiting?.resume(with: result)
    }

    func value() async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        let ready: Result<Value, any Error>? = state.withLock { state in
          if case .full(let result) = state { return result }
          state = .waiting(continuation)
          return nil
        }
        if let ready { continuation.resume(with: ready) }
      }
    }
  }

  /// The outcomes of a frame's units, in the units' order.
  private final class Collector: Sendable {
    private struct State {
      var outcomes: [UnitOutcome?]
      var rest: Int
      var hasFailed = false
    }

    private let state: Mutex<State>
    private let work: Handover<[UnitOutcome]>

    init(count: Int, _ work: Handover<[UnitOutcome]>) {
      state = Mutex(State(outcomes: Array(repeating: nil, count: count), rest: count))
      self.work = work
    }

    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    func put(_ index: Int, _ outcome: UnitOutcome) {
      let all: [UnitOutcome]? = state.withLock { state in
        state.outcomes[index] = outcome
        state.rest -= 1
        return state.rest == 0 ? state.outcomes.compactMap { $0 } : nil
      }
      if let all { work.resolve(.success(all)) }
    }

    func fail(_ error: any Error) {
      state.withLock { $0.hasFailed = true }
      work.resolve(.failure(error))
    }
  }
}

extension TileRectangle {
  /// What both have in common; nil if that is nothing.
  fileprivate func intersection(_ other: TileRectangle) -> TileRectangle? {
    let (left, top) = (max(x, other.x), max(y, other.y))
    let (right, bottom) = (min(x + width, other.x + other.width), min(y + height, other.y + other.height))
    guard left < right, top < bottom else { return nil }
    return TileRectangle(x: left, y: top, width: right - left, height: bottom - top)
  }
}

extension UnitPlanes {
  /// Copies all planes to their place in those of `frame`, which holds the unit's tile.
  fileprivate func copy(to sums: FlatBuffer<Float>, of frame: TileRectangle) {
    for plane in 0..<UnitPlanes.planeCount {
      for row in 0..<tile.height {
        let line = plane * frame.height + tile.y - frame.y + row
        (sums.pointer + line * frame.width + tile.x - frame.x).update(
          from: values.pointer + plane * tile.pixelCount + row * tile.width, count: tile.width)
      }
    }
  }
}
