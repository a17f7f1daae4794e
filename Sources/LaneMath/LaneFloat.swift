/// Truth of each lane.
public protocol LaneMask {
  static func .& (a: Self, b: Self) -> Self
  static func .| (a: Self, b: Self) -> Self
  static prefix func .! (a: Self) -> Self
  /// Lane i as bit i.
  var bits: UInt32 { get }
}

/// One 32-bit word a lane. Shifts take their distance modulo 32.
public protocol LaneBits: BitwiseCopyable {
  init(lane: UInt32)
  static func load(_ source: UnsafePointer<UInt32>) -> Self
  static func &+ (a: Self, b: Self) -> Self
  static func &+ (a: Self, b: UInt32) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func &* (a: Self, b: Self) -> Self
  static func &* (a: Self, b: UInt32) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  static func & (a: Self, b: UInt32) -> Self
  static func | (a: Self, b: Self) -> Self
  static func | (a: Self, b: UInt32) -> Self
  static func &>> (a: Self, b: UInt32) -> Self
  static func &<< (a: Self, b: UInt32) -> Self
}

/// One single-precision number a lane: `Float`, or eight or sixteen of them. Code written over this protocol gives the same bits for
/// every lane width, because every operation is exact or correctly rounded lane by lane.
public protocol LaneFloat: BitwiseCopyable {
  associatedtype Mask: LaneMask
  associatedtype Bits: LaneBits

  static var laneCount: Int { get }
  init(lane: Float)
  /// Reads `laneCount` numbers from memory that is aligned to as many.
  static func load(_ source: UnsafePointer<Float>) -> Self
  func store(_ target: UnsafeMutablePointer<Float>)
  static func gather(_ base: UnsafePointer<Float>, _ index: Bits) -> Self

