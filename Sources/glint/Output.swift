import ArgumentParser
import Foundation

/// What a command prints on standard output.
enum Output {
  /// One document with stable field names; keys sorted so that equal answers are equal texts.
  static func json(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    // JSON escapes control characters itself.
    write(String(decoding: try encoder.encode(document), as: UTF8.self))
  }

  /// A line, which may hold text from outside.
  ///
  /// - Parameters:
  ///   - label: Words of our own before it, in colour on a terminal.
  ///   - colour: The line's own.
  static func line(_ text: String, label: Terminal.Label? = nil, colour: Terminal.Colour? = nil) {
    let plain = PlainText.make(text)
    write((label.map { Terminal.tint($0.text, $0.colour) } ?? "") + (colour.map { Terminal.tint(plain, $0) } ?? plain))
  }

  /// Several lines.
  static func lines(_ text: String) {
    for text in text.split(separator: "\n", omittingEmptySubsequences: false) { line(String(text)) }
  }

  /// A file's name: as it is for programs, plain on a terminal.
  static func path(_ path: String) { write(isatty(STDOUT_FILENO) == 1 ? PlainText.make(path) : path) }

  /// A reader that went away (`glint jobs | head -1`) is no error.
  private static func write(_ text: String) {
    // Both may be one terminal: then the bar steps aside.
    ProgressBar.interrupting {
      if !Terminal.write(text + "\n", to: STDOUT_FILENO), errno == EPIPE { exit(0) }
    }
  }

  /// Columns padded to the widest cell; the last is left as it is. Numbers may be right-aligned.
  static func table(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = []) {
    let all = [header] + rows.map { $0.map(PlainText.make) }
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for (index, row) in all.enumerated() {
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if rightAligned.contains(column) { return padding + cell }
        return column == row.count - 1 ? cell : cell + padding
      }
      line(cells.joined(separator: "  "), colour: index == 0 ? .bold : nil)
    }
  }
}
