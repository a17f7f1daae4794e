import AsyncHTTPClient
import FarmLedger
import Foundation
import Logging
import NIOCore
import SceneModel
import ServiceLifecycle

/// A witness to be asked, and where (`c2sp.org/tlog-witness`).
public struct WitnessAddress: Sendable, CustomStringConvertible {
  public let witness: Witness
  /// The submission prefix: requests go to `add-checkpoint` below it.
  public let url: URL

  public init(witness: Witness, url: URL) {
    self.witness = witness
    self.url = url
  }

  /// Reads `KEY@URL`: a verifier key, name+hash+base64, and the submission prefix.
  public init(_ text: String) throws(MasterFault) {
    func fault(_ found: String) -> MasterFault {
      MasterFault(
        .usage,
        "--witness: '\(text.prefix(200))': \(found); expected its verifier key and its address, name+hash+base64@https://host/path"
      )
    }
    guard let mark = text.range(of: "@https://") ?? text.range(of: "@http://") else { throw fault("has no address") }
    guard let url = URL(string: String(text[text.index(after: mark.lowerBound)...])), url.host() != nil else {
      throw fault("its address is none")
    }
    let witness: Witness
    do {
      witness = try Witness(key: VerifierKey(String(text[..<mark.lowerBound])))
    } catch {
      throw fault(error.description)
    }
    self.init(witness: witness, url: url)
  }

  public var description: String { "\(witness.key.name) at \(url.absoluteString)" }
}

/// Asks one witness to sign each checkpoint, and publishes its signature if the log has not grown meanwhile. The log never
/// waits for it; what fails is tried again, and told once.
struct WitnessKeeper: Service {
  let address: WitnessAddress
  let log: LedgerLog
  let logger: Logger
  var retryInterval = MasterLimits.witnessRetryInterval

  func run() async throws {
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in log.growth() { wake.yield() }
          wake.finish()
        }
        await ask(wakes) {
          try? await Task.sleep(for: retryInterval)
          wake.yield()
        }
        group.cancelAll()
      }
    }
  }

  /// - Parameter pause: Sees to it that this goes on after a while, with the log as it was.
  private func ask(_ wakes: AsyncStream<Void>, pause: @escaping @Sendable () async -> Void) async {
    // Size of what the witness signed last.
    var known: UInt64 = 0
    var lastFault: String?
    for await _ in wakes {
      do {
        known = try await cosign(known)
        if lastFault != nil { logger.notice("Witness \(address) signs checkpoints again") }
        lastFault = nil
      } catch {
        if Task.isCancelled { return }
        let fault = WitnessKeeper.text(error)
        if fault != lastFault {
          logger.warning(
            "Witness \(address) has not signed the checkpoint: \(fault). It is asked again every \(retryInterval); the ledger goes on without it. Look whether the address is right and the witness knows this log"
          )
        }
        lastFault = fault
        await pause()
      }
    }
  }

  /// One try for the checkpoint that is published now.
  ///
  /// - Returns: Its size.
  private func cosign(_ known: UInt64) async throws -> UInt64 {
    let signed = try await log.checkpoint()
    let head = signed.checkpoint
    if try !signed.cosignatures(by: [address.witness.key]).isEmpty { return head.size }
    let url = address.url.appending(path: "add-checkpoint").absoluteString
    let signatures = try await address.witness.cosign(
      signed, old: known, reader: TileReader(log.folder, size: head.size)
    ) { body in
      var request = HTTPClientRequest(url: url)
      request.method = .POST
      request.headers.add(name: "user-agent", value: "glint/\(MasterService.version)")
      request.body = .bytes(ByteBuffer(bytes: body))
      let answer = try await HTTPClient.shared.execute(request, timeout: MasterLimits.witnessTimeout)
      let bytes = try await answer.body.collect(upTo: LedgerLimits.witnessAnswerByteCount)
      return (Int(answer.status.code), Array(buffer: bytes))
    }
    try await log.add(signatures, to: head)
    return head.size
  }

  private static func text(_ error: any Error) -> String { (error as? LedgerError)?.description ?? "\(error)" }
}
