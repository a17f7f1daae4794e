import SceneModel

/// Appends to a tiled log (docs/ledger.md, "How it is written").
///
/// Stage: tiles and bundles are written beside, synced, renamed to their places, their folders synced. None of these places
/// belongs to the published log: a wider partial tile is another file, a full tile is written once. Commit: if the published
/// checkpoint is still the one that this started from, another takes its place; that rename is the one moment at which the
/// log grows. Whatever fails, the state is thrown away and read again from checkpoint and tiles, as when a master starts.
///
/// A value with one owner, which calls it from one place at a time. It waits for the disk.
public struct TileLog: Sendable {
  public let folder: any LogFolder
  private let signer: NoteSigner
  /// Nil: to be read.
  private var state: State?

  private struct State: Sendable {
    var edge: TreeEdge
    /// Entries of the bundle that is not full.
    var bundle: [UInt8]
    var signed: SignedCheckpoint
  }

  /// - Parameter signer: The log's key; its name is the log's origin.
  public init(_ folder: any LogFolder, signer: NoteSigner) {
    self.folder = folder
    self.signer = signer
  }

  /// What others check this log's checkpoints with.
  public var verifier: VerifierKey { signer.verifier }

  /// What is published. Makes an empty log where there is none.
  public mutating func checkpoint() throws -> SignedCheckpoint { try loaded().signed }

  // MARK: - Appending

  /// Sees to it that these entries are in the log. They are, durably, when this returns; it may be called again with the same
  /// ones after any failure.
  ///
  /// - Parameters:
  ///   - entries: Each at most 65,535 bytes.
  ///   - index: Which entry of the log the first one is; at most the log's size.
  /// - Returns: The published checkpoint, which covers them.
  /// - Throws: `conflict` where the log has other entries in their places, or does not reach to `index`.
  @discardableResult
  public mutating func append(_ entries: [[UInt8]], at index: UInt64) throws -> SignedCheckpoint {
    var signed = try loaded().signed
    let size = signed.checkpoint.size
    guard index <= size else {
      throw LedgerError(
        .conflict,
        "log \(signer.verifier.name): has \(size) entries, the next one should be \(index); was its folder put back from an older copy?"
      )
    }
    let known = Int(min(size - index, UInt64(entries.count)))
    try compare(entries[..<known], at: index, size: size)
    var rest = entries[known...]
    while !rest.isEmpty {
      signed = try appendBatch(rest.prefix(LedgerLimits.batchCount))
      rest = rest.dropFirst(LedgerLimits.batchCount)
    }
    return signed
  }

  private mutating func appendBatch(_ entries: ArraySlice<[UInt8]>) throws -> SignedCheckpoint {
    let old = try loaded()
    state = nil
    var new = old
    var files: [(path: TilePath, bytes: [UInt8])] = []
    for entry in entries {
      guard entry.count <= LedgerLimits.entryByteCount else {
        throw LedgerError(
          .malformed, "entry: \(entry.count) bytes, expected at most \(LedgerLimits.entryByteCount)")
      }
      new.bundle.append(UInt8(entry.count >> 8))
      new.bundle.append(UInt8(entry.count & 255))
      new.bundle.append(contentsOf: entry)
      new.edge.append(TreeHash.leaf(entry)) { level, index, hashes in
        files.append((TilePath(.tile(level: level), index: index, width: LedgerLimits.tileWidth), hashes))
        guard level == 0 else { return }
        files.append((TilePath(.entries, index: index, width: LedgerLimits.tileWidth), new.bundle))
        new.bundle = []
      }
    }
    let published = Set(old.edge.partialTiles.map(\.path))
    files += new.edge.partialTiles.filter { !published.contains($0.path) }.map { ($0.path, $0.hashes) }
    if let last = TilePath.bundle(holding: new.edge.size - 1, size: new.edge.size), last.isPartial {
      files.append((last, new.bundle))
    }
    try stage(files)
    let head = Checkpoint(origin: signer.verifier.name, size: new.edge.size, root: new.edge.root)
    new.signed = try SignedCheckpoint(head, by: signer)
    try exchange(old.signed.bytes, new.signed.bytes)
    // The log holds them now. What a full tile makes superfluous may stay if it cannot be removed.
    for (path, _) in files where !path.isPartial { try? folder.removeFolder(path.partialFolder) }
    state = new
    return new.signed
  }

  private static let staging = "staging"

  private func stage(_ files: [(path: TilePath, bytes: [UInt8])]) throws {
    let names = files.indices.map { "\(TileLog.staging)/\($0)" }
    for (name, file) in zip(names, files) { try folder.write(name, file.bytes) }
    try folder.sync(names)
    var folders: Set<String> = []
    for (name, file) in zip(names, files) {
      let place = file.path.text
      try folder.rename(name, to: place)
      folders.formUnion(DiskLogFolder.folders(above: place))
    }
    try folder.syncFolders(folders.sorted())
  }

  /// The one commit point: `new` takes the place of `old` if that is what is published.
  private func exchange(_ old: [UInt8]?, _ new: [UInt8]) throws {
    try folder.exclusively {
      guard try folder.read(TileLog.checkpointName, limit: LedgerLimits.noteByteCount) == old else {
        throw LedgerError(
          .conflict, "log \(signer.verifier.name): its checkpoint was changed by another writer; run one master for it")
      }
      let name = "\(TileLog.staging)/\(TileLog.checkpointName)"
      try folder.write(name, new)
      try folder.sync([name])
      try folder.rename(name, to: TileLog.checkpointName)
      try folder.syncFolders([""])
    }
  }

  private static let checkpointName = "checkpoint"
  /// The verifier key in text: no part of `tlog-tiles`.
  public static let keyName = "key"

