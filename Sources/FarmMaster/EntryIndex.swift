import FarmModel

/// Which of the ledger's newest entries pay which agent, so that agents find theirs without reading the whole log.
actor EntryIndex {
  /// Ascending; the first `dropped` of an agent are forgotten.
  private var entries: [KeyBytes: [UInt64]] = [:]
  private var dropped: [KeyBytes: Int] = [:]
  /// Agents of all entries that are known, oldest first from `head`.
  private var agents: [KeyBytes] = []
  private var head = 0
  private var next: UInt64 = 0

  /// Notes entries of which the first has index `first`. Those that are known already are passed over.
  func add(_ new: [KeyBytes], at first: UInt64) {
    for (index, agent) in zip(first..., new) where index >= next {
      if index > next {
        // A gap: what is before it is not known.
        entries = [:]
        dropped = [:]
        agents = []
        head = 0
      }
      next = index + 1
      agents.append(agent)
      entries[agent, default: []].append(index)
    }
    while agents.count - head > MasterLimits.indexedEntries {
      let agent = agents[head]
      head += 1
      dropped[agent, default: 0] += 1
      // Now and then, so that an entry costs the same however many an agent has.
      if let count = dropped[agent], let all = entries[agent], count * 2 > all.count {
        entries[agent] = count == all.count ? nil : Array(all[count...])
        dropped[agent] = nil
      }
    }
    if head > MasterLimits.indexedEntries {
      agents.removeFirst(head)
      head = 0
    }
  }

  /// An agent's entries from an index on, oldest first.
  ///
  /// - Returns: `knownFrom`: entries before it are not known here.
  func entries(of agent: KeyBytes, from first: UInt64, limit: Int) -> (entries: [UInt64], knownFrom: UInt64) {
    let all = entries[agent] ?? []
    var (start, end) = (dropped[agent] ?? 0, all.count)
    while start < end {
      let middle = (start + end) / 2
      if all[middle] < first { start = middle + 1 } else { end = middle }
    }
    return (Array(all[start...].prefix(limit)), next - UInt64(agents.count - head))
  }
}
