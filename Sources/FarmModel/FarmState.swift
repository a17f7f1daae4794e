import KernelScene
import SceneModel

/// A unit as the farm sees it at a moment.
struct UnitState: Sendable {
  var record: UnitRecord
  /// Live lease to check it. (One to render it needs no note: then it is open, and not among the open units.)
  var checkLease: LeaseID?
}

/// A frame that is not final.
struct FrameProgress: Sendable {
  /// By index; nil: nobody has touched it, it is open. Empty before the first one is touched.
  private(set) var units: [UnitState?] = []
  private let unitCount: Int
  /// Open units that nobody holds, by stage: preview and rest. Next one last.
  var openPreview: [Int]
  var openRest: [Int]
  var receivedCount = 0
  var settledCount = 0
  /// Units that are here but not yet fit for a picture.
  var heldBackCount = 0
  /// Who has units in hand, and how many: few at a time.
  private(set) var holders: [(agent: KeyID, count: Int)] = []
  /// Units on which somebody failed.
  var failedUnits: Set<Int> = []

  init(_ plan: FramePlan) {
    unitCount = plan.units.count
    openPreview = Array((0..<plan.previewCount).reversed())
    openRest = Array((plan.previewCount..<plan.units.count).reversed())
  }

  mutating func hold(_ agent: KeyID) {
    if let index = holders.firstIndex(where: { $0.agent == agent }) {
      holders[index].count += 1
    } else {
      holders.append((agent, 1))
    }
  }

  /// - Returns: Whether that was the last unit in this agent's hands.
  mutating func release(_ agent: KeyID) -> Bool {
    guard let index = holders.firstIndex(where: { $0.agent == agent }) else { return false }
    holders[index].count -= 1
    guard holders[index].count == 0 else { return false }
    holders.swapAt(index, holders.count - 1)
    holders.removeLast()
    return true
  }

  /// A unit that somebody has touched.
  func unit(_ index: Int) -> UnitState? { units.indices.contains(index) ? units[index] : nil }

  /// All that somebody has touched, by index.
  var touchedUnits: some Sequence<UnitState> { units.lazy.compactMap { $0 } }

  /// Keeps a unit's state; nothing happens where the plan has no such unit.
  ///
  /// - Returns: The record that was there before.
  mutating func updateUnit(_ state: UnitState) -> UnitRecord {
    if units.isEmpty { units = Array(repeating: nil, count: unitCount) }
    let ref = state.record.ref
    guard units.indices.contains(ref.unit) else { return state.record }
    var state: UnitState? = state
    swap(&units[ref.unit], &state)
    return state?.record ?? UnitRecord(ref)
  }

  func state(_ index: Int) -> UnitRecord.State {
    units.indices.contains(index) ? units[index]?.record.state ?? .open : .open
  }

  mutating func count(_ record: UnitRecord, _ step: Int) {
    receivedCount += step
    if record.state == .settled { settledCount += step }
    if record.isHeldBack { heldBackCount += step }
  }

  func hasOpen(preview: Bool) -> Bool { preview ? !openPreview.isEmpty : !openRest.isEmpty }

  /// Whether an agent may have an open unit of a stage: none on which it failed.
  func isOpen(preview: Bool, to agent: KeyID) -> Bool {
    let open = preview ? openPreview : openRest
    return failedUnits.isEmpty ? !open.isEmpty : open.contains { mayHave($0, agent) }
  }

  private func mayHave(_ unit: Int, _ agent: KeyID) -> Bool {
    !failedUnits.contains(unit) || self.unit(unit)?.record.failures.contains { $0.agent == agent } != true
  }

  /// Whose result of a unit is here. (Read in its place: a unit's state is large.)
  private func author(_ unit: Int) -> KeyID? {
    units.indices.contains(unit) ? units[unit]?.record.result?.contributor : nil
  }

  /// Whether a preview of it is here that is not this contributor's.
  func hasPreview(notBy contributor: KeyID, previewCount: Int) -> Bool {
    (0..<previewCount).contains { author($0).map { $0 != contributor } == true }
  }

