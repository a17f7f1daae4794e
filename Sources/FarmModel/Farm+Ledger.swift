import KernelScene
import SceneModel

/// What the farm enters into the public ledger (docs/ledger.md).
///
/// An entry gets its index and goes into the outbox by the same step, so in the same transaction, as what it tells. From
/// there it is appended to the log; that may happen again after a crash, because the index says where it belongs.
extension Farm {
  /// Pays a settled unit, and whoever checked it.
  mutating func enter(_ record: inout UnitRecord) {
    guard let result = record.result else { return }
    record.entry = append(
      entry(
        .rendered, record.ref, digest: result.digest, counters: result.counters, lease: result.lease,
        agent: result.agent, contributor: result.contributor, signature: result.signature),
      record.ref.job, result.contributor)
    var paid: Set<KeyID> = [result.contributor]
    for witness in record.witnesses + (record.check == .passed ? [record.checker].compactMap { $0 } : []) {
      guard witness.commitment.digest == result.digest, witness.commitment.counters == result.counters,
        paid.insert(witness.contributor).inserted
      else { continue }
      enterCheck(record.ref, witness)
    }
  }

  /// A check agreed with a result that had settled meanwhile: it was asked for, so it is paid.
  mutating func enterLateCheck(_ ref: UnitRef, _ checker: UnitRecord.Checker) {
    guard var unit = unit(ref), unit.record.state == .settled, let result = unit.record.result,
      checker.commitment.digest == result.digest, checker.commitment.counters == result.counters
    else { return }
    let known =
      [result.contributor] + (unit.record.witnesses + [unit.record.checker].compactMap { $0 }).map(\.contributor)
    guard !known.contains(checker.contributor) else { return }
    enterCheck(ref, checker)
    unit.record.witnesses.append(checker)
    keep(unit)
  }

  /// Pays a check that agreed, unless its agent was found to lie meanwhile.
  private mutating func enterCheck(_ ref: UnitRef, _ checker: UnitRecord.Checker) {
    guard agents[checker.agent]?.value.record.banReason == nil else { return }
    append(
      entry(
        .checked, ref, digest: checker.commitment.digest, counters: checker.commitment.counters, lease: checker.lease,
        agent: checker.agent, contributor: checker.contributor, signature: checker.commitment.signature),
      ref.job, checker.contributor)
  }

  /// A liar keeps what a check of its own proved, and what is part of final frames; other payments are taken back.
  mutating func revokeUnproven(_ agent: KeyID, _ units: [UnitRef]) {
    for ref in units {
      guard var unit = unit(ref), unit.record.state == .settled, unit.record.check != .passed,
        unit.record.result?.agent == agent
      else { continue }
      revoke(&unit.record, .banned)
      keep(unit)
    }
  }

  /// Takes back what a settled unit was paid.
  private mutating func revoke(_ record: inout UnitRecord, _ reason: LedgerEntry.Revocation.Reason) {
    guard let index = record.entry, let result = record.result,
      let payment = entry(
        .rendered, record.ref, digest: result.digest, counters: result.counters, lease: result.lease,
        agent: result.agent, contributor: result.contributor, signature: result.signature)
    else { return }
    append(
      payment.revoked(index: index, reason: reason, at: payment.settledAt), record.ref.job, result.contributor)
    record.entry = nil
  }

  /// Nil only where keys or signatures are none; `register` and `commit` let no such in.
  private func entry(
    _ work: LedgerEntry.Work, _ ref: UnitRef, digest: ContentHash, counters: WorkCounters, lease: LeaseID,
    agent: KeyID, contributor: KeyID, signature: String
  ) -> LedgerEntry? {
    guard let job = jobs[ref.job], let number = JobNumber(ref.job), let lease = LeaseNumber(lease),
      let agentKey = KeyBytes(agent), let contributor = KeyBytes(contributor),
      let agentSignature = SignatureBytes(hexadecimal: signature), let record = agents[agent]?.value.record,
      let contributorSignature = SignatureBytes(hexadecimal: record.contributorSignature)
    else { return nil }
    let unit = job.plan.units[ref.unit]
    return LedgerEntry(
      work: work, settledAt: UInt64(max(0, clock)), job: number, spec: job.specHash,
      kernelRevision: UInt32(job.record.spec.kernelRevision), frame: Int32(ref.frame), tile: unit.tile,
      samples: unit.samples, digest: digest, counters: counters, lease: lease, agent: agentKey,
      contributor: contributor, contributorSignature: contributorSignature, agentSignature: agentSignature)
  }

