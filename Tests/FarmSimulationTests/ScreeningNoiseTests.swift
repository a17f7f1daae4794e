import FarmModel
import Foundation
import SceneModel
import Testing

@testable import FarmSimulation

@Suite("Recorded noise")
struct ScreeningNoiseTests {
  private static func recorded() throws -> ScreeningNoise {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try ScreeningNoise([UInt8](Data(contentsOf: root.appendingPathComponent("docs/screening.noise"))))
  }

  @Test("On noise of real scenes honest units are hardly ever suspect, and gross lies nearly always")
  func shares() throws {
    let noise = try ScreeningNoiseTests.recorded()
    #expect(Set(noise.tiles.map(\.scene)) == ["cornell", "gallery", "interior"])
    #expect(noise.alarmShare(of: .honest, count: 3000, seed: 1) <= 0.005)
    for change in [ScreeningNoise.Case.black, .double, .quarter] {
      #expect(noise.alarmShare(of: change, count: 1000, seed: 2) >= 0.99, "\(change)")
    }
    for change in [ScreeningNoise.Case.swapped, .elsewhere] {
      #expect(noise.alarmShare(of: change, count: 1000, seed: 2) >= 0.9, "\(change)")
    }
    // The larger the lie, the surer; what is no lie is none.
    let shares = [0.0, 5, 10, 20].map { noise.alarmShare(ofShift: $0, isWhole: true, count: 2000, seed: 3) }
    #expect(shares == shares.sorted() && shares[0] <= 0.005 && shares[2] >= 0.99, "\(shares)")
  }

  @Test("A recording is read as it was written, and nothing else is taken for one")
  func coding() throws {
    let noise = try ScreeningNoiseTests.recorded()
    let bytes = noise.encoded
    #expect(try ScreeningNoise(bytes) == noise)
    for broken in [Array(bytes.dropLast()), bytes + [0], Array(bytes.dropFirst()), Array(bytes.prefix(40)), []] {
      #expect(throws: BundleError.self) { try ScreeningNoise(broken) }
    }
    var many = bytes
    for place in 24..<32 { many[place] = 0xFF }
    #expect(throws: BundleError.self) { try ScreeningNoise(many) }
  }
}
