import Foundation
import LaneMath
import Synchronization

/// Where a bundle's parts come from.
public protocol PartSource: Sendable {
  /// The uncompressed bytes of a part, hashed and found right.
  func bytes(of part: BundleManifest.Part) throws -> FlatBuffer<UInt8>
}

/// Parts on disk, compressed, each under its hash: the master's library and every agent's cache.
///
/// A part is written to a temporary file, synced, renamed, and its folder synced: it is there whole or not at all. With a
/// byte limit, the parts that were used longest ago go first; parts that are pinned stay.
public final class PartStore: PartSource {
  public let directory: URL
  /// Compressed bytes that may stay on disk; nil: no limit.
  public let byteLimit: Int?

  private struct Entry {
    var byteCount: Int
    var lastUse: UInt64
    var pinCount = 0
  }

  private struct State {
    var entries: [ContentHash: Entry] = [:]
    var byteCount = 0
    var clock: UInt64 = 0
  }

  private let state = Mutex(State())

  /// Opens or makes the folder; what a crash left half-written is swept away.
  public init(directory: URL, byteLimit: Int? = nil) throws(BundleError) {
    self.directory = directory
    self.byteLimit = byteLimit
    let manager = FileManager.default
    do {
      try manager.createDirectory(at: directory, withIntermediateDirectories: true)
      let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
      var found: [(hash: ContentHash, byteCount: Int, date: Date)] = []
      for file in try manager.contentsOfDirectory(at: directory, includingPropertiesForKeys: keys) {
        if file.pathExtension == "tmp" {
          try? manager.removeItem(at: file)
          continue
        }
        guard file.pathExtension == "zst",
          let hash = ContentHash(hex: file.deletingPathExtension().lastPathComponent)
        else { continue }
        let values = try file.resourceValues(forKeys: Set(keys))
        found.append((hash, values.fileSize ?? 0, values.contentModificationDate ?? .distantPast))
      }
      found.sort { ($0.date, $0.hash) < ($1.date, $1.hash) }
      state.withLock { state in
        for file in found {
          state.clock += 1
          state.entries[file.hash] = Entry(byteCount: file.byteCount, lastUse: state.clock)
          state.byteCount += file.byteCount
        }
      }
    } catch {
      throw BundleError(.storage(errno: 0), "folder of parts \(directory.path): \(error.localizedDescription)")
    }
  }

  public func contains(_ hash: ContentHash) -> Bool { state.withLock { $0.entries[hash] != nil } }

  public func missing(of parts: [BundleManifest.Part]) -> [BundleManifest.Part] {
    state.withLock { state in parts.filter { state.entries[$0.hash] == nil } }
  }

  public func fileURL(_ hash: ContentHash) -> URL { directory.appendingPathComponent(hash.hex + ".zst") }

  /// A name for a file that may later be admitted; nobody else has it.
  public func temporaryFileURL() -> URL { directory.appendingPathComponent(UUID().uuidString + ".tmp") }

  /// Keeps parts from being evicted until `unpin`. Parts that are not here are not pinned.
  public func pin(_ parts: [BundleManifest.Part]) {
    state.withLock { state in
      for part in parts { state.entries[part.hash]?.pinCount += 1 }
    }
  }

  public func unpin(_ parts: [BundleManifest.Part]) {
    state.withLock { state in
      for part in parts where (state.entries[part.hash]?.pinCount ?? 0) > 0 { state.entries[part.hash]!.pinCount -= 1 }
    }
  }

  /// Puts bytes in and says how they are called.
  @discardableResult
  public func store(_ bytes: [UInt8]) throws(BundleError) -> BundleManifest.Part {
    let part = BundleManifest.Part(hash: ContentHash(hashing: bytes), byteCount: bytes.count)
    if contains(part.hash) { return part }
    let file = temporaryFileURL()
    do {
      try DurableFile.write(Zstd.compress(bytes), to: file)
    } catch {
      throw PartStore.storageError(error, part.hash)
    }
    try place(file, as: part.hash)
    return part
  }

  /// Takes in a compressed file from elsewhere, if it expands to exactly the part's bytes. The file is gone afterwards,
  /// whatever happens.
  public func admit(compressedFile file: URL, as part: BundleManifest.Part) throws(BundleError) {
    defer { try? FileManager.default.removeItem(at: file) }
    guard let handle = try? FileHandle(forReadingFrom: file) else {
      throw BundleError(.storage(errno: errno), "part \(part.hash.short): \(file.path) cannot be read")
    }
    defer { try? handle.close() }
    var hasher = ContentHasher()
    var byteCount = 0
    var reader = try ZstdReader(limit: part.byteCount)
    while true {
      let chunk: Data
      do { chunk = try handle.read(upToCount: 1 << 20) ?? Data() } catch {
        throw PartStore.storageError(error, part.hash)
      }
      if chunk.isEmpty { break }
      // Data's own withUnsafeBytes does not carry typed errors.
      let piece = [UInt8](chunk)
      try piece.withRawBytes { (raw: UnsafeRawBufferPointer) throws(BundleError) -> Void in
        try reader.read(raw) { (bytes: UnsafeRawBufferPointer) throws(BundleError) -> Void in
          hasher.update(bytes)
          byteCount += bytes.count
        }
      }
    }
    try reader.finish()
    guard byteCount == part.byteCount else {
      throw BundleError(.malformed, "part \(part.hash.short): \(byteCount) bytes, expected \(part.byteCount)")
    }
    let found = hasher.finish()
    guard found == part.hash else {
      throw BundleError(.wrongHash, "part \(part.hash.short): the bytes hash to \(found.short); send the part again")
    }
    do {
      try DurableFile.sync(file)
    } catch {
      throw PartStore.storageError(error, part.hash)
    }
    try place(file, as: part.hash)
  }

