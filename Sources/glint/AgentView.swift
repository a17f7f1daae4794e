import FarmAgent
import Foundation
import KernelScene
import Synchronization

/// What an agent's owner sees: one line that changes on a terminal, a log line now and then elsewhere.
final class AgentView: Sendable {
  private struct State {
    var isConnected = false
    var isWaiting = false
    var isStopping = false
    var preparingFrame: Int?
    var rendered = 0
    var accepted = 0
    var failed = 0
    var paths: UInt64 = 0
    var fetchedByteCount = 0
    var receipts = 0
    /// Rays of accepted results, as credit counts them.
    var credit: UInt64?
    /// When paths were counted: the rate is of the last minute.
    var recent: [(time: ContinuousClock.Instant, paths: UInt64)] = []
    var lastShown: ContinuousClock.Instant?
    var lastLogged: ContinuousClock.Instant?
  }

  private let configuration: AgentConfiguration
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  private static let redrawInterval = Duration.milliseconds(100)
  private static let logInterval = Duration.seconds(30)
  private static let rateWindow = Duration.seconds(60)

  init(configuration: AgentConfiguration) {
    self.configuration = configuration
    if Terminal.showsProgress {
      draw(forced: true)
    } else {
      log(
        "agent \(configuration.name), \(configuration.threadCount) threads, kernel \(configuration.kernel.name), master \(configuration.master.absoluteString)"
      )
    }
  }

  func show(_ report: AgentReport) {
    let line: String? = state.withLock { state in
      switch report {
      case .selfTestPassed(let pathsPerSecond):
        return "self-test passed, " + String(format: "%.2f Mpaths/s", pathsPerSecond / 1e6)
      case .registered:
        defer { (state.isConnected, state.isWaiting) = (true, false) }
        return state.isWaiting || !state.isConnected ? "connected to \(configuration.master.absoluteString)" : nil
      case .waitingForMaster(let reason):
        defer { state.isWaiting = true }
        return state.isWaiting ? nil : "waiting: \(reason)"
      case .answered:
        defer { state.isWaiting = false }
        return state.isWaiting ? "the master is back" : nil
      case .preparing(let key): state.preparingFrame = key.number
      case .prepared: state.preparingFrame = nil
      case .partFetched(let byteCount): state.fetchedByteCount += byteCount
      case .rendered(let counters, _):
        state.rendered += 1
        state.paths += counters.paths
        state.recent.append((.now, counters.paths))
      case .accepted: state.accepted += 1
      case .credit(let rays): state.credit = rays
      case .receipts(let count): state.receipts += count
      case .receiptsDelayed(let reason): return "no receipts: \(reason)"
      case .ledgerFault(let text):
        return "the ledger is wrong: " + text
      case .notWanted(let reason): return "a result was not taken: \(reason)"
      case .unitFailed(let reason):
        state.failed += 1
        return "a unit failed: \(reason)"
      case .stopping(let count):
        state.isStopping = true
        return count == 0 ? "stopping" : "stopping: \(count) units go back or are delivered; Ctrl-C again ends at once"
      }
      return nil
    }
    if let line { log(line) }
    draw(forced: line != nil)
  }

  /// Removes the line and says what was done.
  func finish() {
    if Terminal.showsProgress { Terminal.writeError("\r\u{1B}[K") }
    let summary = state.withLock { AgentView.summary($0, start: start) }
    log("done: " + summary)
  }

  private func log(_ text: String) {
    if Terminal.showsProgress {
      Terminal.writeError("\r\u{1B}[K" + PlainText.make(text) + "\n")
    } else {
      Terminal.writeError(TimeText.clock() + " " + PlainText.make(text) + "\n")
    }
  }

  private func draw(forced: Bool) {
    let now = ContinuousClock.now
    let text: String? = state.withLock { state in
      let interval = Terminal.showsProgress ? AgentView.redrawInterval : AgentView.logInterval
      let last = Terminal.showsProgress ? state.lastShown : state.lastLogged
      if Terminal.showsProgress {
        if !forced, let last, now - last < interval { return nil }
        state.lastShown = now
      } else {
        guard state.rendered > 0, now - (last ?? start) >= interval else { return nil }
        state.lastLogged = now
      }
      state.recent.removeAll { now - $0.time > AgentView.rateWindow }
      return AgentView.summary(state, start: start)
    }
    guard let text else { return }
    if Terminal.showsProgress {
      Terminal.writeError("\r\u{1B}[K" + PlainText.make(text).prefix(max(1, Terminal.columns - 1)))
    } else {
      log(text)
    }
  }

  private static func summary(_ state: State, start: ContinuousClock.Instant) -> String {
    var parts = ["\(state.accepted) units done"]
    if state.failed > 0 { parts.append("\(state.failed) failed") }
    if let first = state.recent.first {
      let seconds = min(max(Double(ContinuousClock.now - start), 0.001), Double(AgentView.rateWindow))
      let paths = state.recent.reduce(0) { $0 + $1.paths }
      _ = first
      parts.append(String(format: "%.2f Mpaths/s", Double(paths) / seconds / 1e6))
    }
    if state.receipts > 0 { parts.append("\(state.receipts) paid") }
    if let credit = state.credit { parts.append("credit " + CountText.short(credit) + " rays") }
    if state.isStopping {
      parts.append("stopping")
    } else if state.isWaiting {
      parts.append("waiting for the master")
    } else if !state.isConnected {
      parts.append("connecting")
    } else if let frame = state.preparingFrame {
      parts.append("preparing frame \(frame)")
    }
    return parts.joined(separator: " · ")
  }
}

/// Large counts as people say them: `1.2 M`, `3.4 G`.
enum CountText {
  static func short(_ count: UInt64) -> String {
    let units = ["", " k", " M", " G", " T", " P"]
    var value = Double(count)
    var index = 0
    while value >= 999.5, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    return index == 0
      ? "\(count)" : String(format: value < 9.95 ? "%.2f" : value < 99.5 ? "%.1f" : "%.0f", value) + units[index]
  }
}
