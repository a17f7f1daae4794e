/// Why a picture could not be read or written.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// A format that is known by name and not read here, or bytes that are no picture at all.
    case unsupported
    /// Wider, higher or larger than `ImageLimits` allow.
    case tooLarge
    /// Damaged, cut off or contradicting itself.
    case malformed
    /// What was asked to be written cannot be.
    case unwritable
  }

  public var kind: Kind
  /// What was found, what was expected and, where it helps, what to do. Starts with the format's name.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
