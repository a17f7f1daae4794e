import KernelScene

/// A part of the picture: `--crop x,y,w,h`, from the top left corner, in pixels or per cent of the picture's edges.
struct CropOption: Equatable, Sendable {
  private var values: [Double]
  private var isPercent: Bool

  private static let expectation = "expected x,y,width,height in pixels or per cent, such as 320,180,640,360"

  static func parse(_ text: String) throws -> CropOption {
    let fields = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingPrefix(while: \.isWhitespace) }
    guard fields.count == 4 else { throw OptionError(expectation) }
    let isPercent = fields.allSatisfy { $0.hasSuffix("%") }
    let values = fields.compactMap { isPercent ? Double($0.dropLast()) : Int($0).map(Double.init) }
    guard values.count == 4, values.allSatisfy(\.isFinite) else { throw OptionError(expectation) }
    guard values[0] >= 0, values[1] >= 0, values[2] > 0, values[3] > 0 else {
      throw OptionError("x and y must be 0 or more, width and height more than 0")
    }
    return CropOption(values: values, isPercent: isPercent)
  }

  /// The crop's pixels.
  ///
  /// Edges in per cent are rounded to the nearest pixel, so that neighbours in per cent are neighbours in pixels.
  ///
  /// - Throws: A `CommandFailure` if they are not inside a picture of `size`, or if there are none.
  func rectangle(in size: PictureSize) throws -> TileRectangle {
    func span(_ start: Double, _ length: Double, _ edge: Int) -> (start: Double, length: Double) {
      guard isPercent else { return (start, length) }
      let first = (start / 100 * Double(edge)).rounded()
      return (first, ((start + length) / 100 * Double(edge)).rounded() - first)
    }
    let (x, width) = span(values[0], values[2], size.width)
    let (y, height) = span(values[1], values[3], size.height)
    func text(_ value: Double) -> String { value.formattedShort }
    guard x + width <= Double(size.width), y + height <= Double(size.height) else {
      throw CommandFailure(
        .badUsage,
        "--crop: it ends at \(text(x + width)),\(text(y + height)), but the picture is \(size); expected a part inside it"
      )
    }
    guard width >= 1, height >= 1 else {
      throw CommandFailure(.badUsage, "--crop: it holds no pixel of the picture, which is \(size)")
    }
    return TileRectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
  }
}

extension Double {
  /// Whole numbers are written without a fraction.
  fileprivate var formattedShort: String { self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)" }
}
