import FarmModel

/// A Merkle tree of what addresses have earned altogether, as OpenZeppelin's `@openzeppelin/merkle-tree` makes it
/// (`standard-v1`): contracts and wallets that know that format can pay by it.
///
/// A leaf is Keccak-256(Keccak-256(ABI encoding of (address, uint256))). Leaves are sorted by hash and fill an array of
/// 2n − 1 places from its end; a node i is Keccak-256 of its children 2i + 1 and 2i + 2, the smaller first.
public struct PayoutTree: Sendable, Equatable {
  public struct Value: Sendable, Hashable {
    public var address: PayoutAddress
    /// Cumulative: all that was ever earned.
    public var amount: UInt128

    public init(address: PayoutAddress, amount: UInt128) {
      self.address = address
      self.amount = amount
    }
  }

  /// In the order in which they were handed over, with their places in `nodes`.
  public let values: [(value: Value, treeIndex: Int)]
  /// The root first; 32 bytes each.
  public let nodes: [[UInt8]]

  /// Nil without values.
  public init?(_ values: [Value]) {
    guard !values.isEmpty else { return nil }
    let leaves = values.enumerated().map { (index: $0.offset, hash: PayoutTree.leaf($0.element)) }
      .sorted { $0.hash == $1.hash ? $0.index < $1.index : $0.hash < $1.hash }
    var nodes = [[UInt8]](repeating: [], count: 2 * leaves.count - 1)
    var places = [Int](repeating: 0, count: leaves.count)
    for (offset, leaf) in leaves.enumerated() {
      nodes[nodes.count - 1 - offset] = leaf.hash
      places[leaf.index] = nodes.count - 1 - offset
    }
    for index in (0..<leaves.count - 1).reversed() {
      nodes[index] = PayoutTree.node(nodes[2 * index + 1], nodes[2 * index + 2])
    }
    self.nodes = nodes
    self.values = zip(values, places).map { (value: $0, treeIndex: $1) }
  }

  public var root: [UInt8] { nodes[0] }

  /// Siblings from a value's leaf to the root's child.
  public func proof(of index: Int) -> [[UInt8]] {
    var proof: [[UInt8]] = []
    var place = values[index].treeIndex
    while place > 0 {
      proof.append(nodes[place % 2 == 1 ? place + 1 : place - 1])
      place = (place - 1) / 2
    }
    return proof
  }

  /// Whether a tree with this root holds a value.
  public static func isProven(_ value: Value, root: [UInt8], proof: [[UInt8]]) -> Bool {
    proof.reduce(leaf(value)) { node($0, $1) } == root
  }

  /// The file that `@openzeppelin/merkle-tree` loads.
  public var standardJSON: String {
    func digits(_ bytes: [UInt8]) -> String { "\"0x" + Statements.hexadecimal(bytes) + "\"" }
    let tree = nodes.map(digits).joined(separator: ",\n    ")
    let values = values.map { item in
      "{\"value\": [\(digits(item.value.address.bytes)), \"\(item.value.amount)\"], \"treeIndex\": \(item.treeIndex)}"
    }.joined(separator: ",\n    ")
    return """
      {
        "format": "standard-v1",
        "leafEncoding": ["address", "uint256"],
        "tree": [
          \(tree)
        ],
        "values": [
          \(values)
        ]
      }

      """
  }

  static func leaf(_ value: Value) -> [UInt8] {
    // ABI: two words of 32 bytes, numbers and addresses at their ends.
    var bytes = [UInt8](repeating: 0, count: 12) + value.address.bytes + [UInt8](repeating: 0, count: 16)
    for shift in stride(from: 120, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value.amount >> shift))
    }
    return Keccak256.hash(Keccak256.hash(bytes))
  }

  private static func node(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { Keccak256.hash(a < b ? a + b : b + a) }

  public static func == (a: PayoutTree, b: PayoutTree) -> Bool {
    a.nodes == b.nodes && a.values.elementsEqual(b.values) { $0 == $1 }
  }
}

/// Byte strings in the order of their bytes.
private func < (a: [UInt8], b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

/// An Ethereum address: 20 bytes.
public struct PayoutAddress: Sendable, Hashable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// Nil unless there are 20 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 20 else { return nil }
    self.bytes = bytes
  }

  /// Reads `0x` and 40 digits. Digits of both cases must be the address's checksum (EIP-55).
  public init?(_ text: String) {
    guard text.utf8.count == 42, text.hasPrefix("0x") else { return nil }
    let digits = Array(text.utf8.dropFirst(2))
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 40, by: 2) {
      guard let high = PayoutAddress.value(digits[index]), let low = PayoutAddress.value(digits[index + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
    let hasUpper = digits.contains { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }
    let hasLower = digits.contains { (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    if hasUpper, hasLower, text != description { return nil }
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// With its checksum: a letter is large where the hash of the small letters has a digit of 8 or more.
  public var description: String {
    var digits = Array(Statements.hexadecimal(bytes).utf8)
    let hash = Keccak256.hash(digits)
    for index in digits.indices where digits[index] >= UInt8(ascii: "a") {
      let nibble = index % 2 == 0 ? hash[index / 2] >> 4 : hash[index / 2] & 15
      if nibble >= 8 { digits[index] -= 32 }
    }
    return "0x" + String(decoding: digits, as: UTF8.self)
  }
}
