import Crypto
import KernelScene
import SceneModel
import Testing

@testable import FarmModel

/// An entry with every field drawn.
func ledgerEntry(_ random: inout SeededGenerator, contributor: UInt8? = nil) -> LedgerEntry {
  func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
  var counters = WorkCounters()
  counters.paths = .random(in: 0...LedgerEntry.counterLimit, using: &random)
  counters.rays = .random(in: 0...LedgerEntry.counterLimit, using: &random)
  counters.shadowRays = .random(in: 0...LedgerEntry.counterLimit, using: &random)
  counters.shadingEvaluations = .random(in: 0...LedgerEntry.counterLimit, using: &random)
  counters.nonFiniteSamples = .random(in: 0...LedgerEntry.counterLimit, using: &random)
  let size = 1 << Int.random(in: 0...10, using: &random)
  // A node of the tree of samples, cut off or not.
  let first = 1 + size * Int.random(in: 0...20, using: &random)
  let sampleCount = Int.random(in: size / 2 + 1...size, using: &random)
  let x = Int.random(in: 0..<JobSpec.edgeLimit, using: &random)
  let y = Int.random(in: 0..<JobSpec.edgeLimit, using: &random)
  let isRevocation = contributor == nil && Bool.random(using: &random)
  return LedgerEntry(
    work: Bool.random(using: &random) ? .rendered : .checked,
    revocation: isRevocation ? .init(entry: random.next(), reason: .banned) : nil,
    settledAt: .random(in: 0...(1 << 40), using: &random), job: JobNumber(random.next()),
    spec: ContentHash(bytes: bytes(32, &random))!, kernelRevision: UInt32.random(in: 5...UInt32.max, using: &random),
    frame: Int32.random(in: -1_000_000...1_000_000, using: &random),
    tile: TileRectangle(
      x: x, y: y, width: .random(in: 1...JobSpec.edgeLimit - x, using: &random),
      height: .random(in: 1...JobSpec.edgeLimit - y, using: &random)),
    samples: first..<first + sampleCount, digest: ContentHash(bytes: bytes(32, &random))!, counters: counters,
    lease: LeaseNumber(random.next(), random.next()), agent: KeyBytes(bytes(32, &random))!,
    contributor: KeyBytes(contributor.map { [UInt8](repeating: $0, count: 32) } ?? bytes(32, &random))!,
    contributorSignature: SignatureBytes(bytes(64, &random))!, agentSignature: SignatureBytes(bytes(64, &random))!)
}

@Suite("Ledger entries")
struct LedgerEntryTests {
  @Test("An entry survives its canonical form, which is 388 bytes")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let entry = ledgerEntry(&random)
      let bytes = entry.encoded
      #expect(bytes.count == 388 && LedgerEntry.byteCount == 388)
      #expect(try LedgerEntry(bytes) == entry)
    }
  }

  @Test("Bytes that are read back differently are refused, whatever bit was turned")
  func canonical() throws {
    var random = SeededGenerator(seed: 2)
    let entry = ledgerEntry(&random, contributor: 7)
    let bytes = entry.encoded
    var refused = 0
    for bit in 0..<8 * bytes.count {
      var turned = bytes
      turned[bit / 8] ^= 1 << (bit % 8)
      if let read = try? LedgerEntry(turned) {
        #expect(read != entry)
        #expect(read.encoded == turned)
      } else {
        refused += 1
      }
    }
    // The tag alone.
    #expect(refused > 8 * 14)
  }

  @Test("Samples must be a node of the tree that the entry's kernel revision has")
  func samples() throws {
    var random = SeededGenerator(seed: 6)
    var entry = ledgerEntry(&random)
    for (revision, range, isNode) in [
      (UInt32(4), 2..<4, true), (4, 0..<8, true), (4, 64..<72, true), (4, 2..<72, false), (4, 3..<6, false),
      (5, 2..<4, false), (5, 0..<1, true), (5, 1..<72, true), (5, 1..<3, true), (5, 65..<72, true), (5, 2..<72, false),
    ] {
      entry.kernelRevision = revision
      entry.samples = range
      #expect((entry.fault == nil) == isNode, "\(revision), \(range)")
      guard isNode else { continue }
      #expect(try LedgerEntry(entry.encoded) == entry)
    }
    entry.kernelRevision = 5
    entry.samples = 0..<1
    // 124: first sample, as docs/ledger.md has it.
    var bytes = entry.encoded
    bytes[124] = 2
    bytes[128] = 2
    #expect {
      try LedgerEntry(bytes)
    } throws: { ($0 as? LedgerEntryError)?.description.contains("samples are 2..<4") == true }
  }

  @Test("Too few and too many bytes are refused")
  func length() {
    var random = SeededGenerator(seed: 3)
    let bytes = ledgerEntry(&random).encoded
    for count in 0..<bytes.count {
      #expect(throws: LedgerEntryError.self) { try LedgerEntry(Array(bytes.prefix(count))) }
    }
    #expect(throws: LedgerEntryError.self) { try LedgerEntry(bytes + [0]) }
  }

  @Test("Names and keys in digits come back as they were")
  func digits() throws {
    let job = JobID("00c0ffee12345678")
    #expect(JobNumber(job)?.id == job)
    let lease = LeaseID("0123456789abcdef00000000000000ff")
    #expect(LeaseNumber(lease)?.id == lease)
    let key = KeyID(String(repeating: "0a", count: 31) + "ff")
    #expect(KeyBytes(key)?.id == key)
    #expect(JobNumber(JobID("C0FFEE0012345678")) == nil)
    #expect(LeaseNumber(LeaseID("12")) == nil)
    #expect(KeyBytes(KeyID("agent")) == nil)
    let smaller = KeyBytes([UInt8](repeating: 0, count: 31) + [255])!
    let larger = KeyBytes([1] + [UInt8](repeating: 0, count: 31))!
    #expect(smaller < larger && !(larger < smaller) && !(larger < larger))
  }

  @Test(
    "Negative frames are two's complement; other frames have the bytes that they always had",
    arguments: [
      (0, [0, 0, 0, 0]), (1_000_000, [0x40, 0x42, 0x0F, 0]), (-1, [255, 255, 255, 255]),
      (-1_000_000, [0xC0, 0xBD, 0xF0, 0xFF]),
    ] as [(Int, [UInt8])])
  func frames(_ number: Int, _ bytes: [UInt8]) throws {
    var random = SeededGenerator(seed: 5)
    var entry = ledgerEntry(&random)
    entry.frame = Int32(number)
    #expect(Array(entry.encoded[104..<108]) == bytes)
    #expect(try LedgerEntry(entry.encoded).frame == Int32(number))
    let statement = Statements.result(lease: entry.lease.id, spec: entry.spec, frame: number, digest: entry.digest)
    #expect(Array(statement.dropLast(32).suffix(4)) == bytes)
  }

  @Test("An entry with a frame that no job can have is refused", arguments: [1_000_001, -1_000_001, Int32.min, .max])
  func foreignFrames(_ number: Int32) throws {
    var random = SeededGenerator(seed: 6)
    let entry = ledgerEntry(&random)
    var bytes = entry.encoded
    withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(104..<108, with: $0) }
    let error = #expect(throws: LedgerEntryError.self) { try LedgerEntry(bytes) }
    #expect(error?.description.contains("frame is \(number), expected -1000000 to 1000000") == true)
  }

  @Test("The statement in an entry is the one that agents sign")
  func statement() throws {
    var random = SeededGenerator(seed: 4)
    let key = Curve25519.Signing.PrivateKey()
    var entry = ledgerEntry(&random)
    entry.agent = KeyBytes(Array(key.publicKey.rawRepresentation))!
    let signature = try key.signature(
      for: Statements.result(
        lease: entry.lease.id, spec: entry.spec, frame: Int(entry.frame), digest: entry.digest))
    entry.agentSignature = SignatureBytes(Array(signature))!
    let read = try LedgerEntry(entry.encoded)
    #expect(
      Statements.isValid(signature: read.agentSignature.hexadecimal, of: read.statement, by: read.agent.id))
  }
}

