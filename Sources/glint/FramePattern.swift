import ArgumentParser
import Foundation

/// A pattern of output names, such as `out/frame.####.png`: where a frame's number goes, and in which format.
///
/// - `####` is the number: sign, then digits padded with zeros to the length of the run (`-0005`). Of several runs the last
///   counts, also one in a folder's name; the others stay as they are.
/// - `%04d` and `%d` are the number as `printf` writes it (`-005`). `%%` is a percent sign in such a pattern only.
///   A width (`%04d`) goes before `#`, and `#` goes before a bare `%d`.
/// - A pattern without a number gets `.####` before its ending if there are several frames.
/// - A folder stands for `frame.####.png` in it, a name without ending for a PNG file.
struct FramePattern: Sendable, Equatable {
  /// How the number is written.
  private enum Number: Sendable, Equatable {
    /// Digits after the sign are padded with zeros to this many.
    case hashes(Int)
    /// As `printf` writes it: sign and digits together have at least `width` characters.
    case printf(width: Int, isZeroPadded: Bool)

    func text(_ frame: Int) -> String {
      let (sign, digits) = (frame < 0 ? "-" : "", String(frame.magnitude))
      func padding(_ character: Character, to width: Int, of count: Int) -> String {
        String(repeating: character, count: max(0, width - count))
      }
      switch self {
      case .hashes(let width): return sign + padding("0", to: width, of: digits.count) + digits
      case .printf(let width, true): return sign + padding("0", to: width, of: sign.count + digits.count) + digits
      case .printf(let width, false): return padding(" ", to: width, of: sign.count + digits.count) + sign + digits
      }
    }
  }

  /// The name of frames where no other is given.
  static let standardName = "frame.####.png"
  static let standard = FramePattern(before: "frame.", number: .hashes(4), after: ".png", format: .png)

  let format: PictureFormat
  /// Before and after the number; `after` is the ending with its dot if the pattern has no number.
  private let before: String
  private let after: String
  /// Nil: the pattern has no number.
  private let number: Number?

  /// Longest name of a file or folder, in bytes.
  private static let nameLimit = 255
  private static let widthLimit = 100

  private init(before: String, number: Number?, after: String, format: PictureFormat) {
    (self.before, self.number, self.after, self.format) = (before, number, after, format)
  }

  /// Reads a pattern.
  ///
  /// - Parameter isFolder: Whether a folder with that name exists.
  /// - Throws: An `OptionError` that says what is wrong and which names are understood.
  init(_ text: String, isFolder: (String) -> Bool = FramePattern.folderExists) throws {
    guard !text.isEmpty, !text.utf8.contains(0) else {
      throw OptionError("the name is empty; expected one such as out/\(FramePattern.standardName)")
    }
    if text == "-" {
      throw OptionError("pictures are not written to standard output; name a file such as \(FramePattern.standardName)")
    }
    let isFolderName = text.hasSuffix("/") || isFolder(text)
    let whole = isFolderName ? text + (text.hasSuffix("/") ? "" : "/") + FramePattern.standardName : text
    var pieces = try FramePattern.split(whole)
    var name = String(whole[(whole.lastIndex(of: "/").map(whole.index(after:)) ?? whole.startIndex)...])
    guard !name.hasPrefix(".") else {
      throw OptionError("'\(name)' would be a hidden file; expected a name such as \(FramePattern.standardName)")
    }
    if let ending = FramePattern.ending(of: name) {
      guard let known = PictureFormat(ending: ending) else {
        throw OptionError("'\(name)' ends in .\(ending), expected \(PictureFormat.listText)")
      }
      format = known
    } else {
      format = .png
      pieces.after += ".png"
      name += ".png"
    }
    if pieces.number == nil {
      let ending = pieces.after.suffix(format.rawValue.count + 1)
      pieces = (String(pieces.after.dropLast(ending.count)), nil, String(ending))
    }
    (before, number, after) = pieces
    for part in path(frame: -1_000_000, isOnlyFrame: false).split(separator: "/")
    where part.utf8.count > FramePattern.nameLimit {
      throw OptionError("'\(part)' has \(part.utf8.count) bytes, expected a name of at most \(FramePattern.nameLimit)")
    }
  }

