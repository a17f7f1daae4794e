/// Many pictures on one: small copies in rows, for a first look at an animation.
public struct ContactSheet: Sendable {
  /// Edge of the sheet beyond which it would be no picture to look at.
  public static let edgeLimit = 16_384

  public let columns: Int
  /// Pixels between pictures and around them.
  public let gap: Int
  /// Width of a small copy; heights follow from the pictures.
  public let cellWidth: Int
  private var cells: [(width: Int, height: Int, rgb: [UInt8])] = []

  public init(columns: Int, cellWidth: Int, gap: Int = 4) {
    precondition(columns > 0 && cellWidth > 0 && gap >= 0)
    self.columns = columns
    self.cellWidth = cellWidth
    self.gap = gap
  }

  /// Adds a picture; alpha is not looked at.
  public mutating func add(_ image: DecodedImage) {
    let width = min(cellWidth, image.width)
    let height = max(1, image.height * width / image.width)
    var rgb = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      let rows = y * image.height / height..<max(y * image.height / height + 1, (y + 1) * image.height / height)
      for x in 0..<width {
        let columns = x * image.width / width..<max(x * image.width / width + 1, (x + 1) * image.width / width)
        // The mean of the encoded values: right enough for a thumbnail.
        var sum = SIMD3<Int>()
        for row in rows {
          for column in columns {
            let at = (row * image.width + column) * 4
            sum &+= SIMD3(Int(image.texels[at]), Int(image.texels[at + 1]), Int(image.texels[at + 2]))
          }
        }
        let count = rows.count * columns.count
        for channel in 0..<3 { rgb[(y * width + x) * 3 + channel] = UInt8((sum[channel] + count / 2) / count) }
      }
    }
    cells.append((width, height, rgb))
  }

  /// The sheet as a PNG file's bytes.
  public func png() throws(ImageError) -> [UInt8] {
    guard let cellHeight = cells.map(\.height).max() else {
      throw ImageError(.unwritable, "contact sheet: no pictures were given")
    }
    let rows = (cells.count + columns - 1) / columns
    let usedColumns = min(columns, cells.count)
    let width = usedColumns * (cellWidth + gap) + gap
    let height = rows * (cellHeight + gap) + gap
    guard width <= ContactSheet.edgeLimit, height <= ContactSheet.edgeLimit else {
      throw ImageError(
        .unwritable,
        "contact sheet: \(width)×\(height) pixels, at most \(ContactSheet.edgeLimit) are allowed; give fewer pictures or more columns"
      )
    }
    var rgb = [UInt8](repeating: 24, count: width * height * 3)
    for (index, cell) in cells.enumerated() {
      let left = gap + index % columns * (cellWidth + gap)
      let top = gap + index / columns * (cellHeight + gap)
      for y in 0..<cell.height {
        let target = ((top + y) * width + left) * 3
        rgb.replaceSubrange(
          target..<target + cell.width * 3, with: cell.rgb[y * cell.width * 3..<(y + 1) * cell.width * 3])
      }
    }
    return try PNGWriter.encode8(rgb: rgb, width: width, height: height)
  }
}
