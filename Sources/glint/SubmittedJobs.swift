import FarmAgent
import FarmModel
import Foundation

/// The jobs that were submitted from here: a file of ids in the user's data folder, one a line, the newest last.
enum SubmittedJobs {
  /// The file is shortened to this many ids when it has grown to twice as many.
  private static let countLimit = 10_000
  /// More than twice `countLimit` ids take.
  private static let byteLimit = 4 << 20

  static var file: URL { GlintFolders.data.appendingPathComponent("submitted-jobs") }

  /// Adds a job. That it cannot be kept is no reason to fail: the job is with the master.
  static func remember(_ job: JobID, in file: URL = file) {
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      let known = lines(of: file)
      if known.count >= 2 * countLimit {
        let kept = (known.suffix(countLimit - 1) + [job.description]).map { $0 + "\n" }.joined()
        return try Data(kept.utf8).write(to: file, options: .atomic)
      }
      let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw CocoaError(.fileWriteNoPermission) }
      defer { close(descriptor) }
      // One write: processes that submit at the same time do not mix their lines.
      let line = Array((job.description + "\n").utf8)
      guard write(descriptor, line, line.count) == line.count else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      Terminal.warn("\(file.path) cannot be written; `glint jobs --mine` will not list job \(job.short)")
    }
  }

  /// All ids in the file; none if it is missing.
  static func known(in file: URL = file) -> Set<JobID> { Set(lines(of: file).map { JobID($0) }) }

  private static func lines(of file: URL) -> [String] {
    guard let handle = try? FileHandle(forReadingFrom: file) else { return [] }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: byteLimit)) ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
