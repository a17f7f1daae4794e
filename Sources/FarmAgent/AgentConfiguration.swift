import FarmLedger
import Foundation
import FrameRenderer
import KernelScene

/// What an agent is told at its start.
public struct AgentConfiguration: Sendable {
  public var master: URL
  public var token: String?
  /// How people recognise this machine.
  public var name: String
  /// The owner's key, which signs this agent's key and earns the credit.
  public var contributorKey: SigningKeyFile
  public var threadCount: Int
  /// The build of the kernel that renders.
  public var kernel: any KernelBuild = KernelChoice.fastest
  /// Holds the agent's own key and the cache of parts.
  public var dataDirectory: URL
  /// Compressed bytes of parts that may stay on disk.
  public var cacheByteLimit: Int

  public init(
    master: URL, token: String? = nil, name: String, contributorKey: SigningKeyFile, threadCount: Int,
    dataDirectory: URL, cacheByteLimit: Int = Limits.partCacheByteCount
  ) {
    self.master = master
    self.token = token
    self.name = name
    self.contributorKey = contributorKey
    self.threadCount = threadCount
    self.dataDirectory = dataDirectory
    self.cacheByteLimit = cacheByteLimit
  }

  var agentKeyFile: URL { dataDirectory.appendingPathComponent("agent.key") }
  /// One folder for each master.
  var receiptDirectory: URL {
    let name = (master.host() ?? "master") + (master.port.map { "-\($0)" } ?? "")
    return dataDirectory.appendingPathComponent("receipts", isDirectory: true)
      .appendingPathComponent(name.replacingOccurrences(of: ":", with: "-"), isDirectory: true)
  }
  var partDirectory: URL { dataDirectory.appendingPathComponent("parts", isDirectory: true) }
}
