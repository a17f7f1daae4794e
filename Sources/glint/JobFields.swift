import FarmModel
import FarmWire
import Foundation

/// How the wire's jobs, frames, agents and credits are put to people.
extension JobID {
  /// Enough for a person, and for commands.
  var short: String { String(description.prefix(8)) }
}

extension JobSummary {
  var stateText: String { state }
  var isRunning: Bool { state == "active" }
  var isFinished: Bool { state == "finished" }
  var hasEnded: Bool { ["finished", "failed", "cancelled"].contains(state) }
  var frameText: String { frames }
  var sizeText: String { "\(spec.width)x\(spec.height)" }
  var sampleCount: Int { spec.samples }

  /// Of the units, from 0 to 1.
  var completedFraction: Double { unitCount > 0 ? Double(receivedUnitCount) / Double(unitCount) : 0 }

  /// Seconds since the job was made, by this machine's clock.
  ///
  /// - Parameter now: Seconds since 1970.
  func age(at now: Double) -> Double { max(0, now - createdAt) }

  /// Seconds until a running job is done, if it goes on as it did since it was made. Nil: it does not run, or too little of
  /// it is done to tell.
  func secondsLeft(at now: Double) -> Double? {
    guard isRunning, completedFraction > 0.02, completedFraction < 1 else { return nil }
    return age(at: now) * (1 - completedFraction) / completedFraction
  }
}

extension JobDetail {
  var hasEnded: Bool { job.hasEnded }
}

extension FrameSummary {
  var stateText: String { state }
  var isFinished: Bool { state == "finished" }
}

enum FarmTables {
  static let agentHeader = ["AGENT", "CONTRIBUTOR", "STATE", "THREADS", "UNITS"]

  static func row(_ agent: AgentSummary) -> [String] {
    [agent.name, String(agent.contributor.prefix(12)), agent.state, "\(agent.threadCount)", "\(agent.unitCount)"]
  }

  static let creditHeader = ["CONTRIBUTOR", "UNITS", "CHECKS", "RAYS", "CREDIT", "PENDING"]

  static func row(_ credit: CreditSummary) -> [String] {
    [
      String(credit.contributor.prefix(12)), "\(credit.unitCount)", "\(credit.checkCount)",
      CountText.short(credit.rays), CountText.short(credit.credit), CountText.short(credit.pendingCredit),
    ]
  }
}
