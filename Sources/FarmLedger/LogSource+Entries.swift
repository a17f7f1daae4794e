extension LogSource {
  /// Hands over entries in their order, for callers who trust this source: nothing is hashed.
  ///
  /// - Parameter range: Of a log that has at least `range.upperBound` entries.
  public func forEachEntry(in range: Range<UInt64>, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void)
    async throws
  {
    let width = UInt64(LedgerLimits.tileWidth)
    var next = range.lowerBound
    while next < range.upperBound {
      guard let path = TilePath.bundle(holding: next, size: range.upperBound) else { return }
      let bundle = try await resource(path)
      var thrown: (any Error)?
      let fault = TreeHash.forEachEntry(ofBundle: bundle, width: path.width) { place, entry in
        let index = path.index * width + UInt64(place)
        guard thrown == nil, range.contains(index) else { return }
        do { try body(index, entry) } catch { thrown = error }
      }
      if let thrown { throw thrown }
      if let fault { throw LedgerError(.malformed, "\(path.text): \(fault)") }
      next = (path.index + 1) * width
    }
  }
}
