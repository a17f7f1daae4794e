import LaneMath

/// Puts the units of a frame together. Sums follow the binary tree over the sample index, so every way of cutting the
/// samples into dyadic passes, and the pixels into tiles, gives the same bits.
///
/// Ranges of one pixel must come in the order of their samples; pixels are independent.
public final class Film {
  public let width: Int
  public let height: Int

  private struct Node {
    var samples: Range<Int>
    var values: [Float]
  }

  /// For each tile column of 16 × 16 blocks: ranges not yet merged, in order.
  private var blocks: [[Node]]
  private let blockColumns: Int
  private static let edge = 16

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
    blockColumns = (width + Film.edge - 1) / Film.edge
    blocks = Array(repeating: [], count: blockColumns * ((height + Film.edge - 1) / Film.edge))
  }

  /// Takes a unit in. Its tile starts at multiples of 16 and ends at one or at the frame's edge.
  public func add(_ unit: UnitPlanes) {
    let tile = unit.tile
    precondition(tile.x % Film.edge == 0 && tile.y % Film.edge == 0)
    precondition(tile.x + tile.width <= width && tile.y + tile.height <= height)
    for y in stride(from: tile.y, to: tile.y + tile.height, by: Film.edge) {
      for x in stride(from: tile.x, to: tile.x + tile.width, by: Film.edge) {
        let w = min(Film.edge, width - x)
        let h = min(Film.edge, height - y)
        precondition(x + w <= tile.x + tile.width && y + h <= tile.y + tile.height)
        var values = [Float](repeating: 0, count: UnitPlanes.planeCount * w * h)
        for plane in 0..<UnitPlanes.planeCount {
          for row in 0..<h {
            let source =
              unit.values.pointer + plane * tile.pixelCount + (y - tile.y + row) * tile.width + (x - tile.x)
            for column in 0..<w { values[(plane * h + row) * w + column] = source[column] }
          }
        }
        merge(Node(samples: unit.samples, values: values), into: (y / Film.edge) * blockColumns + x / Film.edge)
      }
    }
  }

  private func merge(_ node: Node, into block: Int) {
    var node = node
    while let last = blocks[block].last, last.samples.count == node.samples.count,
      last.samples.upperBound == node.samples.lowerBound, last.samples.lowerBound % (2 * last.samples.count) == 0
    {
      blocks[block].removeLast()
      for i in node.values.indices { node.values[i] = last.values[i] + node.values[i] }
      node.samples = last.samples.lowerBound..<node.samples.upperBound
    }
    blocks[block].append(node)
  }

  /// Whether every pixel has exactly the samples from 0.
  public func isComplete(sampleCount: Int) -> Bool {
    blocks.allSatisfy { nodes in
      var end = 0
      for node in nodes {
        guard node.samples.lowerBound == end else { return false }
        end = node.samples.upperBound
      }
      return end == sampleCount
    }
  }

  /// `6 × height × width`, planar, as in `UnitPlanes`: ranges that did not merge are added from the largest on.
  public func mergedSums() -> FlatBuffer<Float> {
    FlatBuffer(count: UnitPlanes.planeCount * width * height) { sums in
      for (index, nodes) in blocks.enumerated() {
        let (x, y) = (index % blockColumns * Film.edge, index / blockColumns * Film.edge)
        let w = min(Film.edge, width - x)
        let h = min(Film.edge, height - y)
        for node in nodes {
          for plane in 0..<UnitPlanes.planeCount {
            for row in 0..<h {
              for column in 0..<w {
                sums[(plane * height + y + row) * width + x + column] += node.values[(plane * h + row) * w + column]
              }
            }
          }
        }
      }
    }
  }
}
