import FarmModel

/// Fingerprints of an entry, by which payments for the same thing find each other. Keyed by a secret that every process
/// draws anew, so that nobody can write a log in which different things look the same; by chance two of ten million do once
/// in some hundred thousand audits, and not again in the next one.
struct EntryPrints: Sendable {
  /// Of what is paid at most once: rendering a unit, or a contributor's check of it.
  var payment: UInt64
  /// The other side: a contributor's check of the unit that it is paid for rendering, or the rendering of the checked unit.
  var counterpart: UInt64
  /// Of all that a revocation repeats. Not 0.
  var repeated: UInt64
  var result: UInt32

  /// - Parameter raw: The canonical form of `entry`.
  init(_ raw: UnsafeRawBufferPointer, _ entry: LedgerEntry) {
    func print(_ kind: LedgerEntry.Work?, _ ranges: Range<Int>...) -> UInt64 {
      var hasher = Hasher()
      hasher.combine(kind?.rawValue ?? 0)
      for range in ranges { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: raw[range])) }
      return max(1, UInt64(bitPattern: Int64(hasher.finalize())))
    }
    let rendering = print(.rendered, LedgerEntry.jobBytes, LedgerEntry.unitBytes)
    let check = print(.checked, LedgerEntry.jobBytes, LedgerEntry.unitBytes, LedgerEntry.contributorBytes)
    (payment, counterpart) = entry.work == .rendered ? (rendering, check) : (check, rendering)
    repeated = print(entry.work, LedgerEntry.repeatedBytes)
    result = UInt32(truncatingIfNeeded: print(nil, LedgerEntry.counterBytes, LedgerEntry.digestBytes))
  }
}

/// Follows payments and revocations through a log, in order, and tells which cannot be right.
struct PaymentBook {
  /// Of each entry.
  private struct Fact {
    /// 0: pays nothing, or nothing any more.
    var repeated: UInt64
    var result: UInt32
    var contributor: UInt32
  }

  private var facts: [Fact] = []
  private var live = FingerprintTable()
  private var contributors: [KeyBytes: UInt32] = [:]

  /// More entries than this are not followed.
  static let entryLimit = UInt64(UInt32.max)

  /// Takes the next entry into account.
  ///
  /// - Returns: What is wrong with it; nil if nothing is.
  mutating func apply(_ entry: LedgerEntry, _ prints: EntryPrints) -> (kind: LedgerFinding.Kind, text: String)? {
    let index = UInt32(facts.count)
    if let revocation = entry.revocation {
      facts.append(Fact(repeated: 0, result: 0, contributor: 0))
      guard revocation.entry < UInt64(index), facts[Int(revocation.entry)].repeated == prints.repeated else {
        return (
          .revocation, "revokes entry \(revocation.entry), which is not this payment, or was revoked before"
        )
      }
      facts[Int(revocation.entry)].repeated = 0
      return nil
    }
    let contributor = contributors[entry.contributor] ?? UInt32(contributors.count)
    contributors[entry.contributor] = contributor
    facts.append(Fact(repeated: prints.repeated, result: prints.result, contributor: contributor))
    var finding: (kind: LedgerFinding.Kind, text: String)?
    if let earlier = paid(prints.counterpart) {
      if facts[Int(earlier)].contributor == contributor {
        finding = (.ownCheck, "pays a contributor for checking its own unit; the other half is entry \(earlier)")
      } else if facts[Int(earlier)].result != prints.result {
        finding = (.disagreement, "pays a check whose result is not that of entry \(earlier)")
      }
    }
    if let earlier = paid(prints.payment) {
      finding = (.doubleCredit, "pays for what entry \(earlier) paid for and nothing revoked")
    }
    live.set(prints.payment, index)
    return finding
  }

  /// An entry that does not pay.
  mutating func skip() { facts.append(Fact(repeated: 0, result: 0, contributor: 0)) }

  private func paid(_ print: UInt64) -> UInt32? {
    guard let index = live[print], facts[Int(index)].repeated != 0 else { return nil }
    return index
  }
}

/// Something wrong with an entry of a log whose hashes are right: the master wrote what it must not write.
public struct LedgerFinding: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    /// Bytes that are no entry.
    case malformed
    /// One thing paid twice.
    case doubleCredit
    /// A revocation of what was not paid.
    case revocation
    /// A contributor that checked itself.
    case ownCheck
    /// A paid check that did not agree.
    case disagreement
    /// Weights that nobody published.
    case weights
    /// The agent's key is not signed by the contributor that is paid.
    case contributorSignature
    /// The result is not signed by the agent.
    case agentSignature
  }

  public var entry: UInt64
  public var kind: Kind
  public var description: String
}
