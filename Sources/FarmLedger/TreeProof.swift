import SceneModel

/// Proofs of RFC 6962, section 2.1: which hashes they consist of, and what follows from them. The checks are those of
/// RFC 9162, sections 2.1.3.2 and 2.1.4.2.
enum TreeProof {
  /// Entries `range` of the log: one hash of a proof.
  typealias Node = Range<UInt64>

  /// The largest power of two below `count`, which is at least 2.
  private static func split(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }

  /// Siblings from the leaf to the root.
  static func inclusionNodes(of index: UInt64, size: UInt64) -> [Node] {
    precondition(index < size)
    var nodes: [Node] = []
    var (start, end) = (UInt64(0), size)
    while end - start > 1 {
      let middle = start + split(end - start)
      if index < middle {
        nodes.append(middle..<end)
        end = middle
      } else {
        nodes.append(start..<middle)
        start = middle
      }
    }
    return nodes.reversed()
  }

  /// - Parameter old: More than 0 and at most `size`; the proof is empty where they are equal.
  static func consistencyNodes(from old: UInt64, to size: UInt64) -> [Node] {
    precondition(old > 0 && old <= size)
    var nodes: [Node] = []
    var (start, end) = (UInt64(0), size)
    /// The old tree's root is known to who asks, so it is left out where it appears whole.
    var isWhole = true
    while old < end {
      let middle = start + split(end - start)
      if old <= middle {
        nodes.append(middle..<end)
        end = middle
      } else {
        nodes.append(start..<middle)
        start = middle
        isWhole = false
      }
    }
    if !isWhole { nodes.append(start..<end) }
    return nodes.reversed()
  }

  static func isIncluded(
    _ leaf: ContentHash, index: UInt64, size: UInt64, proof: [ContentHash], root: ContentHash
  ) -> Bool {
    guard index < size else { return false }
    var (position, last) = (index, size - 1)
    var hash = leaf
    for sibling in proof {
      guard last > 0 else { return false }
      if position & 1 == 1 || position == last {
        hash = TreeHash.node(sibling, hash)
        while position & 1 == 0, position > 0 {
          position >>= 1
          last >>= 1
        }
      } else {
        hash = TreeHash.node(hash, sibling)
      }
      position >>= 1
      last >>= 1
    }
    return last == 0 && hash == root
  }

  /// Whether the tree of `size` entries begins with that of `old`.
  static func isConsistent(
    old: UInt64, oldRoot: ContentHash, size: UInt64, root: ContentHash, proof: [ContentHash]
  ) -> Bool {
    if old == size { return proof.isEmpty && oldRoot == root }
    guard old > 0, old < size else { return old == 0 && proof.isEmpty && oldRoot == TreeHash.empty }
    // A power of two is one subtree, whose hash is known already.
    var hashes = (old & (old - 1) == 0 ? [oldRoot] : [])[...]
    hashes += proof
    guard let first = hashes.popFirst() else { return false }
    var (position, last) = (old - 1, size - 1)
    while position & 1 == 1 {
      position >>= 1
      last >>= 1
    }
    var (oldHash, newHash) = (first, first)
    for hash in hashes {
      guard last > 0 else { return false }
      if position & 1 == 1 || position == last {
        oldHash = TreeHash.node(hash, oldHash)
        newHash = TreeHash.node(hash, newHash)
        while position & 1 == 0, position > 0 {
          position >>= 1
          last >>= 1
        }
      } else {
        newHash = TreeHash.node(newHash, hash)
      }
      position >>= 1
      last >>= 1
    }
    return last == 0 && oldHash == oldRoot && newHash == root
  }
}
