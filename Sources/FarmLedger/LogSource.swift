/// Where a published log is read: a folder, a server.
public protocol LogSource: Sendable {
  /// - Parameters:
  ///   - path: Such as `checkpoint` or `tile/0/000`.
  ///   - limit: Longer ones are refused.
  /// - Returns: Nil if there is none.
  func read(_ path: String, limit: Int) async throws -> [UInt8]?
}

extension LogSource {
  /// The bytes of a tile or bundle.
  ///
  /// A partial one may have been removed once its place is full; then the full one is cut.
  func resource(_ path: TilePath) async throws -> [UInt8] {
    let limit: Int
    switch path.kind {
    case .tile: limit = LedgerLimits.tileByteCount
    case .entries: limit = LedgerLimits.tileWidth * (2 + LedgerLimits.entryByteCount)
    }
    if let bytes = try await read(path.text, limit: limit) { return bytes }
    guard path.isPartial, let bytes = try await read(path.full.text, limit: limit) else {
      throw LedgerError(.missing, "\(path.text): is not there, though the checkpoint needs it; is the copy complete?")
    }
    switch path.kind {
    case .tile: return Array(bytes.prefix(path.width * TreeHash.byteCount))
    case .entries:
      var end = 0
      let fault = TreeHash.forEachEntry(ofBundle: bytes, width: LedgerLimits.tileWidth) { index, entry in
        if index < path.width { end += 2 + entry.count }
      }
      if let fault { throw LedgerError(.malformed, "\(path.full.text): \(fault)") }
      return Array(bytes.prefix(end))
    }
  }

  /// A tile whose bytes are as many as they should be; what they say is not checked.
  func tile(_ path: TilePath) async throws -> [UInt8] {
    let bytes = try await resource(path)
    guard bytes.count == path.width * TreeHash.byteCount else {
      throw LedgerError(
        .malformed, "\(path.text): \(bytes.count) bytes, expected \(path.width * TreeHash.byteCount)")
    }
    return bytes
  }

  /// The verifier key that the log itself names: to be trusted on first use at most. Nil if it names none.
  public func publishedKey() async throws -> VerifierKey? {
    guard let bytes = try await read(TileLog.keyName, limit: 4096) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    return try VerifierKey(text.hasSuffix("\n") ? String(text.dropLast()) : text)
  }

  /// The published head.
  public func checkpointBytes() async throws -> [UInt8] {
    guard let bytes = try await read("checkpoint", limit: LedgerLimits.noteByteCount) else {
      throw LedgerError(.missing, "checkpoint: there is none here; is this the address or folder of a log?")
    }
    return bytes
  }
}
