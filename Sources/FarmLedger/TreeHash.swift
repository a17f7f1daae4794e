import Crypto
import SceneModel

/// The hashes of RFC 6962, section 2.1. The one file here that works on raw memory; it reads only what it is handed.
enum TreeHash {
  /// Of the tree without entries.
  static let empty = ContentHash(hashing: [])
  static let byteCount = ContentHash.byteCount

  /// SHA-256(0x00 ‖ entry)
  static func leaf(_ entry: UnsafeRawBufferPointer) -> ContentHash { hash(prefix: 0, entry) }

  static func leaf(_ entry: [UInt8]) -> ContentHash { entry.withUnsafeBytes { leaf($0) } }

  /// SHA-256(0x01 ‖ left ‖ right)
  static func node(_ left: ContentHash, _ right: ContentHash) -> ContentHash {
    withUnsafeTemporaryAllocation(byteCount: 2 * byteCount, alignment: 8) { pair in
      left.store(to: pair.baseAddress!)
      right.store(to: pair.baseAddress! + byteCount)
      return hash(prefix: 1, UnsafeRawBufferPointer(pair))
    }
  }

  /// The root over a power of two of hashes that lie one behind the other, as in a tile.
  ///
  /// - Parameter hashes: `count × 32` bytes, count 1 to 256 and a power of two.
  static func root(of hashes: UnsafeRawBufferPointer) -> ContentHash {
    let count = hashes.count / byteCount
    precondition(
      hashes.count % byteCount == 0 && count > 0 && count <= LedgerLimits.tileWidth && count & (count - 1) == 0)
    if count == 1 { return ContentHash(loading: hashes.baseAddress!) }
    return withUnsafeTemporaryAllocation(byteCount: hashes.count / 2, alignment: 8) { scratch in
      let base = scratch.baseAddress!
      var source = hashes
      var width = count
      while width > 1 {
        width /= 2
        // In place from the second round on: a pair is read before its place is written.
        for index in 0..<width {
          let pair = UnsafeRawBufferPointer(rebasing: source[2 * index * byteCount..<2 * (index + 1) * byteCount])
          hash(prefix: 1, pair).store(to: base + index * byteCount)
        }
        source = UnsafeRawBufferPointer(scratch)
      }
      return ContentHash(loading: base)
    }
  }

  static func root(of hashes: ArraySlice<UInt8>) -> ContentHash { hashes.withUnsafeBytes { root(of: $0) } }

  private static func hash(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> ContentHash {
    var hasher = SHA256()
    withUnsafeBytes(of: prefix) { hasher.update(bufferPointer: $0) }
    hasher.update(bufferPointer: bytes)
    return hasher.finalize().withUnsafeBytes { ContentHash(loading: $0.baseAddress!) }
  }

  /// Reads the `index`th hash of a tile.
  ///
  /// - Precondition: It is there.
  static func load(_ tile: [UInt8], _ index: Int) -> ContentHash {
    precondition(index >= 0 && (index + 1) * byteCount <= tile.count)
    return tile.withUnsafeBytes { ContentHash(loading: $0.baseAddress! + index * byteCount) }
  }

  static func append(_ hash: ContentHash, to tile: inout [UInt8]) {
    withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { raw in
      hash.store(to: raw.baseAddress!)
      tile.append(contentsOf: raw)
    }
  }

  /// Cuts a bundle into its entries, which are as many as `width`, and calls `body` with each.
  ///
  /// - Returns: What is wrong with the bundle; nil if nothing is.
  static func forEachEntry(
    ofBundle bundle: [UInt8], width: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void
  ) -> String? {
    bundle.withUnsafeBytes { raw in
      var position = 0
      for index in 0..<width {
        guard raw.count - position >= 2 else { return "ends after \(index) entries, expected \(width)" }
        let length = Int(raw[position]) << 8 | Int(raw[position + 1])
        position += 2
        guard raw.count - position >= length else {
          return "entry \(index) says that it has \(length) bytes, \(raw.count - position) are left"
        }
        body(index, UnsafeRawBufferPointer(rebasing: raw[position..<position + length]))
        position += length
      }
      return position == raw.count ? nil : "\(raw.count - position) bytes too many after \(width) entries"
    }
  }
}
