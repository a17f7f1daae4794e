import Foundation

/// Command lines as a shell reads them.
enum ShellLine {
  /// A line that a POSIX shell splits into `words` again.
  static func join(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

  /// A word as it is where that is safe, else in single quotes.
  static func quote(_ word: String) -> String {
    let isSafe = word.unicodeScalars.allSatisfy { scalar in
      scalar.value >= 0xA0 || "%+,-./:=@_".unicodeScalars.contains(scalar)
        || (scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(scalar.value)))
    }
    // `=` at the start means something to zsh.
    if isSafe, !word.isEmpty, !word.hasPrefix("=") { return word }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }

  /// The words of a command line with options added: at the end, or before the `--` behind which options end.
  static func adding(_ options: [String], to words: [String]) -> [String] {
    var words = words
    words.insert(contentsOf: options, at: words.firstIndex(of: "--") ?? words.endIndex)
    return words
  }
}
