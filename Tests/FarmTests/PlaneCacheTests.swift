import FarmModel
import KernelScene
import Testing

@testable import FarmMaster

@Suite("Planes kept in memory")
struct PlaneCacheTests {
  /// 6 × 4 × 16 × 16 bytes.
  private func planes() -> UnitPlanes {
    UnitPlanes(tile: TileRectangle(x: 0, y: 0, width: 16, height: 16), samples: 0..<1)
  }

  @Test("The oldest go when there are too many bytes, and those that were removed do not count")
  func limit() {
    let cache = PlaneCache(limit: 3 * 6144)
    let all = (0..<6).map { (LeaseID.sample($0), planes()) }
    for (lease, planes) in all.prefix(3) { cache.insert(planes, lease: lease) }
    #expect(all.prefix(3).allSatisfy { cache.planes(lease: $0.0) === $0.1 })
    cache.remove([all[1].0, all[5].0])
    cache.insert(all[3].1, lease: all[3].0)
    #expect(cache.planes(lease: all[1].0) == nil)
    #expect([0, 2, 3].allSatisfy { cache.planes(lease: all[$0].0) === all[$0].1 })
    cache.insert(all[4].1, lease: all[4].0)
    #expect(cache.planes(lease: all[0].0) == nil)
    #expect([2, 3, 4].allSatisfy { cache.planes(lease: all[$0].0) === all[$0].1 })
  }

  @Test("The same delivery twice is kept once")
  func twice() {
    let cache = PlaneCache(limit: 2 * 6144)
    let (first, second) = (planes(), planes())
    for _ in 0..<5 { cache.insert(first, lease: .sample(1)) }
    cache.insert(second, lease: .sample(2))
    #expect(cache.planes(lease: .sample(1)) === first && cache.planes(lease: .sample(2)) === second)
    cache.remove([.sample(1), .sample(1)])
    cache.insert(planes(), lease: .sample(3))
    #expect(cache.planes(lease: .sample(2)) === second)
  }

  @Test("Planes that are larger than all room are not kept")
  func huge() {
    let cache = PlaneCache(limit: 100)
    cache.insert(planes(), lease: .sample(1))
    #expect(cache.planes(lease: .sample(1)) == nil)
  }

  @Test("However many come and go, nothing piles up")
  func longRun() {
    let cache = PlaneCache(limit: 1 << 20)
    for index in 0..<5000 {
      let mine = planes()
      cache.insert(mine, lease: .sample(index))
      #expect(cache.planes(lease: .sample(index)) === mine)
      cache.remove([.sample(index)])
    }
    #expect(cache.noteCount < 200)
  }
}
