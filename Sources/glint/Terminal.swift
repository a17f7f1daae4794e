import Foundation
import SceneImport
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `write(2)`; inside `Terminal` the name means another function.
private func unistdWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// What standard output and standard error are connected to.
enum Terminal {
  /// Progress is shown only to a person: standard error is a terminal that can move its cursor.
  static let showsProgress = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Colours on standard output. `NO_COLOR`: see no-color.org.
  static let showsColour =
    isatty(STDOUT_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Colours on standard error.
  static let showsErrorColour =
    isatty(STDERR_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Columns of standard error.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// A word of our own before a line, in colour on a terminal.
  struct Label {
    var text: String
    var colour: Colour

    static let error = Label(text: "glint: error:", colour: .red)
    static let warning = Label(text: "warning:", colour: .yellow)
  }

  /// A line on standard error, above the progress bar if there is one; the line may hold text from outside.
  ///
  /// - Parameter label: Before the line, with a space between.
  static func note(_ line: String, label: Label? = nil) {
    let word = label.map { tint($0.text, $0.colour, when: showsErrorColour) + " " } ?? ""
    ProgressBar.interrupting { writeError(word + PlainText.make(line) + "\n") }
  }

  /// Several lines on standard error.
  static func note(lines text: String) {
    for line in text.split(separator: "\n") { note(String(line)) }
  }

  static func warn(_ line: String) { note(line, label: .warning) }

  /// What the importer found: faults as warnings, choices and the like as notes.
  static func tell(_ warnings: [ImportWarning]) {
    for warning in warnings {
      if warning.kind.isFault { warn(warning.description) } else { note("note: " + warning.description) }
    }
  }

  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case dim = "2"
    case bold = "1"
  }

  static func tint(_ text: String, _ colour: Colour, when isShown: Bool = showsColour) -> String {
    isShown ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }

  static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Writes all of `text`; false where the reader has gone away or the disk is full.
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Substring(text).utf8[...]
    while !rest.isEmpty {
      let written = Array(rest).withUnsafeBytes { unistdWrite(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR || errno == EAGAIN { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }
}

/// One line of progress on standard error: `Uploading  [█████···]  45 %  12.3 MB/s  8 s left`. Silent in a pipe.
///
/// At most one bar is shown at a time; a new one takes the place of the old.
final class ProgressBar: Sendable {
  private struct State {
    var completed = 0.0
    var total: Double
    var detail = ""
    var lastDrawn: ContinuousClock.Instant?
    var isFinished = false
  }

  private let title: String
  private let start = ContinuousClock.now
  private let state: Mutex<State>
  private static let current = Mutex<ProgressBar?>(nil)

  /// Redrawing more often than this only costs.
  private static let redrawInterval = Duration.milliseconds(80)

  /// - Parameter total: What `completed` reaches at the end, in any unit.
  init(_ title: String, total: Double) {
    self.title = title
    state = Mutex(State(total: total))
    ProgressBar.current.withLock { $0 = self }
    draw(forced: true)
  }

  /// - Parameter detail: Shown after the percentage, such as a rate.
  func update(_ completed: Double, total: Double? = nil, detail: String? = nil) {
    state.withLock {
      $0.completed = completed
      if let total { $0.total = total }
      if let detail { $0.detail = detail }
    }
    draw(forced: false)
  }

  func advance(by amount: Double, detail: String? = nil) {
    state.withLock {
      $0.completed += amount
      if let detail { $0.detail = detail }
    }
    draw(forced: false)
  }

  /// Removes the line.
  func finish() {
    let wasOpen = state.withLock { state in
      defer { state.isFinished = true }
      return !state.isFinished
    }
    guard wasOpen else { return }
    ProgressBar.current.withLock { if $0 === self { $0 = nil } }
    if Terminal.showsProgress { Terminal.writeError("\r\u{1B}[K") }
  }

  /// Removes whatever bar is shown: the command ends.
  static func clear() { current.withLock { $0 }?.finish() }

  /// Seconds from the bar's start to now.
  var elapsedSeconds: Double { Double(ContinuousClock.now - start) }

  /// Runs `body`, which writes whole lines to standard error, without tearing the bar.
  static func interrupting(_ body: () -> Void) {
    let bar = current.withLock { $0 }
    if bar != nil, Terminal.showsProgress { Terminal.writeError("\r\u{1B}[K") }
    body()
    bar?.draw(forced: true)
  }

  private func draw(forced: Bool) {
    guard Terminal.showsProgress else { return }
    let now = ContinuousClock.now
    let line: String? = state.withLock { state in
      guard !state.isFinished else { return nil }
      if !forced, let last = state.lastDrawn, now - last < ProgressBar.redrawInterval { return nil }
      state.lastDrawn = now
      let fraction = state.total > 0 ? min(1, max(0, state.completed / state.total)) : 0
      return ProgressBar.line(
        title: title, fraction: fraction, detail: state.detail, elapsedSeconds: Double(now - start),
        columns: Terminal.columns)
    }
    if let line { Terminal.writeError("\r\u{1B}[K" + PlainText.make(line)) }
  }

  static func line(title: String, fraction: Double, detail: String, elapsedSeconds: Double, columns: Int) -> String {
    var tail = String(format: " %3d %%", Int(fraction * 100))
    if !detail.isEmpty { tail += "  " + detail }
    // A forecast from the first moments would only jump about.
    if fraction > 0.02, fraction < 1, elapsedSeconds > 1 {
      tail += "  " + DurationText.short(seconds: elapsedSeconds * (1 - fraction) / fraction) + " left"
    }
    let width = max(0, min(40, columns - title.count - tail.count - 5))
    guard width >= 8 else { return String((title + tail).prefix(max(1, columns - 1))) }
    let filled = Int((Double(width) * fraction).rounded(.down))
    return "\(title) [" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "]"
      + tail
  }
}

extension Double {
  /// Seconds.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = Double(seconds) + Double(attoseconds) * 1e-18
  }
}

/// Times as people say them.
enum DurationText {
  /// `8 s`, `3 min 20 s`, `2 h 05 min`.
  static func short(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "–" }
    if seconds < 9.95 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
  }
}

extension DurationText {
  /// One unit only: `8 s`, `3 min`, `2 h`, `5 d`.
  static func coarse(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "–" }
    let (length, name) =
      switch seconds {
      case ..<60: (1.0, "s")
      case ..<5400: (60.0, "min")
      case ..<129_600: (3600.0, "h")
      default: (86_400.0, "d")
      }
    return String(format: "%.0f ", (seconds / length).rounded(.down)) + name
  }
}

/// Sizes as people say them, in powers of ten.
enum ByteText {
  static func short(_ count: Double) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = count
    var index = 0
    while value >= 999.5, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    return index == 0 ? "\(Int(value)) B" : String(format: value < 9.95 ? "%.1f " : "%.0f ", value) + units[index]
  }
}
