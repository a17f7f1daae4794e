import KernelScene
import SceneModel
import Testing

@testable import FarmModel

/// One pass of a made-up picture: every pixel has a colour of its own, and samples as a path tracer's: mostly dark, sometimes
/// bright, one in two thousand very bright.
private func pass(
  _ tile: TileRectangle, samples: Range<Int>, seed: UInt64, change: (inout SIMD3<Double>) -> Void = { _ in }
) -> UnitPlanes {
  var generator = SeededGenerator(seed: seed)
  func unit() -> Double { Double.random(in: 0..<1, using: &generator) }
  let planes = UnitPlanes(tile: tile, samples: samples)
  let size = tile.pixelCount
  for pixel in 0..<size {
    let (x, y) = (tile.x + pixel % tile.width, tile.y + pixel / tile.width)
    let albedo = SIMD3(0.5 + 0.4 * Double((x / 8) % 2), 0.6, 0.3 + 0.3 * Double((y / 16) % 2))
    for _ in samples {
      let u = unit()
      let light = u < 5e-4 ? 20 + 180 * unit() : u < 0.1 ? 2 + 2 * unit() : unit()
      var color = albedo * light
      change(&color)
      for channel in 0..<3 {
        planes.values.pointer[channel * size + pixel] += Float(color[channel])
        planes.values.pointer[(3 + channel) * size + pixel] += Float(color[channel] * color[channel])
      }
    }
  }
  return planes
}

private let tile = TileRectangle(x: 0, y: 0, width: 64, height: 64)

private func score(_ preview: UnitPlanes, _ main: UnitPlanes) -> Double {
  Screening.score(
    Screening.differences(few: Screening.TileSums(preview), many: Screening.TileSums(main)))
}

@Suite("Screening")
struct ScreeningTests {
  @Test("Honest passes are hardly ever suspect, fireflies or not")
  func falseAlarms() {
    var alarms = 0
    for seed in 0..<60 as Range<UInt64> {
      let preview = pass(tile, samples: 0..<1, seed: 2 * seed)
      let main = pass(tile, samples: 16..<32, seed: 2 * seed + 1)
      if score(preview, main) >= 1 { alarms += 1 }
    }
    #expect(alarms == 0, "\(alarms) of 60")
  }

  @Test("Black, brighter, discoloured and too noisy passes are found")
  func lies() {
    let preview = pass(tile, samples: 0..<1, seed: 1)
    #expect(score(preview, pass(tile, samples: 16..<32, seed: 2) { $0 = .zero }) >= 1)
    #expect(score(preview, pass(tile, samples: 16..<32, seed: 2) { $0 *= 2 }) >= 1)
    #expect(score(preview, pass(tile, samples: 16..<32, seed: 2) { $0 = SIMD3($0.z, $0.y, $0.x) }) >= 1)
    // A wrong preview is found by the same comparison.
    let main = pass(tile, samples: 16..<32, seed: 2)
    #expect(score(pass(tile, samples: 0..<1, seed: 1) { $0 *= 3 }, main) >= 1)
    // One sample that is claimed to be sixteen.
    let single = pass(tile, samples: 16..<17, seed: 2)
    let claimed = UnitPlanes(tile: tile, samples: 16..<32)
    for index in 0..<claimed.values.count { claimed.values.pointer[index] = 16 * single.values.pointer[index] }
    #expect(score(preview, claimed) >= 1)
  }

  @Test("A few giant pixels neither alarm by themselves nor hide what the others show")
  func giants() {
    let preview = pass(tile, samples: 0..<1, seed: 3)
    let main = pass(tile, samples: 16..<32, seed: 4)
    let black = UnitPlanes(tile: tile, samples: 16..<32)
    for pixel in [70, 1000, 3000] {
      main.values.pointer[pixel] += 1e6
      main.values.pointer[3 * tile.pixelCount + pixel] += 1e12
    }
    #expect(score(preview, main) < 1)
    for count in [0, 1, 8, 24, 64, 512] {
      for index in 0..<count { black.values.pointer[index * (tile.pixelCount / max(1, count))] = 1e6 }
      #expect(score(preview, black) >= 1, "\(count) giants")
    }
  }

