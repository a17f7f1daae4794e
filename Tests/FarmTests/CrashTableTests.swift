import Testing

@testable import FarmLedger

/// Unit acceptance and ledger commit, with every durable operation failing once, before and after it took effect.
@Suite("Crash table", .timeLimit(.minutes(2)))
struct CrashTableTests {
  @Test("Whatever write of store or planes fails, and however: no acknowledged unit is lost, none is paid twice")
  func storeAndPlanes() async throws {
    let whole = CrashWorld()
    var calm = CrashRun(whole)
    try await calm.run()
    #expect(calm.fault == nil, "\(calm.fault ?? "")")
    let count = whole.plan.operationCount
    #expect(count > 30)
    for operation in 0..<count {
      for isAfter in [false, true] {
        for isDeath in [false, true] {
          let point = CrashPoint(operation: operation, isAfter: isAfter, isDeath: isDeath)
          var run = CrashRun(CrashWorld(point))
          try await run.run()
          #expect(run.fault == nil, "\(point): \(run.fault ?? "")")
          #expect(run.restartCount == (isDeath ? 2 : 1), "\(point)")
        }
      }
    }
  }

  @Test(
    "Whatever operation on the log's folder fails, and whatever a crash leaves of it: the log is whole and pays once",
    arguments: [MemoryLogFolder.Loss.nothing, .everything, .some(seed: 5)])
  func log(loss: MemoryLogFolder.Loss) async throws {
    let whole = CrashWorld()
    var calm = CrashRun(whole)
    try await calm.run()
    let count = whole.log.operationCount
    #expect(count > 20)
    for operation in 0..<count {
      for moment in MemoryLogFolder.Fault.Moment.allCases {
        for isCrash in [false, true] where isCrash || loss == .nothing {
          let world = CrashWorld()
          world.log.plan(MemoryLogFolder.Fault(operation: operation, moment: moment, isCrash: isCrash))
          var run = CrashRun(world, loss: loss)
          try await run.run()
          #expect(run.fault == nil, "operation \(operation) \(moment), \(isCrash): \(run.fault ?? "")")
        }
      }
    }
  }
}
