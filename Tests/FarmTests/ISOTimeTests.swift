import FarmWire
import Testing

@Suite("Times in JSON")
struct ISOTimeTests {
  @Test(
    "Times are written as ISO 8601 in UTC, to the nearest millisecond",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_773_480_413.589_4, "2026-03-14T09:26:53.589Z"),
      (1_709_164_800, "2024-02-29T00:00:00.000Z"), (1_790_000_000.001, "2026-09-21T14:13:20.001Z"),
      (951_868_799.999, "2000-02-29T23:59:59.999Z"), (-5, "1970-01-01T00:00:00.000Z"),
      (.nan, "1970-01-01T00:00:00.000Z"), (.infinity, "9999-12-31T23:59:59.999Z"),
      (1e300, "9999-12-31T23:59:59.999Z"),
    ])
  func text(_ time: Double, _ text: String) {
    #expect(ISOTime.text(time) == text)
  }
}
