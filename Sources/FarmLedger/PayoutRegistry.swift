import Crypto
import FarmModel

/// A contributor's word on where its credit is paid out to, signed by its key over `Statements.payoutAddress`.
public struct PayoutStatement: Sendable, Hashable, Codable {
  /// 64 hexadecimal digits.
  public var contributor: KeyID
  /// `0x` and 40 digits.
  public var address: String
  /// Seconds since 1970. Of two statements the later holds.
  public var registeredAt: UInt64
  /// 128 hexadecimal digits.
  public var signature: String

  /// Makes and signs one.
  public init(address: PayoutAddress, registeredAt: UInt64, key: Curve25519.Signing.PrivateKey) throws {
    let contributor = KeyBytes(Array(key.publicKey.rawRepresentation))!
    self.contributor = contributor.id
    self.address = address.description
    self.registeredAt = registeredAt
    signature = Statements.hexadecimal(
      try key.signature(
        for: Statements.payoutAddress(address.bytes, of: contributor, registeredAt: registeredAt)))
  }

  /// What it says, if its signature holds.
  func verified() -> (contributor: KeyBytes, address: PayoutAddress)? {
    guard let contributor = KeyBytes(contributor), let address = PayoutAddress(address),
      Statements.isValid(
        signature: signature,
        of: Statements.payoutAddress(address.bytes, of: contributor, registeredAt: registeredAt),
        by: contributor.id)
    else { return nil }
    return (contributor, address)
  }
}

/// Which contributor is paid at which address.
public struct PayoutRegistry: Sendable, Equatable {
  public private(set) var addresses: [KeyBytes: PayoutAddress] = [:]

  /// - Parameter statements: From anybody, in any order.
  /// - Throws: If one does not hold: whoever keeps the registry must not drop somebody's address in silence.
  public init(_ statements: [PayoutStatement]) throws(LedgerError) {
    var times: [KeyBytes: UInt64] = [:]
    for (index, statement) in statements.enumerated() {
      guard let (contributor, address) = statement.verified() else {
        throw LedgerError(
          .malformed,
          "payout statement \(index + 1), of contributor \(statement.contributor): is not signed by that key, or its address '\(statement.address.prefix(60))' is none"
        )
      }
      if let time = times[contributor], time >= statement.registeredAt {
        guard time > statement.registeredAt || addresses[contributor] == address else {
          throw LedgerError(
            .malformed,
            "payout statement \(index + 1): contributor \(statement.contributor) names two addresses at one time; ask for a later statement"
          )
        }
        continue
      }
      times[contributor] = statement.registeredAt
      addresses[contributor] = address
    }
  }

  /// What each address has earned; contributors with one address are added up. Sorted by address.
  ///
  /// - Returns: Also what those have who registered none.
  public func payouts(
    of balances: LedgerBalances
  ) -> (values: [PayoutTree.Value], unregistered: [(contributor: KeyBytes, credit: UInt128)]) {
    var amounts: [PayoutAddress: UInt128] = [:]
    var unregistered: [(contributor: KeyBytes, credit: UInt128)] = []
    for (contributor, balance) in balances.contributors.sorted(by: { $0.key < $1.key }) where balance.credit > 0 {
      if let address = addresses[contributor] {
        amounts[address, default: 0] += balance.credit
      } else {
        unregistered.append((contributor, balance.credit))
      }
    }
    let values = amounts.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
      .map { PayoutTree.Value(address: $0.key, amount: $0.value) }
    return (values, unregistered)
  }
}
