import FarmLedger
import ArgumentParser
import FarmAgent
import FarmLedger
import FarmMaster
import FarmModel
import FarmStore
import Foundation
import ImageFiles
import SceneImport
import SceneModel

/// What a person reads when a command fails, and the exit code that goes with it.
enum ErrorText {
  /// Nil: the argument parser's own, which knows its text and code.
  static func status(of error: any Error) -> ExitStatus? {
    switch error {
    case let failure as CommandFailure: failure.status
    case is UnknownCommand: .badUsage
    case let error as MasterError:
      switch error.kind {
      case .unreachable, .busy, .forbidden, .misunderstood: .unreachable
      case .notFound, .conflict, .refused: .badInput
      }
    case let error as BundleError:
      if case .storage = error.kind { .failedWork } else { .badInput }
    case is ImportError, is ImageError: .badInput
    case is KeyFileError: .badInput
    case let error as MasterFault: error.kind == .usage ? .badUsage : .failedWork
    case let error as StoreError: error.kind == .newerSchema || error.kind == .unusable ? .badInput : .failedWork
    case let error as LedgerError: error.kind == .malformed || error.kind == .missing ? .badInput : .failedWork
    case is LedgerEntryError: .badInput
    case is LocalFileError: .failedWork
    case is CancellationError: .interrupted
    case is ExitCode, is CleanExit, is ValidationError: nil
    default: isParserError(error) ? nil : .failedWork
    }
  }

  static func describe(_ error: any Error) -> String {
    switch error {
    case is CancellationError: return "interrupted"
    case let error as any CustomStringConvertible: return error.description
    default: return error.localizedDescription
    }
  }

  /// The parser's error types are its own secret, but for one place where they are told apart: their exit code.
  private static func isParserError(_ error: any Error) -> Bool {
    let code = Glint.exitCode(for: error)
    return code == .validationFailure || code == .success
  }
}
