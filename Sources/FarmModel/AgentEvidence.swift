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
    /// Its own check was drawn, and agreed; by whom.
    var isDrawn = false
    var isTrusted = false
    /// Of all entries up to this one; meaningful below `resolvedCount`.
    var sum = Sum()
  }

  /// `TrustModel.Evidence`, small: there is one for each unit of a farm.
  struct Sum: Sendable {
    var trustedCount: Int32 = 0
    var peerCount: Int32 = 0

    mutating func add(_ entry: Entry) {
      guard entry.isDrawn else { return }
      if entry.isTrusted { trustedCount += 1 } else { peerCount += 1 }
    }
  }

  private(set) var entries: [Entry] = []
  /// Entries before this one have settled, or have enough evidence after them to.
  private(set) var head = 0
  /// No draw among the first so many is open.
  private(set) var resolvedCount = 0
  private var sum = Sum()
  /// Results with a check of their own by a peer that agreed, settled ones included.
  private(set) var peerCheckedCount = 0
  /// Sequence numbers of those that wait for more of them.
  private(set) var peerChecked: [Int] = []
  /// How many have neither settled nor a check of their own.
  private(set) var waitingCount = 0
  /// Units that settled without a check of their own, in frames that were not final when this was last looked at.
  private(set) var unproven: [(frame: Int32, unit: Int32)] = []
  private var unprovenLimit = 1024

  mutating func append(_ ref: UnitRef, sequence: Int, isOutstanding: Bool) {
    var entry = Entry(frame: Int32(ref.frame), unit: Int32(ref.unit), sequence: sequence)
    entry.isOutstanding = isOutstanding
    entries.append(entry)
    waitingCount += 1
  }

  /// Appends a result as records tell of it.
  mutating func restore(
    _ ref: UnitRef, sequence: Int, isOutstanding: Bool, isSettled: Bool, check: (isDrawn: Bool, isTrusted: Bool)?
  ) {
    append(ref, sequence: sequence, isOutstanding: isOutstanding)
    if isSettled { settle(sequence, ref, isProven: check != nil) }
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
    if !entries[index].isSettled, !entries[index].isChecked { waitingCount -= 1 }
    entries[index].isOutstanding = false
    entries[index].isChecked = true
    if isDrawn { (entries[index].isDrawn, entries[index].isTrusted) = (true, isTrusted) }
    if !isTrusted {
      peerCheckedCount += 1
      if !entries[index].isSettled { peerChecked.append(sequence) }
    }
  }

  /// Its own check does not count any more, was contradicted, or is asked for only now.
  mutating func revoke(_ sequence: Int, isOutstanding: Bool, wasPeer: Bool) {
    guard let index = index(sequence) else { return }
    if !entries[index].isSettled, entries[index].isChecked { waitingCount += 1 }
    entries[index].isOutstanding = isOutstanding
    entries[index].isChecked = false
    entries[index].isDrawn = false
    if wasPeer {
      peerCheckedCount -= 1
      peerChecked.removeAll { $0 == sequence }
    }
    guard index < resolvedCount else { return }
    resolvedCount = index
    sum = index > 0 ? entries[index - 1].sum : removedSum
    head = min(head, index)
  }

  /// - Parameter isProven: It has a check of its own that agreed.
  mutating func settle(_ sequence: Int, _ ref: UnitRef, isProven: Bool) {
    if !isProven { unproven.append((Int32(ref.frame), Int32(ref.unit))) }
    guard let index = index(sequence), !entries[index].isSettled else { return }
    if !entries[index].isChecked { waitingCount -= 1 }
    entries[index].isSettled = true
    if entries[index].isChecked { peerChecked.removeAll { $0 == sequence } }
  }

  /// What settled without a check of its own, for the caller to leave out what is in final frames and to put back; nil
  /// while it is not worth that.
  mutating func takeUnproven() -> [(frame: Int32, unit: Int32)]? {
    guard unproven.count >= unprovenLimit else { return nil }
    defer { unproven = [] }
    return unproven
  }

  mutating func putBack(_ unproven: [(frame: Int32, unit: Int32)]) {
    self.unproven = unproven
    unprovenLimit = max(1024, 2 * unproven.count)
  }

  private var removedSum = Sum()

  /// Weight of the agreed draws on results after an entry.
  private func later(_ index: Int) -> TrustModel.Evidence {
    let before = index < resolvedCount ? entries[index].sum : sum
    return TrustModel.Evidence(
      trustedCount: Int(sum.trustedCount - before.trustedCount), peerCount: Int(sum.peerCount - before.peerCount))
  }

  /// Evidence for a result so far.
  func evidence(for sequence: Int) -> TrustModel.Evidence { index(sequence).map(later) ?? TrustModel.Evidence() }

  /// Looks how far draws have been answered. Before anything is asked after a change.
  mutating func resolve() {
    while resolvedCount < entries.count, !entries[resolvedCount].isOutstanding {
      sum.add(entries[resolvedCount])
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
    // Not past a draw that is still open: it may find the agent out.
    let end = resolvedCount < entries.count ? entries[resolvedCount].sequence : .max
    if Double(peerCheckedCount) >= peerChecks, peerChecked.contains(where: { $0 < end }) {
      for sequence in peerChecked {
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
      waitingCount -= entries[..<head].count { !$0.isSettled && !$0.isChecked }
      entries.removeFirst(head)
      if let first = entries.first?.sequence { peerChecked.removeAll { $0 < first } } else { peerChecked = [] }
      resolvedCount -= head
      head = 0
    }
    return ready
  }

  /// Those that have neither settled nor a check of their own, oldest first.
  var unchecked: some Sequence<Entry> {
    entries[head...].lazy.filter { !$0.isSettled && !$0.isChecked && !$0.isOutstanding }
  }

  /// Those that have not settled, oldest first.
  var pending: [Entry] { entries.filter { !$0.isSettled } }
}
