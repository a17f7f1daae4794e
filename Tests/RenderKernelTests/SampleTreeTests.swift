import LaneMath
import Testing

@testable import RenderKernel

/// The tree as its definition has it, without any of the rules that `SampleTree` tests nodes by.
private enum DefinedTree {
  /// Of a node [1 + a, 1 + a + size) that is cut off at `n`: what is there of its halves.
  static func halves(_ a: Int, _ size: Int, _ n: Int) -> [(a: Int, size: Int)] {
    guard size > 1 else { return [] }
    return [(a, size / 2), (a + size / 2, size / 2)].filter { 1 + $0.a < n }
  }

  static func rootSize(_ n: Int) -> Int {
    var size = 1
    while size < n - 1 { size *= 2 }
    return size
  }

  static func range(_ a: Int, _ size: Int, _ n: Int) -> Range<Int> { 1 + a..<min(1 + a + size, n) }

  static func nodes(of n: Int) -> Set<Range<Int>> {
    var all: Set<Range<Int>> = [0..<n, 0..<1]
    func visit(_ a: Int, _ size: Int) {
      all.insert(range(a, size, n))
      for half in halves(a, size, n) { visit(half.a, half.size) }
    }
    if n > 1 { visit(0, rootSize(n)) }
    return all
  }

  static func sum(_ a: Int, _ size: Int, _ n: Int, _ samples: [Float]) -> Float {
    guard size > 1 else { return samples[1 + a] }
    let parts = halves(a, size, n).map { sum($0.a, $0.size, n, samples) }
    return parts.count == 2 ? parts[0] + parts[1] : parts[0]
  }

  /// The sum of all samples.
  static func sum(_ samples: [Float]) -> Float {
    let n = samples.count
    return n == 1 ? samples[0] : samples[0] + sum(0, rootSize(n), n, samples)
  }

  /// Parts of `0 ..< n` that are nodes, in order, cut at random.
  static func cut(_ n: Int, _ random: inout SeededGenerator) -> [Range<Int>] {
    func cut(_ a: Int, _ size: Int, _ random: inout SeededGenerator) -> [Range<Int>] {
      let halves = halves(a, size, n)
      if halves.isEmpty || Int.random(in: 0..<4, using: &random) == 0 { return [range(a, size, n)] }
      return halves.flatMap { cut($0.a, $0.size, &random) }
    }
    if n == 1 || Int.random(in: 0..<8, using: &random) == 0 { return [0..<n] }
    return [0..<1] + cut(0, rootSize(n), &random)
  }
}

@Suite("Sums over samples")
struct SampleTreeTests {
  static let counts = [1, 2, 3, 63, 64, 65, 72, 100]

  @Test("A range is a node exactly where the definition makes one", arguments: counts + [128, 129])
  func nodes(count: Int) {
    var found: Set<Range<Int>> = []
    for lower in -1...count + 1 {
      for upper in lower...count + 2 where SampleTree.isNode(lower..<upper, of: count) { found.insert(lower..<upper) }
    }
    #expect(found == DefinedTree.nodes(of: count))
  }

  @Test("Without a number of samples, a range is a node if there is a number for which it is")
  func anyCount() {
    var all: Set<Range<Int>> = []
    for count in 1...80 { all.formUnion(DefinedTree.nodes(of: count)) }
    var found: Set<Range<Int>> = []
    for lower in -1...80 {
      for upper in lower...80 where SampleTree.isNode(lower..<upper) { found.insert(lower..<upper) }
    }
    #expect(found == all)
  }

