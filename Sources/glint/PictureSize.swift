import SceneImport

/// Width and height of a picture in pixels: `--size 1280x720`.
struct PictureSize: Equatable, Sendable, CustomStringConvertible {
  var width: Int
  var height: Int

  var description: String { "\(width)x\(height)" }

  static let edgeLimit = 16_384
  /// The size of a picture whose camera leaves the aspect ratio open.
  static let standard = PictureSize(width: 1280, height: 720)

  static func parse(_ text: String) throws -> PictureSize {
    let fields = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard fields.count == 2, let width = fields[0], let height = fields[1] else {
      throw OptionError("expected width x height, such as 1280x720")
    }
    guard (1...edgeLimit).contains(width), (1...edgeLimit).contains(height) else {
      throw OptionError("both must be from 1 to \(edgeLimit)")
    }
    return PictureSize(width: width, height: height)
  }

  /// The largest size inside `standard` with an aspect ratio.
  ///
  /// - Parameter aspect: Width / height. Nil, or no positive number: `standard`.
  /// - Returns: Each edge rounded to the nearest pixel, at least 1.
  static func fitting(aspect: Float?) -> PictureSize {
    guard let aspect, aspect > 0, aspect.isFinite else { return standard }
    let (width, height) = (Double(standard.width), Double(standard.height))
    let ratio = Double(aspect)
    return ratio >= width / height
      ? PictureSize(width: standard.width, height: max(1, Int((width / ratio).rounded())))
      : PictureSize(width: max(1, Int((height * ratio).rounded())), height: standard.height)
  }

  /// Both edges multiplied, rounded to the nearest pixel, at least 1.
  ///
  /// - Throws: A `CommandFailure` if an edge becomes longer than `edgeLimit`.
  func scaled(by scale: PictureScale) throws -> PictureSize {
    func edge(_ length: Int) -> Int { max(1, Int((Double(length) * scale.factor).rounded())) }
    let scaled = PictureSize(width: edge(width), height: edge(height))
    guard max(scaled.width, scaled.height) <= PictureSize.edgeLimit else {
      throw CommandFailure(
        .badUsage,
        "--scale: \(self) times \(scale) is \(scaled); expected at most \(PictureSize.edgeLimit) pixels an edge")
    }
    return scaled
  }
}

/// What a picture's edges are multiplied by: `--scale 50%`.
struct PictureScale: Equatable, Sendable, CustomStringConvertible {
  var factor: Double

  /// In per cent, as short as possible.
  var description: String {
    let percent = factor * 100
    return percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
  }

  /// The largest factor.
  static let limit = 16.0
}

extension PictureSize {
  /// Reads `50%`, `0.5` or `2`.
  static func parseScale(_ text: String) throws -> PictureScale {
    let isPercent = text.hasSuffix("%")
    guard let value = Double(isPercent ? String(text.dropLast()) : text), value.isFinite else {
      throw OptionError("expected a percentage or a factor, such as 50% or 0.5")
    }
    let factor = isPercent ? value / 100 : value
    guard factor > 0, factor <= PictureScale.limit else {
      let hint = !isPercent && value > 0 && value <= 100 * PictureScale.limit ? "; \(text) per cent is \(text)%" : ""
      throw OptionError(
        "expected more than 0 and at most \(Int(PictureScale.limit)), or \(Int(PictureScale.limit) * 100)%\(hint)")
    }
    return PictureScale(factor: factor)
  }
}

extension ImportedScene {
  /// Width / height of what the chosen camera sees. Nil: the camera leaves it open.
  var aspect: Float? { cameraAspects.indices.contains(camera) ? cameraAspects[camera] : nil }
}
