import FarmModel
import Testing

@testable import FarmLedger

@Suite("Payouts")
struct PayoutTests {
  private func hexadecimal(_ bytes: [UInt8]) -> String { Statements.hexadecimal(bytes) }

  @Test("Keccak-256 of known messages, at the edges of its blocks too")
  func keccak() {
    func hash(_ text: String) -> String { hexadecimal(Keccak256.hash(Array(text.utf8))) }
    #expect(hash("") == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
    #expect(hash("abc") == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")
    #expect(
      hash("The quick brown fox jumps over the lazy dog")
        == "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15")
    // All lengths up to two blocks differ, so that no length is padded like another.
    let hashes = (0...273).map { hash(String(repeating: "a", count: $0)) }
    #expect(Set(hashes).count == 274)
  }

  @Test("The vector of OpenZeppelin's README")
  func vector() throws {
    let values = [
      PayoutTree.Value(
        address: PayoutAddress("0x1111111111111111111111111111111111111111")!, amount: 5_000_000_000_000_000_000),
      PayoutTree.Value(
        address: PayoutAddress("0x2222222222222222222222222222222222222222")!, amount: 2_500_000_000_000_000_000),
    ]
    let tree = try #require(PayoutTree(values))
    #expect(hexadecimal(tree.root) == "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77")
  }

  @Test("Every value of a tree is proven, and no other", arguments: [1, 2, 3, 4, 5, 8, 13, 100])
  func proofs(count: Int) throws {
    var random = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in
      PayoutTree.Value(
        address: PayoutAddress((0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })!,
        amount: UInt128(random.next()) << 60)
    }
    let tree = try #require(PayoutTree(values))
    #expect(tree.nodes.count == 2 * count - 1)
    for index in 0..<count {
      let proof = tree.proof(of: index)
      #expect(PayoutTree.isProven(values[index], root: tree.root, proof: proof))
      var more = values[index]
      more.amount += 1
      #expect(!PayoutTree.isProven(more, root: tree.root, proof: proof))
    }
    #expect(PayoutTree([]) == nil)
  }

  @Test("Addresses are read with their checksum (EIP-55's examples)")
  func addresses() {
    for text in [
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
      "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
      #expect(PayoutAddress(text)?.description == text)
      #expect(PayoutAddress(text.lowercased())?.description == text)
      var changed = Array(text.utf8)
      let letter = changed.lastIndex { $0 > UInt8(ascii: "9") }!
      changed[letter] ^= 0x20
      #expect(PayoutAddress(String(decoding: changed, as: UTF8.self)) == nil)
      #expect(PayoutAddress(String(text.dropLast())) == nil && PayoutAddress(text + "0") == nil)
    }
    #expect(PayoutAddress("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg") == nil)
  }

  @Test("The later statement of a contributor holds; a forged one is refused, wherever it stands")
  func registry() throws {
    let (one, two) = (
      PayoutAddress([UInt8](repeating: 1, count: 20))!, PayoutAddress([UInt8](repeating: 2, count: 20))!
    )
    let key = privateKey(5)
    let contributor = KeyBytes(Array(key.publicKey.rawRepresentation))!
    let early = try PayoutStatement(address: one, registeredAt: 10, key: key)
    let late = try PayoutStatement(address: two, registeredAt: 11, key: key)
    #expect(try PayoutRegistry([early, late]).addresses == [contributor: two])
    #expect(try PayoutRegistry([late, early]).addresses == [contributor: two])
    for change in [
      { $0.address = one.description }, { $0.registeredAt = 12 }, { $0.signature = early.signature },
      { $0.contributor = KeyBytes(Array(privateKey(6).publicKey.rawRepresentation))!.id }, { $0.address = "0x12" },
    ] as [(inout PayoutStatement) -> Void] {
      var forged = late
      change(&forged)
      #expect(throws: LedgerError.self) { try PayoutRegistry([early, forged]) }
    }
    let other = try PayoutStatement(address: one, registeredAt: 11, key: key)
    #expect(throws: LedgerError.self) { try PayoutRegistry([late, other]) }
  }

  @Test("Contributors with one address are added up; those without are told")
  func payouts() throws {
    var balances = LedgerBalances()
    let address = PayoutAddress([UInt8](repeating: 7, count: 20))!
    var statements: [PayoutStatement] = []
    for (seed, units) in [(UInt8(11), 1), (12, 2), (13, 3)] {
      for unit in 0..<units { try balances.apply(signedEntry(unit, contributor: seed, agent: seed + 20)) }
      if seed != 13 { statements.append(try PayoutStatement(address: address, registeredAt: 1, key: privateKey(seed))) }
    }
    let (values, unregistered) = try PayoutRegistry(statements).payouts(of: balances)
    #expect(values == [PayoutTree.Value(address: address, amount: 3 * signedEntryCredit)])
    #expect(unregistered.map(\.credit) == [3 * signedEntryCredit])
  }
}
