import FarmModel
import Foundation

/// Times as ISO 8601, which people and other programs read.
public enum ISOTime {
  /// A time in UTC, to the nearest millisecond: `2026-03-14T09:26:53.589Z`.
  ///
  /// - Parameter time: Seconds since 1970, clamped to the years 1970 to 9999. Not a number counts as 0.
  public static func text(_ time: FarmTime) -> String {
    let latest = 253_402_300_799.999
    let milliseconds = (1000 * (time.isNaN ? 0 : min(max(time, 0), latest))).rounded()
    // A little more, so that the formatter does not drop a millisecond that no `Double` meets exactly.
    return Date(timeIntervalSince1970: (milliseconds + 0.25) / 1000)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
