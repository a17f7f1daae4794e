import FarmModel
import KernelScene
import SceneModel
import Synchronization

/// Random numbers for a farm, which takes them through a function.
final class SeededSource: Sendable {
  private let generator: Mutex<SeededGenerator>

  init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

  func next() -> UInt64 { generator.withLock { $0.next() } }
}

/// A machine of a simulated farm.
struct SimulatedAgent {
  /// Digits of an Ed25519 signature; nobody verifies them here.
  static let signature = String(repeating: "5", count: 128)

  /// Digits of a key, from a name.
  static func key(_ name: String) -> KeyID { KeyID(ContentHash(hashing: Array(name.utf8)).hex) }

  /// Nil: honest.
  var cheat: Cheat?
  var key: KeyID
  var contributor: KeyID
  var instance = 0
  /// Keys that it has had.
  var identity = 0
  /// Seconds for a unit.
  var pace: Double
  var isSkewed = false
  var isBanned = false
  /// Results delivered under this key.
  var delivered = 0
  var firstLie: (count: Int, time: Double)?
  /// Results that it has in hand or on their way.
  var inHand = 0
}

/// What units give: cheap stand-ins for SHA-256, equal where results are.
enum SimulatedResults {
  private static let count = 4096
  private static let table: [ContentHash] = (0..<2 * count).map { ContentHash(hashing: Array("result \($0)".utf8)) }

  static func truth(_ index: Int) -> LeaseRecord.Commitment { commitment(index % count, index) }

  /// - Parameter variant: Liars who agree on their lies use the same.
  static func lie(_ index: Int, variant: Int) -> LeaseRecord.Commitment {
    commitment(count + (index &* 31 &+ variant) % count, index)
  }

  private static func commitment(_ entry: Int, _ index: Int) -> LeaseRecord.Commitment {
    var counters = WorkCounters()
    counters.paths = 4096
    counters.rays = UInt64(10_000 + index % 977)
    return LeaseRecord.Commitment(digest: table[entry], counters: counters, signature: SimulatedAgent.signature)
  }
}
