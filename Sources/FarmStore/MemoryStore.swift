import FarmModel
import Synchronization

/// A store that lasts as long as the process, for tests and simulations.
public final class MemoryStore: FarmStore {
  private struct FrameKey: Hashable {
    var job: JobID
    var number: Int
  }

  private struct BalanceKey: Hashable {
    var job: JobID
    var contributor: KeyID
  }

  private struct Records {
    var jobs: [JobID: JobRecord] = [:]
    var units: [UnitRef: UnitRecord] = [:]
    var frames: [FrameKey: FrameRecord] = [:]
    var agents: [KeyID: AgentRecord] = [:]
    var leases: [LeaseID: LeaseRecord] = [:]
    var outbox: [UInt64: OutboxEntry] = [:]
    var publishedEntryCount: UInt64 = 0
    var balances: [BalanceKey: BalanceRecord] = [:]

    mutating func apply(_ change: Change) {
      switch change {
      case .job(let job): jobs[job.id] = job
      case .unit(let unit): units[unit.ref] = unit
      case .frame(let frame): frames[FrameKey(job: frame.job, number: frame.number)] = frame
      case .agent(let agent): agents[agent.key] = agent
      case .lease(let lease): leases[lease.id] = lease
      case .leaseEnded(let id): leases[id] = nil
      case .ledgerEntry(let entry): outbox[entry.index] = entry
      case .ledgerPublished(let index):
        outbox = outbox.filter { $0.key >= index }
        publishedEntryCount = index
      case .balance(let record):
        balances[BalanceKey(job: record.job, contributor: record.contributor)] = record
      case .balancesForgotten: balances = [:]
      }
    }
  }

  private let records = Mutex(Records())

  public init() {}

  /// What `load` gives.
  public var stored: StoredFarm {
    let records = records.withLock { $0 }
    var farm = StoredFarm()
    farm.jobs = records.jobs.values.sorted { $0.id < $1.id }
    farm.units = records.units.values.sorted {
      ($0.ref.job, $0.ref.frame, $0.ref.unit) < ($1.ref.job, $1.ref.frame, $1.ref.unit)
    }
    farm.frames = records.frames.values.sorted { ($0.job, $0.number) < ($1.job, $1.number) }
    farm.agents = records.agents.values.sorted { $0.key < $1.key }
    farm.leases = records.leases.values.sorted { $0.id.description < $1.id.description }
    farm.outbox = records.outbox.values.sorted { $0.index < $1.index }
    farm.publishedEntryCount = records.publishedEntryCount
    farm.balances = records.balances.values.sorted { ($0.job, $0.contributor) < ($1.job, $1.contributor) }
    return farm
  }

  public func load() async throws -> StoredFarm { stored }

  public func write(_ changes: [Change]) async throws { try apply(changes) }

  /// Writes at once.
  public func apply(_ changes: [Change]) throws {
    try changes.check()
    records.withLock { records in
      for change in changes { records.apply(change) }
    }
  }
}
