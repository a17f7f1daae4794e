import ArgumentParser
import Foundation

/// What a command prints on standard output.
enum Output {
  /// One document with stable field names; keys sorted so that equal answers are equal texts.
  static func json(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    line(String(decoding: try encoder.encode(document), as: UTF8.self))
  }

  /// A reader that went away (`glint jobs | head -1`) is no error.
  static func line(_ text: String) {
    if !Terminal.write(text + "\n", to: STDOUT_FILENO), errno == EPIPE { exit(0) }
  }

  /// Columns padded to the widest cell; the last is left as it is. Numbers may be right-aligned.
  static func table(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = []) {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for (index, row) in all.enumerated() {
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if rightAligned.contains(column) { return padding + cell }
        return column == row.count - 1 ? cell : cell + padding
      }
      let text = cells.joined(separator: "  ")
      line(index == 0 ? Terminal.tint(text, .bold) : text)
    }
  }
}

/// File names with a run of `#` for the frame number: `out/frame.####.png`.
struct FramePattern: Sendable {
  var text: String

  init(_ text: String) { self.text = text }

  /// Whether files of the pattern are Portable Float Maps, by the extension.
  var isFloatMap: Bool { text.lowercased().hasSuffix(".pfm") }

  /// What a farm's pictures cannot be.
  func checkIsPicture() throws {
    if isFloatMap {
      throw ValidationError("--output: the farm develops its pictures; .pfm files come from `glint render` only")
    }
  }

  /// The file of a frame; the number is padded with zeros to the run's length. Without `#` the number goes before the
  /// extension, unless there is one frame only.
  func path(frame: Int, isOnlyFrame: Bool) -> String {
    if let run = text.range(of: "#+", options: .regularExpression) {
      let digits = String(frame)
      let width = text.distance(from: run.lowerBound, to: run.upperBound)
      return text.replacingCharacters(
        in: run, with: String(repeating: "0", count: max(0, width - digits.count)) + digits)
    }
    if isOnlyFrame { return text }
    let url = URL(fileURLWithPath: text)
    let number = String(format: "%04d", frame)
    let suffix = url.pathExtension.isEmpty ? "" : "." + url.pathExtension
    return String(text.dropLast(suffix.count)) + "." + number + suffix
  }
}
