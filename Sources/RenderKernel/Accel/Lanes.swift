import CLaneIntrinsics

/// Minimum, maximum and magnitude as one instruction a vector. Where an operand is NaN, the first operand is returned.
enum Lanes {
  @inline(__always) static func lesser(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    a.replacing(with: b, where: b .< a)
  }

  @inline(__always) static func greater(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    a.replacing(with: b, where: b .> a)
  }

  @inline(__always) static func lesser(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { select(b .< a, b, a) }

  @inline(__always) static func greater(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { select(b .> a, b, a) }

  /// `a` where the mask is true, else `b`.
  @inline(__always)
  static func select(_ mask: SIMDMask<SIMD4<Int32>>, _ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    glint_select4(unsafeBitCast(mask, to: SIMD4<Int32>.self), a, b)
  }

  @inline(__always)
  static func select(_ mask: SIMDMask<SIMD8<Int32>>, _ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    glint_select8(unsafeBitCast(mask, to: SIMD8<Int32>.self), a, b)
  }

  @inline(__always)
  static func select(_ mask: SIMDMask<SIMD8<Int32>>, _ a: SIMD8<UInt32>, _ b: SIMD8<UInt32>) -> SIMD8<UInt32> {
    unsafeBitCast(
      select(mask, unsafeBitCast(a, to: SIMD8<Float>.self), unsafeBitCast(b, to: SIMD8<Float>.self)),
      to: SIMD8<UInt32>.self)
  }

  /// `a` where the sign bit of `sign` is set, else `b`.
  @inline(__always)
  static func selectNegative(_ sign: SIMD8<Float>, _ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    glint_select8(unsafeBitCast(sign, to: SIMD8<Int32>.self), a, b)
  }

  @inline(__always) static func lesser(_ a: Float, _ b: Float) -> Float { b < a ? b : a }
  @inline(__always) static func greater(_ a: Float, _ b: Float) -> Float { b > a ? b : a }

  @inline(__always) static func magnitude(_ a: SIMD4<Float>) -> SIMD4<Float> {
    unsafeBitCast(unsafeBitCast(a, to: SIMD4<UInt32>.self) & SIMD4(repeating: 0x7fff_ffff), to: SIMD4<Float>.self)
  }

  /// Lane i's truth as bit i.
  @inline(__always) static func bits(_ mask: SIMDMask<SIMD4<Int32>>) -> UInt32 {
    glint_movemask4(unsafeBitCast(mask, to: SIMD4<Int32>.self))
  }

  @inline(__always) static func bits(_ mask: SIMDMask<SIMD8<Int32>>) -> UInt32 {
    glint_movemask8(unsafeBitCast(mask, to: SIMD8<Int32>.self))
  }
}
