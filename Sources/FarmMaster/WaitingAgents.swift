import FarmModel

/// Agents whose question for work is held open.
struct WaitingAgents {
  private var waiters: [Int: (agent: KeyID, continuation: CheckedContinuation<Void, Never>)] = [:]
  private var ids: [KeyID: Set<Int>] = [:]
  private var lastID = 0
  /// Announcements to all, and to single agents.
  private var announcements = 0
  private var ownAnnouncements: [KeyID: Int] = [:]

  /// Counts announcements of work that meant an agent.
  func generation(_ agent: KeyID) -> Int { announcements + (ownAnnouncements[agent] ?? 0) }

  var count: Int { waiters.count }

  mutating func nextID() -> Int {
    lastID += 1
    return lastID
  }

  mutating func add(_ id: Int, _ agent: KeyID, _ continuation: CheckedContinuation<Void, Never>) {
    waiters[id] = (agent, continuation)
    ids[agent, default: []].insert(id)
  }

  mutating func end(_ id: Int) {
    guard let waiter = waiters.removeValue(forKey: id) else { return }
    ids[waiter.agent]?.remove(id)
    if ids[waiter.agent]?.isEmpty == true { ids[waiter.agent] = nil }
    waiter.continuation.resume()
  }

  mutating func wake(_ agent: KeyID) {
    ownAnnouncements[agent, default: 0] += 1
    for id in ids[agent] ?? [] { end(id) }
  }

  mutating func wakeAll() {
    announcements += 1
    let all = waiters
    waiters = [:]
    ids = [:]
    for waiter in all.values { waiter.continuation.resume() }
  }
}
