import FarmLedger
import ArgumentParser
import FarmAgent
import Foundation
import FrameRenderer
import KernelScene
import Logging
import ServiceLifecycle

/// `glint agent`
struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Lends this machine to a farm.",
    discussion: """
      Asks a master for work, renders, delivers, until Ctrl-C: then unfinished work goes back at once, and a second Ctrl-C
      ends it on the spot. It only calls out, so it works behind firewalls. If the master goes away it waits and comes back.

      Before it gets work it renders units whose bits are known; --self-test does only that, for longer.

        glint agent
        glint agent --self-test
        glint agent --master https://farm.example.org --token-file token --threads 6 --name attic
      """)

  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("How people recognise this machine. Default: its host name.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Your contributor key, which earns the credit. Default: glint/contributor.key in the folder of settings, made on first use.",
      valueName: "file"), completion: .file())
  var contributor: String?

  @Option(
    help: ArgumentHelp("Threads that render. Default: all processors.", valueName: "count"),
    transform: Quantity.parseInteger(1...1024))
  var threads: Int?

  @OptionGroup var kernel: KernelOption

  @Option(
    help: ArgumentHelp(
      "Holds this agent's own key and its cache. Default: glint/agent in the folder of data.", valueName: "folder"),
    completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Disk that cached scenes may take, in gigabytes. Default: \(String(format: "%.1f", Double(Limits.partCacheByteCount) / 1e9)).",
      valueName: "GB"),
    transform: Quantity.parse(above: 0, through: 1e6))
  var cacheSize: Double = Double(Limits.partCacheByteCount) / 1e9

  @Flag(help: "Test this machine and end: 0 if it computes what it should, 70 if not.")
  var selfTest = false

  func run() async throws {
    let kernel = try kernel.build()
    if selfTest { return try await testMachine(kernel) }
    let contributorURL = KeyCommand.url(contributor)
    let key: SigningKeyFile
    if contributor == nil {
      let (file, isNew) = try SigningKeyFile.readOrCreate(contributorURL)
      if isNew { Terminal.note("Made a contributor key for you: \(file.url.path). Keep it: it earns the credit.") }
      key = file
    } else {
      key = try SigningKeyFile(reading: contributorURL)
    }
    let folder =
      data.map { URL(fileURLWithPath: $0, isDirectory: true) }
      ?? GlintFolders.data.appendingPathComponent("agent", isDirectory: true)
    let threadCount = threads ?? ProcessInfo.processInfo.activeProcessorCount
    var configuration = AgentConfiguration(
      master: try connection.url(), token: try connection.token(), name: name ?? ProcessInfo.processInfo.hostName,
      contributorKey: key, threadCount: threadCount, dataDirectory: folder, cacheByteLimit: Int(cacheSize * 1e9))
    configuration.kernel = kernel
    let lock = try FolderLock(folder, what: "agent", option: "--data")
    defer { lock.release() }

    let view = AgentView(configuration: configuration)
    let service = AgentService(configuration: configuration, logger: Log.make("agent")) { view.show($0) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .cancelGroup)
        ], logger: Log.quiet))
    Interruption.handle { Task { await group.triggerGracefulShutdown() } }
    do {
      try await group.run()
      view.finish()
    } catch {
      view.finish()
      throw error
    }
  }

  private func testMachine(_ kernel: any KernelBuild) async throws {
    Interruption.leave()
    let threadCount = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let report = try await SelfTest.run(kernel: kernel, threadCount: threadCount, rounds: Limits.selfTestRounds)
    guard report.isPassed else {
      throw CommandFailure(
        .failedWork, await SelfTestFailure(report, kernel: kernel, threadCount: threadCount).description)
    }
    Output.line(
      "self-test passed: kernel \(kernel.name), \(threadCount) threads, "
        + String(format: "%.2f Mpaths/s", report.pathsPerSecond / 1e6))
  }
}
