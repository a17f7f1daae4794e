import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A log's folder on disk.
public struct DiskLogFolder: LogFolder {
  public let url: URL

  /// Nothing is made until something is written.
  public init(_ url: URL) { self.url = url }

  private func place(_ path: String) -> String { path.isEmpty ? url.path : url.path + "/" + path }

  /// - Parameter code: `errno` of the call.
  private func failure(_ action: String, _ path: String, _ code: Int32) -> LedgerError {
    LedgerError(.storage, "\(place(path)): cannot be \(action) (\(String(cString: strerror(code))))")
  }

  private func opened(_ path: String, _ flags: Int32, _ action: String) throws -> Int32 {
    while true {
      let descriptor = open(place(path), flags | O_CLOEXEC, 0o644)
      if descriptor >= 0 { return descriptor }
      let code = errno
      guard code == EINTR else { throw failure(action, path, code) }
    }
  }

  public func read(_ path: String, limit: Int) throws -> [UInt8]? {
    let descriptor = open(place(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { return nil }
      throw failure("opened", path, code)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read", path, errno) }
    guard Int(status.st_size) <= limit else {
      throw LedgerError(.malformed, "\(place(path)): \(status.st_size) bytes, expected at most \(limit)")
    }
    var fault: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let found = Foundation.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
        if found < 0, errno == EINTR { continue }
        if found < 0 { fault = errno }
        guard found > 0 else { return }
        count += found
      }
    }
    guard fault == 0 else { throw failure("read", path, fault) }
    return bytes
  }

  public func exists(_ path: String) throws -> Bool { access(place(path), F_OK) == 0 }

  public func write(_ path: String, _ bytes: [UInt8]) throws {
    try makeFolders(for: path)
    let descriptor = try opened(path, O_WRONLY | O_CREAT | O_TRUNC, "created")
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { raw in
      var offset = 0
      while offset < raw.count {
        let written = Foundation.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw failure("written", path, errno) }
        offset += written
      }
    }
  }

  private func makeFolders(for path: String) throws {
    let folder = (place(path) as NSString).deletingLastPathComponent
    if access(folder, F_OK) == 0 { return }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw LedgerError(.storage, "\(folder): cannot be made (\(error.localizedDescription))")
    }
  }

  public func sync(_ paths: [String]) throws { try syncAll(paths, O_RDONLY) }

  public func syncFolders(_ paths: [String]) throws { try syncAll(paths, O_RDONLY | O_DIRECTORY) }

  /// From several threads at once: their waits become few writes of the file system's journal.
  private func syncAll(_ paths: [String], _ flags: Int32) throws {
    let next = Atomic<Int>(0)
    let fault = Mutex<(any Error)?>(nil)
    @Sendable func work() {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < paths.count, fault.withLock({ $0 == nil }) else { return }
        do {
          let descriptor = try opened(paths[index], flags, "opened")
          defer { close(descriptor) }
          guard fsync(descriptor) == 0 else { throw failure("synced", paths[index], errno) }
        } catch {
          fault.withLock { $0 = $0 ?? error }
        }
      }
    }
    let group = DispatchGroup()
    for _ in 1..<max(1, min(paths.count, LedgerLimits.syncThreadCount)) {
      group.enter()
      Thread.detachNewThread {
        work()
        group.leave()
      }
    }
    work()
    group.wait()
    if let fault = fault.withLock({ $0 }) { throw fault }
  }

  public func rename(_ path: String, to destination: String) throws {
    try makeFolders(for: destination)
    guard Foundation.rename(place(path), place(destination)) == 0 else {
      throw failure("renamed to \(destination)", path, errno)
    }
  }

  public func removeFolder(_ path: String) throws {
    do {
      try FileManager.default.removeItem(atPath: place(path))
    } catch CocoaError.fileNoSuchFile {
      return
    } catch {
      throw LedgerError(.storage, "\(place(path)): cannot be removed (\(error.localizedDescription))")
    }
  }

  public func exclusively(_ body: () throws -> Void) throws {
    try makeFolders(for: DiskLogFolder.lockName)
    let descriptor = try opened(DiskLogFolder.lockName, O_RDWR | O_CREAT, "opened")
    // Closing it lets go of the lock.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw failure("locked", DiskLogFolder.lockName, errno) }
    }
    try body()
  }

  private static let lockName = ".lock"
}
