import FarmModel
import FarmStore
import Testing

/// The contract of `FarmStore`, for every store.
@Suite struct ConformanceTests {
  @Test("A new store holds an empty farm", arguments: StoreKind.allCases)
  func empty(kind: StoreKind) async throws {
    try await kind.withStore { store in
      #expect(try await store.load().isEmpty)
      try await store.write([])
      #expect(try await store.load().isEmpty)
    }
  }

  @Test("Jobs come back with all fields in each state", arguments: StoreKind.allCases)
  func jobs(kind: StoreKind) async throws {
    let states: [JobRecord.State] = [.active, .paused, .finished, .failed, .cancelled]
    var jobs = [job(1), endedJob(2)]
    for (number, state) in states.enumerated() {
      var record = job(10 + number)
      record.state = state
      jobs.append(record)
    }
    for cause: JobRecord.PauseCause in [.owner, .budget, .doubt, .verifier, .picture] {
      var record = job(10 + jobs.count)
      (record.state, record.pauseCause) = (.paused, cause)
      jobs.append(record)
    }
    try await kind.withStore { store in
      try await store.write(jobs.map(Change.job))
      #expect(try await store.load().jobs == jobs)
    }
  }

  @Test("Units come back with all fields in each state", arguments: StoreKind.allCases)
  func units(kind: StoreKind) async throws {
    var units = [UnitRecord(UnitRef(job: jobID(1), frame: 1, unit: 0)), unit(1)]
    for state: UnitRecord.State in [.open, .received, .settled] {
      for check: UnitRecord.Check in [.none, .wanted, .disputed, .passed] {
        var record = unit(units.count)
        record.state = state
        record.check = check
        units.append(record)
      }
    }
    var failed = UnitRecord(UnitRef(job: jobID(1), frame: 1, unit: units.count))
    failed.failures = [UnitRecord.Failure(agent: keyID(10), reason: "no such camera")]
    units.append(failed)
    var unchecked = unit(units.count)
    unchecked.checker = nil
    unchecked.failures = []
    units.append(unchecked)
    var disputed = UnitRecord(UnitRef(job: jobID(1), frame: 1, unit: units.count))
    disputed.checker = checker
    units.append(disputed)
    try await kind.withStore { store in
      try await store.write(units.map(Change.unit))
      #expect(try await store.load().units == units)
    }
  }

  @Test("Frames come back with all fields", arguments: StoreKind.allCases)
  func frames(kind: StoreKind) async throws {
    let frames = [frame(1), frame(2), frame(1, job: 2)]
    try await kind.withStore { store in
      try await store.write(frames.map(Change.frame))
      #expect(try await store.load().frames == frames)
    }
  }

  @Test("Agents come back with all fields", arguments: StoreKind.allCases)
  func agents(kind: StoreKind) async throws {
    let agents = [agent(1), bannedAgent(2)]
    try await kind.withStore { store in
      try await store.write(agents.map(Change.agent))
      #expect(try await store.load().agents == agents)
    }
  }

  @Test("Leases come back with all fields", arguments: StoreKind.allCases)
  func leases(kind: StoreKind) async throws {
    let leases = [lease(1), committedLease(2)]
    try await kind.withStore { store in
      try await store.write(leases.map(Change.lease))
      #expect(try await store.load().leases == leases)
    }
  }

  @Test("Records come back in the order of their keys, however they were written", arguments: StoreKind.allCases)
  func order(kind: StoreKind) async throws {
    let example = StoredFarm.example
    try await kind.withStore { store in
      for change in example.changes.reversed() { try await store.write([change]) }
      #expect(try await store.load().changes == example.changes)
    }
  }

  @Test("A record replaces the one with its key as a whole", arguments: StoreKind.allCases)
  func replaces(kind: StoreKind) async throws {
    var second = frame(1)
    second.digest = contentHash(99)
    let emptied = UnitRecord(UnitRef(job: jobID(1), frame: 1, unit: 1))
    let later: [Change] = [.job(job(2)), .unit(emptied), .frame(second), .agent(agent(2)), .lease(lease(2))]
    try await kind.withStore { store in
      try await store.write([
        .job(endedJob(2)), .unit(unit(1)), .frame(frame(1)), .agent(bannedAgent(2)), .lease(committedLease(2)),
      ])
      try await store.write(later)
      #expect(try await store.load().changes == later)
    }
  }

