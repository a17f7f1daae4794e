import LaneMath

/// Integer hashing and low-discrepancy points, for any number of paths at once (docs/kernel.md, "Random numbers").
///
/// Every pair of dimensions has a net of its own, shuffled and scrambled by a hash of the pixel and the pair (padding).
/// Sources: Burley, "Practical Hash-based Owen Scrambling", JCGT 2020; the hash's constants are those of Vegdahl, "Building a
/// Better LK Hash", 2021; finaliser: Wellons' hash prospector, "triple32".
struct Sampler<F: LaneFloat> {
  /// Hash of seed, frame and pixel.
  var pixelKey: F.Bits
  /// The sample's index.
  var index: F.Bits
  /// How many samples the points of `pair` are placed for.
  var net: SampleNet

  /// The sample's point of one pair of dimensions.
  ///
  /// The points of a net are those of Hammersley, each in its cell at random, under one digital shift. So rows of points
  /// are evenly spaced, which suits light around a circle, and edges, more than independent scrambling does. They are taken
  /// in the order of a (0,2)-sequence (Sobol's, multiplied by the triangular matrices that turn its first `net` points into
  /// Hammersley's), so that part of a net is well spread too; inside a block in which all of them are used the order is
  /// any, so that pairs of dimensions know nothing of each other.
  @inline(__always)
  func pair(_ dimension: Int) -> (F, F) {
    let key = SampleHash.mix(pixelKey ^ F.Bits(lane: SampleHash.spread(UInt32(truncatingIfNeeded: dimension))))
    let place = SampleHash.scrambleReversed(SampleHash.reversed(net.shuffled(index, key)), key)
    // With P Pascal's matrix over bits and J their reversal: y = P·J·index and x = J·y.
    let y = SampleHash.pascal(place &>> net.shift)
    let jitter = SampleHash.mix(key ^ (place &* 0x9E37_79B9))
    // Samples beyond the net begin another one.
    let another = key ^ (place &<< net.bits)
    return (
      net.unit(y &<< net.shift, scrambled: SampleHash.mix(another &+ 0x68BC_21EB), jitter: jitter),
      net.unit(
        SampleHash.reversed(y), scrambled: SampleHash.mix(another &+ 0x02E5_BE93),
        jitter: SampleHash.mix(jitter &+ 0x68BC_21EB))
    )
  }

  /// A key for the stochastic alpha of one path segment.
  @inline(__always)
  func alphaKey(_ segment: Int) -> F.Bits {
    let path = SampleHash.mix(pixelKey ^ (index &* 0x85EB_CA6B))
    return SampleHash.mix(path ^ F.Bits(lane: SampleHash.spread(0x5EED_0000 &+ UInt32(truncatingIfNeeded: segment))))
  }
}

/// A power of two of points.
struct SampleNet {
  /// 1 ... 31.
  let bits: UInt32
  /// What is left of a word.
  let shift: UInt32
  /// Lower bits of an index: the largest blocks of which a picture's samples are a multiple.
  private let block: UInt32
  private let firstFold: UInt32
  private let secondFold: UInt32

  /// The smallest net that holds as many samples.
  init(sampleCount: Int) {
    var bits: UInt32 = 1
    while bits < 31, 1 << Int(bits) < sampleCount { bits += 1 }
    self.bits = bits
    shift = 32 - bits
    let blockBits = UInt32(min(31, max(1, sampleCount).trailingZeroBitCount))
    block = (1 << blockBits) - 1
    firstFold = max(1, blockBits / 2)
    secondFold = max(1, (blockBits + 1) / 2)
  }

  /// The index at another place of its block: a bijection of the block, because each step is one.
  @inline(__always)
  func shuffled<B: LaneBits>(_ index: B, _ key: B) -> B {
    let outside = index & ~block
    let key = key &* 0xC2B2_AE35 &+ outside &* 0x85EB_CA6B
    var x = (index &* (key | 1)) & block
    x = x ^ (x &>> firstFold)
    x = (x &* 0x9E37_79B1 &+ (key &>> 9)) & block
    x = x ^ (x &>> secondFold)
    x = (x &* ((key &>> 16) | 1) &+ (key &>> 20)) & block
    return outside | x
  }

  /// In [0, 1): a cell out of the upper bits of `place`, shifted by those of `scrambled`; `jitter` places the point in it.
  @inline(__always)
  func unit<F: LaneFloat>(_ place: F.Bits, scrambled: F.Bits, jitter: F.Bits) -> F {
    let lower: UInt32 = .max &>> bits
    return SampleHash.unit(F.self, place ^ (scrambled & ~lower) ^ (jitter & lower))
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