  @Test("Passes are nodes, follow one another to the end and are no longer than they may be", arguments: counts)
  func passes(count: Int) {
    for limit in [1, 2, 3, 16, 62, 63, 64, 71, 99, 1000] {
      let passes = SampleTree.passes(sampleCount: count, limit: limit)
      var end = 0
      for pass in passes {
        #expect(pass.lowerBound == end && pass.count <= limit && SampleTree.isNode(pass, of: count))
        end = pass.upperBound
      }
      #expect(end == count && passes[0] == 0..<1)
      if limit >= count - 1 { #expect(passes.count == min(count, 2)) }
    }
  }

  @Test("However samples and tiles are cut, a film has the bits that the definition gives", arguments: counts)
  func film(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    for _ in 0..<4 {
      let width = Int.random(in: 1...50, using: &random)
      let height = Int.random(in: 1...40, using: &random)
      // Numbers whose sums depend on their order: one run of them, of which each sample has another part.
      let values = (0..<6 * width * height + 101).map { _ in Float.random(in: 0...1, using: &random) }
      // At a pixel of a plane, of a range of samples.
      func samples(_ pixel: Int, _ range: Range<Int>) -> ArraySlice<Float> {
        values[pixel + range.lowerBound..<pixel + range.upperBound]
      }
      let film = Film(width: width, height: height, sampleCount: count)
      for unit in RandomCuts.units(width: width, height: height, sampleCount: count, &random) {
        #expect(!film.isComplete)
        let planes = UnitPlanes(tile: unit.tile, samples: unit.samples)
        for plane in 0..<6 {
          for y in 0..<unit.tile.height {
            for x in 0..<unit.tile.width {
              let pixel = (plane * height + unit.tile.y + y) * width + unit.tile.x + x
              planes.values.pointer[(plane * unit.tile.height + y) * unit.tile.width + x] =
                nodeSum(unit.samples, samples(pixel, unit.samples))
            }
          }
        }
        film.add(planes)
      }
      #expect(film.isComplete)
      guard film.isComplete else { return }
      let sums = film.sums
      let expected = (0..<6 * width * height).map { DefinedTree.sum(Array(samples($0, 0..<count))) }
      #expect(Array(sums.elements) == expected)
    }
  }

  /// The sum over a node, by the definition.
  private func nodeSum(_ range: Range<Int>, _ samples: ArraySlice<Float>) -> Float {
    if range.lowerBound == 0 { return DefinedTree.sum(Array(samples)) }
    // A node's shape does not depend on where it begins.
    let values = [0] + samples
    return DefinedTree.sum(0, DefinedTree.rootSize(values.count), values.count, values)
  }

  @Test("A film is not complete with samples missing at the end, in the middle or in one block")
  func incomplete() {
    let whole = TileRectangle(x: 0, y: 0, width: 40, height: 20)
    let film = Film(width: 40, height: 20, sampleCount: 6)
    film.add(UnitPlanes(tile: whole, samples: 0..<1))
    film.add(UnitPlanes(tile: whole, samples: 1..<5))
    #expect(!film.isComplete)
    film.add(UnitPlanes(tile: TileRectangle(x: 0, y: 0, width: 32, height: 20), samples: 5..<6))
    #expect(!film.isComplete)
    film.add(UnitPlanes(tile: TileRectangle(x: 32, y: 0, width: 8, height: 20), samples: 5..<6))
    #expect(film.isComplete)
    let gap = Film(width: 40, height: 20, sampleCount: 6)
    gap.add(UnitPlanes(tile: whole, samples: 0..<1))
    gap.add(UnitPlanes(tile: whole, samples: 5..<6))
    #expect(!gap.isComplete)
  }

  @Test("The kernel adds samples as the definition has it, with one lane and with many", arguments: counts)
  func kernel(count: Int) throws {
    let frame = prepared(mixedScene())
    let size = settings(16, 16, bounces: 2)
    let singles = (0..<count).map { render(frame, size, samples: $0..<$0 + 1).planes.values }
    let whole = render(frame, size, samples: 0..<count)
    #expect(sameBits(whole.planes.values, render(frame, size, samples: 0..<count, lanes: .scalar).planes.values))
    let indices = 0..<whole.planes.values.count
    let expected = indices.map { index in DefinedTree.sum(singles.map { $0[index] }) }
    #expect(Array(whole.planes.values.elements) == expected)
    guard count > 1 else { return }
    let rest = render(frame, size, samples: 1..<count).planes.values
    #expect(indices.map { singles[0][$0] + rest[$0] } == expected)
  }
}

/// Ways of cutting a frame into units.
enum RandomCuts {
  /// All pixels with all samples, in an order in which a film takes them: tiles at random, those of different samples cut
  /// differently.
  static func units(
    width: Int, height: Int, sampleCount: Int, _ random: inout SeededGenerator
  ) -> [(tile: TileRectangle, samples: Range<Int>)] {
    let whole = TileRectangle(x: 0, y: 0, width: width, height: height)
    var units: [(tile: TileRectangle, samples: Range<Int>)] = []
    var left: [(tile: TileRectangle, ranges: [Range<Int>])] = tiles(whole, &random).map {
      ($0, DefinedTree.cut(sampleCount, &random))
    }
    while !left.isEmpty {
      let index = Int.random(in: left.indices, using: &random)
      let (tile, samples) = (left[index].tile, left[index].ranges.removeFirst())
      for part in tiles(tile, &random) { units.append((part, samples)) }
      if left[index].ranges.isEmpty { left.remove(at: index) }
    }
    return units
  }

  /// A tile in parts that begin at multiples of 16.
  private static func tiles(_ tile: TileRectangle, _ random: inout SeededGenerator) -> [TileRectangle] {
    let isWide = Bool.random(using: &random)
    let length = isWide ? tile.width : tile.height
    guard length > 16, Int.random(in: 0..<3, using: &random) > 0 else { return [tile] }
    let at = 16 * Int.random(in: 1...(length - 1) / 16, using: &random)
    var (first, second) = (tile, tile)
    if isWide {
      first.width = at
      second.x += at
      second.width -= at
    } else {
      first.height = at
      second.y += at
      second.height -= at
    }
    return (tiles(first, &random) + tiles(second, &random)).shuffled(using: &random)
  }
}
