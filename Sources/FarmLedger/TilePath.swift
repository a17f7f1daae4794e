/// Where the resources of a tiled log lie, and which of them a tree of some size has (`c2sp.org/tlog-tiles`).
public struct TilePath: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Hashes; level 0 holds those of entries, level L those of full tiles of level L − 1.
    case tile(level: Int)
    /// Entries.
    case entries
  }

  public var kind: Kind
  /// Which, from the left.
  public var index: UInt64
  /// Hashes or entries in it: 1 to 256. Less than 256: partial.
  public var width: Int

  public init(_ kind: Kind, index: UInt64, width: Int) {
    precondition((1...LedgerLimits.tileWidth).contains(width))
    self.kind = kind
    self.index = index
    self.width = width
  }

  public var isPartial: Bool { width < LedgerLimits.tileWidth }

  /// The full one in its place.
  public var full: TilePath { TilePath(kind, index: index, width: LedgerLimits.tileWidth) }

  /// Such as `tile/0/x001/234.p/17`.
  public var text: String { isPartial ? "\(partialFolder)/\(width)" : fullText }

  /// Where its partial forms are.
  public var partialFolder: String { fullText + ".p" }

  private var fullText: String {
    var groups: [String] = []
    var rest = index
    repeat {
      let digits = String(rest % 1000)
      let padded = String(repeating: "0", count: 3 - digits.count) + digits
      groups.append(groups.isEmpty ? padded : "x" + padded)
      rest /= 1000
    } while rest > 0
    let place = groups.reversed().joined(separator: "/")
    switch kind {
    case .tile(let level): return "tile/\(level)/\(place)"
    case .entries: return "tile/entries/\(place)"
    }
  }

  /// The tile with the hash number `index` of a level, in a tree of `size` entries.
  ///
  /// - Returns: Nil if the tree has no such hash.
  public static func tile(level: Int, holding index: UInt64, size: UInt64) -> TilePath? {
    let count = hashCount(level: level, size: size)
    guard index < count else { return nil }
    let tile = index / width64
    return TilePath(.tile(level: level), index: tile, width: Int(min(width64, count - tile * width64)))
  }

  /// The bundle with an entry.
  public static func bundle(holding index: UInt64, size: UInt64) -> TilePath? {
    guard let tile = tile(level: 0, holding: index, size: size) else { return nil }
    return TilePath(.entries, index: tile.index, width: tile.width)
  }

  /// Hashes of a level that a tree of `size` entries has: whole subtrees of 256 to the power of `level` entries.
  public static func hashCount(level: Int, size: UInt64) -> UInt64 { level >= 8 ? 0 : size >> UInt64(8 * level) }

  /// Levels of a tree's tiles.
  public static func levelCount(size: UInt64) -> Int {
    var level = 0
    while hashCount(level: level, size: size) > 0 { level += 1 }
    return level
  }

  private static let width64 = UInt64(LedgerLimits.tileWidth)
}