  /// Takes up to `limit` open units of a stage for an agent.
  ///
  /// - Parameters:
  ///   - stranger: Units whose preview is this contributor's own are taken only where there are no others: screening
  ///     compares passes of different owners. Nil: it makes no difference.
  ///   - previews: For each unit of the plan the preview that covers its first pixel.
  mutating func take(preview: Bool, agent: KeyID, stranger: KeyID?, previews: [Int], limit: Int) -> [Int] {
    var open: [Int] = []
    // Out of its place, so that it is not copied.
    swap(&open, &self[keyPath: preview ? \FrameProgress.openPreview : \FrameProgress.openRest])
    var taken: [Int] = []
    for takesOwn in preview || stranger == nil ? [true] : [false, true] where taken.isEmpty {
      var index = open.count - 1
      while index >= 0, taken.count < limit {
        let isOwn = !takesOwn && author(previews[open[index]]) == stranger
        if !isOwn, failedUnits.isEmpty || mayHave(open[index], agent) { taken.append(open.remove(at: index)) }
        index -= 1
      }
    }
    swap(&open, &self[keyPath: preview ? \FrameProgress.openPreview : \FrameProgress.openRest])
    return taken
  }
}

/// Which frames of a job may have open units of a stage (that nobody works on), lowest first.
struct OpenFrames: Sendable {
  /// All frames of the job.
  private let numbers: FrameNumbers
  /// Index of the run of `numbers` that holds `fresh`.
  private var run = 0
  /// Every frame of the job from this one on may; nil: only those of the heap.
  private(set) var fresh: Int?
  /// A heap of earlier ones that came back.
  private var heap: [Int] = []

  init(_ numbers: FrameNumbers) {
    self.numbers = numbers
    fresh = numbers.first
  }

  /// A frame before `fresh` has open units again, or nobody holds it any more.
  mutating func note(_ frame: Int) {
    guard frame < fresh ?? .max else { return }
    heap.append(frame)
    var index = heap.count - 1
    while index > 0, heap[index] < heap[(index - 1) / 2] {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// The lowest; nil if no frame is left.
  var first: Int? { heap.first ?? fresh }

  /// The lowest is none: leaves it out until it is noted again.
  mutating func drop() {
    guard !heap.isEmpty else {
      advance()
      return
    }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == index { break }
      heap.swapAt(index, least)
      index = least
    }
  }

  /// Moves `fresh` to the job's next frame.
  private mutating func advance() {
    guard let last = fresh else { return }
    if last < numbers.runs[run].upperBound {
      fresh = last + 1
    } else {
      run += 1
      fresh = run < numbers.runs.count ? numbers.runs[run].lowerBound : nil
    }
  }
}

/// A job with its frames.
struct JobState: Sendable {
  var record: JobRecord
  let plan: FramePlan
  let specHash: ContentHash
  /// `record.frames` as text, made once: lists of jobs repeat it at each question.
  let frameText: String
  /// Of its largest unit.
  let largestPathCount: Int
  /// Of all units of all frames.
  let plannedPathCount: Int
  /// For each unit of the plan the preview that covers its first pixel.
  let previews: [Int]
  /// By number; final frames have none.
  var frames: [Int: Boxed<FrameProgress>] = [:]
  /// Frames of which there is a picture.
  var delivered: [Int: FrameRecord] = [:]
  /// Of those, the ones whose picture is not being made anew.
  var completeCount = 0
  /// Frames whose picture can be made, with the number of the attempt.
  var assembling: [Int: Int] = [:]
  var attemptCount = 0
  /// By author.
  var evidence: [KeyID: AgentEvidence] = [:]
  /// Those of `evidence`, in their order.
  private(set) var authors: [KeyID] = []
  var settledUnitCount = 0
  var receivedUnitCount = 0
  /// What results that have not settled are worth, with their checks.
  var pendingCredit: UInt128 = 0
  /// Paths of units that are here, settled or not, and of those that are being rendered for the first time.
  var donePathCount = 0
  var leasedPathCount = 0
  /// Checks that screening has asked for; after a restart, those of units that are void since are forgotten.
  var screenedCount = 0
  /// What an agent said last when it could not render a unit.
  var lastFailure: String?
  /// Open units of each stage that nobody holds.
  var openPreviewCount = 0
  var openRestCount = 0
  /// Where they may be, in frames that nobody holds.
  var preview: OpenFrames
  var rest: OpenFrames
  /// Where they may be, in any frames.
  private var anyPreview: OpenFrames
  private var anyRest: OpenFrames

