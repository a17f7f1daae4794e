/// Balances by job and contributor: what the farm keeps beside its records, and what the log must give.
public struct JobBalances: Sendable, Equatable {
  private var balances: [JobNumber: [KeyBytes: LedgerBalance]] = [:]

  public init() {}

  /// Takes one more entry into account, in the order of the log.
  ///
  /// - Throws: If the entry cannot follow those before it; nothing is changed then.
  public mutating func apply(_ entry: LedgerEntry) throws(LedgerEntryError) {
    var balance = balances[entry.job]?[entry.contributor] ?? LedgerBalance()
    try balance.apply(entry)
    balances[entry.job, default: [:]][entry.contributor] = balance
  }

  /// By job and contributor.
  public var records: [BalanceRecord] {
    balances.flatMap { job, all in
      all.map { BalanceRecord(job: job.id, contributor: $0.key.id, balance: $0.value) }
    }.sorted { ($0.job, $0.contributor) < ($1.job, $1.contributor) }
  }
}
