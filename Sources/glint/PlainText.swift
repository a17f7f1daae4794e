/// Text that can be printed on a terminal without moving its cursor, changing its colours or answering for it.
///
/// Names of jobs, agents, cameras and files, and messages of other machines, come from outside: an escape sequence in them
/// could hide or forge lines. Every sink of `Terminal` and `Output` passes its text through here, and adds colours after.
enum PlainText {
  /// `text` with control characters, separators of lines and marks of writing direction written as `\u{1b}`.
  static func make(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var plain = ""
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) {
        plain += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        plain.unicodeScalars.append(scalar)
      }
    }
    return plain
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0, DEL and C1.
    case 0..<0x20, 0x7F..<0xA0: true
    // Line and paragraph separator; embedding, override and isolation of directions (Unicode's UAX #9).
    case 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0x061C: true
    default: false
    }
  }
}
