import KernelScene
import SceneModel

@testable import FarmModel

/// Records in memory, and all ledger entries that there ever were.
struct Ledger {
  private var records = FarmRecords()
  /// By index.
  private(set) var entries: [LedgerEntry] = []

  var units: [UnitRef: UnitRecord] { records.units }
  var leases: [LeaseID: LeaseRecord] { records.leases }
  var stored: StoredFarm { records.stored }

  mutating func apply(_ changes: [Change]) {
    for case .ledgerEntry(let row) in changes {
      precondition(row.index == UInt64(entries.count), "entry \(row.index) after \(entries.count) others")
      do { entries.append(try LedgerEntry(row.bytes)) } catch { preconditionFailure("\(error)") }
    }
    records.apply(changes)
  }

  /// What the settled units alone say that contributors have been paid for their pictures.
  var earned: [KeyID: WorkTally] {
    var tallies: [KeyID: WorkTally] = [:]
    for record in units.values {
      guard record.state == .settled, record.entry != nil, let result = record.result else { continue }
      tallies[result.contributor, default: WorkTally()].add(
        result.counters, credit: CreditWeights.current.credit(result.counters))
    }
    return tallies
  }
}

/// All of a farm that a person or an agent can see and that must outlive the master.
struct Appearance: Equatable {
  struct Job: Equatable {
    var record: JobRecord
    var unitCount: Int
    var receivedUnitCount: Int
    var settledUnitCount: Int
    var finishedFrameCount: Int
    var frames: [Frame]

    var text: String { "\(record) received \(receivedUnitCount) settled \(settledUnitCount) of \(unitCount)" }
  }

  struct Frame: Equatable {
    var number: Int
    var receivedUnitCount: Int
    var settledUnitCount: Int
    var isHeld: Bool
    var heldBackCount: Int
    var isAssembling: Bool
    var error: Double?
    var record: FrameRecord?
    var received: [String]
    var held: [String]
    /// What can be handed out.
    var open: [Int]

    var text: String {
      "received \(receivedUnitCount) settled \(settledUnitCount) heldBack \(heldBackCount) assembling \(isAssembling) error \(error ?? -1) \(record.map { "\($0)" } ?? "") isHeld \(isHeld) held \(held) open \(open)"
    }
  }

  struct Agent: Equatable {
    var record: AgentRecord
    var isOnProbation: Bool
    var leases: [String]
    var unsettledCount: Int
    var disputeCount: Int
    var vouched: Set<UnitRef>
    /// By job: of each result that has not settled, what speaks for it.
    var evidence: [String]
  }

  var jobs: [Job]
  var agents: [Agent]
  var credits: [KeyID: Credit]
  var leases: [String]
  var wantedChecks: Set<UnitRef>
  var disputes: Set<UnitRef>
  var order: [JobID]

  init(_ farm: Farm, now: FarmTime) {
    func text(_ lease: LeaseRecord) -> String {
      "\(lease.id) \(lease.ref) \(lease.agent) \(lease.isCheck) \(lease.grantedAt) \(String(describing: lease.commitment))"
    }
    jobs = farm.jobViews.map { view in
      let id = view.record.id
      let frames = farm.frameViews(id)!.map { frame in
        let progress = farm.jobs[id]!.frames[frame.number]
        return Frame(
          number: frame.number, receivedUnitCount: frame.receivedUnitCount, settledUnitCount: frame.settledUnitCount,
          isHeld: frame.isHeld, heldBackCount: progress?.heldBackCount ?? 0,
          isAssembling: farm.assembly(id, frame: frame.number) != nil, error: frame.error, record: frame.record,
          received: farm.receivedUnits(id, frame: frame.number).map { "\($0.ref) \($0.result)" },
          held: farm.heldTiles(id, frame: frame.number).map { "\($0.agent) \($0.unit)" }.sorted(),
          open: ((progress?.openPreview ?? []) + (progress?.openRest ?? [])).sorted())
      }
      return Job(
        record: view.record, unitCount: view.unitCount, receivedUnitCount: view.receivedUnitCount,
        settledUnitCount: view.settledUnitCount, finishedFrameCount: view.finishedFrameCount, frames: frames)
    }
    agents = farm.agentViews(now: now).map { agent in
      let state = farm.agents[agent.record.key]!
      return Agent(
        record: agent.record, isOnProbation: agent.isOnProbation, leases: state.leases.map(\.description).sorted(),
        unsettledCount: state.pendingCount, disputeCount: state.disputeCount, vouched: state.vouched,
        evidence: farm.jobs.sorted { $0.key < $1.key }.flatMap { id, job -> [String] in
          guard let evidence = job.evidence[agent.record.key] else { return [] }
          return evidence.pending.map {
            "\(id) \($0.sequence) \(evidence.evidence(for: $0.sequence)) \($0.isOutstanding) \($0.isChecked)"
          }
            + ["\(id) \(evidence.peerCheckedCount) \(evidence.peerChecked.sorted())"].filter { _ in
              !evidence.pending.isEmpty
            }
        })
    }
    credits = farm.credits()
    leases = farm.leases.values.map(text).sorted()
    wantedChecks = Set(farm.wantedChecks.keys)
    disputes = Set(farm.disputes)
    order = farm.order
  }

  /// The first difference, for a person.
  func difference(from other: Appearance) -> String? {
    if self == other { return nil }
    if leases != other.leases { return "leases \(leases)\n\(other.leases)" }
    for (mine, theirs) in zip(jobs, other.jobs) where mine != theirs {
      for (frame, second) in zip(mine.frames, theirs.frames) where frame != second {
        return "\(mine.record.id), frame \(frame.number): \(frame.text)\n\(second.text)"
      }
      return "\(mine.text)\n\(theirs.text)"
    }
    for (mine, theirs) in zip(agents, other.agents) where mine != theirs { return "\(mine)\n\(theirs)" }
    if credits != other.credits { return "\(credits)\n\(other.credits)" }
    if wantedChecks != other.wantedChecks { return "wanted \(wantedChecks)\n\(other.wantedChecks)" }
    if disputes != other.disputes { return "disputes \(disputes)\n\(other.disputes)" }
    return "counts or order: \(jobs.count) \(other.jobs.count) \(order) \(other.order)"
  }
}
