import FarmModel

/// What outlives a simulated master: the contract of `FarmStore` without its waiting.
struct SimulatedStore {
  private var jobs: [JobID: JobRecord] = [:]
  private(set) var units: [UnitRef: UnitRecord] = [:]
  private var frames: [JobID: [Int: FrameRecord]] = [:]
  private var agents: [KeyID: AgentRecord] = [:]
  private var leases: [LeaseID: LeaseRecord] = [:]
  private var outbox: [OutboxEntry] = []
  private var published: UInt64 = 0
  /// Of the one job.
  private var balances: [KeyID: BalanceRecord] = [:]

  mutating func write(_ changes: [Change]) {
    for change in changes {
      switch change {
      case .job(let record): jobs[record.id] = record
      case .unit(let record): units[record.ref] = record
      case .frame(let record): frames[record.job, default: [:]][record.number] = record
      case .agent(let record): agents[record.key] = record
      case .lease(let record): leases[record.id] = record
      case .leaseEnded(let id): leases[id] = nil
      case .ledgerEntry(let row): outbox.append(row)
      case .ledgerPublished(let index):
        outbox.removeAll { $0.index < index }
        published = index
      case .balance(let record): balances[record.contributor] = record
      case .balancesForgotten: balances = [:]
      }
    }
  }

  var stored: StoredFarm {
    var farm = StoredFarm()
    farm.jobs = jobs.values.sorted { $0.id < $1.id }
    farm.units = units.values.sorted {
      ($0.ref.job, $0.ref.frame, $0.ref.unit) < ($1.ref.job, $1.ref.frame, $1.ref.unit)
    }
    farm.frames = frames.values.flatMap(\.values).sorted { ($0.job, $0.number) < ($1.job, $1.number) }
    farm.agents = agents.values.sorted { $0.key < $1.key }
    farm.leases = leases.values.sorted { $0.id.description < $1.id.description }
    farm.outbox = outbox
    farm.publishedEntryCount = published
    farm.balances = balances.values.sorted { $0.contributor < $1.contributor }
    return farm
  }
}
