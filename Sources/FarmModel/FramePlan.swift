import KernelScene

/// How a frame is cut into units: the same for every frame of a job, and a function of its numbers alone.
///
/// The first pass is one sample of every pixel, rendered for all frames before anything else: a whole preview in seconds.
/// The second is all other samples, frame by frame; only where that is too much for one unit it is cut, so that a unit ends
/// in seconds and little is lost with an agent. Tiles of few samples are larger, so that a unit's work outweighs its way over
/// the network.
public struct FramePlan: Sendable, Equatable {
  public struct Unit: Sendable, Equatable {
    public var tile: TileRectangle
    public var samples: Range<Int>
  }

  /// In the order in which they are handed out.
  public let units: [Unit]
  /// The first so many units are the preview.
  public let previewCount: Int

  /// Paths below which tiles of the preview are made larger: some tenths of a second on one thread, and a frame's preview is
  /// still dealt to several.
  public static let previewUnit = 1 << 18
  /// Paths below which other tiles are made larger: about a second on one thread, against some milliseconds that every unit
  /// costs the master.
  public static let smallUnit = 1 << 19
  /// Paths above which a pass is cut.
  public static let largeUnit = 1 << 22
  static let largestTile = 1024

  /// - Parameter tile: Largest edge of the tiles of large units in pixels, a multiple of 16.
  public init(width: Int, height: Int, samples: Int, tile: Int) {
    precondition(width > 0 && height > 0 && samples > 0 && tile >= 16 && tile % 16 == 0)
    var units: [Unit] = []
    var previewCount = 0
    for range in FramePlan.passes(samples: samples, tile: tile) {
      let isPreview = range.lowerBound == 0
      let least = isPreview ? FramePlan.previewUnit : FramePlan.smallUnit
      var edge = tile
      while edge < FramePlan.largestTile, edge * edge * range.count < least { edge += 16 }
      units += TileGrid(width: width, height: height, edge: edge).tiles.map { Unit(tile: $0, samples: range) }
      if isPreview { previewCount = units.count }
    }
    self.units = units
    self.previewCount = previewCount
  }

  /// Nodes of the tree of samples that make up `0 ..< samples`, in order.
  static func passes(samples: Int, tile: Int) -> [Range<Int>] {
    SampleTree.passes(sampleCount: samples, limit: max(1, largeUnit / (tile * tile)))
  }
}
