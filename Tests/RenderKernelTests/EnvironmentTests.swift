import LaneMath
import Testing

@testable import RenderKernel

@Suite("Environment")
struct EnvironmentTests {
  private func view(_ environment: Environment) -> (EnvironmentView, PreparedFrame) {
    var builder = SceneBuilder()
    builder.quad([0, 0, 0], [1, 0, 0], [0, 1, 0])
    var description = frame(builder.mesh(), [Material()], camera: camera(distance: 3))
    description.environment = environment
    // A turn about y and a tilt.
    description.worldToEnvironment = Affine(x: [0.8, 0, 0.6, 0], y: [0, 1, 0, 0], z: [-0.6, 0, 0.8, 0])
    let frame = prepared(description)
    return (frame.environment!, frame)
  }

  private func spotted() -> Environment {
    var texels: [Float] = []
    for i in 0..<37 * 19 * 3 { texels.append((i / 3) % 53 == 7 ? 30 : Float(i % 7) * 0.1) }
    return Environment(width: 37, height: 19, texels: FlatBuffer(texels))
  }

  private func sample(_ view: EnvironmentView, _ x: Float, _ y: Float) -> (
    direction: Vector<Float>, radiance: Vector<Float>, density: Float
  ) {
    let place = view.locate(x, y)
    let (column, restX, restY) = view.refine(x, y, row: place.row, coarse: place.coarse)
    return view.finish(row: place.row, column: column, restX: restX, restY: restY)
  }

  @Test("Sampling and looking up agree on radiance and density")
  func agree() {
    let (view, frame) = view(spotted())
    var generator = SeededGenerator(seed: 3)
    var disagreements = 0
    for _ in 0..<20_000 {
      let found = sample(view, .random(in: 0..<1, using: &generator), .random(in: 0..<1, using: &generator))
      guard found.density > 0 else { continue }
      let back = view.radiance(found.direction)
      if (back.density / found.density - 1).magnitude > 0.01 { disagreements += 1 }
      #expect((back.radiance.y - found.radiance.y).magnitude < 0.01 * (1 + found.radiance.y))
    }
    // Samples on a texel's edge may round to its neighbour.
    #expect(disagreements < 20)
    withExtendedLifetime(frame) {}
  }

  @Test("Directions are sampled with the stated density (chi-square)")
  func chiSquare() {
    let (view, frame) = view(spotted())
    let (rows, columns, count) = (10, 14, 200_000)
    var observed = [Double](repeating: 0, count: rows * columns)
    var generator = SeededGenerator(seed: 11)
    func bin(_ d: Vector<Float>) -> Int {
      let turn = laneAtan2Turns(d.z, d.x) + 0.5
      return min(rows - 1, Int((d.y * 0.5 + 0.5) * Float(rows))) * columns
        + min(columns - 1, Int(turn * Float(columns)))
    }
    for _ in 0..<count {
      observed[
        bin(sample(view, .random(in: 0..<1, using: &generator), .random(in: 0..<1, using: &generator)).direction)] += 1
    }
    var expected = [Double](repeating: 0, count: rows * columns)
    let fine = 60
    for row in 0..<rows * fine {
      for column in 0..<columns * fine {
        let y = 2 * (Float(row) + 0.5) / Float(rows * fine) - 1
        let (s, c) = laneSinCosTurns((Float(column) + 0.5) / Float(columns * fine) - 0.5)
        let radius = (1 - y * y).squareRoot()
        let d = Vector<Float>(radius * c, y, radius * s)
        expected[row / fine * columns + column / fine] +=
          Double(view.radiance(d).density) * 4 * .pi / Double(rows * columns * fine * fine) * Double(count)
      }
    }
    #expect((expected.reduce(0, +) / Double(count) - 1).magnitude < 0.005)
    var chi = 0.0
    for (o, e) in zip(observed, expected) { chi += (o - e) * (o - e) / e }
    let freedom = Double(rows * columns)
    #expect(chi < freedom + 6 * (2 * freedom).squareRoot() + 60, "chi² \(chi) of \(freedom)")
    withExtendedLifetime(frame) {}
  }

  @Test("The centre column is seen along +x, the top row along +y, columns grow towards +z")
  func convention() {
    var texels = [Float](repeating: 0, count: 8 * 4 * 3)
    for y in 0..<4 {
      for x in 0..<8 {
        let texel = 3 * (y * 8 + x)
        texels[texel] = Float(x)
        texels[texel + 1] = Float(y)
      }
    }
    var builder = SceneBuilder()
    builder.quad([0, 0, 0], [1, 0, 0], [0, 1, 0])
    var description = frame(builder.mesh(), [Material()], camera: camera(distance: 3))
    description.environment = Environment(width: 8, height: 4, texels: FlatBuffer(texels))
    let frame = prepared(description)
    let view = frame.environment!
    #expect((view.radiance(Vector<Float>(1, 0, 0)).radiance.x - 3.5).magnitude < 1e-5)
    #expect((view.radiance(Vector<Float>(0, 0, 1)).radiance.x - 5.5).magnitude < 1e-5)
    #expect(view.radiance(Vector<Float>(0, 1, 0)).radiance.y == 0)
    #expect(view.radiance(Vector<Float>(0, -1, 0)).radiance.y == 3)
    withExtendedLifetime(frame) {}
  }
}
