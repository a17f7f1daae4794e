import FarmModel
import FarmStore
import FrameRenderer
import Logging
import SceneModel
import ServiceLifecycle

/// Renders again what no agent of another owner can check, and decides where two results differ.
struct Verifier: Service {
  let keeper: FarmKeeper
  let worker: KernelWorker
  let hub: EventHub
  /// Only disputes.
  let isReferee: Bool
  let logger: Logger

  /// Agents come and go without an event of their own: look this often at least.
  private static let interval = Duration.seconds(2)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      guard let wakes = hub.listen(limit: 1, where: { $0 == .verificationWanted || $0 == .workAvailable }) else {
        return
      }
      let (pulses, pulse) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in wakes { pulse.yield() }
        }
        group.addTask {
          while !Task.isCancelled {
            pulse.yield()
            try? await Task.sleep(for: Verifier.interval)
          }
        }
        for await _ in pulses {
          while !Task.isCancelled, await verifyNext() {}
          if Task.isCancelled { break }
        }
        pulse.finish()
        group.cancelAll()
      }
    }
  }

  /// - Returns: Whether there was something to do.
  private func verifyNext() async -> Bool {
    guard
      let next = await keeper.read({ $0.nextVerification(now: FarmKeeper.now, isReferee: isReferee) })
    else { return false }
    do {
      let first = try await worker.render(next.spec, frame: next.ref.frame, unit: next.unit)
      if next.isDispute {
        let second = try await worker.render(next.spec, frame: next.ref.frame, unit: next.unit)
        let isSteady = first.digest == second.digest && first.counters == second.counters
        try await keeper.perform { farm in
          if isSteady {
            farm.refereed(next.ref, digest: first.digest, counters: first.counters)
          } else {
            farm.refereeFailed(next.ref)
          }
        }
      } else {
        try await keeper.perform { $0.verified(next.ref, digest: first.digest, counters: first.counters) }
      }
      return true
    } catch {
      // A failed write is no fault of the job: it is looked for again.
      if Task.isCancelled || error is StoreError { return false }
      logger.error("Frame \(next.ref.frame) of job \(next.ref.job) cannot be checked: \(error)")
      try? await keeper.perform {
        $0.pause(
          next.ref.job,
          reason: "frame \(next.ref.frame) cannot be checked by the master: \(error); mend that, then resume",
          cause: .verifier)
      }
      return false
    }
  }
}
