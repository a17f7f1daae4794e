/// The records that changes leave behind, in memory: of each key the latest.
public struct FarmRecords: Sendable {
  private struct FrameKey: Hashable {
    var job: JobID
    var number: Int
  }

  private struct BalanceKey: Hashable {
    var job: JobID
    var contributor: KeyID
  }

  public private(set) var jobs: [JobID: JobRecord] = [:]
  public private(set) var units: [UnitRef: UnitRecord] = [:]
  public private(set) var agents: [KeyID: AgentRecord] = [:]
  public private(set) var leases: [LeaseID: LeaseRecord] = [:]
  private var frames: [FrameKey: FrameRecord] = [:]
  private var outbox: [UInt64: OutboxEntry] = [:]
  private var publishedEntryCount: UInt64 = 0
  private var balances: [BalanceKey: BalanceRecord] = [:]

  public init() {}

  /// In their order.
  public mutating func apply(_ changes: [Change]) {
    for change in changes {
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

  /// All of them, each list in the order of its keys.
  public var stored: StoredFarm {
    var farm = StoredFarm()
    farm.jobs = jobs.values.sorted { $0.id < $1.id }
    farm.units = units.values.sorted {
      ($0.ref.job, $0.ref.frame, $0.ref.unit) < ($1.ref.job, $1.ref.frame, $1.ref.unit)
    }
    farm.frames = frames.values.sorted { ($0.job, $0.number) < ($1.job, $1.number) }
    farm.agents = agents.values.sorted { $0.key < $1.key }
    farm.leases = leases.values.sorted { $0.id < $1.id }
    farm.outbox = outbox.values.sorted { $0.index < $1.index }
    farm.publishedEntryCount = publishedEntryCount
    farm.balances = balances.values.sorted { ($0.job, $0.contributor) < ($1.job, $1.contributor) }
    return farm
  }
}
