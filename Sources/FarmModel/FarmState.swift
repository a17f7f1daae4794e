import KernelScene
import SceneModel

/// A unit as the farm sees it at a moment.
struct UnitState: Sendable {
  var record: UnitRecord
  /// Live leases to render it, and to check it.
  var renderLease: LeaseID?
  var checkLease: LeaseID?
}

/// A frame that is not final.
struct FrameProgress: Sendable {
  /// Only units that were touched; the others are open.
  var units: [Int: UnitState] = [:]
  /// Open units that nobody holds, by stage: preview and rest. Next one last.
  var openPreview: [Int]
  var openRest: [Int]
  var receivedCount = 0
  var settledCount = 0
  /// Units that are here but not yet fit for a picture.
  var heldBackCount = 0
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
  let specHash: ContentHash
  /// By number; final frames have none.
  var frames: [Int: FrameProgress] = [:]
  /// Frames of which there is a picture.
  var delivered: [Int: FrameRecord] = [:]
  /// Of those, the ones whose picture is not being made anew.
  var completeCount = 0
  /// Frames whose picture can be made, with the number of the attempt.
  var assembling: [Int: Int] = [:]
  var attemptCount = 0
  /// By author.
  var evidence: [KeyID: AgentEvidence] = [:]
  var settledUnitCount = 0
  var receivedUnitCount = 0
  /// What an agent said last when it could not render a unit.
  var lastFailure: String?
  /// No frame before these has open units of that stage.
  var firstOpenPreview: Int
  var firstOpenRest: Int

  init(_ record: JobRecord) {
    self.record = record
    specHash = record.spec.hash
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
  var pendingCount = 0
  /// Results of it in dispute: until that is decided, nothing of it settles.
  var disputeCount = 0
  /// Jobs in which it has results.
  var jobs: Set<JobID> = []
  /// Units that it was drawn to check, oldest first; some may have gone to others meanwhile.
  var checks: [UnitRef] = []
  /// Units that it checked and agreed with, not settled yet.
  var vouched: Set<UnitRef> = []
  /// Whether it is among `Farm.presentAgents`.
  var isListed = false
}

/// A check that was drawn and is not made.
struct WantedCheck: Sendable {
  /// Drawn at random, so that nobody can choose whom to check; nil where nobody could be.
  var checker: KeyID?
  /// When it was drawn, and a number that grows with every draw.
  var since: FarmTime
  var order: Int
}

/// What somebody outside should do or know after a step.
public enum FarmEvent: Sendable, Equatable {
  case jobChanged(JobID)
  /// A unit's planes are here, are void, or hold.
  case unitChanged(UnitRef)
  /// All units are here and none is suspect: put the picture together, then call `frameAssembled`.
  case assemble(JobID, frame: Int)
  /// There is a picture, or a new revision of it.
  case frameFinished(JobID, frame: Int)
  /// Units of the picture turned out void; another revision follows.
  case frameReopened(JobID, frame: Int)
  /// All units of the picture have settled: their planes may go.
  case frameFinal(JobID, frame: Int)
  /// There may be work for those who wait.
  case workAvailable
  /// There may be something for the master's own verifier.
  case verificationWanted
  case agentsChanged
  /// The ledger's outbox holds entries for the log.
  case ledgerGrew
  /// The planes that came by this lease are void and may go.
  case planesVoid(UnitRef, LeaseID)
}
