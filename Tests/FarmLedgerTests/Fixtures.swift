import Crypto
import FarmModel
import KernelScene
import SceneModel

@testable import FarmLedger

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A private key that is the same in every run.
func privateKey(_ seed: UInt8) -> Curve25519.Signing.PrivateKey {
  try! Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
}

let logSigner = NoteSigner(name: "farm.example/ledger", key: privateKey(1))!

/// Entries that differ in bytes and length.
func shortEntries(_ range: Range<Int>) -> [[UInt8]] {
  range.map { Array("entry \($0)".utf8) + [UInt8](repeating: 0xAA, count: $0 % 7) }
}

/// RFC 6962, section 2.1, as it is written there.
func referenceRoot(_ entries: ArraySlice<[UInt8]>) -> ContentHash {
  switch entries.count {
  case 0: return ContentHash(hashing: [])
  case 1: return ContentHash(hashing: [0] + entries.first!)
  default:
    var split = 1
    while split * 2 < entries.count { split *= 2 }
    let left = referenceRoot(entries.prefix(split))
    let right = referenceRoot(entries.dropFirst(split))
    return ContentHash(hashing: [1] + left.bytes + right.bytes)
  }
}

let signedEntryCredit: UInt128 = 600

/// An entry with signatures that hold. Keys are drawn from seeds.
func signedEntry(
  _ unit: Int, contributor: UInt8, agent: UInt8, work: LedgerEntry.Work = .rendered, digest: UInt8 = 0
) -> LedgerEntry {
  let (owner, key) = (privateKey(contributor), privateKey(agent))
  let agentBytes = KeyBytes(Array(key.publicKey.rawRepresentation))!
  var counters = WorkCounters()
  counters.paths = 256
  counters.rays = 300
  counters.shadowRays = 200
  counters.shadingEvaluations = 100
  var entry = LedgerEntry(
    work: work, settledAt: 1_800_000_000 + UInt64(unit), job: JobNumber(77), spec: ContentHash(hashing: [1]),
    kernelRevision: 3, frame: Int32(unit / 16), tile: TileRectangle(x: unit % 16 * 16, y: 0, width: 16, height: 16),
    samples: 0..<1, digest: ContentHash(hashing: [2, digest, UInt8(unit % 256)]), counters: counters,
    lease: LeaseNumber(UInt64(agent), UInt64(unit)), agent: agentBytes,
    contributor: KeyBytes(Array(owner.publicKey.rawRepresentation))!,
    contributorSignature: SignatureBytes(Array(try! owner.signature(for: Statements.agentKey(agentBytes.bytes))))!,
    agentSignature: SignatureBytes([UInt8](repeating: 0, count: 64))!)
  entry.agentSignature = SignatureBytes(Array(try! key.signature(for: entry.statement)))!
  return entry
}
