import SceneModel

/// Proofs out of the tiles of a log that has at least `size` entries. Tiles that were read are kept, so that many proofs
/// cost few reads.
public actor TileReader {
  private let source: any LogSource
  public let size: UInt64
  private var tiles: [TilePath: [UInt8]] = [:]
  /// 2 MiB.
  private static let tileLimit = 256

  /// - Parameter size: Of a verified checkpoint.
  public init(_ source: any LogSource, size: UInt64) {
    self.source = source
    self.size = size
  }

  /// Siblings of an entry from the leaf up; they prove nothing until they were verified.
  public func inclusionProof(of index: UInt64) async throws -> [ContentHash] {
    guard index < size else {
      throw LedgerError(.missing, "entry \(index): the log has \(size) entries")
    }
    return try await hashes(TreeProof.inclusionNodes(of: index, size: size))
  }

  /// Proves that the log's first `old` entries are those that they were.
  public func consistencyProof(from old: UInt64) async throws -> [ContentHash] {
    guard old <= size else {
      throw LedgerError(.conflict, "the log has \(size) entries, but had \(old) before")
    }
    return old == 0 ? [] : try await hashes(TreeProof.consistencyNodes(from: old, to: size))
  }

  /// An entry's bytes.
  public func entry(_ index: UInt64) async throws -> [UInt8] {
    guard let path = TilePath.bundle(holding: index, size: size) else {
      throw LedgerError(.missing, "entry \(index): the log has \(size) entries")
    }
    let bundle = try await source.resource(path)
    var found: [UInt8] = []
    let wanted = Int(index % UInt64(LedgerLimits.tileWidth))
    let fault = TreeHash.forEachEntry(ofBundle: bundle, width: path.width) { index, entry in
      if index == wanted { found = Array(entry) }
    }
    if let fault { throw LedgerError(.malformed, "\(path.text): \(fault)") }
    return found
  }

  /// The root of the log's first `count` entries.
  public func root(count: UInt64) async throws -> ContentHash {
    guard count <= size else { throw LedgerError(.missing, "the log has \(size) entries, not \(count)") }
    return count == 0 ? TreeHash.empty : try await hash(0..<count)
  }

  /// The receipt of an entry, verified.
  ///
  /// - Parameter signed: The checkpoint of `size`.
  public func receipt(of index: UInt64, in signed: SignedCheckpoint) async throws -> Receipt {
    precondition(signed.checkpoint.size == size)
    let proof = try await inclusionProof(of: index)
    let leaf = try await hash(index..<index + 1)
    guard
      TreeProof.isIncluded(leaf, index: index, size: size, proof: proof, root: signed.checkpoint.root)
    else {
      throw LedgerError(
        .damaged, "entry \(index): the tiles do not lead to the checkpoint's root; `glint ledger verify` finds which")
    }
    return Receipt(index: index, proof: proof, note: signed.note)
  }

  private func hashes(_ nodes: [TreeProof.Node]) async throws -> [ContentHash] {
    var hashes: [ContentHash] = []
    for node in nodes { hashes.append(try await hash(node)) }
    return hashes
  }

  /// Of entries that a proof speaks of: they begin at a multiple of a power of two that is not smaller than their count.
  private func hash(_ node: TreeProof.Node) async throws -> ContentHash {
    // Whole subtrees, the largest first; joined from the right.
    var subtrees: [ContentHash] = []
    var start = node.lowerBound
    while start < node.upperBound {
      let height = 63 - (node.upperBound - start).leadingZeroBitCount
      subtrees.append(try await subtree(at: start, height: height))
      start += 1 << UInt64(height)
    }
    var root = subtrees.removeLast()
    while let left = subtrees.popLast() { root = TreeHash.node(left, root) }
    return root
  }

  /// The hash over 2 to the power of `height` entries from `start`, a multiple of that.
  private func subtree(at start: UInt64, height: Int) async throws -> ContentHash {
    let level = height / 8
    let first = start >> UInt64(8 * level)
    let count = 1 << (height % 8)
    guard let path = TilePath.tile(level: level, holding: first + UInt64(count - 1), size: size) else {
      preconditionFailure("a proof's node lies outside of its tree")
    }
    let tile = try await tile(path)
    let offset = Int(first % UInt64(LedgerLimits.tileWidth)) * TreeHash.byteCount
    return TreeHash.root(of: tile[offset..<offset + count * TreeHash.byteCount])
  }

  private func tile(_ path: TilePath) async throws -> [UInt8] {
    if let tile = tiles[path] { return tile }
    let tile = try await source.tile(path)
    if tiles.count >= TileReader.tileLimit { tiles.removeAll(keepingCapacity: true) }
    tiles[path] = tile
    return tile
  }
}
