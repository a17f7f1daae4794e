import FarmLedger
import FarmModel
import FarmStore
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import KernelScene
import SceneModel
import ServiceLifecycle

/// A farm's master: HTTP API, page, verifier and assembler over one data folder.
public struct MasterService: Service {
  public static let version = "0.1.0"

  private let configuration: MasterConfiguration
  private let logger: Logger
  private let onReady: @Sendable (URL) -> Void

  /// - Parameter onReady: Hears the address when requests are answered.
  public init(
    configuration: MasterConfiguration, logger: Logger, onReady: @escaping @Sendable (URL) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.logger = logger
    self.onReady = onReady
  }

  private var isLoopback: Bool {
    let host = configuration.host
    return host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  /// Returns after a graceful shutdown.
  ///
  /// - Throws: `MasterFault`, `StoreError` or `BundleError` for what a person must mend.
  public func run() async throws {
    guard isLoopback || configuration.token != nil else {
      throw MasterFault(
        .usage,
        "--listen: \(configuration.host) can be reached from other machines, so a token is needed: --token-file, or GLINT_TOKEN"
      )
    }
    let files = try MasterFiles(configuration.dataDirectory)
    let store = try SQLiteStore(path: files.database.path)
    defer { try? store.close() }
    let hub = EventHub()
    let keeper = try await FarmKeeper.open(
      store: store, hub: hub, policy: configuration.policy, kernelRevision: kernelRevision, logger: logger)
    let ledger = try LedgerLog.open(files.ledger, keyFile: files.ledgerKey, name: configuration.ledgerName)
    let index = EntryIndex()
    try await LedgerKeeper.start(keeper, ledger, index, logger: logger)
    guard let assemblies = hub.listen(limit: .max, where: Assembler.wants),
      let entries = hub.listen(limit: 1, where: { $0 == .ledgerGrew })
    else { return }
    await keeper.read { farm in files.sweepResults { farm.isFinal($0, frame: $1) } }
    let worker = KernelWorker(
      files: files, kernel: configuration.kernel, threadCount: configuration.verifierThreads)
    let sessions = Sessions()
    let planes = PlaneCache()
    let api = MasterAPI(
      keeper: keeper, files: files, planes: planes, previews: Previews(keeper: keeper, files: files, cache: planes),
      sessions: sessions, hub: hub, ledger: ledger, entries: index,
      publicParts: PublicParts(keeper: keeper, files: files), bodies: BodyMemory(limit: configuration.bodyByteCount),
      token: configuration.token, usesTLS: configuration.tls != nil, logger: logger)
    let scheme = configuration.tls == nil ? "http" : "https"
    let (host, onReady) = (configuration.host, onReady)
    let application = Application(
      router: api.router(), server: try server(),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "glint"),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        let name = host.contains(":") ? "[\(host)]" : host
        if let url = URL(string: "\(scheme)://\(name):\(port)") { onReady(url) }
      }, logger: Logger(label: "hummingbird") { _ in SwiftLogNoOpLogHandler() })
    let services: [any Service] =
      [
        Assembler(keeper: keeper, files: files, cache: planes, worker: worker, events: assemblies, logger: logger),
        Verifier(
          keeper: keeper, worker: worker, hub: hub, isReferee: configuration.verifierThreads == 0, logger: logger),
        LeaseKeeper(keeper: keeper, logger: logger),
        LedgerKeeper(
          keeper: keeper, log: ledger, index: index, events: entries, interval: configuration.ledgerInterval,
          logger: logger),
        StreamCloser(hub: hub, keeper: keeper, sessions: sessions),
        application,
      ] + configuration.witnesses.map { WitnessKeeper(address: $0, log: ledger, logger: logger) }
    do {
      // Graceful shutdown comes from the group that runs this service.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for service in services { group.addTask { try await service.run() } }
        do {
          while try await group.next() != nil {}
        } catch {
          group.cancelAll()
          throw error
        }
      }
    } catch let error as IOError {
      throw listenFault(error.errnoCode)
    }
  }

  private func listenFault(_ code: CInt) -> MasterFault {
    let address = "\(configuration.host):\(configuration.port)"
    return code == EADDRINUSE
      ? MasterFault(
        .system,
        "--listen: \(address) is in use; end the other program (another master?), or choose another port, such as --listen \(configuration.host):\(configuration.port + 1)"
      )
      : MasterFault(.system, "--listen: \(address): \(String(cString: strerror(code)))")
  }

  private func server() throws -> HTTPServerBuilder {
    // Connections that say nothing are closed; streams and held questions are answers under way, and do not count.
    let http = HTTP1Channel.Configuration(idleTimeout: MasterLimits.idleTimeout)
    guard let tls = configuration.tls else { return .http1(configuration: http) }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate.path).map {
        NIOSSLCertificateSource.certificate($0)
      }
      let key = try NIOSSLPrivateKey(file: tls.key.path, format: .pem)
      var settings = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
      settings.minimumTLSVersion = .tlsv12
      return try .tls(.http1(configuration: http), tlsConfiguration: settings)
    } catch {
      throw MasterFault(
        .usage, "--tls-certificate, --tls-key: \(tls.certificate.path) and \(tls.key.path) cannot be used (\(error))")
    }
  }
}

/// Takes back the units of agents that fell silent.
private struct LeaseKeeper: Service {
  let keeper: FarmKeeper
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          _ = try await keeper.perform { $0.expireLeases(now: FarmKeeper.now) }
        } catch {
          if !Task.isCancelled { logger.error("Leases could not be looked at: \(error)") }
        }
        try? await Task.sleep(for: MasterLimits.leaseInterval)
      }
    }
  }
}

/// Ends what is held open, so that the server can end.
private struct StreamCloser: Service {
  let hub: EventHub
  let keeper: FarmKeeper
  let sessions: Sessions

  func run() async throws {
    try? await gracefulShutdown()
    await sessions.stop()
    hub.close()
    await keeper.wakeAll()
  }
}

/// Runs a master until the surrounding task is cancelled or gracefully shut down.
public func runMaster(
  _ configuration: MasterConfiguration, logger: Logger = Logger(label: "glint.master"),
  onReady: @escaping @Sendable (URL) -> Void = { _ in }
) async throws {
  try await MasterService(configuration: configuration, logger: logger, onReady: onReady).run()
}
