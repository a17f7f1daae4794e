/// Text entries of a picture file, in the order in which they are written.
///
/// PNG holds them as text chunks, OpenEXR as string attributes. They should follow from what decides the pixels, so that
/// equal renders stay equal files: no dates, times or machine names.
public struct PictureMetadata: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// 1 to 31 printable ASCII characters, without spaces at either end or two in a row; unique in its file.
    public var key: String
    /// Any text without NUL.
    public var value: String

    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  public private(set) var entries: [Entry] = []

  public static let none = PictureMetadata()

  public init() {}

  public init(_ entries: [(key: String, value: String)]) {
    self.entries = entries.map { Entry(key: $0.key, value: $0.value) }
  }

  /// Adds an entry after the others. Keys and values are checked when a picture is written.
  public mutating func append(_ key: String, _ value: String) {
    entries.append(Entry(key: key, value: value))
  }

  /// The entries as PNG's writer takes them.
  public var pngText: [(String, String)] { entries.map { ($0.key, $0.value) } }

  /// The entries as OpenEXR attributes.
  public var exrAttributes: [EXRAttribute] { entries.map { EXRAttribute(name: $0.key, value: .string($0.value)) } }
}
