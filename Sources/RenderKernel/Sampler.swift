/// Integer hashing and Owen-scrambled Sobol points.
///
/// Every pair of dimensions is its own (0,2)-sequence, shuffled and scrambled by a hash of the pixel and the pair (padding).
/// Sources: Burley, "Practical Hash-based Owen Scrambling", JCGT 2020; the hash's constants are those of Vegdahl,
/// "Building a Better LK Hash", 2021; finaliser: Wellons' hash prospector, "triple32".
struct Sampler {
  /// Hash of seed, frame and pixel.
  var pixelKey: UInt32
  var sampleIndex: UInt32

  @inline(__always)
  static func mix(_ value: UInt32) -> UInt32 {
    var x = value
    x ^= x >> 17
    x = x &* 0xED5A_D4BB
    x ^= x >> 11
    x = x &* 0xAC4C_1B51
    x ^= x >> 15
    x = x &* 0x3184_8BAB
    x ^= x >> 14
    return x
  }

  @inline(__always)
  static func mix(_ a: UInt32, _ b: UInt32) -> UInt32 { mix(a ^ (mix(b &+ 0x9E37_79B9) &* 0x85EB_CA6B)) }

  static func frameKey(seed: UInt64, frame: Int) -> UInt32 {
    mix(mix(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)), UInt32(truncatingIfNeeded: frame))
  }

  @inline(__always)
  init(frameKey: UInt32, x: Int, y: Int, sample: Int) {
    pixelKey = Sampler.mix(Sampler.mix(frameKey, UInt32(truncatingIfNeeded: x)), UInt32(truncatingIfNeeded: y))
    sampleIndex = UInt32(truncatingIfNeeded: sample)
  }

  /// Owen scrambling of a number whose bits are reversed.
  @inline(__always)
  private static func scrambleReversed(_ value: UInt32, _ seed: UInt32) -> UInt32 {
    var x = value
    x ^= x &* 0x3D20_ADEA
    x = x &+ seed
    x = x &* ((seed >> 16) | 1)
    x ^= x &* 0x0552_6C56
    x ^= x &* 0x53A2_2864
    return x
  }

  /// Bits of a 32-bit word in opposite order.
  @inline(__always)
  static func reversed(_ value: UInt32) -> UInt32 {
    var x = value.byteSwapped
    x = (x & 0x0F0F_0F0F) << 4 | (x >> 4) & 0x0F0F_0F0F
    x = (x & 0x3333_3333) << 2 | (x >> 2) & 0x3333_3333
    x = (x & 0x5555_5555) << 1 | (x >> 1) & 0x5555_5555
    return x
  }

  /// The Pascal matrix over bits: generator of the second Sobol dimension, its bits reversed.
  @inline(__always)
  private static func pascal(_ value: UInt32) -> UInt32 {
    var x = value
    x ^= (x & 0xAAAA_AAAA) >> 1
    x ^= (x & 0xCCCC_CCCC) >> 2
    x ^= (x & 0xF0F0_F0F0) >> 4
    x ^= (x & 0xFF00_FF00) >> 8
    x ^= (x & 0xFFFF_0000) >> 16
    return x
  }

  /// In [0, 1): the upper 24 bits.
  @inline(__always)
  static func unit(_ bits: UInt32) -> Float { Float(bits >> 8) * 0x1p-24 }

  /// The sample's point of one pair of dimensions.
  @inline(__always)
  func pair(_ dimension: Int) -> SIMD2<Float> {
    let key = Sampler.mix(pixelKey, UInt32(truncatingIfNeeded: dimension))
    let index = Sampler.reversed(Sampler.scrambleReversed(Sampler.reversed(sampleIndex), key))
    // The first dimension is the reversed index, whose reversal again is the index.
    let x = Sampler.scrambleReversed(index, Sampler.mix(key &+ 0x68BC_21EB))
    let y = Sampler.scrambleReversed(Sampler.pascal(index), Sampler.mix(key &+ 0x02E5_BE93))
    return SIMD2(Sampler.unit(Sampler.reversed(x)), Sampler.unit(Sampler.reversed(y)))
  }

  /// A key for the stochastic alpha of one path segment.
  @inline(__always)
  func alphaKey(_ segment: Int) -> UInt32 {
    Sampler.mix(Sampler.mix(pixelKey, sampleIndex), 0x5EED_0000 &+ UInt32(truncatingIfNeeded: segment))
  }
}
