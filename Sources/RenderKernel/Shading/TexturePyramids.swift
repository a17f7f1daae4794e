import Synchronization

/// Pyramids of a scene's textures, as its materials use them. Immutable; shared by frames.
public final class TexturePyramids: Sendable {
  /// How a texture is read. Its opaque uses want colours averaged that see-through ones would not show.
  private struct Use: Hashable, Sendable {
    var texture: Int
    var isWeightedByAlpha: Bool
  }

  /// What threads have made.
  private final class Results: Sendable {
    let pyramids = Mutex<[Use: TexturePyramid]>([:])
  }

  private let pyramids: [Use: TexturePyramid]
  /// Whether a texture has more than one level.
  let hasLevels: Bool

  /// Texels from which all threads make one texture's levels together, one texture after the other: what is only needed
  /// meanwhile is then there once.
  private static let largeTexelCount = 1 << 20

  /// - Parameter threadCount: Changes no bit.
  public init(_ textures: [Texture], for materials: [Material], threadCount: Int) {
    var seen: Set<Use> = []
    var uses: [Use] = []
    for material in materials {
      for reference in [material.surfaceTexture, material.normalTexture, material.emissiveTexture] {
        if let reference { uses.append(Use(texture: reference.texture, isWeightedByAlpha: false)) }
      }
      if let reference = material.baseColorTexture {
        uses.append(Use(texture: reference.texture, isWeightedByAlpha: material.alphaMode != .opaque))
      }
    }
    uses = uses.filter { seen.insert($0).inserted }
    func isLarge(_ use: Use) -> Bool {
      textures[use.texture].width * textures[use.texture].height >= TexturePyramids.largeTexelCount
    }
    let made = Results()
    for use in uses where isLarge(use) {
      let pyramid = TexturePyramid(
        textures[use.texture], isWeightedByAlpha: use.isWeightedByAlpha, threadCount: threadCount)
      made.pyramids.withLock { $0[use] = pyramid }
    }
    let small = uses.filter { !isLarge($0) }
    ParallelTasks.run(count: small.count, threadCount: threadCount) { task in
      let use = small[task]
      let pyramid = TexturePyramid(textures[use.texture], isWeightedByAlpha: use.isWeightedByAlpha)
      made.pyramids.withLock { $0[use] = pyramid }
    }
    pyramids = made.pyramids.withLock { $0 }
    hasLevels = pyramids.values.contains { $0.levels.count > 1 }
  }

  /// - Parameter isWeightedByAlpha: As a material of the initialiser uses it.
  func pyramid(_ texture: Int, isWeightedByAlpha: Bool = false) -> TexturePyramid {
    pyramids[Use(texture: texture, isWeightedByAlpha: isWeightedByAlpha)]!
  }
}
