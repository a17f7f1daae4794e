import Foundation

/// Files that are there whole or not at all, whatever happens meanwhile.
///
/// The sequence: write a temporary file in the same folder, sync it, rename it over the target, sync the folder. A failure
/// on the way removes the temporary file and leaves what was there before.
public enum AtomicFile {
  public struct WriteError: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var step: String
    /// `errno` of the failed call.
    public var code: Int32

    public var description: String { "cannot write \(path): \(step) failed: \(String(cString: strerror(code)))" }
  }

  public static func write(_ bytes: some Collection<UInt8>, to url: URL) throws(WriteError) {
    let path = url.path
    let folder = url.deletingLastPathComponent().path
    let unique = String(UInt64.random(in: .min ... .max), radix: 36)
    // Hidden, and short enough for any folder that can hold the target's name.
    let temporary = (folder.isEmpty ? "." : folder) + "/.glint-" + unique + ".part"

    func failure(_ step: String) -> WriteError { WriteError(path: path, step: step, code: errno) }

    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure("creating a file in \(folder)") }
    var error = writeAll(bytes, to: file) ? nil : failure("writing")
    if error == nil, fsync(file) != 0 { error = failure("syncing") }
    if close(file) != 0, error == nil { error = failure("closing") }
    if error == nil, rename(temporary, path) != 0 { error = failure("renaming the finished file") }
    if let error {
      unlink(temporary)
      throw error
    }
    // A folder that cannot be opened for reading cannot be synced; the file is in place all the same.
    let directory = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      _ = fsync(directory)
      close(directory)
    }
  }

  private static func writeAll(_ bytes: some Collection<UInt8>, to file: Int32) -> Bool {
    func writeBuffer(_ buffer: UnsafeBufferPointer<UInt8>) -> Bool {
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let count = Foundation.write(file, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return false
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return true
    }
    return bytes.withContiguousStorageIfAvailable(writeBuffer) ?? Array(bytes).withUnsafeBufferPointer(writeBuffer)
  }
}
