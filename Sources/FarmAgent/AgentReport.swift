import RenderKernel

/// What an agent tells the person who runs it.
public enum AgentReport: Sendable {
  /// The master knows this agent now.
  case registered
  /// It does not answer, or is busy; the agent goes on trying.
  case waitingForMaster(reason: String)
  case preparing(FrameKey)
  case partFetched(byteCount: Int)
  case rendered(counters: WorkCounters, seconds: Double)
  /// The master has taken a result.
  case accepted
  /// The master does not want a result: somebody else was faster, the job was cancelled.
  case notWanted(reason: String)
  case unitFailed(reason: String)
  /// Ctrl-C was heard.
  case stopping(unfinishedCount: Int)
}
