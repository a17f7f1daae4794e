import FarmModel

/// Which of the ledger's newest entries pay which agent, so that agents find theirs without reading the whole log.
actor EntryIndex {
  private var entries: [KeyBytes: [UInt64]] = [:]
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
      entries[agent]?.removeFirst()
      if entries[agent]?.isEmpty == true { entries[agent] = nil }
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
    let start = all.firstIndex { $0 >= first } ?? all.count
    return (Array(all[start...].prefix(limit)), next - UInt64(agents.count - head))
  }
}