  init(_ record: JobRecord) {
    self.record = record
    specHash = record.spec.hash
    frameText = record.frames.description
    plan = FramePlan(
      width: record.spec.width, height: record.spec.height, samples: record.spec.samples, tile: record.tile)
    largestPathCount = plan.units.reduce(0) { max($0, $1.tile.pixelCount * $1.samples.count) }
    plannedPathCount =
      record.frames.count * plan.units.reduce(0) { $0 + $1.tile.pixelCount * $1.samples.count }
    previews = plan.previewOfUnits
    preview = OpenFrames(record.frames)
    rest = OpenFrames(record.frames)
    anyPreview = preview
    anyRest = rest
    for number in record.frames { frames[number] = Boxed(FrameProgress(plan)) }
    countOpen()
  }

  /// Counts anew.
  mutating func countOpen() {
    openPreviewCount = frames.values.reduce(0) { $0 + $1.openPreview.count }
    openRestCount = frames.values.reduce(0) { $0 + $1.openRest.count }
  }

  /// Whether units of a stage are open that nobody holds.
  func hasOpen(preview: Bool) -> Bool { (preview ? openPreviewCount : openRestCount) > 0 }

  /// Frames of an owner's own previews that a search for others' passes over.
  static let passedFrameLimit = 64

  /// Takes up to `limit` open units of a frame's stage for an agent.
  mutating func take(_ number: Int, preview: Bool, agent: KeyID, stranger: KeyID?, limit: Int) -> [Int] {
    let taken =
      frames[number]?.value.take(
        preview: preview, agent: agent, stranger: stranger, previews: previews, limit: limit) ?? []
    if preview { openPreviewCount -= taken.count } else { openRestCount -= taken.count }
    return taken
  }

  /// The lowest frame with open units for an agent that nobody holds; near the end, one that somebody holds.
  ///
  /// - Parameter stranger: Only frames of which a preview is here that is not this contributor's, that nobody holds, and that
  ///   are among the first: a search through thousands at each lease would cost more than screening gives.
  mutating func nextFrame(preview isPreview: Bool, agent: KeyID, stranger: KeyID? = nil) -> Int? {
    guard hasOpen(preview: isPreview) else { return nil }
    // Frames that somebody holds come back when that ends.
    let found = lowest(isPreview ? \.preview : \.rest, preview: isPreview, agent, stranger: stranger) {
      $0.holders.isEmpty
    }
    if found != nil || stranger != nil { return found }
    return lowest(isPreview ? \.anyPreview : \.anyRest, preview: isPreview, agent, stranger: nil) { _ in true }
  }

  /// The lowest frame of a list with open units that an agent may have; others leave the list.
  private mutating func lowest(
    _ list: WritableKeyPath<JobState, OpenFrames>, preview: Bool, _ agent: KeyID, stranger: KeyID?,
    isListed: (borrowing FrameProgress) -> Bool
  ) -> Int? {
    var open = OpenFrames(FrameNumbers())
    // Out of its place, so that it is not copied.
    swap(&open, &self[keyPath: list])
    // Only this agent may not have them.
    var passed: [Int] = []
    var found: Int?
    let limit = stranger == nil ? Int.max : JobState.passedFrameLimit
    while let number = open.first, passed.count < limit {
      if let frame = frames[number], isListed(frame.value), frame.value.hasOpen(preview: preview) {
        if isOpen(frame.value, preview: preview, to: agent, stranger: stranger) {
          found = number
          break
        }
        passed.append(number)
      }
      open.drop()
    }
    for number in passed { open.note(number) }
    swap(&open, &self[keyPath: list])
    return found
  }

  func isOpen(_ frame: FrameProgress, preview: Bool, to agent: KeyID, stranger: KeyID?) -> Bool {
    frame.isOpen(preview: preview, to: agent)
      && (stranger.map { frame.hasPreview(notBy: $0, previewCount: plan.previewCount) } ?? true)
  }

  func pathCount(_ unit: Int) -> Int { plan.units[unit].tile.pixelCount * plan.units[unit].samples.count }

  var frameCount: Int { record.frames.count }
  var unitCount: Int { frameCount * plan.units.count }

  /// A result has arrived.
  ///
  /// - Returns: Whether it is this agent's first in the job.
  mutating func append(_ ref: UnitRef, of agent: KeyID, sequence: Int, isOutstanding: Bool) -> Bool {
    if let index = evidence.index(forKey: agent) {
      evidence.values[index].append(ref, sequence: sequence, isOutstanding: isOutstanding)
      return false
    }
    addAuthor(agent)
    evidence[agent]?.append(ref, sequence: sequence, isOutstanding: isOutstanding)
    return true
  }

