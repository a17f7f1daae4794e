import FarmAgent
import FarmModel
import FarmWire
import Foundation

/// Watches one job until it ends.
///
/// The master's events only say when to look again; what is shown always comes from the job itself, so a lost event or a
/// restarted master loses nothing.
struct JobFollower: Sendable {
  let client: MasterClient
  let job: JobID

  /// Looks at least this often, even without events.
  private static let longestPause = Duration.seconds(5)
  /// Looks at most this often, however many events there are.
  private static let shortestPause = Duration.milliseconds(200)

  /// Calls `update` with each new state, and returns the last, in which the job has ended.
  ///
  /// - Parameter untilFinal: Whether a finished job's frames must all be final, too.
  func follow(untilFinal: Bool = false, _ update: (JobDetail) async throws -> Void) async throws -> JobDetail {
    let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let listener = Task { await listen { waker.yield() } }
    let pulse = Task {
      while !Task.isCancelled {
        waker.yield()
        try? await Task.sleep(for: JobFollower.longestPause)
      }
    }
    defer {
      listener.cancel()
      pulse.cancel()
      waker.finish()
    }
    for await _ in wakes {
      let detail = try await client.job(job)
      try await update(detail)
      let isOpen = untilFinal && detail.job.isFinished && !detail.frames.allSatisfy(\.isFinal)
      // A finished job has a reason only where it can never be final.
      if isOpen, let reason = detail.job.reason {
        throw CommandFailure(
          .failedWork,
          "job \(job.short) is finished, but cannot become final: \(reason). `glint fetch \(job.short)` without --final fetches the pictures as they are"
        )
      }
      if detail.hasEnded, !isOpen { return detail }
      try await Task.sleep(for: JobFollower.shortestPause)
    }
    throw CancellationError()
  }

  /// Until cancelled.
  private func listen(_ wake: @Sendable () -> Void) async {
    var backoff = Backoff(limit: JobFollower.longestPause)
    while !Task.isCancelled {
      do {
        for try await _ in try await client.events(job: job) {
          backoff.reset()
          wake()
        }
      } catch {}
      try? await Task.sleep(for: backoff.next(random: Double.random(in: 0..<1)))
    }
  }
}

/// A job's progress as a bar, or nothing in a pipe.
final class JobProgress {
  private var bar: ProgressBar?
  private var lastState: String?

  func show(_ detail: JobDetail) {
    let job = detail.job
    // How it has ended is the command's last word.
    let stateText = job.stateText + (job.hasEnded ? "" : job.reason.map { ": " + $0 } ?? "")
    if lastState.map({ $0 != stateText }) ?? !job.isRunning { Terminal.note("job \(job.id.short): \(stateText)") }
    lastState = stateText
    let bar = bar ?? ProgressBar("Rendering", total: 1)
    self.bar = bar
    let state = job.isRunning ? "" : "  " + job.stateText
    bar.update(job.completedFraction, detail: "\(job.finishedFrameCount)/\(job.frameCount) frames" + state)
  }

  func finish() { bar?.finish() }
}
