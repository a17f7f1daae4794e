import ArgumentParser
import FarmAgent
import Foundation

/// Which master, and as whom. Shared by everything that talks to one.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The master's address. Default: $GLINT_MASTER, or http://127.0.0.1:7878.", valueName: "url"))
  var master: String?

  @Option(
    help: ArgumentHelp("A file that holds the master's token. Default: $GLINT_TOKEN.", valueName: "file"),
    completion: .file())
  var tokenFile: String?

  static let defaultAddress = "http://127.0.0.1:7878"

  /// The address as a URL; `host:port` alone will do.
  func url() throws -> URL {
    let variable = ProcessInfo.processInfo.environment["GLINT_MASTER"].flatMap { $0.isEmpty ? nil : $0 }
    let text = master ?? variable ?? ConnectionOptions.defaultAddress
    let name = master != nil ? "--master" : "GLINT_MASTER"
    let full = text.contains("://") ? text : "http://" + text
    guard let url = URL(string: full), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      url.host() != nil
    else {
      throw CommandFailure(
        .badUsage, "\(name): '\(text)' is no address; expected one such as \(ConnectionOptions.defaultAddress)")
    }
    return url
  }

  func token() throws -> String? {
    if let tokenFile { return try TokenFile.read(tokenFile, option: "--token-file") }
    return ProcessInfo.processInfo.environment["GLINT_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Runs `body` with a client and closes it afterwards.
  func withClient<Result>(
    policy: RetryPolicy = .command, _ body: (MasterClient) async throws -> Result
  ) async throws -> Result {
    let client = try MasterClient(url: url(), token: token(), policy: policy)
    do {
      let result = try await body(client)
      await client.shutdown()
      return result
    } catch {
      await client.shutdown()
      throw error
    }
  }
}

/// One secret word in a file, for master and clients alike.
enum TokenFile {
  private static let byteLimit = 4096

  static func read(_ path: String, option: String) throws -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw CommandFailure(.badInput, "\(option): '\(path)' cannot be read (\(String(cString: strerror(errno))))")
    }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: byteLimit + 1)) ?? Data()
    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    let isClean = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard data.count <= byteLimit, !text.isEmpty, isClean else {
      throw CommandFailure(
        .badInput,
        "\(option): '\(path)' holds no token; expected one line of visible ASCII characters without spaces")
    }
    return text
  }
}
