import Foundation

/// How the command ends (sysexits.h where that has a word for it).
enum ExitStatus: Int32, Sendable {
  case done = 0
  case badUsage = 64
  case badInput = 65
  /// No answer from the master, or it refuses to talk to us.
  case unreachable = 69
  /// Work that was begun failed: a job, a render, a disk.
  case failedWork = 70
  /// Nothing is wrong, but there is nothing yet: try again later (`EX_TEMPFAIL`).
  case notYet = 75
  case interrupted = 130
}

/// The end of a command, with one message for a person: what, where, found, expected, and what to do.
struct CommandFailure: Error, CustomStringConvertible {
  var status: ExitStatus
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  var description: String { message }
}
