import KernelScene

/// How a frame is cut into units: the same for every frame of a job, and a function of its numbers alone.
///
/// The first pass is one sample of every pixel, rendered for all frames before anything else: a whole preview in seconds.
/// The rest follows frame by frame, in dyadic passes that double: 1..<2, 2..<4, … Tiles of small passes are larger, so that
/// a unit's work outweighs its way over the network; passes of many samples are cut, so that a unit ends in seconds and
/// little is lost with an agent.
public struct FramePlan: Sendable, Equatable {
  public struct Unit: Sendable, Equatable {
    public var tile: TileRectangle
    public var samples: Range<Int>
  }

  /// In the order in which they are handed out.
  public let units: [Unit]
  /// The first so many units are the preview.
  public let previewCount: Int

  /// Paths below which a unit's tile is made larger: some tenths of a second on one thread.
  public static let smallUnit = 1 << 17
  /// Paths above which a pass is cut.
  public static let largeUnit = 1 << 22
  static let largestTile = 1024

  /// - Parameter tile: Edge of the tiles of the last passes in pixels, a multiple of 16.
  public init(width: Int, height: Int, samples: Int, tile: Int) {
    precondition(width > 0 && height > 0 && samples > 0 && tile >= 16 && tile % 16 == 0)
    var units: [Unit] = []
    var previewCount = 0
    for range in FramePlan.passes(samples: samples, tile: tile) {
      var edge = tile
      while edge < FramePlan.largestTile, edge * edge * range.count < FramePlan.smallUnit { edge *= 2 }
      for y in stride(from: 0, to: height, by: edge) {
        for x in stride(from: 0, to: width, by: edge) {
          units.append(
            Unit(
              tile: TileRectangle(x: x, y: y, width: min(edge, width - x), height: min(edge, height - y)),
              samples: range))
        }
      }
      if range.lowerBound == 0 { previewCount = units.count }
    }
    self.units = units
    self.previewCount = previewCount
  }

  /// Dyadic ranges that make up `0 ..< samples`, in order.
  static func passes(samples: Int, tile: Int) -> [Range<Int>] {
    var limit = 1
    while limit * 2 * tile * tile <= largeUnit { limit *= 2 }
    var ranges: [Range<Int>] = [0..<1]
    var start = 1
    while start < samples {
      // The largest node of the binary tree that starts here.
      var size = start & -start
      while size > samples - start || size > limit { size /= 2 }
      ranges.append(start..<start + size)
      start += size
    }
    return ranges
  }
}
