import FarmLedger
import FarmModel
import Logging
import ServiceLifecycle

/// Takes entries from the outbox into the log, in their order, and then out of the outbox. What it does after a crash is
/// what it always does.
struct LedgerKeeper: Service {
  let keeper: FarmKeeper
  let log: LedgerLog
  let index: EntryIndex
  /// Says that the outbox has entries; listens since before the first request was answered.
  let events: AsyncStream<FarmEvent>
  /// From one batch to the next: many entries cost the disk as much as one.
  let interval: Duration
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await publish()
      for await _ in events {
        let earliest = ContinuousClock.now + interval
        await publish()
        // Entries are safe in the outbox meanwhile.
        try? await Task.sleep(until: earliest)
      }
    }
  }

  /// Tries until the outbox is empty.
  private func publish() async {
    while !Task.isCancelled {
      do {
        return try await LedgerKeeper.publishAll(keeper, log, index)
      } catch {
        if Task.isCancelled { return }
        logger.error("The ledger cannot be written; it is tried again in \(MasterLimits.ledgerRetryInterval): \(error)")
        try? await Task.sleep(for: MasterLimits.ledgerRetryInterval)
      }
    }
  }

  /// One try: appends what the outbox holds, then empties it.
  static func publishAll(_ keeper: FarmKeeper, _ log: LedgerLog, _ index: EntryIndex) async throws {
    while true {
      // Returns when all that it saw is durable: an entry must not be in the log before it is in the store.
      let entries = try await keeper.perform { $0.unpublishedEntries(limit: MasterLimits.entriesInBatch) }
      guard let first = entries.first, let last = entries.last else { return }
      try await log.append(entries.map(\.bytes), at: first.index)
      await index.add(try entries.map { try LedgerEntry($0.bytes).agent }, at: first.index)
      try await keeper.perform { $0.entriesPublished(upTo: last.index + 1) }
    }
  }

  // MARK: - Start

  /// Compares log and store, and mends the store's balances where they are not what the entries say.
  ///
  /// - Throws: `MasterFault` where one of the two is older than the other: a person must say what holds.
  static func start(
    _ keeper: FarmKeeper, _ log: LedgerLog, _ index: EntryIndex, logger: Logger
  ) async throws {
    let (published, known) = await keeper.read { ($0.publishedEntryCount, $0.entryCount) }
    let found = try await log.checkpoint().checkpoint.size
    guard found >= published else {
      throw MasterFault(
        .system,
        "ledger: the log holds \(found) entries, but the database says that \(published) were published; restore the folder `ledger` from the backup that the database is from, or from a copy that somebody has (`glint ledger verify` tells whether it is whole)"
      )
    }
    guard found <= known else {
      throw MasterFault(
        .system,
        "ledger: the log holds \(found) entries, but the database knows of \(known) only, so it is older than the log; restore the newest backup of the database (entries of the log cannot be taken back)"
      )
    }
    // The outbox overlaps the log where the last master ended between appending and forgetting.
    let outbox = try await keeper.perform { $0.unpublishedEntries(limit: .max) }
    var sums = try await log.balances(published, index)
    for row in outbox { try sums.apply(LedgerEntry(row.bytes)) }
    let records = sums.records
    guard await keeper.read({ $0.balanceRecords }) != records else { return }
    logger.warning(
      "The database's balances are not the sum of the ledger's \(known) entries; they were made anew from the ledger")
    try await keeper.perform { $0.replaceBalances(records) }
  }
}
