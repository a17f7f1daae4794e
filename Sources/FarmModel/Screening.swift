import KernelScene

/// Chooses units for an exact check by statistics: passes of one tile estimate the same picture, so where two of them, from
/// different owners, disagree beyond their noise, one is looked at. It condemns nobody and settles nothing.
///
/// What it rests on is docs/verification.md, "Screening". All noise is taken from the differences themselves, pixel by pixel:
/// what a pass says of its own noise is believed only to its author's disadvantage (`noise`).
public enum Screening {
  /// Edge of a block in pixels.
  public static let edge = 8

  /// What is compared. Sums of a block are one number for each.
  public enum Look: Int, CaseIterable, Sendable {
    /// Red + green + blue.
    case brightness
    /// Red − green.
    case redness
    /// Blue − green.
    case blueness
    /// How much noisier the pass of more samples is than its squares say: rendered with fewer samples than it claims.
    case noise
  }

  /// Samples of a tile's pixels, of one pass or several, row-major.
  public struct TileSums: Sendable {
    public let tile: TileRectangle
    /// Red, green, blue.
    public var sums: [SIMD3<Double>]
    public var greenSquares: [Double]
    /// Samples; 0: nothing is known of a pixel.
    public var counts: [Double]

    public init(_ tile: TileRectangle) {
      self.tile = tile
      sums = Array(repeating: .zero, count: tile.pixelCount)
      greenSquares = Array(repeating: 0, count: tile.pixelCount)
      counts = greenSquares
    }

    public init(_ planes: UnitPlanes) {
      self.init(planes.tile)
      add(planes)
    }

    /// Adds what a pass has of this tile; it may be of another one.
    public mutating func add(_ planes: UnitPlanes) {
      let other = planes.tile
      let (left, right) = (max(tile.x, other.x), min(tile.x + tile.width, other.x + other.width))
      let (top, bottom) = (max(tile.y, other.y), min(tile.y + tile.height, other.y + other.height))
      guard left < right, top < bottom else { return }
      let size = other.pixelCount
      let count = Double(planes.samples.count)
      for y in top..<bottom {
        var place = (y - tile.y) * tile.width + left - tile.x
        var source = planes.values.pointer + (y - other.y) * other.width + left - other.x
        for _ in left..<right {
          sums[place] += SIMD3(Double(source[0]), Double(source[size]), Double(source[2 * size]))
          greenSquares[place] += Double(source[4 * size])
          counts[place] += count
          place += 1
          source += 1
        }
      }
    }

    func mean(_ pixel: Int) -> SIMD3<Double> { sums[pixel] / counts[pixel] }

    /// Variance of the mean of green, as the samples' squares have it; at least 2 samples.
    func variance(_ pixel: Int) -> Double {
      let (count, mean) = (counts[pixel], sums[pixel].y / counts[pixel])
      return max(0, (greenSquares[pixel] / count - mean * mean) / (count - 1))
    }
  }

  /// Sums over a block's pixels of the differences between two passes, one lane for each `Look`, and of their squares.
  public struct Block: Sendable, Equatable {
    public var sum: SIMD4<Double>
    public var squares: SIMD4<Double>

    public init(sum: SIMD4<Double> = .zero, squares: SIMD4<Double> = .zero) {
      self.sum = sum
      self.squares = squares
    }

    public static func + (a: Block, b: Block) -> Block { Block(sum: a.sum + b.sum, squares: a.squares + b.squares) }

    /// Self-normalised sums: near normal where differences are not too skewed, and never beyond the root of the number of
    /// pixels, however wild one of them is.
    var deviations: SIMD4<Double> {
      var found = SIMD4<Double>.zero
      for lane in 0..<4 where squares[lane] > 0 { found[lane] = sum[lane] / squares[lane].squareRoot() }
      return found
    }
  }

  /// A tile's blocks, row-major.
  public struct Blocks: Sendable, Equatable {
    public var columns: Int
    public var values: [Block]

    public init(columns: Int, values: [Block]) {
      precondition(columns > 0 && values.count % columns == 0)
      self.columns = columns
      self.values = values
    }
  }

  /// Differences between the pass of fewer samples and that of more, `few − many`, of the same tile.
  public static func differences(few: TileSums, many: TileSums) -> Blocks {
    let tile = few.tile
    precondition(many.tile.width == tile.width && many.tile.height == tile.height)
    let columns = (tile.width + edge - 1) / edge
    var blocks = Blocks(
      columns: columns, values: Array(repeating: Block(), count: columns * ((tile.height + edge - 1) / edge)))
    for y in 0..<tile.height {
      for x in 0..<tile.width {
        let pixel = y * tile.width + x
        guard few.counts[pixel] > 0, many.counts[pixel] > 0 else { continue }
        let d = few.mean(pixel) - many.mean(pixel)
        let noise = many.counts[pixel] > 1 ? excessNoise(many, x, y, d.y) : 0
        let look = SIMD4(d.x + d.y + d.z, d.x - d.y, d.z - d.y, noise)
        let block = (y / edge) * columns + x / edge
        blocks.values[block].sum += look
        blocks.values[block].squares += look * look
      }
    }
    return blocks
  }

