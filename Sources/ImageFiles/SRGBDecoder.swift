import LaneMath

/// From sRGB bytes to linear light (IEC 61966-2-1).
public enum SRGBDecoder {
  public static func linear(byte: UInt8) -> Float {
    let x = Float(byte) / 255
    return x <= 0.04045 ? x / 12.92 : lanePow((x + 0.055) / 1.055, 2.4)
  }
}
