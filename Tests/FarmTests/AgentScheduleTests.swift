import FarmModel
import SceneModel
import Testing

@testable import FarmAgent

@Suite("Agent schedule")
struct AgentScheduleTests {
  typealias Schedule = AgentSchedule
  static let lifetime = Duration.seconds(60)

  func schedule(threads: Int = 1, _ adjust: (inout Schedule.Options) -> Void = { _ in }) -> Schedule {
    var options = Schedule.Options(threadCount: threads)
    adjust(&options)
    return Schedule(options: options)
  }

  func frame(_ number: Int) -> FrameKey {
    FrameKey(bundle: ContentHash(hashing: [1, 2, 3]), number: number, camera: 0)
  }

  func lease(_ id: Int, frame number: Int) -> Schedule.Lease {
    Schedule.Lease(id: .sample(id), frame: frame(number), lifetime: Self.lifetime)
  }

  func asked(_ actions: [Schedule.Action]) -> Int? {
    for case .askForWork(let count, _) in actions { return count }
    return nil
  }

  @Test("It starts by asking for twice as many units as it has threads")
  func firstQuestion() {
    var schedule = schedule(threads: 3)
    #expect(asked(schedule.handle(.tick, now: .zero)) == 6)
    #expect(schedule.handle(.tick, now: .seconds(1)).isEmpty, "one question at a time")
  }

