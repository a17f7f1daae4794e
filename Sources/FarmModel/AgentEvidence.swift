/// One agent's results in one job, in the order of their arrival, and which checks speak for them.
///
/// A result settles when enough checks, drawn from results that came after it, have agreed, and no earlier draw is still
/// open: so evidence for a unit is always drawn after its commitment, and a lie that was drawn is found before anything
/// behind it settles. Rebuilt from records when a master starts.
struct AgentEvidence: Sendable {
  struct Entry: Sendable {
    var frame: Int32
    var unit: Int32
    var sequence: Int
    /// Its check was drawn, and nobody has agreed yet.
    var isOutstanding = false
    var isSettled = false
    /// It has a check of its own that agreed.
    var isChecked = false
    /// What its own check adds, if it was drawn.
    var drawn = TrustModel.Evidence()
    /// Of all entries up to this one; meaningful below `resolvedCount`.
    var sum = TrustModel.Evidence()
  }

  private(set) var entries: [Entry] = []
  /// Entries before this one have settled, or have enough evidence after them to.
  private(set) var head = 0
  /// No draw among the first so many is open.
  private(set) var resolvedCount = 0
  private var sum = TrustModel.Evidence()
  /// Results with a check of their own by a peer that agreed, settled ones included.
  private(set) var peerCheckedCount = 0
  /// Sequence numbers of those that wait for more of them.
  private(set) var peerChecked: [Int] = []

  mutating func append(_ ref: UnitRef, sequence: Int, isOutstanding: Bool) {
    var entry = Entry(frame: Int32(ref.frame), unit: Int32(ref.unit), sequence: sequence)
    entry.isOutstanding = isOutstanding
    entries.append(entry)
  }

  /// Appends a result as records tell of it.
  mutating func restore(
    _ ref: UnitRef, sequence: Int, isOutstanding: Bool, isSettled: Bool, check: (isDrawn: Bool, isTrusted: Bool)?
  ) {
    append(ref, sequence: sequence, isOutstanding: isOutstanding)
    entries[entries.count - 1].isSettled = isSettled
    if let check { pass(sequence, isDrawn: check.isDrawn, isTrusted: check.isTrusted) }
  }

  private func index(_ sequence: Int) -> Int? {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && entries[low].sequence == sequence ? low : nil
  }

  /// Its own check agreed.
  mutating func pass(_ sequence: Int, isDrawn: Bool, isTrusted: Bool) {
    guard let index = index(sequence) else { return }
    entries[index].isOutstanding = false
    entries[index].isChecked = true
    if isDrawn {
      entries[index].drawn = TrustModel.Evidence(trustedCount: isTrusted ? 1 : 0, peerCount: isTrusted ? 0 : 1)
    }
    if !isTrusted {
      peerCheckedCount += 1
      if !entries[index].isSettled { peerChecked.append(sequence) }
    }
  }

  /// Its own check does not count any more, was contradicted, or is asked for only now.
  mutating func revoke(_ sequence: Int, isOutstanding: Bool, wasPeer: Bool) {
    guard let index = index(sequence) else { return }
    entries[index].isOutstanding = isOutstanding
    entries[index].isChecked = false
    entries[index].drawn = TrustModel.Evidence()
    if wasPeer {
      peerCheckedCount -= 1
      peerChecked.removeAll { $0 == sequence }
    }
    guard index < resolvedCount else { return }
    resolvedCount = index
    sum = index > 0 ? entries[index - 1].sum : removedSum
    head = min(head, index)
  }

  mutating func settle(_ sequence: Int) {
    guard let index = index(sequence) else { return }
    entries[index].isSettled = true
    if entries[index].isChecked { peerChecked.removeAll { $0 == sequence } }
  }

  private var removedSum = TrustModel.Evidence()

  /// Weight of the agreed draws on results after an entry.
  private func later(_ index: Int) -> TrustModel.Evidence {
    let before = index < resolvedCount ? entries[index].sum : sum
    return TrustModel.Evidence(
      trustedCount: sum.trustedCount - before.trustedCount, peerCount: sum.peerCount - before.peerCount)
  }

  /// Evidence for a result so far.
  func evidence(for sequence: Int) -> TrustModel.Evidence { index(sequence).map(later) ?? TrustModel.Evidence() }

  /// Looks how far draws have been answered. Before anything is asked after a change.
  mutating func resolve() {
    while resolvedCount < entries.count, !entries[resolvedCount].isOutstanding {
      let drawn = entries[resolvedCount].drawn
      sum.trustedCount += drawn.trustedCount
      sum.peerCount += drawn.peerCount
      entries[resolvedCount].sum = sum
      resolvedCount += 1
    }
  }

  /// Looks how far the evidence reaches.
  ///
  /// - Returns: What may settle now, in the order of arrival.
  mutating func takeReady(_ model: TrustModel, weight: Double, peerChecks: Double) -> [Entry] {
    var ready: [Entry] = []
    while head < resolvedCount, model.weight(later(head)) >= weight {
      if !entries[head].isSettled { ready.append(entries[head]) }
      head += 1
    }
    if !peerChecked.isEmpty, Double(peerCheckedCount) >= peerChecks {
      for sequence in peerChecked {
        // Not past a draw that is still open: it may find the agent out.
        guard let index = index(sequence), index >= head, index < resolvedCount, !entries[index].isSettled else {
          continue
        }
        ready.append(entries[index])
      }
      ready.sort { $0.sequence < $1.sequence }
    }
    // What lies behind is needed no more.
    if head >= 1024, head * 2 >= entries.count {
      removedSum = entries[head - 1].sum
      entries.removeFirst(head)
      resolvedCount -= head
      head = 0
    }
    return ready
  }

  /// Those that have neither settled nor a check of their own, oldest first.
  var unchecked: some Sequence<Entry> {
    entries[head...].lazy.filter { !$0.isSettled && !$0.isChecked && !$0.isOutstanding }
  }

  /// How many have neither settled nor a check of their own.
  var waitingCount: Int { entries.count { !$0.isSettled && !$0.isChecked } }

  /// Those that have not settled, oldest first.
  var pending: [Entry] { entries.filter { !$0.isSettled } }
}
