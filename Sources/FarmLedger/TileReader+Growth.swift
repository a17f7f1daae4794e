extension TileReader {
  /// Proves that a log has only grown since it was seen.
  ///
  /// - Parameters:
  ///   - seen: An earlier checkpoint, verified then.
  ///   - checkpoint: The one of `size`, verified now.
  /// - Throws: `damaged` where the log's history is another one: its owner shows different logs at different times, or to
  ///   different people.
  public func checkGrowth(from seen: Checkpoint, to checkpoint: Checkpoint) async throws {
    guard seen.origin == checkpoint.origin else {
      throw LedgerError(
        .damaged, "log '\(checkpoint.origin)': was called '\(seen.origin)' when it was seen last")
    }
    guard checkpoint.size >= seen.size else {
      throw LedgerError(
        .damaged,
        "log '\(checkpoint.origin)': has \(checkpoint.size) entries, but had \(seen.size) when it was seen last")
    }
    let proof = try await consistencyProof(from: seen.size)
    guard
      TreeProof.isConsistent(
        old: seen.size, oldRoot: seen.root, size: checkpoint.size, root: checkpoint.root, proof: proof)
    else {
      throw LedgerError(
        .damaged,
        "log '\(checkpoint.origin)': its first \(seen.size) entries are not those that it had when it was seen last; its history was rewritten"
      )
    }
  }
}
