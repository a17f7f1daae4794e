import KernelScene
import SceneModel

/// Why some bytes are no ledger entry.
public struct LedgerEntryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What, where, found, expected.
  public var description: String
}

/// The canonical form: one entry has exactly one (docs/ledger.md). All fields at fixed places, numbers little-endian.
extension LedgerEntry {
  private static let tag: StaticString = "glint entry 1\n"

  /// Where fields begin.
  private enum Offset {
    static let work = 14
    static let reason = 15
    static let revoked = 16
    static let settledAt = 24
    static let job = 32
    static let lease = 40
    static let counters = 56
    static let weightsVersion = 96
    static let kernelRevision = 100
    static let frame = 104
    static let tile = 108
    static let samples = 124
    static let spec = 132
    static let digest = 164
    static let agent = 196
    static let contributor = 228
    static let contributorSignature = 260
    static let agentSignature = 324
    static let end = 388
  }

  /// Parts of the canonical form, for comparing many entries without reading them: which unit (with `jobBytes`), what it
  /// gave, and all that a revocation repeats (with `workByte`).
  public static let workByte = Offset.work
  public static let jobBytes = Offset.job..<Offset.lease
  public static let unitBytes = Offset.frame..<Offset.digest
  public static let counterBytes = Offset.counters..<Offset.weightsVersion
  public static let digestBytes = Offset.digest..<Offset.agent
  public static let contributorBytes = Offset.contributor..<Offset.contributorSignature
  public static let repeatedBytes = Offset.job..<Offset.end

  /// Every entry has so many bytes.
  public static let byteCount = Offset.end

  /// No unit costs as much in any counter; keeps sums within their types.
  public static let counterLimit: UInt64 = 1 << 48
  static let timeLimit: UInt64 = 1 << 40

  /// The canonical form.
  ///
  /// - Precondition: `fault` is nil.
  public var encoded: [UInt8] {
    if let fault { preconditionFailure("a ledger entry that cannot be: \(fault)") }
    var writer = ByteWriter()
    writer.reserve(LedgerEntry.byteCount)
    writer.tag(LedgerEntry.tag)
    writer.integer(work.rawValue)
    writer.integer(revocation?.reason.rawValue ?? 0)
    writer.integer(revocation?.entry ?? 0)
    writer.integer(settledAt)
    // Names are bytes in the order of their digits, as keys and hashes are.
    for value in [job.value, lease.high, lease.low] { writer.integer(value.bigEndian) }
    for value in [
      counters.paths, counters.rays, counters.shadowRays, counters.shadingEvaluations, counters.nonFiniteSamples,
    ] { writer.integer(value) }
    writer.integer(weightsVersion)
    writer.integer(kernelRevision)
    writer.integer(frame)
    for value in [tile.x, tile.y, tile.width, tile.height, samples.lowerBound, samples.count] {
      writer.integer(UInt32(value))
    }
    writer.hash(spec)
    writer.hash(digest)
    writer.raw(agent.bytes)
    writer.raw(contributor.bytes)
    writer.raw(contributorSignature.bytes)
    writer.raw(agentSignature.bytes)
    return writer.bytes
  }

  /// What keeps it from being written; nil if nothing does.
  public var fault: String? {
    let edge = JobSpec.edgeLimit
    func outside(_ name: String, _ value: Int, _ range: ClosedRange<Int>) -> String? {
      range.contains(value) ? nil : "\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)"
    }
    if let text = outside("frame", Int(frame), FrameNumbers.limits) { return text }
    if let text = outside("tile x", tile.x, 0...edge - 1) { return text }
    if let text = outside("tile y", tile.y, 0...edge - 1) { return text }
    if let text = outside("tile width", tile.width, 1...edge - tile.x) { return text }
    if let text = outside("tile height", tile.height, 1...edge - tile.y) { return text }
    guard samples.upperBound <= 2 * JobSpec.sampleLimit, isNode(samples) else {
      return
        "samples are \(samples), expected a node of the tree of samples of kernel revision \(kernelRevision), below \(2 * JobSpec.sampleLimit)"
    }
    let largest = max(
      counters.paths, counters.rays, counters.shadowRays, counters.shadingEvaluations, counters.nonFiniteSamples)
    if largest > LedgerEntry.counterLimit {
      return "a counter is \(largest), expected at most \(LedgerEntry.counterLimit)"
    }
    if settledAt > LedgerEntry.timeLimit {
      return "time is \(settledAt), expected seconds since 1970, at most \(LedgerEntry.timeLimit)"
    }
    return nil
  }