  @Test("Only passes of different owners are compared, and of two that disagree both are suspect")
  func owners() {
    let (preview, main) = (pass(tile, samples: 0..<1, seed: 5), UnitPlanes(tile: tile, samples: 1..<2))
    var alone = FrameScreening()
    alone.add(0, by: key("a"), preview)
    alone.add(1, by: key("a"), main)
    #expect(alone.suspects == [])
    var both = FrameScreening()
    both.add(0, by: key("a"), preview)
    both.add(1, by: key("b"), main)
    #expect(both.suspects.sorted() == [0, 1])
  }

  @Test("A wrong tile under a large preview is found among its honest neighbours")
  func largePreview() {
    let large = TileRectangle(x: 0, y: 0, width: 128, height: 96)
    let preview = pass(large, samples: 0..<1, seed: 6)
    func mains(_ wrong: Int?) -> FrameScreening {
      var frame = FrameScreening()
      frame.add(0, by: key("a"), preview)
      for (index, (x, y)) in [(0, 0), (64, 0), (0, 64), (64, 64)].enumerated() {
        let tile = TileRectangle(x: x, y: y, width: 64, height: min(64, 96 - y))
        let main = pass(tile, samples: 16..<32, seed: UInt64(10 + index)) { if index == wrong { $0 *= 2.5 } }
        frame.add(1 + index, by: key("b\(index)"), main)
      }
      return frame
    }
    let honest = mains(nil)
    #expect(honest.suspects == [])
    let lying = mains(3)
    #expect(Set(lying.suspects) == [0, 4])
  }
}

@Suite("Checks that screening asks for")
struct ScreenedUnitTests {
  /// A frame of two owners, all here, none of it drawn.
  private func whole(
    lie: String = "", change: (inout FarmPolicy) -> Void = { _ in }
  ) throws -> (test: TestFarm, job: JobID, lied: UnitRef) {
    var test = TestFarm(checkRate: 1e-12) {
      $0.probationCount = 0
      $0.checksWhenIdle = false
      change(&$0)
    }
    let job = try test.add(draft(width: 64, height: 64, samples: 4, tile: 16))
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    let first = try test.lease(a, 1)[0]
    try test.deliver(first, lie: lie)
    try test.work([b])
    #expect(test.farm.assembly(job, frame: 1) != nil)
    return (test, job, first.ref)
  }

  private func screen(_ test: inout TestFarm, _ job: JobID, _ units: [Int]) -> Int {
    test.farm.screened(job, frame: 1, attempt: test.farm.assembly(job, frame: 1) ?? -1, suspects: units)
  }

  @Test("A suspect is checked by another owner; until then its frame is delivered, but not final")
  func check() throws {
    var (test, job, suspect) = try whole()
    #expect(screen(&test, job, [suspect.unit]) == 1)
    #expect(test.record(suspect)?.draw == .screened)
    test.assemble()
    #expect(test.farm.isDelivered(job, frame: 1) && !test.farm.isFinal(job, frame: 1))
    for unit in test.farm.receivedUnits(job, frame: 1) where unit.ref != suspect {
      let truth = outcome(unit.ref)
      test.farm.verified(unit.ref, digest: truth.digest, counters: truth.counters)
    }
    #expect(!test.farm.isFinal(job, frame: 1))
    #expect(try test.lease(key("agent-a")).isEmpty)
    let check = try test.lease(key("agent-b"))
    #expect(check.map(\.ref) == [suspect] && check[0].isCheck)
    try test.deliver(check[0])
    #expect(test.record(suspect)?.check == .passed)
    let truth = outcome(suspect)
    test.farm.verified(suspect, digest: truth.digest, counters: truth.counters)
    #expect(test.farm.isFinal(job, frame: 1))
    #expect(test.farm.inconsistency() == nil)
  }

  @Test("A check that screening asked for is no evidence for other units of the agent")
  func noEvidence() throws {
    var (test, job, suspect) = try whole()
    #expect(screen(&test, job, [suspect.unit]) == 1)
    let check = try test.lease(key("agent-b"))
    try test.deliver(check[0])
    let evidence = test.farm.jobs[job]!.evidence[key("agent-a")]!
    #expect(evidence.pending.allSatisfy { !$0.isDrawn })
    #expect(evidence.peerCheckedCount == 1)
  }

