import CLaneIntrinsics

// Eight and sixteen lanes: Swift's vectors, with the few operations that it lacks out of C.

/// Integers that Swift keeps masks in.
public protocol LaneMaskStorage: SIMD where Scalar: FixedWidthInteger & SignedInteger {
  /// The sign of lane i as bit i.
  var signs: UInt32 { get }
}

extension SIMD8: LaneMaskStorage where Scalar == Int32 {
  @inlinable @inline(__always) public var signs: UInt32 { glint_movemask8(self) }
}

extension SIMD16: LaneMaskStorage where Scalar == Int32 {
  @inlinable @inline(__always) public var signs: UInt32 { glint_movemask16(self) }
}

extension SIMDMask: LaneMask where Storage: LaneMaskStorage {
  @inlinable @inline(__always) public var bits: UInt32 { unsafeBitCast(self, to: Storage.self).signs }
}

extension LaneBits where Self: SIMD, Scalar == UInt32 {
  @inlinable @inline(__always) public init(lane: UInt32) { self.init(repeating: lane) }
  @inlinable @inline(__always) public static func load(_ source: UnsafePointer<UInt32>) -> Self {
    UnsafeRawPointer(source).load(as: Self.self)
  }
}

extension SIMD8: LaneBits where Scalar == UInt32 {}
extension SIMD16: LaneBits where Scalar == UInt32 {}

extension LaneFloat where Self: SIMD, Scalar == Float, Mask == SIMDMask<Self.MaskStorage> {
  @inlinable @inline(__always) public static var laneCount: Int { scalarCount }
  @inlinable @inline(__always) public init(lane: Float) { self.init(repeating: lane) }
  @inlinable @inline(__always) public static func load(_ source: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(source).load(as: Self.self)
  }
  @inlinable @inline(__always) public func store(_ target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(of: self, as: Self.self)
  }
  @inlinable @inline(__always) public static func select(_ mask: Mask, _ a: Self, _ b: Self) -> Self {
    b.replacing(with: a, where: mask)
  }
  @inlinable @inline(__always) public var bitsOfLanes: Bits { unsafeBitCast(self, to: Bits.self) }
  @inlinable @inline(__always) public init(bitsOfLanes: Bits) { self = unsafeBitCast(bitsOfLanes, to: Self.self) }
  @inlinable @inline(__always) public subscript(lane lane: Int) -> Float {
    get { self[lane] }
    set { self[lane] = newValue }
  }
}

extension SIMD8: LaneFloat where Scalar == Float {
  public typealias Mask = SIMDMask<SIMD8<Int32>>
  public typealias Bits = SIMD8<UInt32>

  @inlinable @inline(__always) public static func gather(
    _ base: UnsafePointer<Float>, _ index: SIMD8<UInt32>
  ) -> SIMD8<Float> {
    glint_gather8(base, unsafeBitCast(index, to: SIMD8<Int32>.self))
  }
  @inlinable @inline(__always) public var root: SIMD8<Float> { glint_sqrt8(self) }
  @inlinable @inline(__always) public var floor: SIMD8<Float> { glint_floor8(self) }
  @inlinable @inline(__always) public var truncated: SIMD8<UInt32> {
    unsafeBitCast(glint_truncate8(self), to: SIMD8<UInt32>.self)
  }
  @inlinable @inline(__always) public init(signed: SIMD8<UInt32>) {
    self = glint_convert8(unsafeBitCast(signed, to: SIMD8<Int32>.self))
  }
}

extension SIMD16: LaneFloat where Scalar == Float {
  public typealias Mask = SIMDMask<SIMD16<Int32>>
  public typealias Bits = SIMD16<UInt32>

  @inlinable @inline(__always) public static func gather(
    _ base: UnsafePointer<Float>, _ index: SIMD16<UInt32>
  ) -> SIMD16<Float> {
    glint_gather16(base, unsafeBitCast(index, to: SIMD16<Int32>.self))
  }
  @inlinable @inline(__always) public var root: SIMD16<Float> { glint_sqrt16(self) }
  @inlinable @inline(__always) public var floor: SIMD16<Float> { glint_floor16(self) }
  @inlinable @inline(__always) public var truncated: SIMD16<UInt32> {
    unsafeBitCast(glint_truncate16(self), to: SIMD16<UInt32>.self)
  }
  @inlinable @inline(__always) public init(signed: SIMD16<UInt32>) {
    self = glint_convert16(unsafeBitCast(signed, to: SIMD16<Int32>.self))
  }
}