  /// Whether units of the entry's kernel revision may have such samples.
  private func isNode(_ samples: Range<Int>) -> Bool {
    if SampleTree.isNode(samples) { return true }
    // Before revision 5 sums followed the nodes [k·2^m, (k+1)·2^m), never cut off.
    let count = samples.count
    return kernelRevision < 5 && count > 0 && count & (count - 1) == 0 && samples.lowerBound % count == 0
  }

  /// Reads what anybody may have written.
  public init(_ bytes: [UInt8]) throws(LedgerEntryError) {
    let result = bytes.withUnsafeBytes { raw in
      Result<LedgerEntry, LedgerEntryError> { () throws(LedgerEntryError) in try LedgerEntry(raw) }
    }
    self = try result.get()
  }

  /// Reads what anybody may have written. Allocates nothing.
  public init(_ bytes: UnsafeRawBufferPointer) throws(LedgerEntryError) {
    guard bytes.count == LedgerEntry.byteCount, let base = bytes.baseAddress else {
      throw LedgerEntryError(
        description: "ledger entry: \(bytes.count) bytes, expected \(LedgerEntry.byteCount)")
    }
    // All offsets lie below `byteCount`.
    func integer<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type = T.self) -> T {
      T(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    func name(_ offset: Int) -> UInt64 { integer(offset, UInt64.self).byteSwapped }
    func small(_ offset: Int) -> Int { Int(integer(offset, UInt32.self)) }
    func fault(_ text: String) -> LedgerEntryError { LedgerEntryError(description: "ledger entry: \(text)") }
    guard LedgerEntry.tag.withUTF8Buffer({ $0.elementsEqual(bytes.prefix(Offset.work)) }) else {
      throw fault("does not begin with '\(LedgerEntry.tag)'; of another version of Glint")
    }
    let kind = integer(Offset.work, UInt8.self)
    guard let work = Work(rawValue: kind) else { throw fault("byte \(Offset.work): work is \(kind), expected 1 or 2") }
    let code = integer(Offset.reason, UInt8.self)
    let revoked = integer(Offset.revoked, UInt64.self)
    let revocation: Revocation?
    if code == 0 {
      guard revoked == 0 else { throw fault("byte \(Offset.revoked): names an entry, but revokes nothing") }
      revocation = nil
    } else {
      guard let reason = Revocation.Reason(rawValue: code) else {
        throw fault("byte \(Offset.reason): reason is \(code), expected 0 to \(Revocation.Reason.allCases.count)")
      }
      revocation = Revocation(entry: revoked, reason: reason)
    }
    var counters = WorkCounters()
    counters.paths = integer(Offset.counters)
    counters.rays = integer(Offset.counters + 8)
    counters.shadowRays = integer(Offset.counters + 16)
    counters.shadingEvaluations = integer(Offset.counters + 24)
    counters.nonFiniteSamples = integer(Offset.counters + 32)
    let firstSample = small(Offset.samples)
    self.init(
      work: work, revocation: revocation, settledAt: integer(Offset.settledAt),
      weightsVersion: integer(Offset.weightsVersion), job: JobNumber(name(Offset.job)),
      spec: ContentHash(loading: base + Offset.spec), kernelRevision: integer(Offset.kernelRevision),
      frame: integer(Offset.frame),
      tile: TileRectangle(
        x: small(Offset.tile), y: small(Offset.tile + 4), width: small(Offset.tile + 8),
        height: small(Offset.tile + 12)),
      samples: firstSample..<firstSample + small(Offset.samples + 4),
      digest: ContentHash(loading: base + Offset.digest), counters: counters,
      lease: LeaseNumber(name(Offset.lease), name(Offset.lease + 8)), agent: KeyBytes(loading: base + Offset.agent),
      contributor: KeyBytes(loading: base + Offset.contributor),
      contributorSignature: SignatureBytes(loading: base + Offset.contributorSignature),
      agentSignature: SignatureBytes(loading: base + Offset.agentSignature))
    if let text = self.fault { throw fault(text) }
  }
}