  /// Entries that are in the log already must be these.
  private func compare(_ entries: ArraySlice<[UInt8]>, at first: UInt64, size: UInt64) throws {
    var tile: (path: TilePath, hashes: [UInt8])?
    for (index, entry) in zip(first..., entries) {
      let path = TilePath.tile(level: 0, holding: index, size: size)!
      if tile?.path != path { tile = (path, try hashes(path)) }
      let leaf = TreeHash.load(tile!.hashes, Int(index % UInt64(LedgerLimits.tileWidth)))
      guard leaf == TreeHash.leaf(entry) else {
        throw LedgerError(
          .conflict,
          "log \(signer.verifier.name): entry \(index) is another one; do the master's database and its log belong together?"
        )
      }
    }
  }

  // MARK: - Witnesses

  /// Publishes signatures of witnesses with the checkpoint that they are for, unless the log has grown meanwhile.
  ///
  /// - Returns: What is published.
  @discardableResult
  public mutating func add(
    _ signatures: [SignedNote.Signature], to checkpoint: Checkpoint
  ) throws -> SignedCheckpoint {
    var new = try loaded()
    guard new.signed.checkpoint == checkpoint else { return new.signed }
    let old = new.signed
    for signature in signatures {
      new.signed.note.signatures.removeAll { $0.name == signature.name && $0.keyID == signature.keyID }
      new.signed.note.signatures.append(signature)
    }
    guard new.signed.note.signatures.count <= LedgerLimits.signatureCount,
      new.signed.bytes.count <= LedgerLimits.noteByteCount
    else { throw LedgerError(.malformed, "checkpoint: has too many signatures") }
    state = nil
    try exchange(old.bytes, new.signed.bytes)
    state = new
    return new.signed
  }

  // MARK: - Reading back

  private mutating func loaded() throws -> State {
    if let state { return state }
    // A crash may have left a staged file under both of its names: to write it again would change what is published.
    try folder.removeFolder(TileLog.staging)
    if try !folder.exists(TileLog.checkpointName) { try create() }
    let found = try load()
    state = found
    return found
  }

  private func create() throws {
    guard try !folder.exists("tile") else {
      throw LedgerError(
        .damaged,
        "log \(signer.verifier.name): has tiles, but no checkpoint; put the folder back from a copy, or an empty one in its place"
      )
    }
    // For people who look at the log for the first time; whoever was told the key before needs no such file.
    let name = "\(TileLog.staging)/\(TileLog.keyName)"
    try folder.write(name, Array("\(signer.verifier)\n".utf8))
    try folder.sync([name])
    try folder.rename(name, to: TileLog.keyName)
    let head = Checkpoint(origin: signer.verifier.name, size: 0, root: TreeHash.empty)
    try exchange(nil, try SignedCheckpoint(head, by: signer).bytes)
  }

  /// All that is known comes from the checkpoint and the tiles that it names.
  private func load() throws -> State {
    guard let bytes = try folder.read(TileLog.checkpointName, limit: LedgerLimits.noteByteCount) else {
      throw LedgerError(.missing, "log \(signer.verifier.name): its checkpoint is gone")
    }
    let signed = try SignedCheckpoint(bytes, key: signer.verifier)
    let size = signed.checkpoint.size
    var levels: [[UInt8]] = []
    for level in 0..<TilePath.levelCount(size: size) {
      let count = TilePath.hashCount(level: level, size: size)
      let path = TilePath.tile(level: level, holding: count - 1, size: size)!
      levels.append(path.isPartial ? try hashes(path) : [])
    }
    let edge = TreeEdge(size: size, levels: levels)
    guard edge.root == signed.checkpoint.root else {
      throw LedgerError(
        .damaged,
        "log \(signer.verifier.name): its tiles do not lead to its checkpoint; `glint ledger verify` finds which is wrong"
      )
    }
    var bundle: [UInt8] = []
    if size > 0, let path = TilePath.bundle(holding: size - 1, size: size), path.isPartial {
      bundle = try self.bundle(path, hashes: levels[0])
    }
    // A process that failed between renaming the checkpoint and syncing its folder must not build on what may be lost.
    try folder.sync([TileLog.checkpointName])
    try folder.syncFolders([""])
    return State(edge: edge, bundle: bundle, signed: signed)
  }

  private func hashes(_ path: TilePath) throws -> [UInt8] {
    guard let bytes = try folder.read(path.text, limit: LedgerLimits.tileByteCount) else {
      throw LedgerError(.damaged, "log \(signer.verifier.name): \(path.text) is gone; put it back from a copy")
    }
    guard bytes.count == path.width * TreeHash.byteCount else {
      throw LedgerError(
        .damaged,
        "log \(signer.verifier.name): \(path.text) has \(bytes.count) bytes, expected \(path.width * TreeHash.byteCount)"
      )
    }
    return bytes
  }

  private func bundle(_ path: TilePath, hashes: [UInt8]) throws -> [UInt8] {
    let limit = LedgerLimits.tileWidth * (2 + LedgerLimits.entryByteCount)
    guard let bytes = try folder.read(path.text, limit: limit) else {
      throw LedgerError(.damaged, "log \(signer.verifier.name): \(path.text) is gone; put it back from a copy")
    }
    var wrong: Int?
    let fault = TreeHash.forEachEntry(ofBundle: bytes, width: path.width) { index, entry in
      if wrong == nil, TreeHash.leaf(entry) != TreeHash.load(hashes, index) { wrong = index }
    }
    if let fault = fault ?? wrong.map({ "entry \($0) is not the one that was hashed" }) {
      throw LedgerError(.damaged, "log \(signer.verifier.name): \(path.text): \(fault)")
    }
    return bytes
  }
}
