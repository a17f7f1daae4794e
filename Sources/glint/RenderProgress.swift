import Foundation
import SceneModel
import Synchronization

/// The frames of a `render` that are on disk, and how to go on if it is broken off.
final class RenderProgress: Sendable {
  private let frames: FrameNumbers
  private let files: FrameFiles
  /// The words of the command's line.
  private let command: [String]
  /// Frames that had a file before, which is to be replaced.
  private let old: Set<Int>
  private let done: Mutex<Set<Int>>
  /// Beside the lock, which is held while a file is written.
  private let count: Atomic<Int>

  /// - Parameters:
  ///   - frames: All that were asked for.
  ///   - pending: Those that are rendered; the others are there.
  init(frames: FrameNumbers, pending: FrameNumbers, files: FrameFiles, command: [String] = CommandLine.arguments) {
    self.frames = frames
    self.files = files
    self.command = command
    old = Set(pending.filter(files.isThere))
    done = Mutex(Set(frames.filter { !pending.contains($0) }))
    count = Atomic(frames.count - pending.count)
  }

  /// Count of frames that are there. Never waits.
  var doneCount: Int { count.load(ordering: .relaxed) }

  /// Runs `body`, which puts a frame's file in place. `lastWords` wait for its end, so that nothing half-written stays.
  func finish(_ frame: Int, _ body: () throws -> Void) rethrows {
    try done.withLock { done in
      try body()
      if done.insert(frame).inserted { count.add(1, ordering: .relaxed) }
    }
  }

  /// What a person who breaks off hears: how many frames are there, and the line that renders the others.
  func lastWords() -> [String] {
    done.withLock { done in
      let rest = FrameNumbers(frames.filter { !done.contains($0) })
      let count = "\(done.count) of \(frames.count) \(frames.count == 1 ? "frame is" : "frames are") there"
      guard rest.count > 0 else { return [count] }
      return [count + "; this line renders the others:", "  " + ShellLine.join(continuation(rest))]
    }
  }

  /// The command's words with `--skip-existing`; with `--frames` where files from before would be taken for this run's.
  private func continuation(_ rest: FrameNumbers) -> [String] {
    let words = command.filter { $0 != "--skip-existing" }
    guard rest.contains(where: old.contains) else { return ShellLine.adding(["--skip-existing"], to: words) }
    // One frame alone has another name without a number in the pattern.
    guard rest.count > 1 || frames.count == 1 || files.pattern.hasNumber else { return words }
    return ShellLine.adding(["--frames", rest.description], to: words)
  }
}