  /// An agent has its first result here.
  mutating func addAuthor(_ agent: KeyID) {
    var (low, high) = (0, authors.count)
    while low < high {
      let middle = (low + high) / 2
      if authors[middle] < agent { low = middle + 1 } else { high = middle }
    }
    authors.insert(agent, at: low)
    evidence[agent] = AgentEvidence()
  }

  mutating func removeAuthor(_ agent: KeyID) -> AgentEvidence? {
    guard let found = evidence.removeValue(forKey: agent) else { return nil }
    authors.removeAll { $0 == agent }
    return found
  }

  /// - Returns: Who they were.
  mutating func removeAuthors() -> [KeyID] {
    defer { (evidence, authors) = ([:], []) }
    return authors
  }

  /// What of an agent may settle now: nothing while a result of it is in dispute.
  mutating func takeReady(of agent: KeyID, _ policy: FarmPolicy, isDisputed: Bool) -> [AgentEvidence.Entry] {
    guard let index = evidence.index(forKey: agent) else { return [] }
    evidence.values[index].resolve()
    if isDisputed { return [] }
    let model = policy.trust
    return evidence.values[index].takeReady(
      model, weight: policy.checkRate > 0 ? model.requiredWeight(threshold: record.trust) : 0,
      peerChecks: model.requiredPeerChecks(threshold: record.trust))
  }

  /// Counts a unit that is here, or takes it out of the counts.
  mutating func count(_ record: UnitRecord, _ step: Int) {
    receivedUnitCount += step
    if record.state == .settled { settledUnitCount += step }
    frames[record.ref.frame]?.value.count(record, step)
  }

  /// Notes a lease.
  mutating func hold(_ lease: LeaseRecord) {
    frames[lease.ref.frame]?.value.hold(lease.agent)
    if !lease.isCheck { leasedPathCount += pathCount(lease.ref.unit) }
  }

  /// A lease has ended: its unit, if nobody has rendered it, is open again.
  mutating func release(_ lease: LeaseRecord) {
    let (number, unit) = (lease.ref.frame, lease.ref.unit)
    if !lease.isCheck { leasedPathCount -= pathCount(unit) }
    guard let isLast = frames[number]?.value.release(lease.agent) else { return }
    if isLast, frames[number]?.value.holders.isEmpty == true {
      // Nobody may hold a frame any more that has open units.
      if frames[number]?.value.hasOpen(preview: true) == true { preview.note(number) }
      if frames[number]?.value.hasOpen(preview: false) == true { rest.note(number) }
    }
    if !lease.isCheck, frames[number]?.value.state(unit) == .open { reopen(number, unit) }
  }

  /// Puts a unit back among those to be handed out.
  mutating func reopen(_ frame: Int, _ unit: Int) {
    guard frames[frame] != nil else { return }
    if unit < plan.previewCount {
      frames[frame]?.value.openPreview.append(unit)
      openPreviewCount += 1
      preview.note(frame)
      anyPreview.note(frame)
    } else {
      frames[frame]?.value.openRest.append(unit)
      openRestCount += 1
      rest.note(frame)
      anyRest.note(frame)
    }
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
  /// The frame of which it had units last.
  var lastFrame: UnitRef?
  /// Jobs in which it has results.
  var jobs: Set<JobID> = []
  /// Units that it was drawn to check, oldest first; some may have gone to others meanwhile.
  var checks: [UnitRef] = []
  /// Units that it checked and agreed with, not settled yet.
  var vouched: Set<UnitRef> = []
  /// Where it is among `Farm.presentAgents`; nil: it is not.
  var place: Int?

  /// Counts a result that has not settled, or takes it out of the counts.
  mutating func count(_ record: UnitRecord, _ step: Int) {
    pendingCount += step
    if record.check == .disputed { disputeCount += step }
  }
}

/// An agent that may be present, with what decides whether it may check others.
struct PresentAgent: Sendable {
  var key: KeyID
  var contributor: KeyID
  /// As in its state; never for one that is banned.
  var lastSeen: FarmTime
  var isProven: Bool
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
  /// There may be work for all who wait.
  case workAvailable
  /// There may be work for this agent: it has room for more, may check others now, or a check was drawn for it.
  case workAvailableTo(KeyID)
  /// There may be something for the master's own verifier.
  case verificationWanted
  case agentsChanged
  /// The ledger's outbox holds entries for the log.
  case ledgerGrew
  /// The planes that came by this lease are void and may go.
  case planesVoid(UnitRef, LeaseID)
}
