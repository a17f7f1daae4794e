/// Cuts a frame into tiles that begin at multiples of 16 and are as even as that allows: columns differ by at most 16 pixels
/// in width, rows in height, except that the frame's last ones end where it does.
public struct TileGrid: Sendable {
  private let columns: Int
  private let rows: Int
  private let width: Int
  private let height: Int
  private static let step = 16

  /// - Parameter edge: Largest width and height of a tile, a multiple of 16.
  public init(width: Int, height: Int, edge: Int) {
    precondition(width > 0 && height > 0 && edge >= TileGrid.step && edge % TileGrid.step == 0)
    self.width = width
    self.height = height
    columns = (width - 1) / edge + 1
    rows = (height - 1) / edge + 1
  }

  /// Row by row.
  public var tiles: [TileRectangle] {
    (0..<rows).flatMap { row in
      let y = TileGrid.part(row, of: rows, height)
      return (0..<columns).map { column in
        let x = TileGrid.part(column, of: columns, width)
        return TileRectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
      }
    }
  }

  private static func part(_ index: Int, of count: Int, _ length: Int) -> Range<Int> {
    let steps = (length - 1) / step + 1
    return index * steps / count * step..<min((index + 1) * steps / count * step, length)
  }
}
