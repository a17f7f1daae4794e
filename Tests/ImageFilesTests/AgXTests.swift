import Testing

@testable import ImageFiles

@Suite("AgX as in Blender")
struct AgXTests {
  private func picture(_ colors: [SIMD3<Float>], _ look: ViewLook = .none) -> [SIMD3<Int>] {
    let sums =
      colors.map(\.x) + colors.map(\.y) + colors.map(\.z) + [Float](repeating: 0, count: 3 * colors.count)
    let codes = Develop.developed8(
      sums: sums, width: colors.count, height: 1, sampleCount: 1, view: ViewSettings(transform: .agx, look: look))
    return colors.indices.map { SIMD3(Int(codes[3 * $0]), Int(codes[3 * $0 + 1]), Int(codes[3 * $0 + 2])) }
  }

  /// Light, and the codes of Blender 5.0.1's configuration: display sRGB, view AgX, no look.
  static let patches: [(SIMD3<Float>, SIMD3<Int>)] = [
    ([0, 0, 0], [0, 0, 0]),
    ([0.002, 0.002, 0.002], [3, 3, 3]),
    ([0.01, 0.01, 0.01], [18, 18, 18]),
    ([0.05, 0.05, 0.05], [58, 58, 58]),
    ([0.18, 0.18, 0.18], [118, 118, 118]),
    ([0.5, 0.5, 0.5], [170, 170, 170]),
    ([1, 1, 1], [197, 197, 197]),
    ([4, 4, 4], [233, 233, 233]),
    ([16, 16, 16], [255, 255, 255]),
    ([60, 60, 60], [255, 255, 255]),
    ([1, 0.02, 0.02], [217, 71, 55]),
    ([0.02, 1, 0.02], [115, 197, 90]),
    ([0.02, 0.02, 1], [49, 93, 209]),
    ([1, 0, 0], [219, 57, 33]),
    ([0, 1, 0], [110, 197, 81]),
    ([0, 0, 1], [20, 86, 209]),
    ([0.18, 0.05, 0.02], [115, 58, 28]),
    ([0.02, 0.05, 0.18], [24, 66, 117]),
    ([4, 0.5, 0.05], [250, 177, 151]),
    ([8, 8, 0.2], [247, 244, 210]),
    ([0, 40, 90], [253, 255, 255]),
    ([-0.1, 0.4, 0.9], [29, 159, 198]),
    ([0.8, -0.05, 0.2], [207, 8, 120]),
    ([-2, -0.3, 5], [2, 148, 249]),
    ([-1, -1, -1], [0, 0, 0]),
    ([1000, 0, 3], [255, 255, 255]),
  ]

  @Test("Greys, pure colours, glare and colours outside sRGB have Blender's codes, give or take one")
  func patchCodes() {
    let found = picture(Self.patches.map(\.0))
    for (patch, found) in zip(Self.patches, found) {
      let difference = found &- patch.1
      #expect(difference.max() <= 1 && difference.min() >= -1, "\(patch.0): \(found), Blender has \(patch.1)")
    }
  }

  static let lookColors: [SIMD3<Float>] = [
    [0.02, 0.02, 0.02], [0.18, 0.18, 0.18], [2, 2, 2], [1, 0.1, 0.02], [0.05, 0.2, 0.6], [-0.1, 0.4, 0.9],
  ]

  /// Codes of `lookColors` in Blender 5.0.1's configuration.
  static let lookCodes: [(ViewLook, [SIMD3<Int>])] = [
    (.punchy, [[10, 10, 10], [88, 88, 88], [202, 202, 202], [188, 70, 9], [37, 101, 156], [0, 133, 173]]),
    (
      .greyscale,
      [[32, 32, 32], [118, 118, 118], [217, 217, 217], [145, 145, 145], [133, 133, 133], [156, 156, 156]]
    ),
    (
      .veryHighContrast,
      [[10, 10, 10], [118, 118, 118], [245, 245, 245], [241, 102, 61], [37, 133, 205], [3, 173, 223]]
    ),
    (
      .highContrast,
      [[16, 16, 16], [118, 118, 118], [238, 238, 238], [236, 97, 49], [42, 132, 200], [2, 169, 218]]
    ),
    (
      .mediumHighContrast,
      [[23, 23, 23], [118, 118, 118], [229, 229, 229], [228, 95, 45], [61, 131, 193], [11, 164, 210]]
    ),
    (
      .baseContrast,
      [[32, 32, 32], [118, 118, 118], [217, 217, 217], [214, 101, 60], [74, 129, 183], [29, 159, 198]]
    ),
    (
      .mediumLowContrast,
      [[37, 37, 37], [118, 118, 118], [211, 211, 211], [209, 101, 63], [77, 129, 180], [25, 157, 194]]
    ),
    (
      .lowContrast,
      [[43, 43, 43], [118, 118, 118], [203, 203, 203], [204, 102, 67], [80, 128, 176], [30, 153, 190]]
    ),
    (
      .veryLowContrast,
      [[49, 49, 49], [118, 118, 118], [196, 196, 196], [197, 104, 72], [84, 127, 171], [41, 150, 184]]
    ),
  ]

