import FarmLedger
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import Logging
import KernelScene
import SceneModel
import ServiceLifecycle

/// An agent: asks a master for units, renders them, delivers, until it is asked to stop.
///
/// `AgentSchedule` decides, this performs: every action becomes a task whose outcome comes back as an event. On graceful
/// shutdown unfinished leases go back and finished results are delivered; on cancellation everything stops where it is, and
/// the master gives the units to others when their leases end.
public struct AgentService: Service {
  private let configuration: AgentConfiguration
  private let logger: Logger
  private let report: @Sendable (AgentReport) -> Void
  private let alteration: Alteration?
  private let selfTestChange: Alteration

  /// Changes a result before it is signed: tests build cheats with it.
  typealias Alteration = @Sendable (UnitOutcome) -> UnitOutcome

  /// - Parameter report: Called on any thread, quickly.
  public init(
    configuration: AgentConfiguration, logger: Logger, report: @escaping @Sendable (AgentReport) -> Void = { _ in }
  ) {
    self.init(configuration: configuration, logger: logger, alteration: nil, selfTestChange: { $0 }, report: report)
  }

  init(
    configuration: AgentConfiguration, logger: Logger, alteration: Alteration?, selfTestChange: @escaping Alteration,
    report: @escaping @Sendable (AgentReport) -> Void
  ) {
    self.configuration = configuration
    self.logger = logger
    self.alteration = alteration
    self.selfTestChange = selfTestChange
    self.report = report
  }

  /// Returns after a graceful shutdown. Throws only what trying again cannot mend: a key or folder that cannot be used, a
  /// machine that does not pass the self-test, an agent that the master has banned, versions that do not fit.
  public func run() async throws {
    let selfTest = try await testMachine(rounds: 1)
    guard selfTest.isPassed else { throw await failure(selfTest) }
    report(.selfTestPassed(pathsPerSecond: selfTest.pathsPerSecond))
    let store = try PartStore(directory: configuration.partDirectory, byteLimit: configuration.cacheByteLimit)
    let (agentKey, _) = try SigningKeyFile.readOrCreate(configuration.agentKeyFile)
    let client = try MasterClient(url: configuration.master, token: configuration.token, policy: .forever)
    let session = AgentSession(
      client: client, configuration: configuration, agentKey: agentKey, selfTest: selfTest, report: report)
    let driver = AgentDriver(
      session: session, store: store, kernel: configuration.kernel, threadCount: configuration.threadCount,
      alteration: alteration, logger: logger,
      report: report)
    // With tries of its own: it must not wait for ever when the agent ends.
    let ledgerClient = try MasterClient(url: configuration.master, token: configuration.token, policy: .once)
    let receipts = ReceiptKeeper(
      client: ledgerClient, agent: KeyID(agentKey.publicKeyText), folder: configuration.receiptDirectory, report: report
    )
    let keeping = Task { await receipts.run() }
    let outcome: Result<Void, any Error>
    do {
      try await withGracefulShutdownHandler {
        try await withTaskCancellationHandler {
          try await driver.run()
        } onCancel: {
          Task { await driver.abandon() }
        }
      } onGracefulShutdown: {
        Task { await driver.stop() }
      }
      outcome = .success(())
    } catch {
      outcome = .failure(await explained(error, session))
    }
    keeping.cancel()
    await keeping.value
    // What was settled by now.
    if !Task.isCancelled { await receipts.look() }
    await ledgerClient.shutdown()
    await client.shutdown()
    try outcome.get()
  }

  // MARK: - Self-test

  private func testMachine(rounds: Int) async throws -> SelfTest.Report {
    try await SelfTest.run(
      kernel: configuration.kernel, threadCount: configuration.threadCount, rounds: rounds, change: selfTestChange)
  }

  private func failure(_ found: SelfTest.Report) async -> SelfTestFailure {
    await SelfTestFailure(found, kernel: configuration.kernel, threadCount: configuration.threadCount)
  }

  /// A ban may have an honest reason. The self-test is repeated, longer; if it fails, owner and master hear that.
  private func explained(_ error: any Error, _ session: AgentSession) async -> any Error {
    guard var fault = error as? MasterError, fault.code == "banned",
      let again = try? await testMachine(rounds: Limits.selfTestRounds)
    else { return error }
    if again.isPassed {
      fault.description +=
        " (its self-test has passed \(Limits.selfTestRounds) times now, so it is not broken all the time)"
      return fault
    }
    await session.tellBroken(again)
    return await failure(again)
  }
}

/// Runs an agent until the surrounding task is cancelled or gracefully shut down.
public func runAgent(
  _ configuration: AgentConfiguration, logger: Logger = Logger(label: "glint.agent"),
  report: @escaping @Sendable (AgentReport) -> Void = { _ in }
) async throws {
  try await AgentService(configuration: configuration, logger: logger, report: report).run()
}
