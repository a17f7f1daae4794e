import KernelScene
import SceneModel
import Synchronization
import Testing

@testable import FrameRenderer

@Suite("Self-test")
struct SelfTestTests {
  @Test("Every build of the kernel gives the golden digests", arguments: KernelChoice.available.map(\.name))
  func golden(kernel: String) async throws {
    let report = try await SelfTest.run(kernel: try KernelChoice.named(kernel), threadCount: 2)
    let advice: Comment = """
      The self-test's digests changed: \(report.digests.map(\.hex)). If that is meant (kernel revision \(kernelRevision)), \
      write them into SelfTest.goldenDigests, and the revision into SelfTest.goldenRevision.
      """
    #expect(report.isPassed, advice)
    #expect(SelfTest.goldenRevision == kernelRevision, advice)
    #expect(report.pathsPerSecond > 0)
  }

  @Test("Bits that change from try to try are told as broken hardware")
  func unsteady() async throws {
    let count = Mutex(0)
    let report = try await SelfTest.run(threadCount: 2, rounds: 2) { outcome in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number % 7 == 3 ? outcome.falsified : outcome
    }
    #expect(!report.isPassed && report.digests != SelfTest.golden)
    #expect(report.failures.allSatisfy { !$0.isSteady && $0.count == 4 })
    let text = await SelfTestFailure(report, kernel: KernelChoice.fastest, threadCount: 1).description
    #expect(text.contains("memory") && text.contains("overclocking") && text.contains("of 4 times"))
  }

  @Test("Bits that are wrong in one build only name a build that is right")
  func miscompiled() async throws {
    let report = try await SelfTest.run(threadCount: 1) { $0.falsified }
    #expect(report.failures.count == SelfTest.golden.count && report.failures.allSatisfy(\.isSteady))
    let failure = await SelfTestFailure(report, kernel: KernelChoice.fastest, threadCount: 1)
    let other = try #require(failure.workingKernel)
    #expect(other != KernelChoice.fastest.name && failure.description.contains("--kernel \(other)"))
    #expect(SelfTestFailure(report, kernel: "v3").description.contains("miscompiled"))
  }
}