  public func bytes(of part: BundleManifest.Part) throws -> FlatBuffer<UInt8> {
    let isHere = state.withLock { state in
      state.clock += 1
      state.entries[part.hash]?.lastUse = state.clock
      return state.entries[part.hash] != nil
    }
    guard isHere else { throw BundleError(.missing, "part \(part.hash.short) is not in \(directory.path)") }
    guard part.byteCount <= BundleLimits.partByteCount else {
      throw BundleError(.tooLarge, "part \(part.hash.short): \(part.byteCount) bytes are too many")
    }
    let file = try Data(contentsOf: fileURL(part.hash), options: .alwaysMapped)
    let bytes = try? file.withUnsafeBytes { try Zstd.decompress($0, exactly: part.byteCount) }
    guard let bytes, ContentHash(hashing: bytes.bytes) == part.hash else {
      if PartStore.expands([UInt8](file), to: part.hash) {
        throw BundleError(
          .malformed, "part \(part.hash.short) has not the \(part.byteCount) bytes that the bundle states")
      }
      remove(part.hash)
      throw BundleError(.wrongHash, "part \(part.hash.short) was damaged on disk and has been removed; fetch it again")
    }
    return bytes
  }

  /// Whether compressed bytes are those of a hash, however many they are.
  private static func expands(_ compressed: [UInt8], to hash: ContentHash) -> Bool {
    guard var reader = try? ZstdReader(limit: BundleLimits.partByteCount) else { return false }
    var hasher = ContentHasher()
    do {
      try compressed.withRawBytes { (raw: UnsafeRawBufferPointer) throws(BundleError) -> Void in
        try reader.read(raw) { hasher.update($0) }
      }
      try reader.finish()
    } catch {
      return false
    }
    return hasher.finish() == hash
  }

  public func remove(_ hash: ContentHash) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: hash) else { return }
      state.byteCount -= entry.byteCount
      try? FileManager.default.removeItem(at: fileURL(hash))
    }
  }

  // MARK: - Placing

  private func place(_ file: URL, as hash: ContentHash) throws(BundleError) {
    let target = fileURL(hash)
    do {
      try DurableFile.rename(file, to: target)
    } catch {
      throw PartStore.storageError(error, hash)
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: target.path)[.size] as? Int) ?? 0
    state.withLock { state in
      state.clock += 1
      if let old = state.entries[hash] { state.byteCount -= old.byteCount }
      state.entries[hash] = Entry(
        byteCount: size, lastUse: state.clock, pinCount: state.entries[hash]?.pinCount ?? 0)
      state.byteCount += size
      evict(&state, sparing: hash)
    }
  }

  private func evict(_ state: inout State, sparing newest: ContentHash) {
    guard let byteLimit, state.byteCount > byteLimit else { return }
    let candidates = state.entries.filter { $0.value.pinCount == 0 && $0.key != newest }
      .sorted { $0.value.lastUse < $1.value.lastUse }
    for (hash, entry) in candidates where state.byteCount > byteLimit {
      state.entries[hash] = nil
      state.byteCount -= entry.byteCount
      try? FileManager.default.removeItem(at: fileURL(hash))
    }
  }

  private static func storageError(_ error: any Error, _ hash: ContentHash) -> BundleError {
    let code = (error as? DurableFile.Failure)?.errno ?? 0
    return BundleError(.storage(errno: code), "part \(hash.short): \(error)")
  }
}

/// Files that are whole or absent after a crash.
public enum DurableFile {
  public struct Failure: Error, CustomStringConvertible, Sendable {
    public var errno: Int32
    public var description: String
  }

  private static func failure(_ action: String, _ path: String) -> Failure {
    let code = Foundation.errno
    return Failure(errno: code, description: "\(path): cannot be \(action) (\(String(cString: strerror(code))))")
  }

  /// Writes, syncs and closes.
  public static func write(_ bytes: [UInt8], to url: URL) throws {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("created", url.path) }
    defer { close(descriptor) }
    do {
      try bytes.withUnsafeBytes { raw in
        var offset = 0
        while offset < raw.count {
          let written = Foundation.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
          if written < 0, Foundation.errno == EINTR { continue }
          guard written > 0 else { throw failure("written", url.path) }
          offset += written
        }
      }
      guard fsync(descriptor) == 0 else { throw failure("synced", url.path) }
    } catch {
      unlink(url.path)
      throw error
    }
  }

  public static func sync(_ url: URL) throws {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("opened", url.path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("synced", url.path) }
  }

  /// Renames and syncs the folder, after which the new name survives a crash.
  public static func rename(_ url: URL, to target: URL) throws {
    guard Foundation.rename(url.path, target.path) == 0 else { throw failure("renamed to \(target.path)", url.path) }
    try sync(target.deletingLastPathComponent())
  }

  /// Writes beside the target, then renames.
  public static func replace(_ target: URL, with bytes: [UInt8]) throws {
    let temporary = target.deletingLastPathComponent().appendingPathComponent(
      ".\(target.lastPathComponent).\(UUID().uuidString).tmp")
    try write(bytes, to: temporary)
    try rename(temporary, to: target)
  }
}