  @discardableResult
  private mutating func append(_ entry: LedgerEntry?, _ job: JobID, _ contributor: KeyID) -> UInt64? {
    guard let entry else { return nil }
    var balance = balances[job, contributor]
    do {
      try balance.apply(entry)
    } catch {
      preconditionFailure("the farm enters what cannot follow its own entries: \(error.description)")
    }
    balances.set(balance, job: job, contributor: contributor)
    let row = OutboxEntry(index: entryCount, bytes: entry.encoded)
    outbox.append(row)
    entryCount += 1
    write(.ledgerEntry(row))
    write(.balance(BalanceRecord(job: job, contributor: contributor, balance: balance)))
    hasGrownLedger = true
    return row.index
  }

  // MARK: - Into the log

  /// Entries that are not known to be in the log, the first `limit` of them.
  public func unpublishedEntries(limit: Int) -> [OutboxEntry] { Array(outbox.prefix(limit)) }

  /// Entries that are known to be in the log.
  public var publishedEntryCount: UInt64 { entryCount - UInt64(outbox.count) }

  /// The log holds all entries before `index`.
  public mutating func entriesPublished(upTo index: UInt64) {
    guard let first = outbox.first?.index, index > first else { return }
    outbox.removeFirst(min(outbox.count, Int(index - first)))
    write(.ledgerPublished(upTo: index))
  }

  /// Puts other balances in the place of those that were kept: they are not what the log says.
  public mutating func replaceBalances(_ found: [BalanceRecord]) {
    balances = PaidBalances(found)
    write(.balancesForgotten)
    for record in found { write(.balance(record)) }
    for id in order { reviewBudget(id) }
  }

  /// By job and contributor.
  public var balanceRecords: [BalanceRecord] {
    balances.byJob.flatMap { job, all in all.map { BalanceRecord(job: job, contributor: $0.key, balance: $0.value) } }
      .sorted { ($0.job, $0.contributor) < ($1.job, $1.contributor) }
  }

  // MARK: - Budgets

  /// What a job has cost by the ledger: renderings and checks.
  public func cost(of job: JobID) -> UInt128 { balances.cost(of: job) }

  /// What a job costs once everything that is here has settled.
  public func committedCost(of job: JobID) -> UInt128 { cost(of: job) + (jobs[job]?.value.pendingCredit ?? 0) }

  /// How many units of a job with a budget may still be handed out, at the price of the paths that were rendered, or that
  /// the submitter expects; what others have in hand is spent already. At least one while nothing is in hand and the budget
  /// is not used up: a job never ends short of it, and is overrun by a unit or so. Nil: no limit.
  func affordableUnitCount(_ id: JobID) -> Int? {
    guard let job = jobs[id], let budget = job.record.budget else { return nil }
    let committed = committedCost(of: id)
    guard committed < budget else { return 0 }
    var price = Double(job.record.estimatedCredit ?? 0) / Double(max(1, job.plannedPathCount))
    if job.donePathCount > 0 { price = Double(committed) / Double(job.donePathCount) }
    // Nothing is known of the first ones: a few tell.
    guard price > 0 else {
      return max(0, Farm.unitsBeforePrice - job.leasedPathCount / max(1, job.largestPathCount))
    }
    let left = Double(UInt128(budget) - committed) / price - Double(job.leasedPathCount)
    guard left > 0 else { return 0 }
    return max(1, Int(min(left, 1e15)) / max(1, job.largestPathCount))
  }

  private static let unitsBeforePrice = 8

  private func overBudget(_ record: JobRecord) -> String? {
    guard let budget = record.budget, committedCost(of: record.id) >= budget else { return nil }
    return
      "its budget of \(budget) credit is used up by what is paid and pending; it goes on when `glint budget \(record.id) CREDIT` raises that above the cost that `glint job \(record.id)` shows, or when results turn out void"
  }

