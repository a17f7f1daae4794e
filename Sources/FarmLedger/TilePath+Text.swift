extension TilePath {
  /// Reads `tile/L/N[.p/W]` or `tile/entries/N[.p/W]`; nil if it is anything else, or another way to write one.
  public init?(_ text: String) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: false)[...]
    guard parts.popFirst() == "tile", let kindText = parts.popFirst() else { return nil }
    let kind: Kind
    if kindText == "entries" {
      kind = .entries
    } else {
      guard let level = Int(kindText), (0..<8).contains(level) else { return nil }
      kind = .tile(level: level)
    }
    var width = LedgerLimits.tileWidth
    if parts.count >= 2, parts[parts.endIndex - 2].hasSuffix(".p") {
      guard let found = Int(parts.removeLast()), (1..<LedgerLimits.tileWidth).contains(found) else { return nil }
      width = found
      parts[parts.endIndex - 1].removeLast(2)
    }
    guard (1...6).contains(parts.count) else { return nil }
    var index: UInt64 = 0
    for part in parts {
      guard let group = UInt64(part.drop { $0 == "x" }), group < 1000 else { return nil }
      index = index * 1000 + group
    }
    self.init(kind, index: index, width: width)
    guard self.text == text else { return nil }
  }
}
