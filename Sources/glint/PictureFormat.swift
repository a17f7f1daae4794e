import Foundation

/// The format of a picture file, which the ending of its name decides.
enum PictureFormat: String, CaseIterable, Sendable {
  /// 8 or 16 bits a channel, developed: with exposure and view transform.
  case png
  /// OpenEXR, linear, without exposure and view transform.
  case exr
  /// Portable Float Map, linear, without exposure and view transform.
  case pfm

  /// `.png, .exr or .pfm`
  static let listText = ".png, .exr or .pfm"

  /// - Parameter ending: What follows the last dot of a file's name, in any case.
  init?(ending: String) {
    self.init(rawValue: ending.lowercased())
  }
}
