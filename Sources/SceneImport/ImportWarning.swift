/// Something in the file that the picture does not show as the file says, or that is broken.
public struct ImportWarning: Sendable, Equatable, CustomStringConvertible {
  /// What a warning is about. Cases are ordered by how much they matter, most first.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// A texture cannot be read: surfaces look different.
    case missingTexture
    /// Something is shown otherwise than the file says.
    case picture
    /// Something faulty was left out; the picture does not need it.
    case leftOut
    /// A choice that was made for the file.
    case choice
    /// Data that no picture shows.
    case note

    /// Whether `--strict` makes it an error.
    public var isFault: Bool { self == .missingTexture || self == .picture || self == .leftOut }
  }

  public var kind: Kind
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

extension [ImportWarning] {
  /// What changes the picture first; within a kind the order stays.
  func ranked() -> [ImportWarning] {
    ImportWarning.Kind.allCases.flatMap { kind in filter { $0.kind == kind } }
  }
}

/// Why a file cannot be rendered: where, what was found, what was expected.
public struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}
