import ArgumentParser
import FarmAgent
import FarmMaster
import FarmModel
import Foundation
import Logging
import ServiceLifecycle

/// `glint master`
struct MasterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "master",
    abstract: "Runs a farm's master.",
    discussion: """
      Keeps everything in one folder and survives being killed at any moment. Prints its address; open it in a browser to
      watch. Ctrl-C ends it after the requests under way, a second Ctrl-C at once.

        glint master
        glint master --data /srv/glint --listen 0.0.0.0:7878 --token-file token \\
          --tls-certificate cert.pem --tls-key key.pem
      """)

  @Option(
    help: ArgumentHelp("Holds everything. Default: glint/master in the folder of data.", valueName: "folder"),
    completion: .directory)
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Where to listen; port 0 takes a free one. Beyond loopback a token is needed. Default: 127.0.0.1:7878.",
      valueName: "host:port"),
    transform: ListenAddress.parse)
  var listen = ListenAddress(host: "127.0.0.1", port: 7878)

  @Option(
    help: ArgumentHelp("A file that holds the token that clients must show. Default: $GLINT_TOKEN.", valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @Option(help: ArgumentHelp("Speak TLS with this certificate chain (PEM).", valueName: "file"), completion: .file())
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"), completion: .file())
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "Share of proven agents' units that are rendered twice, from 0 to 1. Default: 0.05.", valueName: "share"),
    transform: Quantity.parse(from: 0, through: 1))
  var checkRate: Double = 0.05

  @Option(
    help: ArgumentHelp(
      "Units of an agent that are all rendered twice when its key is new after the farm has banned somebody. Default: \(FarmPolicy().newcomerProbationCount).",
      valueName: "count"),
    transform: Quantity.parseInteger(0...1_000_000))
  var newcomerProbation = FarmPolicy().newcomerProbationCount

  @Option(
    name: .customLong("trusted-contributor"),
    help: ArgumentHelp(
      "Contributor whose agents' checks count as the master's own; may be repeated. Default: none.", valueName: "key"))
  var trustedContributors: [String] = []

  @Option(
    help: ArgumentHelp("Assumed share of agents that cheat, above 0 to below 1. Default: 0.1.", valueName: "share"),
    transform: Quantity.parse(from: 0.0001, through: 0.9))
  var assumeCheating: Double = 0.1

  @Option(
    help: ArgumentHelp(
      "Assumed probability that a drawn checker covers up, 0 to below 1. Default: 0.1.", valueName: "share"),
    transform: Quantity.parse(from: 0, through: 0.9))
  var assumeCollusion: Double = 0.1

  @Option(
    help: ArgumentHelp("Threads that the master spends on checking. Default: 1.", valueName: "count"),
    transform: Quantity.parseInteger(0...1024))
  var verifierThreads = 1

  @Option(
    help: ArgumentHelp(
      "What the public ledger is called, for good. Default: the host's name and /glint.", valueName: "name"))
  var ledgerName: String?

  @Option(
    name: .customLong("witness"),
    help: ArgumentHelp(
      "A witness that signs the ledger's checkpoints: its verifier key, @, its address; may be repeated. Default: none.",
      valueName: "key@url"))
  var witnesses: [String] = []

  @OptionGroup var kernel: KernelOption

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
  }

  func run() async throws {
    let kernel = try kernel.build()
    let folder =
      data.map { URL(fileURLWithPath: $0, isDirectory: true) }
      ?? GlintFolders.data.appendingPathComponent("master", isDirectory: true)
    var configuration = MasterConfiguration(dataDirectory: folder, host: listen.host, port: listen.port)
    configuration.token = try token()
    if let tlsCertificate, let tlsKey {
      configuration.tls = MasterConfiguration.TLSFiles(
        certificate: URL(fileURLWithPath: tlsCertificate), key: URL(fileURLWithPath: tlsKey))
    }
    configuration.policy.checkRate = checkRate
    configuration.policy.newcomerProbationCount = newcomerProbation
    for key in trustedContributors where Statements.bytes(hexadecimal: key, count: 32) == nil {
      throw CommandFailure(
        .badUsage,
        "--trusted-contributor: '\(key)' is no key, expected 64 hexadecimal digits as `glint key show` prints them")
    }
    configuration.policy.trustedContributors = Set(trustedContributors.map { KeyID($0) })
    configuration.policy.assumedCheating = assumeCheating
    configuration.policy.assumedCollusion = assumeCollusion
    configuration.verifierThreads = verifierThreads
    configuration.kernel = kernel
    configuration.ledgerName = ledgerName
    configuration.witnesses = try witnesses.map { try WitnessAddress($0) }
    guard listen.isLoopback || configuration.token != nil else {
      throw CommandFailure(
        .badUsage,
        "--listen: \(listen) can be reached from other machines, so the master needs a token: put one into a file and name it with --token-file, or set GLINT_TOKEN"
      )
    }
    let lock = try FolderLock(folder, what: "master", option: "--data")
    defer { lock.release() }
    // Leases and keys are nobody else's business.
    try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)

    let service = MasterService(configuration: configuration, logger: Log.make("master")) { url in
      Output.line("Listening on \(url.absoluteString)")
      Terminal.note("Keeps everything in \(folder.path). Checks with kernel \(kernel.name). Ctrl-C ends.")
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .cancelGroup)
        ], logger: Log.quiet))
    Interruption.handle { Task { await group.triggerGracefulShutdown() } }
    try await group.run()
  }

  private func token() throws -> String? {
    if let tokenFile { return try TokenFile.read(tokenFile, option: "--token-file") }
    return ProcessInfo.processInfo.environment["GLINT_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// `--listen 127.0.0.1:7878`, `--listen [::1]:7878`
struct ListenAddress: Equatable, CustomStringConvertible {
  var host: String
  var port: Int

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  static func parse(_ text: String) throws -> ListenAddress {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
      throw OptionError("expected host:port, such as 127.0.0.1:7878")
    }
    guard (0...65_535).contains(port) else { throw OptionError("the port must be from 0 to 65535") }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { throw OptionError("expected host:port, such as 0.0.0.0:7878 for all addresses") }
    return ListenAddress(host: host, port: port)
  }
}