  /// Pauses a job whose budget is used up, by what is settled or pending, and that is not all here; lets one go on that had
  /// paused for that when there is room again. Units in work are still taken and paid.
  mutating func reviewBudget(_ id: JobID) {
    guard let job = jobs[id], job.record.budget != nil || job.record.pauseCause == .budget else { return }
    var record = job.record
    let reason = overBudget(record)
    switch (record.state, record.pauseCause) {
    case (.active, _):
      if let reason, job.receivedUnitCount < job.unitCount { pause(id, reason: reason, cause: .budget) }
    case (.paused, .budget):
      guard reason != record.reason else { return }
      if reason == nil { record.state = job.completeCount == job.frameCount ? .finished : .active }
      record.reason = reason
      _ = keep(record)
    default: break
    }
  }

  /// Sets a job's budget; nil: none. A job that had paused for it goes on if there is room again, and one that has cost as
  /// much already pauses.
  public mutating func setBudget(_ id: JobID, _ credit: UInt64?) throws(FarmFault) -> JobRecord {
    guard var record = jobs[id]?.value.record else {
      throw FarmFault(.notFound, "no_job", "job \(id): there is none; `glint jobs` lists them")
    }
    record.budget = credit
    let kept = keep(record)
    reviewBudget(id)
    return jobs[id]?.record ?? kept
  }

  // MARK: - Credit

  /// What contributors have by the ledger, and what waits for evidence, altogether or from one job.
  public func credits(of job: JobID? = nil) -> [KeyID: Credit] {
    var credits: [KeyID: Credit] = [:]
    for (id, all) in balances.byJob where job == nil || id == job {
      for (contributor, balance) in all { credits[contributor, default: Credit()].balance.add(balance) }
    }
    for (id, state) in jobs where job == nil || id == job {
      for evidence in state.evidence.values {
        for entry in evidence.pending {
          let ref = UnitRef(job: id, frame: Int(entry.frame), unit: Int(entry.unit))
          guard let result = unit(ref)?.record.result else { continue }
          credits[result.contributor, default: Credit()].addPending(result.counters)
        }
      }
    }
    return credits
  }
}

/// What a contributor has earned.
public struct Credit: Sendable, Equatable {
  /// By the ledger.
  public var balance = LedgerBalance()
  /// Results that wait for evidence.
  public var pendingUnitCount = 0
  public var pendingCredit: UInt64 = 0

  public init() {}

  mutating func addPending(_ counters: WorkCounters) {
    pendingUnitCount += 1
    // What is pending is claimed only, and may be any number.
    pendingCredit = UInt64(clamping: UInt128(pendingCredit) + UInt128(CreditWeights.current.credit(counters)))
  }
}

extension WorkCounters {
  /// Whether an entry can hold it.
  var isEnterable: Bool {
    max(paths, rays, shadowRays, shadingEvaluations, nonFiniteSamples) <= LedgerEntry.counterLimit
  }
}

extension JobState {
  /// Counts what a result that is here costs, or takes it out of the counts.
  mutating func countCost(of record: UnitRecord, _ step: Int, isPeered: Bool) {
    guard record.result != nil else { return }
    donePathCount += step * pathCount(record.ref.unit)
    let credit = record.pendingCredit(isPeered: isPeered)
    if step > 0 { pendingCredit += credit } else { pendingCredit -= credit }
  }

  /// Counts anew what is pending.
  mutating func countPending(isPeered: Bool) {
    pendingCredit = 0
    for frame in frames.values {
      for unit in frame.value.touchedUnits { pendingCredit += unit.record.pendingCredit(isPeered: isPeered) }
    }
  }
}

extension UnitRecord {
  /// What a result that has not settled is going to cost, with the checks that are paid with it. Those of the master's own
  /// verifier cost nothing.
  ///
  /// - Parameter isPeered: Whether there are agents of another owner, who may make a check that is not made yet.
  func pendingCredit(isPeered: Bool) -> UInt128 {
    guard state == .received, let counters = result?.counters else { return 0 }
    var checkers = Set(witnesses.map(\.contributor))
    if check == .passed, let checker { checkers.insert(checker.contributor) }
    let isAwaited = check == .wanted || check == .disputed
    let checkCount = checkers.count + (isAwaited && isPeered ? 1 : 0)
    return UInt128(CreditWeights.current.credit(counters)) * UInt128(1 + checkCount)
  }
}
