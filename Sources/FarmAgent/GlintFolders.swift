import Foundation

/// Where a user's keys and caches live, after the XDG base directory specification.
public enum GlintFolders {
  /// Keys: `$XDG_CONFIG_HOME/glint`, usually `~/.config/glint`.
  public static var configuration: URL { folder("XDG_CONFIG_HOME", fallback: ".config") }

  /// What may be thrown away: `$XDG_CACHE_HOME/glint`, usually `~/.cache/glint`.
  public static var cache: URL { folder("XDG_CACHE_HOME", fallback: ".cache") }

  /// What must stay: `$XDG_DATA_HOME/glint`, usually `~/.local/share/glint`.
  public static var data: URL { folder("XDG_DATA_HOME", fallback: ".local/share") }

  public static var contributorKey: URL { configuration.appendingPathComponent("contributor.key") }

  private static func folder(_ variable: String, fallback: String) -> URL {
    folder(variable, fallback: fallback, environment: ProcessInfo.processInfo.environment)
  }

  /// A folder of `variable`, else below `HOME`, else below the home that the system knows for the user.
  ///
  /// The specification ignores relative paths.
  static func folder(_ variable: String, fallback: String, environment: [String: String]) -> URL {
    func absolute(_ name: String) -> URL? {
      environment[name].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0, isDirectory: true) : nil }
    }
    let home = absolute("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
    let base = absolute(variable) ?? home.appendingPathComponent(fallback, isDirectory: true)
    return base.appendingPathComponent("glint", isDirectory: true)
  }
}
