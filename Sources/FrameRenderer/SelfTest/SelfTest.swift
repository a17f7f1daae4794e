import KernelScene
import SceneModel

/// Fixed units whose digests are known: a machine that renders them with other bits is broken, or this program is.
///
/// Agents pass it before they get work. What it measures besides is for scheduling, never for pay.
public enum SelfTest {
  /// What rendering the units gave.
  public struct Report: Sendable {
    /// Of each unit, as the first rendering gave it; a wrong one where any was wrong.
    public var digests: [ContentHash]
    /// On all threads together.
    public var pathsPerSecond: Double
    /// Units that came out wrong at least once.
    public var failures: [Failure]

    public var isPassed: Bool { failures.isEmpty }
  }

  public struct Failure: Sendable, Equatable {
    public var unit: Int
    public var wrongCount: Int
    public var count: Int
    /// Whether every rendering gave the same wrong bits.
    public var isSteady: Bool
  }

  /// What every machine must find, of kernel revision `goldenRevision`.
  public static let golden: [ContentHash] = goldenDigests.map { ContentHash(hex: $0)! }
  static let goldenRevision = 7
  private static let goldenDigests = [
    "0f0ea11f74a40f3cb9cbfaf60b588a384de2fb1ac9431988895cba66f4583301",
    "8c64a70ca64d18f9cb38c331f51d14cc49e804c96d8f802fd5e0d3d46685194e",
    "781580870e2b883a1e301f2a3d99402e2e01e13706eb83a7e50df65abb40fcb1",
    "6f720ea60dc6d9c0be2cd5120a2ad4827caf7949e6e5550ba9ceb904837517fe",
  ]

  private static let units: [(tile: TileRectangle, samples: Range<Int>)] = [
    (TileRectangle(x: 0, y: 0, width: 32, height: 32), 0..<4),
    (TileRectangle(x: 32, y: 0, width: 32, height: 32), 5..<9),
    (TileRectangle(x: 0, y: 32, width: 32, height: 32), 9..<13),
    (TileRectangle(x: 32, y: 32, width: 32, height: 32), 13..<16),
  ]

  private static var settings: RenderSettings {
    var settings = RenderSettings(width: 64, height: 64, sampleCount: 16)
    settings.bounces = 6
    settings.seed = 0x676C_696E_74
    return settings
  }

  /// Renders every unit as often as there are rounds and threads, on all threads at once.
  ///
  /// - Parameter change: Changes outcomes: tests break machines with it.
  public static func run(
    kernel: any KernelBuild = KernelChoice.fastest, threadCount: Int, rounds: Int = 1,
    change: @escaping @Sendable (UnitOutcome) -> UnitOutcome = { $0 }
  ) async throws -> Report {
    let threads = RenderThreads(count: threadCount)
    let frame = try await threads.run { _ in
      try FramePreparer(scene: SelfTestScene.make(), kernel: kernel, threadCount: 1)
        .prepare(SelfTestScene.state(), number: 1, camera: 0)
    }
    let settings = settings
    let start = ContinuousClock.now
    let found = try await withThrowingTaskGroup(of: (Int, ContentHash, UInt64).self) { group in
      for _ in 0..<max(1, rounds) * threadCount {
        for (index, unit) in units.enumerated() {
          group.addTask {
            let outcome = change(
              try await threads.render(frame, settings: settings, tile: unit.tile, samples: unit.samples))
            return (index, outcome.digest, outcome.counters.paths)
          }
        }
      }
      var found: [(unit: Int, digest: ContentHash, paths: UInt64)] = []
      for try await result in group { found.append(result) }
      return found
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let elapsed = max(1e-6, Double(seconds) + Double(attoseconds) * 1e-18)
    var report = Report(
      digests: golden, pathsPerSecond: Double(found.reduce(0) { $0 + $1.paths }) / elapsed, failures: [])
    for index in units.indices {
      let all = found.filter { $0.unit == index }.map(\.digest)
      let wrong = all.filter { $0 != golden[index] }
      guard let first = wrong.first else { continue }
      report.digests[index] = first
      report.failures.append(
        Failure(
          unit: index, wrongCount: wrong.count, count: all.count,
          isSteady: wrong.count == all.count && wrong.allSatisfy { $0 == first }))
    }
    return report
  }
}

/// A machine that did not pass, told to its owner.
public struct SelfTestFailure: Error, Sendable, CustomStringConvertible {
  public var report: SelfTest.Report
  /// The build that failed.
  public var kernel: String
  /// Another build that passes on the same machine.
  public var workingKernel: String?

  /// Looks for a build that works, which tells what is broken.
  public init(_ report: SelfTest.Report, kernel: any KernelBuild, threadCount: Int) async {
    self.report = report
    self.kernel = kernel.name
    guard report.failures.allSatisfy(\.isSteady) else { return }
    for other in KernelChoice.available.reversed() where other.name != kernel.name {
      guard let found = try? await SelfTest.run(kernel: other, threadCount: threadCount), found.isPassed else {
        continue
      }
      workingKernel = other.name
      return
    }
  }

  public init(_ report: SelfTest.Report, kernel: String, workingKernel: String? = nil) {
    self.report = report
    self.kernel = kernel
    self.workingKernel = workingKernel
  }

  /// What, found, expected.
  private var finding: String {
    guard let failure = report.failures.first else { return "" }
    let unit = "unit \(failure.unit + 1) of \(report.digests.count)"
    let digests =
      "found \(report.digests[failure.unit].short), expected \(SelfTest.golden[failure.unit].short)"
    return failure.isSteady
      ? "\(unit) gives the same wrong bits every time (\(digests))"
      : "\(unit) came out wrong \(failure.wrongCount) of \(failure.count) times (\(digests))"
  }

  public var description: String {
    let head = "self-test: this machine does not compute what it should: kernel \(kernel), \(finding). "
    if report.failures.contains(where: { !$0.isSteady }) {
      return head
        + "Bits that change from one try to the next come from hardware: failing memory, overclocking, too low a voltage, heat. Set clocks and voltages back to their defaults, test the memory (memtest86+, or `stress-ng --vm 1 --verify`), then try `glint agent --self-test` again. Nobody takes this for dishonesty"
    }
    if let workingKernel {
      return head
        + "Kernel \(workingKernel) is right on the same machine, so the program is damaged or was built wrongly, or the processor is: use `--kernel \(workingKernel)` meanwhile, and tell us the processor and where the program is from"
    }
    return head
      + "No build of the kernel is right, always with the same bits, so the program is most likely miscompiled, changed or of another revision: build or install it anew, then try `glint agent --self-test` again"
  }
}
