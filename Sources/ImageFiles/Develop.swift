/// Bits of a channel in a written picture.
public enum BitDepth: Int, Sendable, CaseIterable {
  case eight = 8
  case sixteen = 16
}

/// From a film of sums to a picture: mean, exposure, view transform, sRGB encoding, rounding to nearest.
///
/// Every step is exactly defined (`ExactMath`, `SRGBEncoder`), so equal films give equal pictures on every machine.
public enum Develop {
  /// - Parameter sums: `6 × height × width`, planar: sums of R, G, B, then of their squares, as in `UnitPlanes` of the whole
  ///   frame. Only the first three planes are read.
  /// - Parameter sampleCount: Samples in each pixel's sums, at least 1.
  /// - Returns: Row-major, `height × width × 3`, top row first.
  public static func developed8(
    sums: UnsafePointer<Float>, width: Int, height: Int, sampleCount: Int, view: ViewSettings
  ) -> [UInt8] {
    developed(sums: sums, pixelCount: width * height, sampleCount: sampleCount, view: view, encoder: .eightBit)
  }

  /// As `developed8`, with 16 bits in native byte order.
  public static func developed16(
    sums: UnsafePointer<Float>, width: Int, height: Int, sampleCount: Int, view: ViewSettings
  ) -> [UInt16] {
    developed(sums: sums, pixelCount: width * height, sampleCount: sampleCount, view: view, encoder: .sixteenBit)
  }

  private static func developed<Code: FixedWidthInteger & UnsignedInteger>(
    sums: UnsafePointer<Float>, pixelCount: Int, sampleCount: Int, view: ViewSettings, encoder: SRGBEncoder
  ) -> [Code] {
    precondition(sampleCount > 0 && pixelCount >= 0)
    let film = (sums: sums, pixelCount: pixelCount, divisor: Float(sampleCount), scale: view.exposureScale)
    switch view.transform {
    case .neutral: return developed(film, encoder: encoder) { ViewTransform.neutral($0) }
    case .standard: return developed(film, encoder: encoder) { ViewTransform.standard($0) }
    case .agx:
      let agx = AgX(look: view.look)
      return developed(film, encoder: encoder) { agx.displayed($0) }
    }
  }

  /// A loop for each view, so that nothing is decided anew at each pixel.
  @inline(__always) private static func developed<Code: FixedWidthInteger & UnsignedInteger>(
    _ film: (sums: UnsafePointer<Float>, pixelCount: Int, divisor: Float, scale: Float), encoder: SRGBEncoder,
    displayed: (SIMD3<Float>) -> SIMD3<Float>
  ) -> [Code] {
    let (sums, pixelCount, divisor, scale) = film
    return [Code](unsafeUninitializedCapacity: pixelCount * 3) { codes, count in
      for i in 0..<pixelCount {
        let sum = SIMD3(sums[i], sums[pixelCount + i], sums[2 * pixelCount + i])
        let display = displayed(sum / divisor * scale)
        codes.initializeElement(at: 3 * i, to: Code(encoder.encode(display.x)))
        codes.initializeElement(at: 3 * i + 1, to: Code(encoder.encode(display.y)))
        codes.initializeElement(at: 3 * i + 2, to: Code(encoder.encode(display.z)))
      }
      count = pixelCount * 3
    }
  }
}