  static func + (a: Self, b: Self) -> Self
  static func + (a: Self, b: Float) -> Self
  static func + (a: Float, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func - (a: Self, b: Float) -> Self
  static func - (a: Float, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func * (a: Self, b: Float) -> Self
  static func * (a: Float, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func / (a: Self, b: Float) -> Self
  static func / (a: Float, b: Self) -> Self
  /// `self + a·b`, rounded once.
  func addingProduct(_ a: Self, _ b: Self) -> Self
  /// Correctly rounded; NaN below zero.
  var root: Self { get }

  static func .< (a: Self, b: Self) -> Mask
  static func .< (a: Self, b: Float) -> Mask
  static func .<= (a: Self, b: Self) -> Mask
  static func .> (a: Self, b: Self) -> Mask
  static func .> (a: Self, b: Float) -> Mask

  /// `a` where the mask is true, else `b`.
  static func select(_ mask: Mask, _ a: Self, _ b: Self) -> Self
  /// Largest integer not above.
  var floor: Self { get }
  /// Rounded towards zero; what does not fit a signed word, and NaN, becomes 0x8000_0000.
  var truncated: Bits { get }
  /// The number that a signed word stands for.
  init(signed: Bits)
  var bitsOfLanes: Bits { get }
  init(bitsOfLanes: Bits)

  subscript(lane lane: Int) -> Float { get set }
}

extension LaneFloat {
  /// The smaller; `a` where one is NaN.
  @inlinable @inline(__always) public static func lesser(_ a: Self, _ b: Self) -> Self { select(b .< a, b, a) }
  /// The larger; `a` where one is NaN.
  @inlinable @inline(__always) public static func greater(_ a: Self, _ b: Self) -> Self { select(a .< b, b, a) }
  /// The smaller of `self` and `limit`; NaN stays.
  @inlinable @inline(__always) public func atMost(_ limit: Float) -> Self { Self.lesser(self, Self(lane: limit)) }
  /// The larger of `self` and `limit`; NaN stays.
  @inlinable @inline(__always) public func atLeast(_ limit: Float) -> Self { Self.greater(self, Self(lane: limit)) }
  /// Into [0, 1]; NaN becomes 0.
  @inlinable @inline(__always) public var clampedToUnit: Self {
    Self.select(self .> Self(lane: 0), atMost(1), Self(lane: 0))
  }
  @inlinable @inline(__always) public var absolute: Self { Self(bitsOfLanes: bitsOfLanes & 0x7FFF_FFFF) }
  /// The sign bit turned over; the minus of Swift's vectors is `0 - x`, which differs at zero.
  @inlinable @inline(__always) public var negated: Self { Self(bitsOfLanes: bitsOfLanes ^ Bits(lane: 0x8000_0000)) }
  /// Magnitude of `self` with the sign of `other`.
  @inlinable @inline(__always) public func withSign(of other: Self) -> Self {
    Self(bitsOfLanes: (bitsOfLanes & 0x7FFF_FFFF) | (other.bitsOfLanes & 0x8000_0000))
  }
  /// `self + a·b`.
  @inlinable @inline(__always) public func adding(_ a: Self, times b: Float) -> Self {
    addingProduct(a, Self(lane: b))
  }
  /// A function of one number, for every lane.
  @inlinable @inline(__always) public func mapped(_ transform: (Float) -> Float) -> Self {
    var result = self
    for i in 0..<Self.laneCount { result[lane: i] = transform(self[lane: i]) }
    return result
  }
}

// MARK: - One lane

extension Bool: LaneMask {
  @inlinable @inline(__always) public static func .& (a: Bool, b: Bool) -> Bool { a && b }
  @inlinable @inline(__always) public static func .| (a: Bool, b: Bool) -> Bool { a || b }
  @inlinable @inline(__always) public static prefix func .! (a: Bool) -> Bool { !a }
  @inlinable @inline(__always) public var bits: UInt32 { self ? 1 : 0 }
}

extension UInt32: LaneBits {
  @inlinable @inline(__always) public init(lane: UInt32) { self = lane }
  @inlinable @inline(__always) public static func load(_ source: UnsafePointer<UInt32>) -> UInt32 { source.pointee }
}

extension Float: LaneFloat {
  public typealias Mask = Bool
  public typealias Bits = UInt32

  @inlinable @inline(__always) public static var laneCount: Int { 1 }
  @inlinable @inline(__always) public init(lane: Float) { self = lane }
  @inlinable @inline(__always) public static func load(_ source: UnsafePointer<Float>) -> Float { source.pointee }
  @inlinable @inline(__always) public func store(_ target: UnsafeMutablePointer<Float>) { target.pointee = self }
  @inlinable @inline(__always) public static func gather(_ base: UnsafePointer<Float>, _ index: UInt32) -> Float {
    base[Int(Int32(bitPattern: index))]
  }
  @inlinable @inline(__always) public static func .< (a: Float, b: Float) -> Bool { a < b }
  @inlinable @inline(__always) public static func .<= (a: Float, b: Float) -> Bool { a <= b }
  @inlinable @inline(__always) public static func .> (a: Float, b: Float) -> Bool { a > b }
  @inlinable @inline(__always) public static func select(_ mask: Bool, _ a: Float, _ b: Float) -> Float {
    mask ? a : b
  }
  @inlinable @inline(__always) public var root: Float { squareRoot() }
  @inlinable @inline(__always) public var floor: Float { rounded(.down) }
  @inlinable @inline(__always) public var truncated: UInt32 {
    self >= -0x1p31 && self < 0x1p31 ? UInt32(bitPattern: Int32(self)) : 0x8000_0000
  }
  @inlinable @inline(__always) public init(signed: UInt32) { self = Float(Int32(bitPattern: signed)) }
  @inlinable @inline(__always) public var bitsOfLanes: UInt32 { bitPattern }
  @inlinable @inline(__always) public init(bitsOfLanes: UInt32) { self = Float(bitPattern: bitsOfLanes) }
  @inlinable @inline(__always) public subscript(lane lane: Int) -> Float {
    get { self }
    set { self = newValue }
  }
}
