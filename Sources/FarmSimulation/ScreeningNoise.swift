import FarmModel
import SceneModel

/// Differences between passes of real scenes, block by block, as `Screening` sees them: of honest passes, and of what a cheat
/// might send instead. Recorded by `glint bench screening`, resampled to say how often screening asks for a check.
public struct ScreeningNoise: Sendable, Equatable {
  /// What the pass of many samples is.
  public enum Case: String, CaseIterable, Sendable {
    case honest, black, double
    /// Red and blue exchanged.
    case swapped
    /// The tile beside it.
    case elsewhere
    /// Rendered with a quarter of the samples, sums scaled up.
    case quarter
  }

  public struct Tile: Sendable, Equatable {
    public var scene: String
    /// Blocks in a row.
    public var columns: Int
    /// One list for each `Case`, in their order; each row-major.
    public var blocks: [[Screening.Block]]
    /// Standard deviation of the mean brightness (red + green + blue) of each block in the picture.
    public var deviations: [Double]

    public init(scene: String, columns: Int, blocks: [[Screening.Block]], deviations: [Double]) {
      self.scene = scene
      self.columns = columns
      self.blocks = blocks
      self.deviations = deviations
    }
  }

  /// Samples a pixel of the picture; one of them is the preview's.
  public var samples: Int
  public var tiles: [Tile]

  public init(samples: Int, tiles: [Tile]) {
    self.samples = samples
    self.tiles = tiles
  }

  // MARK: - As recorded

  /// - Parameters:
  ///   - few: The preview of a tile.
  ///   - many: All other samples of it.
  ///   - quarter: The first quarter of those.
  ///   - beside: As `many`, of the tile beside it.
  public static func tile(
    scene: String, few: Screening.TileSums, many: Screening.TileSums, quarter: Screening.TileSums,
    beside: Screening.TileSums
  ) -> Tile {
    let blocks = Case.allCases.map { Screening.differences(few: few, many: altered($0, many, quarter, beside)) }
    let columns = blocks[0].columns
    let pixelCount = few.tile.pixelCount
    var variances = Array(repeating: 0.0, count: blocks[0].values.count)
    var counts = variances
    for pixel in 0..<pixelCount {
      let block =
        pixel / few.tile.width / Screening.edge * columns + pixel % few.tile.width / Screening.edge
      let count = few.counts[pixel] + many.counts[pixel]
      let sum = few.sums[pixel] + many.sums[pixel]
      let squares = few.greenSquares[pixel] + many.greenSquares[pixel]
      let variance = max(0, (squares - sum.y * sum.y / count) / (count - 1))
      // Noise is mostly grey: that of brightness is green's, in proportion.
      let ratio = sum.y > 0 ? sum.sum() / sum.y : 3
      variances[block] += variance * ratio * ratio / count
      counts[block] += 1
    }
    return Tile(
      scene: scene, columns: columns, blocks: blocks.map(\.values),
      deviations: zip(variances, counts).map { $0 > 0 ? $0.squareRoot() / $1 : 0 })
  }

  private static func altered(
    _ change: Case, _ many: Screening.TileSums, _ quarter: Screening.TileSums, _ beside: Screening.TileSums
  ) -> Screening.TileSums {
    var lie = many
    func scale(_ factor: Double) {
      for pixel in lie.sums.indices {
        lie.sums[pixel] *= factor
        lie.greenSquares[pixel] *= factor * factor
      }
    }
    switch change {
    case .honest: break
    case .black: scale(0)
    case .double: scale(2)
    case .swapped:
      for (pixel, sum) in many.sums.enumerated() { lie.sums[pixel] = SIMD3(sum.z, sum.y, sum.x) }
    case .elsewhere: (lie.sums, lie.greenSquares) = (beside.sums, beside.greenSquares)
    case .quarter:
      for pixel in lie.sums.indices where quarter.counts[pixel] > 0 {
        // All of it is claimed to be more of the same.
        let factor = many.counts[pixel] / quarter.counts[pixel]
        lie.sums[pixel] = quarter.sums[pixel] * factor
        lie.greenSquares[pixel] = quarter.greenSquares[pixel] * factor
      }
    }
    return lie
  }

  // MARK: - Resampled

  /// A tile drawn anew: a recorded tile, and as many of its blocks as it has, with repetition. Noise of pixels is independent,
  /// so the blocks of a tile are, too. Repetitions are put behind: one odd block twice in the same square would be no accident.
  private func drawn(_ generator: inout SeededGenerator, _ tile: Tile) -> [Int] {
    var rounds: [[Int]] = []
    var counts = Array(repeating: 0, count: tile.deviations.count)
    for _ in counts.indices {
      let index = Int(generator.next() % UInt64(counts.count))
      if counts[index] == rounds.count { rounds.append([]) }
      rounds[counts[index]].append(index)
      counts[index] += 1
    }
    return rounds.flatMap { $0 }
  }

  /// Share of such tiles that screening has checked. Recorded differences of honest passes are centred first: drawn as they
  /// are, they would keep their tile's own error and add as much again.
  public func alarmShare(of change: Case, count: Int, seed: UInt64) -> Double {
    if change == .honest { return alarmShare(ofShift: 0, isWhole: true, count: count, seed: seed) }
    return share(count, seed) { tile, indices, _ in
      indices.map { tile.tile.blocks[Case.allCases.firstIndex(of: change)!][$0] }
    }
  }