  @Test("A suspect that is wrong is found by its check, its author banned, the unit rendered again")
  func liar() throws {
    var (test, job, suspect) = try whole(lie: "x")
    _ = screen(&test, job, [suspect.unit])
    test.assemble()
    try test.deliver(try test.lease(key("agent-b"))[0])
    test.verify()
    #expect(test.farm.agents[key("agent-a")]?.record.banReason != nil)
    #expect(test.farm.agents[key("agent-b")]?.record.banReason == nil)
    #expect(test.record(suspect)?.state == .open && test.record(suspect)?.draw == UnitRecord.Draw.none)
    #expect(test.farm.frameViews(job)?[0].record?.state == .reopened)
    try test.work([key("agent-b")])
    test.assemble()
    #expect(test.farm.isDelivered(job, frame: 1))
  }

  @Test("Screening asks for no more than its share, the worst first, and nothing twice")
  func share() throws {
    var (test, job, suspect) = try whole {
      $0.screeningShare = 0
      $0.screeningAllowance = 2
    }
    let units = test.farm.receivedUnits(job, frame: 1).map(\.ref.unit).filter { $0 != suspect.unit }
    #expect(screen(&test, job, [suspect.unit]) == 1)
    #expect(screen(&test, job, [suspect.unit] + units) == 1)
    #expect(screen(&test, job, units) == 0)
    #expect(test.farm.screenedCount(job) == 2)
    #expect(test.record(UnitRef(job: job, frame: 1, unit: units[0]))?.draw == .screened)
    // Units that are not there, and attempts that are over, are nothing.
    #expect(test.farm.screened(job, frame: 1, attempt: 99, suspects: units) == 0)
    #expect(screen(&test, job, [-1, 1 << 20]) == 0)
  }

  @Test("A restarted master knows what was asked for")
  func restart() throws {
    var (test, job, suspect) = try whole()
    _ = screen(&test, job, [suspect.unit])
    var ledger = Ledger()
    ledger.apply(test.farm.takeChanges())
    test.farm = Farm(
      restoring: ledger.stored, policy: test.farm.policy, kernelRevision: revision, now: test.now,
      random: seededRandom(2))
    #expect(test.record(suspect)?.draw == .screened && test.farm.openCheckCount == 1)
    #expect(test.farm.screenedCount(job) == 1)
    // Its evidence waits for the check, as before.
    #expect(test.farm.jobs[job]?.evidence[key("agent-a")]?.pending.map(\.isOutstanding) == [true])
    _ = try test.enter("b", instance: "2")
    #expect(try test.lease(key("agent-b")).map(\.ref) == [suspect])
  }

  @Test("Where other owners are at work, an agent renders under others' previews first")
  func previewsOfOthers() throws {
    var test = TestFarm(checkRate: 1e-12) { $0.probationCount = 0 }
    let job = try test.add(draft(frames: 1...2, width: 64, height: 64, samples: 4, tile: 16))
    let plan = test.farm.jobs[job]!.plan
    #expect(plan.previewCount == 1)
    let (a, b) = (try test.enter("a"), try test.enter("b"))
    // Each has made the preview of one frame.
    for (agent, frame) in [(a, 1), (b, 2)] {
      let preview = try test.lease(agent, 1)[0]
      #expect(preview.ref == UnitRef(job: job, frame: frame, unit: 0))
      try test.deliver(preview)
    }
    let spec = Farm.JobSpecKey(bundle: test.farm.jobs[job]!.record.spec.bundle, camera: 0)
    let ready = Set([Farm.PreparedFrameRef(job: spec, frame: 1)])
    #expect(try test.lease(a, 1, prepared: ready).map(\.ref.frame) == [2])
    // Rather its own than none.
    var frames: [Int] = []
    while let lease = try test.lease(a, 1, prepared: ready).first {
      frames.append(lease.ref.frame)
      try test.deliver(lease)
    }
    #expect(frames == frames.sorted(by: >) && frames.contains(1))
  }
}
