import LaneMath
import Testing

@testable import RenderKernel

@Suite("Texture levels")
struct TexturePyramidTests {
  private let tables = UnsafePointer(TexelTables.shared.values.pointer)

  private func texture(
    _ width: Int, _ height: Int, encoding: Texture.Encoding = .linear, wrap: Texture.Wrap = .repeat,
    filter: Texture.Filter = .linear, _ texel: (Int, Int) -> [UInt8]
  ) -> Texture {
    var bytes: [UInt8] = []
    for y in 0..<height { for x in 0..<width { bytes += texel(x, y) } }
    return Texture(
      width: width, height: height, texels: FlatBuffer(bytes), encoding: encoding, wrapU: wrap, wrapV: wrap,
      filter: filter)
  }

  private func noise(_ x: Int, _ y: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: SampleHash.mix(UInt32(x * 4 + $0), UInt32(y))) }
  }

  private func bytes(_ pyramid: TexturePyramid, _ level: Int, _ x: Int, _ y: Int) -> [UInt8] {
    let plane = pyramid.levels[level]
    let texel = plane.texels[plane.column(x) + plane.row(y)]
    return (0..<4).map { UInt8(truncatingIfNeeded: texel >> (8 * $0)) }
  }

  private func view(_ pyramid: TexturePyramid) -> TextureView {
    TextureView(pyramid, TextureReference(texture: 0), tables)
  }

  @Test(
    "Level 0 has the texture's bytes; edges halve, rounded down, to one texel", arguments: [(13, 6), (1, 9), (64, 64)])
  func shape(width: Int, height: Int) {
    let pyramid = TexturePyramid(texture(width, height) { noise($0, $1) })
    for y in 0..<height { for x in 0..<width { #expect(bytes(pyramid, 0, x, y) == noise(x, y)) } }
    for i in 1..<pyramid.levels.count {
      #expect(pyramid.levels[i].width == max(1, pyramid.levels[i - 1].width / 2))
      #expect(pyramid.levels[i].height == max(1, pyramid.levels[i - 1].height / 2))
    }
    let last = pyramid.levels[pyramid.levels.count - 1]
    #expect(last.width == 1 && last.height == 1)
  }

  @Test("Odd edges are averaged with exact weights: 5 texels become 2, 3 become 1")
  func oddEdges() {
    let five: [UInt8] = [10, 50, 200, 90, 250]
    let pyramid = TexturePyramid(texture(5, 1) { x, _ in [five[x], 0, 0, 255] })
    // (2·10 + 2·50 + 200) / 5 = 64 and (200 + 2·90 + 2·250) / 5 = 176.
    #expect(bytes(pyramid, 1, 0, 0) == [64, 0, 0, 255])
    #expect(bytes(pyramid, 1, 1, 0) == [176, 0, 0, 255])
    #expect(bytes(pyramid, 2, 0, 0) == [120, 0, 0, 255])
    let three = TexturePyramid(texture(3, 3) { x, y in [UInt8(30 * x), UInt8(60 * y), 0, 255] })
    #expect(bytes(three, 1, 0, 0) == [30, 60, 0, 255])
  }

  @Test(
    "The last level is the mean of all texels, whatever the edges", arguments: [(7, 5), (12, 9), (31, 1), (100, 77)])
  func mean(width: Int, height: Int) {
    let pyramid = TexturePyramid(texture(width, height) { noise($0, $1) })
    var sums = [Double](repeating: 0, count: 4)
    for y in 0..<height { for x in 0..<width { for c in 0..<4 { sums[c] += Double(noise(x, y)[c]) } } }
    let found = bytes(pyramid, pyramid.levels.count - 1, 0, 0)
    for c in 0..<4 { #expect((Double(found[c]) - sums[c] / Double(width * height)).magnitude <= 0.501) }
  }

  @Test("sRGB colours are averaged as light")
  func light() {
    let pyramid = TexturePyramid(
      texture(2, 2, encoding: .srgb) { x, y in (x + y) % 2 == 0 ? [255, 255, 0, 255] : [0, 255, 0, 255] })
    // Half of the light of white is byte 188.
    #expect(bytes(pyramid, 1, 0, 0) == [188, 255, 0, 255])
  }

  @Test("Every sRGB byte is the nearest of its own value, and of values up to half way to its neighbours")
  func nearestBytes() {
    let codec = TexelTables.shared
    for byte in 0..<256 {
      #expect(codec.nearestColor(tables[byte]) == UInt32(byte))
      guard byte < 255 else { continue }
      let middle = 0.5 * (tables[byte] + tables[byte + 1])
      #expect(codec.nearestColor(middle.nextDown) == UInt32(byte))
      #expect(codec.nearestColor(middle) == UInt32(byte + 1))
    }
    #expect(codec.nearestColor(.nan) == 0 && codec.nearestColor(7) == 255)
  }

  @Test("Colours count by alpha where materials are see-through, and all alike where they are not")
  func alpha() {
    let picture = texture(2, 1) { x, _ in x == 0 ? [200, 0, 0, 255] : [0, 100, 0, 0] }
    #expect(bytes(TexturePyramid(picture), 1, 0, 0) == [100, 50, 0, 128])
    #expect(bytes(TexturePyramid(picture, isWeightedByAlpha: true), 1, 0, 0) == [200, 0, 0, 128])
    let invisible = texture(2, 1) { x, _ in x == 0 ? [200, 0, 0, 0] : [0, 100, 0, 0] }
    #expect(bytes(TexturePyramid(invisible, isWeightedByAlpha: true), 1, 0, 0) == [100, 50, 0, 0])
    var glass = Material()
    glass.alphaMode = .blend
    glass.baseColorTexture = TextureReference(texture: 1)
    var wall = glass
    wall.alphaMode = .opaque
    let both = TexturePyramids([invisible, picture], for: [wall, glass], threadCount: 2)
    #expect(bytes(both.pyramid(1), 1, 0, 0)[0] == 100)
    #expect(bytes(both.pyramid(1, isWeightedByAlpha: true), 1, 0, 0)[0] == 200)
  }

  @Test("Threads change no byte")
  func threads() {
    let picture = texture(300, 1031, encoding: .srgb) { noise($0, $1) }
    let (one, four) = (TexturePyramid(picture), TexturePyramid(picture, threadCount: 4))
    for level in 0..<one.levels.count {
      let (width, height) = (Int(one.levels[level].width), Int(one.levels[level].height))
      for y in 0..<height { for x in 0..<width { #expect(bytes(one, level, x, y) == bytes(four, level, x, y)) } }
    }
  }

  @Test(
    "Lookups at every level are those of a plain bilinear sampler",
    arguments: [Texture.Wrap.repeat, .mirroredRepeat, .clampToEdge])
  func lookups(wrap: Texture.Wrap) {
    let pyramid = TexturePyramid(texture(21, 10, encoding: .srgb, wrap: wrap) { noise($0, $1) })
    defer { withExtendedLifetime(pyramid) {} }
    let view = view(pyramid)
    for level in 0..<pyramid.levels.count {
      let (width, height) = (Int(pyramid.levels[level].width), Int(pyramid.levels[level].height))
      for i in 0..<400 {
        let key = SampleHash.mix(UInt32(i), UInt32(level))
        let uv = SIMD2(
          SampleHash.unit(Float.self, key) * 6 - 3, SampleHash.unit(Float.self, SampleHash.mix(key, 1)) * 6 - 3)
        let expected = plainSample(pyramid, level, width, height, uv, wrap)
        let found = view.sample(uv, level: level)
        #expect((found - expected).max() < 2e-4 && (expected - found).max() < 2e-4, "level \(level) at \(uv)")
      }
    }
  }

  /// In double precision, by the words of glTF and OpenGL.
  private func plainSample(
    _ pyramid: TexturePyramid, _ level: Int, _ width: Int, _ height: Int, _ uv: SIMD2<Float>, _ wrap: Texture.Wrap
  ) -> SIMD4<Float> {
    func index(_ i: Int, _ n: Int) -> Int {
      switch wrap {
      case .clampToEdge: return min(max(i, 0), n - 1)
      case .repeat: return ((i % n) + n) % n
      case .mirroredRepeat:
        let m = ((i % (2 * n)) + 2 * n) % (2 * n)
        return m < n ? m : 2 * n - 1 - m
      }
    }
    func value(_ x: Int, _ y: Int) -> SIMD4<Double> {
      let p = bytes(pyramid, level, index(x, width), index(y, height))
      return SIMD4(
        Double(tables[Int(p[0])]), Double(tables[Int(p[1])]), Double(tables[Int(p[2])]), Double(p[3]) / 255)
    }
    var (x, y) = (Double(uv.x) * Double(width) - 0.5, Double(uv.y) * Double(height) - 0.5)
    if wrap == .clampToEdge {
      x = min(max(x, -0.5), Double(width) - 0.5)
      y = min(max(y, -0.5), Double(height) - 0.5)
    }
    let (ix, iy) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (fx, fy) = (x - x.rounded(.down), y - y.rounded(.down))
    let top = value(ix, iy) * (1 - fx) + value(ix + 1, iy) * fx
    let bottom = value(ix, iy + 1) * (1 - fx) + value(ix + 1, iy + 1) * fx
    return SIMD4<Float>(top * (1 - fy) + bottom * fy)
  }

  @Test("Nearest filtering has level 0 only")
  func nearest() {
    #expect(TexturePyramid(texture(8, 8, filter: .nearest) { noise($0, $1) }).levels.count == 1)
  }

  @Test(
    "The level is that of the cone's width in texels; where a texture is stretched, that of the stretched direction")
  func levels() {
    var builder = SceneBuilder()
    builder.quad([0, 0, 0], [2, 0, 0], [0, 2, 0])
    let mesh = builder.mesh()
    let pyramid = TexturePyramid(texture(256, 256) { noise($0, $1) })
    defer { withExtendedLifetime(pyramid) {} }
    func level(_ width: Float, scale: SIMD2<Float> = [1, 1], placed: Affine = .identity) -> Int {
      let buffer = FlatBuffer<InstanceGeometry>(count: 1) {
        $0[0] = InstanceGeometry(mesh, MeshInstance(mesh: 0, objectToWorld: placed)!)
      }
      var reference = TextureReference(texture: 0)
      reference.transformU.x = scale.x
      reference.transformV.y = scale.y
      let corners = buffer[0].corners(0)
      let p0 = buffer[0].position(corners.0)
      let footprint = TextureFootprint(
        UnsafePointer(buffer.pointer), corners,
        edges: (buffer[0].position(corners.1) - p0, buffer[0].position(corners.2) - p0), width: width)
      return footprint.level(of: TextureView(pyramid, reference, tables))
    }
    // 128 texels a unit.
    #expect(level(0) == 0)
    #expect(level(1 / 128) == 0)
    #expect(level(1.99 / 128) == 0)
    #expect(level(2.01 / 128) == 1)
    #expect(level(4.01 / 128) == 2)
    #expect(level(1e6) == 8)
    #expect(level(.infinity) == 8 || level(.infinity) == 0)
    #expect(level(.nan) == 0)
    #expect(level(4.01 / 128, scale: [16, 1]) == 2)
    #expect(level(4.01 / 128, scale: [1, 0.0625]) == 0)
    #expect(level(4.01 / 128, scale: [1, 0]) == 0)
    let doubled = Affine(x: [0, -2, 0, 9], y: [2, 0, 0, 9], z: [0, 0, 2, 9])
    #expect(level(4.01 / 128, placed: doubled) == 1)
  }

  @Test("A fine chequer seen from afar or by scattered light is its mean, and costs no bias")
  func farChequer() {
    var builder = SceneBuilder()
    builder.quad([-50, -50, 0], [100, 0, 0], [0, 100, 0])
    var material = Material()
    material.isUnlit = true
    material.baseColorTexture = TextureReference(texture: 0)
    var description = frame(builder.mesh(), [material], camera: camera(distance: 60))
    description.textures = [
      texture(1024, 1024, encoding: .srgb) { x, y in (x + y) % 2 == 0 ? [255, 255, 255, 255] : [0, 0, 0, 255] }
    ]
    let planes = render(prepared(description), settings(16, 16), samples: 0..<4).planes
    // Byte 188 is 0.5029 of white.
    for pixel in 0..<256 { #expect((planes.values[256 + pixel] / 4 - 0.503).magnitude < 0.001) }
  }
}
