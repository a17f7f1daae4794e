import Foundation

/// Finds the files that a scene names, below the scene's folder or the asset root, however exporters and file systems have
/// written the names.
struct ResourceFinder {
  /// A file, and what was forgiven to find it.
  struct Found {
    var file: URL
    /// Nil where the name was as it should be.
    var remark: String?
  }

  /// Why a name leads to no file.
  struct Fault: Error {
    var reason: String
  }

  private let folder: URL
  private let assetRoot: URL?

  /// - Parameters:
  ///   - folder: The scene's folder; names are relative to it.
  ///   - assetRoot: A further folder below which files may be.
  init(folder: URL, assetRoot: URL?) {
    self.folder = folder.resolvingSymlinksInPath().standardizedFileURL
    self.assetRoot = assetRoot?.absoluteURL.resolvingSymlinksInPath().standardizedFileURL
  }

  /// - Parameter uri: A relative path as glTF wants it (RFC 3986, percent-encoded), or what exporters make of it: raw `%`,
  ///   backslashes, another case, another Unicode normalisation.
  func find(_ uri: String) throws(Fault) -> Found {
    let shown = "'\(uri.prefix(120))'"
    guard !uri.isEmpty, !uri.contains("\0"), uri.removingPercentEncoding?.contains("\0") != true else {
      throw Fault(reason: "\(shown) is not a relative path")
    }
    if uri.contains("://") || uri.lowercased().hasPrefix("file:") {
      throw Fault(
        reason:
          "\(shown) leads outside the scene's folder; addresses are never followed: put the file beside the scene and write its relative path"
      )
    }
    let spellings = ResourceFinder.spellings(uri)
    if spellings.contains(where: { ResourceFinder.isAbsolute($0.path) }) {
      throw Fault(
        reason:
          "\(shown) leads outside the scene's folder; absolute paths are never followed: put the file beside the scene and write its relative path"
      )
    }
    var outside: String?
    for (isExact, spelling) in spellings.map({ (true, $0) }) + spellings.map({ (false, $0) }) {
      guard let (file, remark) = walk(spelling.path, isExact: isExact) else { continue }
      let target = file.resolvingSymlinksInPath().standardizedFileURL
      guard isAllowed(target) else {
        outside = outside ?? target.deletingLastPathComponent().path
        continue
      }
      let remarks = [spelling.remark, remark].compactMap { $0 }
      return Found(
        file: target,
        remark: remarks.isEmpty
          ? nil : "\(shown) is read from '\(shownPath(file))': \(remarks.joined(separator: ", "))")
    }
    if spellings.contains(where: { leadsOutside($0.path) }) {
      let root = outside ?? folder.deletingLastPathComponent().path
      throw Fault(
        reason:
          "\(shown) leads outside the scene's folder; `--asset-root \(ResourceFinder.quoted(root))` allows the files below that folder"
      )
    }
    if let outside {
      throw Fault(
        reason:
          "\(shown) is a link that leads outside the scene's folder; `--asset-root \(ResourceFinder.quoted(outside))` allows the files below that folder"
      )
    }
    throw Fault(reason: "file \(shown) cannot be read beside the scene\(hint(spellings[0].path))")
  }

  /// A file's path from the scene's folder, or its name where it is elsewhere.
  private func shownPath(_ file: URL) -> String {
    let (path, base) = (file.path, folder.path + "/")
    return path.hasPrefix(base) ? String(path.dropFirst(base.count)) : file.lastPathComponent
  }

  // MARK: - Spellings

  private struct Spelling {
    var path: String
    var remark: String?
  }

  /// What a URI may mean, the likeliest first.
  private static func spellings(_ uri: String) -> [Spelling] {
    var result: [Spelling] = []
    func add(_ path: String, _ remark: String?) {
      guard !path.isEmpty, !path.contains("\0"), !result.contains(where: { $0.path == path }) else { return }
      result.append(Spelling(path: path, remark: remark))
    }
    let decoded = uri.removingPercentEncoding
    if let decoded { add(decoded, nil) }
    add(uri, "'%' is not encoded as '%25'")
    for (path, remark) in [(decoded, nil), (uri, "'%' is not encoded as '%25'")] {
      guard let path, path.contains("\\") else { continue }
      let slashed = path.replacingOccurrences(of: "\\", with: "/")
      add(slashed, ["backslashes are taken as slashes", remark].compactMap { $0 }.joined(separator: ", "))
    }
    return result
  }

  private static func isAbsolute(_ path: String) -> Bool {
    if path.hasPrefix("/") || path.hasPrefix("\\\\") { return true }
    let start = Array(path.utf8.prefix(3))
    guard start.count == 3, start[1] == UInt8(ascii: ":") else { return false }
    let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(start[0] | 0x20)
    return isLetter && (start[2] == UInt8(ascii: "/") || start[2] == UInt8(ascii: "\\"))
  }

  private static func quoted(_ path: String) -> String { path.contains(" ") ? "'\(path)'" : path }

  // MARK: - Files

  /// Follows a relative path name by name.
  ///
  /// - Parameter isExact: Whether names must be those of the file system, byte for byte.
  private func walk(_ path: String, isExact: Bool) -> (file: URL, remark: String?)? {
    var place = folder
    var remark: String?
    for component in path.split(separator: "/").map(String.init) {
      if component == "." { continue }
      if component == ".." {
        place = place.deletingLastPathComponent()
        continue
      }
      let next = place.appendingPathComponent(component)
      if FileManager.default.fileExists(atPath: next.path) {
        place = next
        continue
      }
      // Listings are made only where the files may be read.
      guard !isExact, isAllowed(place.resolvingSymlinksInPath().standardizedFileURL, orRoot: true),
        let entries = try? FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
      else { return nil }
      // Strings are equal here where they are canonically equivalent (Unicode Standard Annex #15).
      if let entry = entries.first(where: { $0 == component }) {
        place = place.appendingPathComponent(entry)
        remark = remark ?? "the names differ in their Unicode normalisation"
      } else if let entry = entries.first(where: { $0.lowercased() == component.lowercased() }) {
        place = place.appendingPathComponent(entry)
        remark = "the names differ in case"
      } else {
        return nil
      }
    }
    return FileManager.default.fileExists(atPath: place.path) ? (place, remark) : nil
  }

  private func isAllowed(_ target: URL, orRoot: Bool = false) -> Bool {
    [folder, assetRoot].contains { base in
      guard let base = base?.path else { return false }
      // Bytes, not characters: file systems tell names apart that Unicode holds for equal.
      return target.path.utf8.starts(with: (base.hasSuffix("/") ? base : base + "/").utf8)
        || (orRoot && target.path.utf8.elementsEqual(base.utf8))
    }
  }

  private func leadsOutside(_ path: String) -> Bool {
    var depth = 0
    for component in path.split(separator: "/") where component != "." {
      depth += component == ".." ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }

  /// A file of the same folder with the same name and another ending.
  private func hint(_ path: String) -> String {
    let wanted = folder.appendingPathComponent(path)
    let place = wanted.deletingLastPathComponent()
    guard isAllowed(place.resolvingSymlinksInPath().standardizedFileURL, orRoot: true),
      let entries = try? FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    else { return "" }
    let stem = wanted.deletingPathExtension().lastPathComponent.lowercased()
    let near = entries.first { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent.lowercased() == stem }
    return near.map { "; there is '\($0)'" } ?? ""
  }
}