  @Test("A lease that ended is gone, and others stay", arguments: StoreKind.allCases)
  func leaseEnds(kind: StoreKind) async throws {
    try await kind.withStore { store in
      try await store.write([.lease(lease(1)), .lease(lease(2))])
      try await store.write([.leaseEnded(leaseID(1)), .leaseEnded(leaseID(3))])
      #expect(try await store.load().leases == [lease(2)])
    }
  }

  @Test("Entries stay in the outbox until they are published, and their number stays", arguments: StoreKind.allCases)
  func outbox(kind: StoreKind) async throws {
    try await kind.withStore { store in
      try await store.write((0..<5).map { .ledgerEntry(outboxEntry($0)) })
      try await store.write([.ledgerPublished(upTo: 3)])
      var farm = try await store.load()
      #expect(farm.outbox == [outboxEntry(3), outboxEntry(4)])
      #expect(farm.publishedEntryCount == 3)
      try await store.write([.ledgerEntry(outboxEntry(5)), .ledgerPublished(upTo: 6)])
      farm = try await store.load()
      #expect(farm.outbox.isEmpty && farm.publishedEntryCount == 6)
    }
  }

  @Test("Balances are forgotten all at once, and written anew", arguments: StoreKind.allCases)
  func balances(kind: StoreKind) async throws {
    var changed = balance(1, contributor: 20)
    changed.balance.checked.unitCount = 3
    try await kind.withStore { store in
      try await store.write(StoredFarm.example.balances.map(Change.balance))
      try await store.write([.balance(changed)])
      #expect(try await store.load().balances == [changed] + StoredFarm.example.balances.dropFirst())
      try await store.write([.balancesForgotten, .balance(balance(3, contributor: 9))])
      #expect(try await store.load().balances == [balance(3, contributor: 9)])
    }
  }

  @Test("Changes to one key inside one write take effect in their order", arguments: StoreKind.allCases)
  func orderInsideOneWrite(kind: StoreKind) async throws {
    try await kind.withStore { store in
      try await store.write([
        .lease(lease(1)), .leaseEnded(leaseID(1)),
        .leaseEnded(leaseID(2)), .lease(lease(2)),
        .lease(lease(3)), .leaseEnded(leaseID(3)), .lease(committedLease(3)),
        .job(job(1)), .job(endedJob(1)),
      ])
      let farm = try await store.load()
      #expect(farm.leases == [lease(2), committedLease(3)])
      #expect(farm.jobs == [endedJob(1)])
    }
  }

  @Test("Writes that overlap are all stored", arguments: StoreKind.allCases)
  func overlapping(kind: StoreKind) async throws {
    try await kind.withStore { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 { group.addTask { try await store.write([.unit(unit(number)), .lease(lease(number))]) } }
        try await group.waitForAll()
      }
      let farm = try await store.load()
      #expect(farm.units == (0..<20).map { unit($0) })
      #expect(farm.leases == (0..<20).map { lease($0) })
    }
  }

  @Test("A write by a cancelled task is carried out", arguments: StoreKind.allCases)
  func cancelled(kind: StoreKind) async throws {
    try await kind.withStore { store in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await store.write([.agent(agent(1))])
      }
      try await task.value
      #expect(try await store.load().agents == [agent(1)])
    }
  }

  /// What no store takes, one of each kind.
  static let refused: [Change] = {
    var named = job(2)
    named.name = "a\0b"
    var exposed = job(2)
    exposed.picture.exposure = .infinity
    var failed = unit(2)
    failed.failures[0].reason = "\0"
    var timed = unit(2)
    timed.result?.seconds = .nan
    var framed = frame(2)
    framed.seconds = .nan
    var banned = agent(2)
    banned.banReason = "\0"
    var timeless = lease(2)
    timeless.deadline = .nan
    return [
      .job(named), .job(exposed), .unit(failed), .unit(timed), .frame(framed), .agent(banned), .lease(timeless),
      .leaseEnded(LeaseID("\0")), .ledgerEntry(OutboxEntry(index: .max, bytes: [])), .ledgerPublished(upTo: .max),
    ]
  }()

  @Test("A change that cannot be stored is refused, and the whole write with it", arguments: StoreKind.allCases)
  func refusal(kind: StoreKind) async throws {
    let before = StoredFarm.example
    try await kind.withStore { store in
      try await store.write(before.changes)
      for change in ConformanceTests.refused {
        await #expect(throws: StoreError.self) {
          try await store.write([.job(job(7)), .unit(unit(7)), .leaseEnded(leaseID(1)), change])
        }
      }
      #expect(try await store.load().changes == before.changes)
    }
  }
}