  /// What a pixel says of the noise of the pass of many samples beyond the variance that the pass claims: 0 on average if the
  /// claim is right, whatever the picture shows. With e and f the errors of few and many, −E[(e − f)(f − around)] is the
  /// variance of f, because nothing else in it is correlated. Divided by the square of what the neighbours show, so that
  /// bright pixels do not drown the others.
  private static func excessNoise(_ many: TileSums, _ x: Int, _ y: Int, _ difference: Double) -> Double {
    let (width, height) = (many.tile.width, many.tile.height)
    var sum = 0.0
    var count = 0.0
    for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
      let (u, v) = (x + dx, y + dy)
      guard u >= 0, v >= 0, u < width, v < height, many.counts[v * width + u] > 0 else { continue }
      sum += many.sums[v * width + u].y / many.counts[v * width + u]
      count += 1
    }
    guard count > 0, sum > 0 else { return 0 }
    let around = sum / count
    let pixel = y * width + x
    return (-difference * (many.mean(pixel).y - around) - many.variance(pixel)) / (around * around)
  }

  // MARK: - The decision

  /// Largest deviations that are no reason to look, in standard deviations: of one block, of a square of several, and of the
  /// whole tile. Where the pass of fewer samples is brighter, and where it is darker: rare bright samples, which few samples
  /// mostly miss, make that happen by themselves.
  public struct Limits: Sendable, Equatable {
    public var block: ClosedRange<Double>
    public var square: ClosedRange<Double>
    public var tile: ClosedRange<Double>
    /// Of the mean of the blocks' deviations times the root of their number: no single block can hide what all others show.
    public var blockMean: ClosedRange<Double>
  }

  /// Some tenths beyond what honest passes of the demo scenes showed (`glint bench screening`).
  public static func limits(_ look: Look) -> Limits {
    switch look {
    case .brightness: Limits(block: -7.3...4.2, square: -9.5...4.5, tile: -4.9...4.2, blockMean: -10.5...3.5)
    case .redness, .blueness: Limits(block: -7.3...7.3, square: -7.5...7.5, tile: -6.5...6.5, blockMean: -11.5...11.5)
    case .noise: Limits(block: -6.5...4.5, square: -7...5, tile: -6...4.5, blockMean: -6...5.5)
    }
  }

  /// How suspect a tile is: its worst deviation as a share of the limit for it. From 1 on it should be checked exactly.
  public static func score(_ blocks: Blocks) -> Double {
    var worst = 0.0
    func look(_ deviations: SIMD4<Double>, _ limit: (Limits) -> ClosedRange<Double>) {
      for look in Look.allCases {
        let value = deviations[look.rawValue]
        let range = limit(Screening.limits(look))
        worst = max(worst, value / (value < 0 ? range.lowerBound : range.upperBound))
      }
    }
    var cells = blocks
    var mean = SIMD4<Double>.zero
    var count = 0.0
    for block in cells.values {
      look(block.deviations) { $0.block }
      mean += block.deviations
      if block.squares.x > 0 { count += 1 }
    }
    if count > 0 { look(mean / count.squareRoot()) { $0.blockMean } }
    while cells.values.count > 1 {
      cells = halved(cells)
      for cell in cells.values { look(cell.deviations) { cells.values.count == 1 ? $0.tile : $0.square } }
    }
    return worst
  }

  /// Cells of twice the edge.
  private static func halved(_ cells: Blocks) -> Blocks {
    let rows = cells.values.count / cells.columns
    let columns = (cells.columns + 1) / 2
    var larger = Blocks(columns: columns, values: Array(repeating: Block(), count: columns * ((rows + 1) / 2)))
    for (index, block) in cells.values.enumerated() {
      let place = index / cells.columns / 2 * columns + index % cells.columns / 2
      larger.values[place] = larger.values[place] + block
    }
    return larger
  }
}

/// Compares the passes of one frame as they come: each with what other owners made of the preview under it. Only the preview
/// is kept, however many passes there are.
public struct FrameScreening: Sendable {
  private struct Preview: Sendable {
    var unit: Int
    var contributor: KeyID
    var planes: UnitPlanes
  }

  private var previews: [Preview] = []
  /// Of units that disagree.
  private var scores: [Int: Double] = [:]

  public init() {}

  /// - Parameters:
  ///   - unit: Its number in the frame's plan; the preview's units come first.
  ///   - contributor: Who made it.
  public mutating func add(_ unit: Int, by contributor: KeyID, _ planes: UnitPlanes) {
    guard planes.samples.lowerBound > 0 else {
      previews.append(Preview(unit: unit, contributor: contributor, planes: planes))
      return
    }
    let tile = planes.tile
    let others = previews.filter { $0.contributor != contributor && $0.planes.tile.overlaps(tile) }
    guard !others.isEmpty else { return }
    var few = Screening.TileSums(tile)
    for preview in others { few.add(preview.planes) }
    let score = Screening.score(Screening.differences(few: few, many: Screening.TileSums(planes)))
    guard score >= 1 else { return }
    for number in [unit] + others.map(\.unit) { scores[number] = max(score, scores[number] ?? 0) }
  }

  /// Units that disagree with what other owners made of the same pixels, the worst first. Of two that disagree both are:
  /// nothing here tells which is wrong.
  public var suspects: [Int] {
    scores.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
  }
}

extension TileRectangle {
  fileprivate func commonPixelCount(_ other: TileRectangle) -> Int {
    let width = min(x + self.width, other.x + other.width) - max(x, other.x)
    let height = min(y + self.height, other.y + other.height) - max(y, other.y)
    return max(0, width) * max(0, height)
  }

  fileprivate func overlaps(_ other: TileRectangle) -> Bool { commonPixelCount(other) > 0 }
}
