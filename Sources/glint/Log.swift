import Foundation
import Logging

/// Log lines on standard error, above whatever progress is shown there.
enum Log {
  static func make(_ label: String) -> Logger {
    var logger = Logger(label: label) { _ in LineLog() }
    logger.logLevel = level
    return logger
  }

  /// For libraries whose notices help nobody.
  static let quiet = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }

  /// `GLINT_LOG=debug` shows more.
  private static var level: Logger.Level {
    ProcessInfo.processInfo.environment["GLINT_LOG"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .notice
  }
}

/// `12:30:05 warning: text key=value`
private struct LineLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let colour: Terminal.Colour? =
      switch event.level {
      case .warning: .yellow
      case .error, .critical: .red
      default: nil
      }
    let (text, time) = (event.message.description + details, TimeText.clock())
    guard let colour else { return Terminal.note(time + " " + text) }
    let name = event.level == .warning ? "warning:" : "error:"
    Terminal.note(text, label: Terminal.Label(text: time + " " + name, colour: colour))
  }
}

/// The time of day for log lines.
enum TimeText {
  static func clock() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
  }
}
