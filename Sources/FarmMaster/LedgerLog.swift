import Crypto
import FarmLedger
import FarmModel
import Foundation
import SceneModel
import Synchronization

/// The master's log: one owner of `TileLog`, which waits for the disk on a thread of its own.
final class LedgerLog: Sendable {
  private let log: Mutex<TileLog>
  private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])
  let folder: any LogFolder
  /// What anybody checks this log with.
  let verifier: VerifierKey

  init(_ log: TileLog) {
    folder = log.folder
    verifier = log.verifier
    self.log = Mutex(log)
  }

  /// Opens the log of a data folder; makes key and log on first use.
  ///
  /// - Parameter name: What the log shall be called; nil: as it is called already, or after this machine.
  static func open(_ folder: URL, keyFile: URL, name: String?) throws -> LedgerLog {
    let (key, _) = try SigningKeyFile.readOrCreate(keyFile)
    let files = DiskLogFolder(folder)
    let known = try files.read("checkpoint", limit: LedgerLimits.noteByteCount).flatMap { bytes in
      String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).first.map(
        String.init)
    }
    if let known, let name, known != name {
      throw MasterFault(
        .usage,
        "--ledger-name: '\(name)', but the log in \(folder.path) is called '\(known)' since its first entry; leave the option out"
      )
    }
    let origin = known ?? name ?? (ProcessInfo.processInfo.hostName + "/glint")
    guard let signer = NoteSigner(name: origin, key: key.key) else {
      throw MasterFault(
        .usage,
        "--ledger-name: '\(origin)' cannot name a log; expected a name without spaces and plus signs, such as farm.example.org/glint"
      )
    }
    return LedgerLog(TileLog(files, signer: signer))
  }

  func checkpoint() async throws -> SignedCheckpoint {
    try await onThread { [self] in try log.withLock { try $0.checkpoint() } }
  }

  /// Returns when the entries are public and survive a power loss. Those that are there already are passed over.
  @discardableResult
  func append(_ entries: [[UInt8]], at index: UInt64) async throws -> SignedCheckpoint {
    let signed = try await onThread { [self] in try log.withLock { try $0.append(entries, at: index) } }
    for listener in listeners.withLock({ $0 }) { listener.yield() }
    return signed
  }

  /// Publishes signatures of witnesses with the checkpoint that they are for, unless the log has grown meanwhile.
  func add(_ signatures: [SignedNote.Signature], to checkpoint: Checkpoint) async throws {
    _ = try await onThread { [self] in try log.withLock { try $0.add(signatures, to: checkpoint) } }
  }

  /// Says at once, and then whenever entries were appended, that there is a checkpoint.
  func growth() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    continuation.yield()
    listeners.withLock { $0.append(continuation) }
    return stream
  }

  /// The first `count` entries, added up, the newest of them noted in an index.
  func balances(_ count: UInt64, _ agents: EntryIndex) async throws -> JobBalances {
    var sums = JobBalances()
    let firstIndexed = count - min(count, UInt64(MasterLimits.indexedEntries))
    var newest: [KeyBytes] = []
    try await folder.forEachEntry(in: 0..<count) { index, bytes in
      do {
        let entry = try LedgerEntry(bytes)
        try sums.apply(entry)
        if index >= firstIndexed { newest.append(entry.agent) }
      } catch let error as LedgerEntryError {
        throw MasterFault(.system, "ledger: entry \(index) cannot follow those before it: \(error.description)")
      }
    }
    await agents.add(newest, at: firstIndexed)
    return sums
  }
}