  /// A tile's honest differences with their sum taken out, from each block in proportion to its noise.
  private static func centred(_ blocks: [Screening.Block]) -> [Screening.Block] {
    let all = blocks.reduce(Screening.Block(), +)
    let pixels = Double(Screening.edge * Screening.edge)
    return blocks.map { block in
      var block = block
      for lane in 0..<4 where all.squares[lane] > 0 {
        let step = all.sum[lane] * block.squares[lane] / all.squares[lane] / pixels
        block.squares[lane] = max(0, block.squares[lane] + pixels * step * step - 2 * step * block.sum[lane])
        block.sum[lane] -= pixels * step
      }
      return block
    }
  }

  /// Share of tiles that screening has checked where the picture is off by so many standard deviations of each block's mean;
  /// above 0 it is too bright.
  ///
  /// - Parameter isWhole: In all blocks, or in a single one.
  public func alarmShare(ofShift shift: Double, isWhole: Bool, count: Int, seed: UInt64) -> Double {
    let honest = tiles.map { ScreeningNoise.centred($0.blocks[0]) }
    return share(count, seed) { tile, indices, generator in
      let only = Int(generator.next() % UInt64(indices.count))
      let blocks = honest[tile.number]
      return indices.enumerated().map { place, index in
        var block = blocks[index]
        guard isWhole || place == only else { return block }
        // The picture has the preview's sample, too.
        let step = shift * tile.tile.deviations[index] * Double(samples) / Double(samples - 1)
        let pixels = Double(Screening.edge * Screening.edge)
        block.squares.x += pixels * step * step - 2 * step * block.sum.x
        block.sum.x -= pixels * step
        return block
      }
    }
  }

  private func share(
    _ count: Int, _ seed: UInt64,
    _ make: ((number: Int, tile: Tile), [Int], inout SeededGenerator) -> [Screening.Block]
  ) -> Double {
    var generator = SeededGenerator(seed: seed)
    var alarms = 0
    for index in 0..<count {
      let tile = tiles[index % tiles.count]
      let indices = drawn(&generator, tile)
      let blocks = Screening.Blocks(
        columns: tile.columns, values: make((index % tiles.count, tile), indices, &generator))
      if Screening.score(blocks) >= 1 { alarms += 1 }
    }
    return Double(alarms) / Double(max(1, count))
  }

  // MARK: - As bytes

  private static let tag: StaticString = "glint screening noise 1\n"

  /// Tag, samples and tile count (UInt32), then each tile: scene (as bundles have text), columns and block count (UInt32); for
  /// each block its deviation and, case by case, four sums and four sums of squares, all as the upper half of a Float's bits.
  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.tag(ScreeningNoise.tag)
    writer.integer(UInt32(samples))
    writer.integer(UInt32(tiles.count))
    func number(_ value: Double) {
      let bits = Float(value).bitPattern
      writer.integer(UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16))
    }
    for tile in tiles {
      writer.string(tile.scene)
      writer.integer(UInt32(tile.columns))
      writer.integer(UInt32(tile.deviations.count))
      for index in tile.deviations.indices {
        number(tile.deviations[index])
        for blocks in tile.blocks {
          for lane in 0..<4 { number(blocks[index].sum[lane]) }
          for lane in 0..<4 { number(blocks[index].squares[lane]) }
        }
      }
    }
    return writer.bytes
  }

  public init(_ bytes: [UInt8]) throws(BundleError) {
    self = try bytes.withRawBytes { (raw) throws(BundleError) -> ScreeningNoise in
      var reader = ByteReader(raw, what: "screening noise")
      func count(_ what: String, _ limit: UInt32) throws(BundleError) -> Int {
        let found = try reader.integer(UInt32.self)
        guard found > 0, found <= limit else { throw reader.fault("\(what) is \(found), expected 1 to \(limit)") }
        return Int(found)
      }
      func number() throws(BundleError) -> Double {
        Double(Float(bitPattern: UInt32(try reader.integer(UInt16.self)) << 16))
      }
      try reader.expect(tag: ScreeningNoise.tag)
      let samples = try count("samples", 65_536)
      var tiles: [Tile] = []
      for _ in 0..<(try count("tile count", 100_000)) {
        let scene = try reader.string(limit: 200)
        let columns = try count("columns", 1024)
        let blockCount = try count("block count", 1 << 20)
        guard blockCount % columns == 0 else { throw reader.fault("\(blockCount) blocks in rows of \(columns)") }
        var tile = Tile(
          scene: scene, columns: columns,
          blocks: Array(repeating: [], count: Case.allCases.count), deviations: [])
        for _ in 0..<blockCount {
          tile.deviations.append(try number())
          for index in Case.allCases.indices {
            var block = Screening.Block()
            for lane in 0..<4 { block.sum[lane] = try number() }
            for lane in 0..<4 { block.squares[lane] = try number() }
            tile.blocks[index].append(block)
          }
        }
        tiles.append(tile)
      }
      try reader.expectEnd()
      return ScreeningNoise(samples: samples, tiles: tiles)
    }
  }
}