  /// True if every frame has a name of its own without `.####` being added.
  var hasNumber: Bool { number != nil }

  /// The file of a frame.
  ///
  /// Two frames never get one name, because the numbers' texts differ.
  ///
  /// - Parameter isOnlyFrame: Whether a pattern without a number is taken as it is.
  func path(frame: Int, isOnlyFrame: Bool) -> String {
    guard let number else { return before + (isOnlyFrame ? "" : "." + Number.hashes(4).text(frame)) + after }
    return before + number.text(frame) + after
  }

  // MARK: - Reading

  /// What stands before the number, the number, what stands after it. Without a number all is in the last.
  private static func split(_ text: String) throws -> (before: String, number: Number?, after: String) {
    let conversions = text.matches(of: /%(0?)([0-9]*)d/)
    let run = text.matches(of: /#+/).last
    if conversions.contains(where: { !$0.output.1.isEmpty || !$0.output.2.isEmpty }) || run == nil {
      // `%%d` is a percent sign and a d.
      let real = conversions.filter { match in
        text[..<match.range.lowerBound].reversed().prefix { $0 == "%" }.count % 2 == 0
      }
      guard real.count <= 1 else {
        throw OptionError("'\(text)' has \(real.count) numbers such as %04d, expected one")
      }
      if let match = real.first {
        guard let width = match.output.2.isEmpty ? 0 : Int(match.output.2), width <= widthLimit else {
          throw OptionError("'\(match.output.0)' asks for too many digits, expected at most %0\(widthLimit)d")
        }
        func plain(_ text: Substring) -> String { String(text).replacing("%%", with: "%") }
        return (
          plain(text[..<match.range.lowerBound]), .printf(width: width, isZeroPadded: !match.output.1.isEmpty),
          plain(text[match.range.upperBound...])
        )
      }
    }
    guard let run else { return ("", nil, text) }
    guard run.output.count <= widthLimit else {
      throw OptionError("the run of # asks for \(run.output.count) digits, expected at most \(widthLimit)")
    }
    return (
      String(text[..<run.range.lowerBound]), .hashes(run.output.count), String(text[run.range.upperBound...])
    )
  }

  /// What follows the last dot of a name. Nil: there is no dot, or what follows is a number, as in `frame.####`.
  private static func ending(of name: String) -> String? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let ending = name[name.index(after: dot)...]
    return ending.wholeMatch(of: /(#+|%0?[0-9]*d|[0-9]+)/) == nil ? String(ending) : nil
  }

  static func folderExists(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}

extension FramePattern: CustomStringConvertible {
  /// For the default in `--help`.
  var description: String {
    let number: String? =
      switch number {
      case .hashes(let width): String(repeating: "#", count: width)
      case .printf(let width, let isZeroPadded): "%" + (isZeroPadded ? "0" : "") + (width > 0 ? "\(width)" : "") + "d"
      case nil: nil
      }
    return before + (number ?? "") + after
  }
}

/// `--output`, as commands declare it.
enum OutputOption {
  static let help = ArgumentHelp(
    "Where frames go: out/frame.####.png, frame.%04d.exr, or a folder. The ending decides the format: \(PictureFormat.listText). Default: \(FramePattern.standardName).",
    valueName: "pattern")

  static func parse(_ text: String) throws -> FramePattern { try FramePattern(text) }

  static let farmHelp = ArgumentHelp(
    "Where frames go: out/frame.####.png, frame.%04d.png, or a folder. The farm makes PNG files. Default: \(FramePattern.standardName).",
    valueName: "pattern")

  /// The master keeps developed pictures only.
  static func parseForFarm(_ text: String) throws -> FramePattern {
    let pattern = try FramePattern(text)
    guard pattern.format == .png else {
      throw OptionError(
        "the farm keeps PNG files only, and cannot give .\(pattern.format.rawValue); take a name that ends in .png, or render here: `glint render`"
      )
    }
    return pattern
  }
}
