/// The sum of all entries by job and contributor, and what each job has cost by them.
struct PaidBalances: Sendable {
  private(set) var byJob: [JobID: [KeyID: LedgerBalance]] = [:]
  /// Kept, because it is asked for with every unit of a job that has a budget.
  private var costs: [JobID: UInt128] = [:]

  init(_ records: [BalanceRecord] = []) {
    for record in records { set(record.balance, job: record.job, contributor: record.contributor) }
  }

  subscript(job: JobID, contributor: KeyID) -> LedgerBalance { byJob[job]?[contributor] ?? LedgerBalance() }

  func cost(of job: JobID) -> UInt128 { costs[job] ?? 0 }

  mutating func set(_ balance: LedgerBalance, job: JobID, contributor: KeyID) {
    let before = byJob[job, default: [:]].updateValue(balance, forKey: contributor)
    costs[job] = cost(of: job) + balance.credit - (before?.credit ?? 0)
  }
}
