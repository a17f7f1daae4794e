/// The file operations that a log is written with. Few and small, so that a test can fail each of them, before and after it
/// took effect (`MemoryLogFolder`). Paths are relative, with slashes.
public protocol LogFolder: LogSource {
  /// Nil if there is no such file.
  func read(_ path: String, limit: Int) throws -> [UInt8]?

  /// Whether there is a file or folder.
  func exists(_ path: String) throws -> Bool

  /// Writes a whole file, over another if there is one, and makes the folders that it needs. Survives no crash yet.
  func write(_ path: String, _ bytes: [UInt8]) throws

  /// Afterwards these files' bytes survive a crash. One call for many, because they can share the wait for the disk.
  func sync(_ paths: [String]) throws

  /// Takes the place of a file at `destination` at once. Makes the folders that it needs. Survives no crash yet.
  func rename(_ path: String, to destination: String) throws

  /// Afterwards the names in these folders survive a crash; those of deeper folders do not. The root is "".
  func syncFolders(_ paths: [String]) throws

  /// Removes a folder with its files; nothing happens if there is none.
  func removeFolder(_ path: String) throws

  /// Runs `body` while nobody else is in here, in this or another process.
  func exclusively(_ body: () throws -> Void) throws
}

extension LogFolder {
  /// "tile", "tile/0" and "" for "tile/0/000".
  static func folders(above path: String) -> [String] {
    let parts = path.split(separator: "/")
    return parts.indices.map { parts[..<$0].joined(separator: "/") }
  }
}