  @Test("A unit is rendered once its frame is prepared, then delivered")
  func way() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    #expect(schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero) == [.prepare(frame(1))])
    let actions = schedule.handle(.prepared(frame(1)), now: .seconds(1))
    #expect(actions.prefix(2) == [.render(.sample(1)), .render(.sample(2))])
    #expect(schedule.handle(.rendered(.sample(1)), now: .seconds(3)).first == .deliver(.sample(1)))
    _ = schedule.handle(.settled(.sample(1)), now: .seconds(3))
    #expect(schedule.heldLeases == [.sample(2)])
  }

  @Test("The next frame is prepared while the present one renders, one at a time")
  func overlap() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    #expect(
      schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 2), lease(3, frame: 3)]), now: .zero)
        == [.prepare(frame(1))])
    let actions = schedule.handle(.prepared(frame(1)), now: .seconds(1))
    #expect(actions.contains(.render(.sample(1))))
    #expect(actions.contains(.prepare(frame(2))))
    #expect(!actions.contains(.prepare(frame(3))))
  }

  @Test("It asks again just in time: a unit's rest, no earlier")
  func justInTime() {
    var schedule = schedule { $0.workInHand = .seconds(2) }
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    // Ten seconds a unit. Unit 2 has just begun: the next is needed two seconds before its end.
    #expect(asked(schedule.handle(.rendered(.sample(1)), now: .seconds(10))) == nil)
    #expect(schedule.nextTick(now: .seconds(10)) == .seconds(18))
    #expect(asked(schedule.handle(.tick, now: .seconds(17))) == nil)
    #expect(asked(schedule.handle(.tick, now: .milliseconds(18_001))) == 1)
  }

  @Test("Short units are asked for in large numbers, up to the limit")
  func shortUnits() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    let actions = schedule.handle(.rendered(.sample(1)), now: .milliseconds(10))
    #expect(asked(actions) == nil, "the first question is still answered by one unit only")
    _ = schedule
    var other = self.schedule()
    _ = other.handle(.tick, now: .zero)
    _ = other.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero)
    _ = other.handle(.prepared(frame(1)), now: .zero)
    #expect(asked(other.handle(.rendered(.sample(1)), now: .milliseconds(10))) == 32)
  }

  @Test("All leases are renewed at half of a lease's life, and again after that")
  func renewal() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    #expect(schedule.nextTick(now: .zero) == .seconds(30))
    #expect(schedule.handle(.tick, now: .seconds(29)).isEmpty)
    #expect(schedule.handle(.tick, now: .seconds(30)) == [.renew([.sample(1), .sample(2)])])
    _ = schedule.handle(.renewed([.sample(1), .sample(2)], lifetime: Self.lifetime), now: .seconds(30))
    #expect(schedule.nextTick(now: .seconds(30)) == .seconds(60))
  }

  @Test("A renewal without answer is tried again, and the work goes on")
  func renewalFails() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    _ = schedule.handle(.tick, now: .seconds(30))
    #expect(schedule.handle(.renewalFailed(retryAfter: .seconds(5)), now: .seconds(31)).isEmpty)
    #expect(schedule.nextTick(now: .seconds(31)) == .seconds(36))
    #expect(schedule.handle(.tick, now: .seconds(36)) == [.renew([.sample(1), .sample(2)])])
  }

  @Test("Units that the master has taken back stop rendering; finished ones are still delivered")
  func released() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 1)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    _ = schedule.handle(.rendered(.sample(1)), now: .seconds(5))
    let actions = schedule.handle(.released([.sample(1), .sample(2)]), now: .seconds(6))
    #expect(actions.contains(.cancel(.sample(2))))
    #expect(schedule.heldLeases == [.sample(1)])
  }

  @Test("On stop it gives back what is unfinished, delivers what is finished, then ends")
  func stopping() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(
      .leased([lease(1, frame: 1), lease(2, frame: 1), lease(3, frame: 2)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    _ = schedule.handle(.rendered(.sample(1)), now: .seconds(5))
    let actions = schedule.handle(.stopRequested, now: .seconds(6))
    #expect(actions == [.cancel(.sample(2)), .giveBack([.sample(2), .sample(3)])])
    #expect(schedule.handle(.settled(.sample(1)), now: .seconds(7)) == [.finish])
    #expect(
      schedule.handle(.leased([lease(9, frame: 3)]), now: .seconds(8)) == [.giveBack([.sample(9)])],
      "an answer that crossed the goodbye")
  }

  @Test("A frame that cannot be prepared fails its units, and the others go on")
  func preparationFails() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 2)]), now: .zero)
    let actions = schedule.handle(.preparationFailed(frame(1), reason: "damaged"), now: .seconds(1))
    #expect(actions.prefix(2) == [.reportFailure(.sample(1), reason: "damaged"), .prepare(frame(2))])
  }

  @Test("Prepared frames stay within their limit, and those with work are not dropped")
  func frameLimit() {
    var schedule = schedule { $0.preparedFrameLimit = 2 }
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1), lease(2, frame: 2), lease(3, frame: 3)]), now: .zero)
    _ = schedule.handle(.prepared(frame(1)), now: .zero)
    let second = schedule.handle(.prepared(frame(2)), now: .zero)
    #expect(!second.contains(.prepare(frame(3))))
    let actions = schedule.handle(.rendered(.sample(1)), now: .seconds(1))
    #expect(actions.contains(.forget(frame(1))))
    #expect(actions.contains(.prepare(frame(3))))
  }

  @Test("A master that does not answer is asked again after the given wait; empty answers are paced")
  func asking() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    #expect(schedule.handle(.askFailed(retryAfter: .seconds(4)), now: .seconds(1)).isEmpty)
    #expect(schedule.nextTick(now: .seconds(1)) == .seconds(5))
    #expect(asked(schedule.handle(.tick, now: .seconds(5))) == 2)
    #expect(schedule.handle(.leased([]), now: .milliseconds(5001)).isEmpty)
    #expect(schedule.nextTick(now: .milliseconds(5001)) == .milliseconds(5500))
  }

  @Test("The same lease twice is one unit")
  func repeatedLease() {
    var schedule = schedule()
    _ = schedule.handle(.tick, now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1)]), now: .zero)
    _ = schedule.handle(.leased([lease(1, frame: 1)]), now: .zero)
    #expect(schedule.heldLeases == [.sample(1)])
  }

  @Test("Under random events no unit is lost, rendered twice at once, or kept after the end", arguments: 0..<200)
  func randomEvents(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let threads = 1 + Int(random.next() % 3)
    var schedule = schedule(threads: threads)
    var now = Duration.zero
    var queue = schedule.handle(.tick, now: now)
    var rendering: Set<LeaseID> = []
    var open: Set<LeaseID> = []
    var pending: [Schedule.Event] = []
    var nextID = 1
    var isFinished = false
    for step in 0..<400 {
      for action in queue {
        switch action {
        case .askForWork(let count, _):
          #expect(count > 0 && count <= 64)
          if random.next() % 8 == 0 {
            pending.append(.askFailed(retryAfter: .seconds(1)))
          } else {
            let leases = (0..<Int(random.next() % UInt64(count + 1))).map { index in
              lease(nextID + index, frame: (nextID + index) / 4)
            }
            nextID += leases.count
            open.formUnion(leases.map(\.id))
            pending.append(.leased(leases))
          }
        case .prepare(let frame):
          pending.append(random.next() % 16 == 0 ? .preparationFailed(frame, reason: "no") : .prepared(frame))
        case .forget: break
        case .render(let id):
          #expect(rendering.insert(id).inserted, "seed \(seed)")
          #expect(rendering.count <= threads + 1, "seed \(seed)")
          pending.append(random.next() % 16 == 0 ? .failed(id, reason: "no") : .rendered(id))
        case .cancel(let id):
          rendering.remove(id)
          pending.removeAll { event in
            switch event {
            case .rendered(id), .failed(id, _): true
            default: false
            }
          }
        case .deliver(let id), .reportFailure(let id, _):
          rendering.remove(id)
          pending.append(.settled(id))
        case .renew(let ids):
          pending.append(
            random.next() % 4 == 0 ? .renewalFailed(retryAfter: .seconds(1)) : .renewed(ids, lifetime: Self.lifetime))
        case .giveBack(let ids): open.subtract(ids)
        case .finish: isFinished = true
        }
      }
      now += .milliseconds(Int(random.next() % 2000))
      if step == 300 {
        queue = schedule.handle(.stopRequested, now: now)
      } else if !pending.isEmpty {
        let event = pending.remove(at: Int(random.next() % UInt64(pending.count)))
        if case .settled(let id) = event { open.remove(id) }
        queue = schedule.handle(event, now: now)
      } else {
        queue = schedule.handle(.tick, now: now)
      }
    }
    #expect(isFinished, "seed \(seed)")
    #expect(open.isEmpty, "seed \(seed)")
    #expect(schedule.heldLeases.isEmpty, "seed \(seed)")
  }
}

/// SplitMix64, for tests: same seed, same events.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