  @Test("Each look has Blender's codes, give or take one", arguments: lookCodes)
  func looks(look: ViewLook, codes: [SIMD3<Int>]) {
    for (index, found) in picture(Self.lookColors, look).enumerated() {
      let difference = found &- codes[index]
      #expect(
        difference.max() <= 1 && difference.min() >= -1,
        "\(Self.lookColors[index]): \(found), Blender has \(codes[index])")
    }
  }

  @Test("Greys stay grey and never darken with more light, in 16 bits too", arguments: ViewLook.allCases)
  func greys(look: ViewLook) {
    let lights = (0...20_000).map { Float(ExactMath.exp2(Double($0) / 1000 - 14)) }
    let codes = Develop.developed16(
      sums: lights + lights + lights + [Float](repeating: 0, count: 3 * lights.count), width: lights.count, height: 1,
      sampleCount: 1, view: ViewSettings(transform: .agx, look: look))
    var last = 0
    for index in lights.indices {
      let pixel = codes[3 * index..<3 * index + 3]
      #expect(pixel.max()! - pixel.min()! <= 1, "\(lights[index])")
      #expect(Int(pixel.min()!) >= last, "\(lights[index])")
      last = Int(pixel.min()!)
    }
  }

  @Test("Undefined and boundless light gives a picture with every look", arguments: ViewLook.allCases)
  func oddLight(look: ViewLook) {
    let odd: [Float] = [.nan, -.infinity, .infinity, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 0.3]
    let colors = odd.flatMap { r in odd.flatMap { g in odd.map { SIMD3(r, g, $0) } } }
    let codes = picture(colors, look)
    let finite = picture(
      colors.map {
        SIMD3($0.replacing(with: 0, where: $0 .!= $0).clamped(lowerBound: -1e30 * .one, upperBound: 1e30 * .one))
      },
      look)
    #expect(codes == finite)
  }

  @Test("Pictures of a fixed gradient have the same bits everywhere", arguments: ViewLook.allCases)
  func golden(look: ViewLook) {
    // Hues along, stops down: some components are negative.
    let size = 64
    let colors = (0..<size * size).map { i -> SIMD3<Float> in
      let light = Float(ExactMath.exp2(Double(i / size) / 4 - 11))
      let hue = Float(i % size) / 16
      return SIMD3(1.5 - hue, hue - 1, 3.5 - hue) * light
    }
    let sums = colors.map(\.x) + colors.map(\.y) + colors.map(\.z) + [Float](repeating: 0, count: 3 * colors.count)
    let codes = Develop.developed16(
      sums: sums, width: size, height: size, sampleCount: 1, view: ViewSettings(transform: .agx, look: look))
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for code in codes { hash = (hash ^ UInt64(code)) &* 0x100_0000_01B3 }
    #expect(String(hash, radix: 16) == Self.goldenHashes[look])
  }

  static let goldenHashes: [ViewLook: String] = [
    .none: "f3534ebeb8cd16a1", .punchy: "9796db304215a70f", .greyscale: "916bca802550376",
    .veryHighContrast: "9534ef0411f7be42", .highContrast: "b20cf062d14be138", .mediumHighContrast: "d8a345dd94fb105b",
    .baseContrast: "e2b2f3ea9971ef92", .mediumLowContrast: "964d1bb82f087b9", .lowContrast: "f4a024f4d10eb1af",
    .veryLowContrast: "b59070df5802250c",
  ]
}

@Suite("Lattices of colours")
struct ColorLatticeTests {
  @Test("A linear function is interpolated without error, whatever the order of the components")
  func linear() {
    let lattice = ColorLattice(edge: 5) { SIMD3(Double($0) + 2 * Double($1), Double($2), Double($0 - $1 + 4 * $2)) }
    var random = SeededGenerator(seed: 5)
    for _ in 0..<2000 {
      let p = SIMD3<Double>.random(in: 0...1, using: &random)
      let found = lattice.value(at: p)
      let expected = SIMD3(4 * p.x + 8 * p.y, 4 * p.z, 4 * p.x - 4 * p.y + 16 * p.z)
      let difference = found - expected
      #expect(max(difference.max(), -difference.min()) < 1e-5, "\(p)")
    }
  }

  @Test("Nodes give their own value, and outside the nearest face counts")
  func nodes() {
    let lattice = ColorLattice(edge: 3) { SIMD3(Double($0 * $0), Double($1 * $2), Double($2)) }
    #expect(lattice.value(at: [0.5, 1, 0.5]) == [1, 2, 1])
    #expect(lattice.value(at: [7, 1.5, 1]) == [4, 4, 2])
    #expect(lattice.value(at: [-3, .nan, -.infinity]) == [0, 0, 0])
    #expect(lattice.value(at: [.infinity, .infinity, .infinity]) == [4, 4, 2])
  }
}

@Suite("Names of views")
struct ViewNameTests {
  @Test("Every name is read back as itself")
  func roundTrip() {
    #expect(ViewSettings.names.count == ViewTransform.allCases.count + ViewLook.allCases.count - 1)
    for name in ViewSettings.names { #expect(ViewSettings(name: name, exposure: 2)?.name == name) }
    #expect(
      ViewSettings(name: "agx+very-low-contrast", exposure: -1)
        == ViewSettings(transform: .agx, exposure: -1, look: .veryLowContrast))
  }

  @Test(
    "Unknown names, looks of other views and second spellings are refused",
    arguments: [
      "", "+", "AgX", "agx+", "agx+none", "agx+Punchy", "neutral+punchy", "standard+none", "agx+punchy+punchy",
      "punchy",
      "agx +punchy",
    ])
  func refused(name: String) {
    #expect(ViewSettings(name: name) == nil)
  }
}
