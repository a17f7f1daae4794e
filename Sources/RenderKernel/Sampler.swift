import LaneMath

/// Integer hashing and Owen-scrambled Sobol points, for any number of paths at once.
///
/// Every pair of dimensions is its own (0,2)-sequence, shuffled and scrambled by a hash of the pixel and the pair (padding).
/// Sources: Burley, "Practical Hash-based Owen Scrambling", JCGT 2020; the hash's constants are those of Vegdahl,
/// "Building a Better LK Hash", 2021; finaliser: Wellons' hash prospector, "triple32".
struct Sampler<F: LaneFloat> {
  /// Hash of seed, frame and pixel.
  var pixelKey: F.Bits
  /// The sample's index with its bits in opposite order.
  var reversedIndex: F.Bits

  /// The sample's point of one pair of dimensions.
  @inline(__always)
  func pair(_ dimension: Int) -> (F, F) {
    let key = SampleHash.mix(pixelKey ^ F.Bits(lane: SampleHash.spread(UInt32(truncatingIfNeeded: dimension))))
    let index = SampleHash.reversed(SampleHash.scrambleReversed(reversedIndex, key))
    // The first dimension is the reversed index, whose reversal again is the index.
    let x = SampleHash.scrambleReversed(index, SampleHash.mix(key &+ 0x68BC_21EB))
    let y = SampleHash.scrambleReversed(SampleHash.pascal(index), SampleHash.mix(key &+ 0x02E5_BE93))
    return (SampleHash.unit(F.self, SampleHash.reversed(x)), SampleHash.unit(F.self, SampleHash.reversed(y)))
  }

  /// A key for the stochastic alpha of one path segment.
  @inline(__always)
  func alphaKey(_ segment: Int) -> F.Bits {
    let path = SampleHash.mix(pixelKey ^ (reversedIndex &* 0x85EB_CA6B))
    return SampleHash.mix(path ^ F.Bits(lane: SampleHash.spread(0x5EED_0000 &+ UInt32(truncatingIfNeeded: segment))))
  }
}

enum SampleHash {
  @inline(__always)
  static func mix<B: LaneBits>(_ value: B) -> B {
    var x = value
    x = x ^ (x &>> 17)
    x = x &* 0xED5A_D4BB
    x = x ^ (x &>> 11)
    x = x &* 0xAC4C_1B51
    x = x ^ (x &>> 15)
    x = x &* 0x3184_8BAB
    return x ^ (x &>> 14)
  }

  /// What a second key adds to a first one before they are mixed.
  @inline(__always)
  static func spread(_ value: UInt32) -> UInt32 { mix(value &+ 0x9E37_79B9) &* 0x85EB_CA6B }

  @inline(__always)
  static func mix(_ a: UInt32, _ b: UInt32) -> UInt32 { mix(a ^ spread(b)) }

  static func frameKey(seed: UInt64, frame: Int) -> UInt32 {
    mix(
      mix(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)), UInt32(truncatingIfNeeded: frame))
  }

  @inline(__always)
  static func pixelKey(_ frameKey: UInt32, x: Int, y: Int) -> UInt32 {
    mix(mix(frameKey, UInt32(truncatingIfNeeded: x)), UInt32(truncatingIfNeeded: y))
  }

  /// Owen scrambling of a number whose bits are reversed.
  @inline(__always)
  static func scrambleReversed<B: LaneBits>(_ value: B, _ seed: B) -> B {
    var x = value
    x = x ^ (x &* 0x3D20_ADEA)
    x = x &+ seed
    x = x &* ((seed &>> 16) | 1)
    x = x ^ (x &* 0x0552_6C56)
    return x ^ (x &* 0x53A2_2864)
  }

  /// Bits of a word in opposite order.
  @inline(__always)
  static func reversed<B: LaneBits>(_ value: B) -> B {
    var x = value
    x = (x &<< 16) | (x &>> 16)
    x = ((x & 0x00FF_00FF) &<< 8) | ((x &>> 8) & 0x00FF_00FF)
    x = ((x & 0x0F0F_0F0F) &<< 4) | ((x &>> 4) & 0x0F0F_0F0F)
    x = ((x & 0x3333_3333) &<< 2) | ((x &>> 2) & 0x3333_3333)
    return ((x & 0x5555_5555) &<< 1) | ((x &>> 1) & 0x5555_5555)
  }

  /// The Pascal matrix over bits: generator of the second Sobol dimension, its bits reversed.
  @inline(__always)
  static func pascal<B: LaneBits>(_ value: B) -> B {
    var x = value
    x = x ^ ((x & 0xAAAA_AAAA) &>> 1)
    x = x ^ ((x & 0xCCCC_CCCC) &>> 2)
    x = x ^ ((x & 0xF0F0_F0F0) &>> 4)
    x = x ^ ((x & 0xFF00_FF00) &>> 8)
    return x ^ ((x & 0xFFFF_0000) &>> 16)
  }

  /// In [0, 1): the upper 24 bits.
  @inline(__always)
  static func unit<F: LaneFloat>(_ lanes: F.Type, _ bits: F.Bits) -> F { F(signed: bits &>> 8) * 0x1p-24 }
}
