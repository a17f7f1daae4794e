import Foundation
import SceneModel

/// The files of a run's frames.
struct FrameFiles: Sendable {
  let pattern: FramePattern
  /// Whether the run has one frame only, so that a pattern without a number is taken as it is.
  let isOnlyFrame: Bool

  func path(_ frame: Int) -> String { pattern.path(frame: frame, isOnlyFrame: isOnlyFrame) }

  /// Whether a frame's file exists and is not empty.
  func isThere(_ frame: Int) -> Bool {
    var status = stat()
    return stat(path(frame), &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
  }

  /// Frames whose files are not there.
  func missing(of frames: FrameNumbers) -> FrameNumbers { FrameNumbers(frames.filter { !isThere($0) }) }

  /// Makes the folders of all frames, and checks that files can be written into them, before work begins.
  ///
  /// - Throws: A `CommandFailure` that names the folder or file.
  func prepare(_ frames: FrameNumbers) throws {
    var known: Set<String> = []
    for frame in frames {
      let path = path(frame)
      let folder = FrameFiles.folder(of: path)
      if known.insert(folder).inserted { try FrameFiles.prepare(folder) }
      guard !FramePattern.folderExists(path) else {
        throw CommandFailure(.badInput, "--output: '\(path)' is a folder; frame \(frame) needs a file of that name")
      }
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func prepare(_ folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      let reason =
        FileManager.default.fileExists(atPath: folder) ? "a file has its name" : error.localizedDescription
      throw CommandFailure(
        .badInput, "--output: folder '\(folder)' cannot be made (\(reason)); choose another with -o")
    }
    // Permissions alone do not tell: the disk may be full or read-only.
    let probe = folder + "/.glint-\(String(UInt64.random(in: .min ... .max), radix: 36)).part"
    let file = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw CommandFailure(
        .badInput,
        "--output: folder '\(folder)' cannot be written to (\(String(cString: strerror(errno)))); choose another with -o"
      )
    }
    close(file)
    unlink(probe)
  }
}
