import SceneModel

/// A tree's right edge: on each level the hashes of the tile that is not full yet. All that appending needs, some 8 KB a
/// level.
public struct TreeEdge: Sendable, Equatable {
  /// Entries.
  public private(set) var size: UInt64 = 0
  /// By level, `count × 32` bytes each, counts 0 to 255.
  private(set) var levels: [[UInt8]] = []

  public init() {}

  /// - Parameter levels: Partial tiles by level, from the bottom, where there are any.
  init(size: UInt64, levels: [[UInt8]]) {
    self.size = size
    self.levels = levels
  }

  /// Adds an entry's hash.
  ///
  /// - Parameter completed: Called for every tile that becomes full: its level and index, and its hashes.
  mutating func append(_ leaf: ContentHash, completed: (_ level: Int, _ index: UInt64, _ hashes: [UInt8]) -> Void) {
    var hash = leaf
    var level = 0
    while true {
      if level == levels.count {
        levels.append([])
        levels[level].reserveCapacity(LedgerLimits.tileByteCount)
      }
      TreeHash.append(hash, to: &levels[level])
      guard levels[level].count == LedgerLimits.tileByteCount else { break }
      hash = TreeHash.root(of: levels[level][...])
      completed(level, (size >> UInt64(8 * (level + 1))), levels[level])
      levels[level].removeAll(keepingCapacity: true)
      level += 1
    }
    size += 1
  }

  /// Adds the hashes of 256 entries at once.
  ///
  /// - Precondition: The size is a multiple of 256.
  /// - Parameters:
  ///   - tileRoot: Over those hashes.
  ///   - completed: Called for every tile above that becomes full.
  mutating func append(
    tileRoot: ContentHash, completed: (_ level: Int, _ index: UInt64, _ hashes: [UInt8]) -> Void
  ) {
    precondition(size % UInt64(LedgerLimits.tileWidth) == 0)
    if levels.isEmpty { levels.append([]) }
    var above = TreeEdge(size: size / UInt64(LedgerLimits.tileWidth), levels: Array(levels.dropFirst()))
    above.append(tileRoot) { level, index, hashes in completed(level + 1, index, hashes) }
    levels = [levels[0]] + above.levels
    size += UInt64(LedgerLimits.tileWidth)
  }

  /// The tree's root (RFC 6962, section 2.1).
  public var root: ContentHash {
    // From the smallest subtree on the right to the largest on the left.
    var root: ContentHash?
    for hashes in levels {
      var rest = hashes.count / TreeHash.byteCount
      while rest > 0 {
        let width = rest & -rest
        let subtree = TreeHash.root(
          of: hashes[(rest - width) * TreeHash.byteCount..<rest * TreeHash.byteCount])
        root = root.map { TreeHash.node(subtree, $0) } ?? subtree
        rest -= width
      }
    }
    return root ?? TreeHash.empty
  }

  /// The tiles that are not full, as they are published.
  var partialTiles: [(path: TilePath, hashes: [UInt8])] {
    levels.enumerated().compactMap { level, hashes in
      guard !hashes.isEmpty else { return nil }
      let path = TilePath(
        .tile(level: level), index: size >> UInt64(8 * (level + 1)), width: hashes.count / TreeHash.byteCount)
      return (path, hashes)
    }
  }

  /// Its shape is that of a tree of `size` entries.
  var isConsistent: Bool {
    var expected = TilePath.levelCount(size: size)
    while expected < levels.count, levels[expected].isEmpty { expected += 1 }
    return expected == levels.count
      && levels.enumerated().allSatisfy { level, hashes in
        hashes.count == Int(TilePath.hashCount(level: level, size: size) % 256) * TreeHash.byteCount
      }
  }
}