@Suite("Balances")
struct LedgerBalancesTests {
  @Test("Credit is the published weights' sum")
  func credit() {
    var counters = WorkCounters()
    counters.paths = 1000
    counters.rays = 7
    counters.shadowRays = 5
    counters.shadingEvaluations = 3
    #expect(CreditWeights.current.credit(counters) == 15)
    let weights = CreditWeights.current
    #expect(max(weights.ray, weights.shadowRay, weights.shadingEvaluation) <= CreditWeights.weightLimit)
    #expect(CreditWeights.published(weights.version) == weights)
  }

  @Test("What is paid and taken back leaves nothing but its trace; the largest counters overflow nothing")
  func fold() throws {
    var random = SeededGenerator(seed: 5)
    var balances = LedgerBalances()
    var entries: [LedgerEntry] = []
    var expected: UInt128 = 0
    for index in 0..<1000 {
      var entry = ledgerEntry(&random, contributor: UInt8(index % 3))
      entry.counters.rays = LedgerEntry.counterLimit
      entries.append(entry)
      expected += UInt128(CreditWeights.current.credit(entry.counters))
      try balances.apply(entry)
    }
    #expect(balances.credit == expected && balances.entryCount == 1000)
    #expect(balances.credit > UInt128(1) << 57)
    for (index, entry) in entries.enumerated() {
      try balances.apply(entry.revoked(index: UInt64(index), reason: .fault, at: 9))
    }
    #expect(balances.credit == 0 && balances.entryCount == 2000)
    #expect(balances.contributors.values.reduce(0) { $0 + $1.revoked.credit } == expected)
    #expect(balances.contributors.values.allSatisfy { $0.rendered == WorkTally() && $0.checked == WorkTally() })
  }

  @Test("Nothing is taken back that was not paid, and weights that nobody published pay nothing")
  func refusals() throws {
    var random = SeededGenerator(seed: 6)
    var balances = LedgerBalances()
    let entry = ledgerEntry(&random, contributor: 1)
    var unknown = entry
    unknown.weightsVersion = 77
    #expect(throws: LedgerEntryError.self) { try balances.apply(unknown) }
    #expect(throws: LedgerEntryError.self) { try balances.apply(entry.revoked(index: 0, reason: .banned, at: 1)) }
    #expect(balances == LedgerBalances())
    try balances.apply(entry)
    let paid = balances
    var other = entry
    other.work = entry.work == .rendered ? .checked : .rendered
    #expect(throws: LedgerEntryError.self) { try balances.apply(other.revoked(index: 0, reason: .banned, at: 1)) }
    #expect(balances == paid)
  }

  @Test("A revocation repeats what it takes back")
  func revocation() {
    var random = SeededGenerator(seed: 7)
    let entry = ledgerEntry(&random, contributor: 1)
    let revocation = entry.revoked(index: 12, reason: .wrongResult, at: 99)
    #expect(entry.isRevoked(by: revocation))
    #expect(!entry.isRevoked(by: entry) && !revocation.isRevoked(by: revocation))
    var other = revocation
    other.counters.rays ^= 1
    #expect(!entry.isRevoked(by: other))
  }
}
