import KernelScene

/// Sums of many units. Wide enough for any log: an entry's counters have at most 48 bits.
public struct WorkTally: Sendable, Hashable {
  public var unitCount: UInt64 = 0
  public var paths: UInt128 = 0
  public var rays: UInt128 = 0
  public var shadowRays: UInt128 = 0
  public var shadingEvaluations: UInt128 = 0
  public var nonFiniteSamples: UInt128 = 0
  public var credit: UInt128 = 0

  public init() {}

  mutating func add(_ counters: WorkCounters, credit: UInt64) {
    unitCount += 1
    paths += UInt128(counters.paths)
    rays += UInt128(counters.rays)
    shadowRays += UInt128(counters.shadowRays)
    shadingEvaluations += UInt128(counters.shadingEvaluations)
    nonFiniteSamples += UInt128(counters.nonFiniteSamples)
    self.credit += UInt128(credit)
  }

  mutating func add(_ other: WorkTally) {
    unitCount += other.unitCount
    paths += other.paths
    rays += other.rays
    shadowRays += other.shadowRays
    shadingEvaluations += other.shadingEvaluations
    nonFiniteSamples += other.nonFiniteSamples
    credit += other.credit
  }

  /// False, and nothing changed, if more would be taken than there is.
  mutating func take(_ counters: WorkCounters, credit: UInt64) -> Bool {
    guard unitCount >= 1, paths >= counters.paths, rays >= counters.rays, shadowRays >= counters.shadowRays,
      shadingEvaluations >= counters.shadingEvaluations, nonFiniteSamples >= counters.nonFiniteSamples,
      self.credit >= credit
    else { return false }
    unitCount -= 1
    paths -= UInt128(counters.paths)
    rays -= UInt128(counters.rays)
    shadowRays -= UInt128(counters.shadowRays)
    shadingEvaluations -= UInt128(counters.shadingEvaluations)
    nonFiniteSamples -= UInt128(counters.nonFiniteSamples)
    self.credit -= UInt128(credit)
    return true
  }
}

/// What one contributor has, by the ledger.
public struct LedgerBalance: Sendable, Hashable {
  /// Paid and not taken back.
  public var rendered = WorkTally()
  public var checked = WorkTally()
  /// Paid and taken back.
  public var revoked = WorkTally()

  public init() {}

  /// What it is worth.
  public var credit: UInt128 { rendered.credit + checked.credit }

  mutating func add(_ other: LedgerBalance) {
    rendered.add(other.rendered)
    checked.add(other.checked)
    revoked.add(other.revoked)
  }

  /// Takes one more entry of this contributor into account.
  ///
  /// - Throws: If the entry cannot follow those before it; nothing is changed then.
  public mutating func apply(_ entry: LedgerEntry) throws(LedgerEntryError) {
    guard let weights = CreditWeights.published(entry.weightsVersion) else {
      throw LedgerEntryError(
        description:
          "version \(entry.weightsVersion) of the weights is not known here; a newer Glint may know it")
    }
    let credit = weights.credit(entry.counters)
    guard let revocation = entry.revocation else {
      switch entry.work {
      case .rendered: rendered.add(entry.counters, credit: credit)
      case .checked: checked.add(entry.counters, credit: credit)
      }
      return
    }
    let isThere =
      switch entry.work {
      case .rendered: rendered.take(entry.counters, credit: credit)
      case .checked: checked.take(entry.counters, credit: credit)
      }
    guard isThere else {
      throw LedgerEntryError(
        description: "revokes entry \(revocation.entry), but contributor \(entry.contributor.id) was not paid so much")
    }
    revoked.add(entry.counters, credit: credit)
  }
}

/// Balances are this fold over the ledger's entries, in their order, and nothing else.
public struct LedgerBalances: Sendable, Hashable {
  /// Entries taken into account: the index of the next one.
  public private(set) var entryCount: UInt64 = 0
  public private(set) var contributors: [KeyBytes: LedgerBalance] = [:]

  public init() {}

  /// Takes the entry with index `entryCount` into account.
  ///
  /// - Throws: If it cannot follow those before it; nothing is changed then.
  public mutating func apply(_ entry: LedgerEntry) throws(LedgerEntryError) {
    // Not with a default in place: that would stay behind an entry that is refused.
    if contributors[entry.contributor] != nil {
      try contributors[entry.contributor]!.apply(entry)
    } else {
      var balance = LedgerBalance()
      try balance.apply(entry)
      contributors[entry.contributor] = balance
    }
    entryCount += 1
  }

  /// What all contributors have together.
  public var credit: UInt128 { contributors.values.reduce(0) { $0 + $1.credit } }
}
