import Foundation

/// One process at a time in a data folder; the system lets go of it when the process ends, however it ends.
struct FolderLock {
  private let descriptor: Int32

  /// - Parameters:
  ///   - what: `agent` or `master`, for the message.
  ///   - option: The option that names another folder.
  init(_ folder: URL, what: String, option: String) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.badInput, "\(option): folder \(folder.path) cannot be made (\(error.localizedDescription))")
    }
    let path = folder.appendingPathComponent("lock").path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandFailure(.badInput, "\(option): \(path) cannot be written (\(String(cString: strerror(errno))))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw CommandFailure(
        .badInput,
        "\(option): another \(what) works in \(folder.path); give this one a folder of its own with \(option)")
    }
  }

  func release() { close(descriptor) }
}
