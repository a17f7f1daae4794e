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
    // The specification ignores relative paths.
    if let path = ProcessInfo.processInfo.environment[variable], path.hasPrefix("/") {
      return URL(fileURLWithPath: path, isDirectory: true).appendingPathComponent("glint", isDirectory: true)
    }
    return FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(fallback, isDirectory: true)
      .appendingPathComponent("glint", isDirectory: true)
  }
}
