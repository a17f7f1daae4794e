import LaneMath

/// Puts the units of a frame together. Sums follow `SampleTree`, so every way of cutting the samples into its nodes, and the
/// pixels into tiles, gives the same bits.
///
/// Ranges of one pixel must come in the order of their samples; pixels are independent.
public final class Film {
  public let width: Int
  public let height: Int
  public let sampleCount: Int

  /// Of each block of 16 × 16 pixels, row by row: ranges not yet added to others, in order.
  private var blocks: [[Range<Int>]]
  private let blockColumns: Int
  /// `6 × height × width` each, planar, as in `UnitPlanes`: of each block, the sums of its first range, of its second, …
  private var layers: [FlatBuffer<Float>] = []
  private static let edge = 16

  /// - Parameter sampleCount: Samples of a pixel, at least 1.
  public init(width: Int, height: Int, sampleCount: Int) {
    precondition(width > 0 && height > 0 && sampleCount > 0)
    self.width = width
    self.height = height
    self.sampleCount = sampleCount
    blockColumns = (width + Film.edge - 1) / Film.edge
    blocks = Array(repeating: [], count: blockColumns * ((height + Film.edge - 1) / Film.edge))
  }

  /// Takes a unit in. Its tile starts at multiples of 16 and ends at one or at the frame's edge; its samples are a node of
  /// the tree.
  public func add(_ unit: UnitPlanes) {
    let tile = unit.tile
    precondition(tile.x >= 0 && tile.y >= 0 && tile.width > 0 && tile.height > 0)
    precondition(tile.x % Film.edge == 0 && tile.y % Film.edge == 0)
    let (endX, endY) = (tile.x + tile.width, tile.y + tile.height)
    precondition(endX <= width && endY <= height)
    precondition((endX == width || endX % Film.edge == 0) && (endY == height || endY % Film.edge == 0))
    precondition(SampleTree.isNode(unit.samples, of: sampleCount))
    for y in stride(from: tile.y, to: endY, by: Film.edge) {
      // Blocks side by side that are alike, mostly all of the row, are taken at once.
      var x = tile.x
      while x < endX {
        let first = (y / Film.edge) * blockColumns + x / Film.edge
        let open = blocks[first]
        var end = x + Film.edge
        while end < endX, blocks[(y / Film.edge) * blockColumns + end / Film.edge] == open { end += Film.edge }
        end = min(end, endX)
        let strip = TileRectangle(x: x, y: y, width: end - x, height: min(Film.edge, endY - y))
        let merged = merge(strip, of: unit, into: open)
        for column in x / Film.edge...(end - 1) / Film.edge { blocks[(y / Film.edge) * blockColumns + column] = merged }
        x = end
      }
    }
  }

  /// Adds a strip of a unit to blocks that hold `open`, and says what they hold then.
  private func merge(_ strip: TileRectangle, of unit: UnitPlanes, into open: [Range<Int>]) -> [Range<Int>] {
    var open = open
    var samples = unit.samples
    let origin = (strip.y - unit.tile.y) * unit.tile.width + strip.x - unit.tile.x
    if let last = open.last, SampleTree.areHalves(last, samples, of: sampleCount) {
      add(
        unit.values.pointer + origin, rowLength: unit.tile.width, planeLength: unit.tile.pixelCount,
        to: layers[open.count - 1], strip)
      samples = last.lowerBound..<samples.upperBound
      open.removeLast()
      while let last = open.last, SampleTree.areHalves(last, samples, of: sampleCount) {
        add(
          layers[open.count].pointer + strip.y * width + strip.x, rowLength: width, planeLength: width * height,
          to: layers[open.count - 1], strip)
        samples = last.lowerBound..<samples.upperBound
        open.removeLast()
      }
    } else {
      if open.count == layers.count {
        layers.append(FlatBuffer(count: UnitPlanes.planeCount * width * height))
      }
      let target = layers[open.count].pointer
      for plane in 0..<UnitPlanes.planeCount {
        for row in 0..<strip.height {
          (target + (plane * height + strip.y + row) * width + strip.x).update(
            from: unit.values.pointer + plane * unit.tile.pixelCount + origin + row * unit.tile.width,
            count: strip.width)
        }
      }
    }
    open.append(samples)
    return open
  }

  /// Adds a strip of planes to the same strip of a layer.
  private func add(
    _ source: UnsafePointer<Float>, rowLength: Int, planeLength: Int, to layer: FlatBuffer<Float>,
    _ strip: TileRectangle
  ) {
    for plane in 0..<UnitPlanes.planeCount {
      for row in 0..<strip.height {
        let target = layer.pointer + (plane * height + strip.y + row) * width + strip.x
        let source = source + plane * planeLength + row * rowLength
        for column in 0..<strip.width { target[column] = target[column] + source[column] }
      }
    }
  }

  /// Whether every pixel has all its samples.
  public var isComplete: Bool { blocks.allSatisfy { $0 == [0..<sampleCount] } }

  /// `6 × height × width`, planar, as in `UnitPlanes`. The film must be complete, and must not be added to any more.
  public var sums: FlatBuffer<Float> {
    precondition(isComplete, "a film that is not complete has no sums")
    return layers[0]
  }
}
