import KernelScene

/// What an agent tells the person who runs it.
public enum AgentReport: Sendable {
  /// This machine computes what it should.
  case selfTestPassed(pathsPerSecond: Double)
  /// The master knows this agent now.
  case registered
  /// It does not answer, or is busy; the agent goes on trying.
  case waitingForMaster(reason: String)
  /// The master has answered a question for work.
  case answered
  case preparing(FrameKey)
  case prepared(FrameKey)
  case partFetched(byteCount: Int)
  case rendered(counters: WorkCounters, seconds: Double)
  /// The master has taken a result.
  case accepted
  /// What this agent's owner has earned altogether at this master.
  case credit(rays: UInt64)
  /// So many new ledger entries pay this agent, and their receipts are kept.
  case receipts(count: Int)
  /// Receipts cannot be fetched or kept for now; told once for each kind of reason.
  case receiptsDelayed(reason: String)
  /// The ledger is not what it must be; the owner must hear of it.
  case ledgerFault(String)
  /// The master does not want a result: somebody else was faster, the job was cancelled.
  case notWanted(reason: String)
  case unitFailed(reason: String)
  /// Ctrl-C was heard.
  case stopping(unfinishedCount: Int)
}
