import ArgumentParser

/// Looks at the names of subcommands before the parser does, which only calls a wrong one unexpected.
enum CommandNames {
  /// - Parameter arguments: Those after the program's name.
  /// - Throws: An `UnknownCommand` that names the nearest subcommand, if the first words are not one.
  static func check(_ arguments: some Sequence<String>, root: ParsableCommand.Type = Glint.self) throws {
    var command = root
    var path = [root._commandName]
    for word in arguments {
      let subcommands = CommandNames.subcommands(of: command)
      guard !subcommands.isEmpty, command.configuration.defaultSubcommand == nil, !word.hasPrefix("-") else { return }
      if word == "help" { return }
      guard let next = subcommands.first(where: { $0._commandName == word || $0.configuration.aliases.contains(word) })
      else {
        let names = subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName } + ["help"]
        throw UnknownCommand(
          word: word, path: path, usage: root.usageString(for: command), suggestion: nearest(to: word, among: names))
      }
      command = next
      path.append(word)
    }
  }

  private static func subcommands(of command: ParsableCommand.Type) -> [ParsableCommand.Type] {
    command.configuration.subcommands
  }

  /// The name with the fewest edits from `word`: at most two, and fewer than its letters.
  static func nearest(to word: String, among names: [String]) -> String? {
    let distances = names.map { ($0, editDistance(word.lowercased(), $0)) }
    guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= 2, best.1 < best.0.count else { return nil }
    return best.0
  }

  /// Insertions, deletions, replacements and exchanges of neighbours that turn one text into the other.
  ///
  /// Source: the optimal string alignment distance; Boytsov, "Indexing Methods for Approximate Dictionary Searching".
  static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

/// The error of a word in a subcommand's place that is not the name of one.
struct UnknownCommand: Error, CustomStringConvertible {
  var word: String
  /// The commands before it.
  var path: [String]
  /// The usage line of the last of them.
  var usage: String
  var suggestion: String?

  var description: String {
    let name = path.joined(separator: " ")
    let what = "'\(word)' is not a command of \(name)"
    return suggestion.map { what + "; did you mean '\($0)'?" } ?? what + "; `\(name) --help` lists them"
  }
}
