import Foundation
import SceneModel

/// Brings parts that are missing here from the master into the cache, a few at a time, streamed to disk. Only what expands
/// to the hash that it goes by gets in.
struct PartFetcher: Sendable {
  let store: PartStore
  /// Downloads one part's compressed bytes into a file of at most so many bytes.
  let download: @Sendable (_ part: BundleManifest.Part, _ file: URL, _ limit: Int) async throws -> Void
  /// Hears of each part that has arrived.
  var onPart: @Sendable (BundleManifest.Part) -> Void = { _ in }

  /// Compressed bytes that a part may take at most: zstd's bound for bytes that do not compress, generously.
  static func compressedByteLimit(_ part: BundleManifest.Part) -> Int {
    part.byteCount + part.byteCount / 128 + 4096
  }

  /// Fetches and pins: the parts stay until they are unpinned, whatever the cache's limit says.
  func fetch(_ parts: [BundleManifest.Part]) async throws {
    let missing = store.missing(of: parts)
    let gone = Set(missing)
    store.pin(parts.filter { !gone.contains($0) })
    var pinned = parts.filter { !gone.contains($0) }
    do {
      try await withThrowingTaskGroup(of: BundleManifest.Part.self) { group in
        var next = missing.makeIterator()
        for _ in 0..<Limits.concurrentTransfers {
          guard let part = next.next() else { break }
          group.addTask { try await fetch(part) }
        }
        while let part = try await group.next() {
          store.pin([part])
          pinned.append(part)
          onPart(part)
          if let part = next.next() { group.addTask { try await fetch(part) } }
        }
      }
    } catch {
      store.unpin(pinned)
      throw error
    }
  }

  private func fetch(_ part: BundleManifest.Part) async throws -> BundleManifest.Part {
    var tries = 0
    while true {
      tries += 1
      let file = store.temporaryFileURL()
      try await download(part, file, PartFetcher.compressedByteLimit(part))
      do {
        try await onOwnThread(named: "glint-admit") { try store.admit(compressedFile: file, as: part) }
        return part
      } catch let error as BundleError where tries < Limits.partTries {
        // A full disk does not get better by asking again; damaged bytes may.
        if case .storage = error.kind { throw error }
      }
    }
  }
}
