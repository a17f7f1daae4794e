import KernelScene
import SceneModel

/// A unit as the farm sees it at a moment.
struct UnitState: Sendable {
  var record: UnitRecord
  /// Live leases to render it; more than one only where an old one ran out.
  var renderLease: LeaseID?
  var checkLease: LeaseID?
  /// Results that had arrived when its check was drawn: evidence for those of the same agent.
  var drawnAt = 0
}

/// A frame of a job that is not finished.
struct FrameProgress: Sendable {
  /// Only units that were touched; the others are open.
  var units: [Int: UnitState] = [:]
  /// Open units that nobody holds, by stage: preview and rest. Next one last.
  var openPreview: [Int]
  var openRest: [Int]
  var receivedCount = 0
  var settledCount = 0
  /// Leases by agent.
  var holders: [KeyID: Int] = [:]

  init(_ plan: FramePlan) {
    openPreview = Array((0..<plan.previewCount).reversed())
    openRest = Array((plan.previewCount..<plan.units.count).reversed())
  }

  func hasOpen(preview: Bool) -> Bool { preview ? !openPreview.isEmpty : !openRest.isEmpty }
}

/// A job with its frames.
struct JobState: Sendable {
  var record: JobRecord
  let plan: FramePlan
  /// By number; finished frames have none.
  var frames: [Int: FrameProgress] = [:]
  var finished: [Int: FrameRecord] = [:]
  /// Frames whose units have all settled, being put together.
  var assembling: Set<Int> = []
  var settledUnitCount = 0
  var receivedUnitCount = 0
  /// What an agent said last when it could not render a unit.
  var lastFailure: String?
  /// No frame before these has open units of that stage.
  var firstOpenPreview: Int
  var firstOpenRest: Int

  init(_ record: JobRecord) {
    self.record = record
    plan = FramePlan(
      width: record.spec.width, height: record.spec.height, samples: record.spec.samples, tile: record.tile)
    firstOpenPreview = record.firstFrame
    firstOpenRest = record.firstFrame
    for number in record.firstFrame...record.lastFrame { frames[number] = FrameProgress(plan) }
  }

  var frameCount: Int { record.lastFrame - record.firstFrame + 1 }
  var unitCount: Int { frameCount * plan.units.count }

  /// Puts a unit back among those to be handed out.
  mutating func reopen(_ frame: Int, _ unit: Int) {
    guard var state = frames[frame] else { return }
    if unit < plan.previewCount {
      state.openPreview.append(unit)
      firstOpenPreview = min(firstOpenPreview, frame)
    } else {
      state.openRest.append(unit)
      firstOpenRest = min(firstOpenRest, frame)
    }
    frames[frame] = state
  }
}

/// An agent as the farm sees it.
struct AgentState: Sendable {
  var record: AgentRecord
  var lastSeen: FarmTime = 0
  var leases: Set<LeaseID> = []
  /// Measured by the self-test. 0: not known.
  var pathsPerSecond = 0.0
  /// Results that are neither settled nor void.
  var unsettled: Set<UnitRef> = []
}

/// What somebody outside should do or know after a step.
public enum FarmEvent: Sendable, Equatable {
  case jobChanged(JobID)
  /// A unit's planes are here, are void, or hold.
  case unitChanged(UnitRef)
  /// All units hold: put the picture together, then call `frameAssembled`.
  case assemble(JobID, frame: Int)
  case frameFinished(JobID, frame: Int)
  /// There may be work for those who wait.
  case workAvailable
  /// There may be something for the master's own verifier.
  case verificationWanted
  case agentsChanged
  /// The ledger's outbox holds entries for the log.
  case ledgerGrew
  /// The planes of a void result may go.
  case planesVoid(UnitRef)
}
