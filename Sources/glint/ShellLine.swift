import Foundation

/// Command lines as a shell reads them.
enum ShellLine {
  /// A line that bash and zsh split into `words` again, and any POSIX shell without control characters in them.
  static func join(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

  /// A word as it is where that is safe, else in single quotes.
  static func quote(_ word: String) -> String {
    let isSafe = word.unicodeScalars.allSatisfy { scalar in
      scalar.value >= 0xA0 || "%+,-./:=@_".unicodeScalars.contains(scalar)
        || (scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(scalar.value)))
    }
    // `=` at the start means something to zsh.
    if isSafe, !word.isEmpty, !word.hasPrefix("=") { return word }
    if word.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) { return escaped(word) }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }

  /// A word with control characters as `$'…'`, which bash, zsh and POSIX 2024 read.
  private static func escaped(_ word: String) -> String {
    let body = word.unicodeScalars.map { scalar in
      switch scalar {
      case "'": "\\'"
      case "\\": "\\\\"
      case _ where scalar.value < 32 || scalar.value == 127:
        // Octal: three digits end by themselves.
        "\\" + String(repeating: "0", count: scalar.value < 8 ? 2 : scalar.value < 64 ? 1 : 0)
          + String(scalar.value, radix: 8)
      default: String(scalar)
      }
    }
    return "$'" + body.joined() + "'"
  }

  /// The words of a command line with options added: at the end, or before the `--` behind which options end.
  static func adding(_ options: [String], to words: [String]) -> [String] {
    var words = words
    words.insert(contentsOf: options, at: words.firstIndex(of: "--") ?? words.endIndex)
    return words
  }
}
