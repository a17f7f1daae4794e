import Testing

@testable import glint

@Suite("Colours on the command line")
struct HexColorTests {
  @Test("A colour is sRGB in hexadecimal")
  func reading() throws {
    let color = try #require(HexColor.linear("#4080ff"))
    #expect((color.x - 0.0512694).magnitude < 1e-6 && (color.y - 0.2158605).magnitude < 1e-6 && color.z == 1)
    #expect(HexColor.linear("#FFF") == [1, 1, 1] && HexColor.linear("#000000") == .zero)
  }

  @Test("Anything else is none", arguments: ["", "#", "404050", "#40405", "#40405g", "#4040500", "red"])
  func refusing(_ text: String) { #expect(HexColor.linear(text) == nil) }
}
