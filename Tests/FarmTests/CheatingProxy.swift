import FarmLedger
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneModel
import Synchronization

@testable import FarmAgent

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Stands between an agent and its master and makes the agent a cheat: changes a pixel of its results, and signs them anew
/// with the agent's key, which its owner of course has. The agent itself knows nothing of it.
///
/// It answers the agent's commitment itself, waits for the planes, and only then commits to what it made of them.
final class CheatingProxy: Sendable {
  private struct State {
    var units: [String: LeaseMessage] = [:]
    /// Commitments of the agent that the master has not seen, with the headers they came with.
    var held: [String: ScriptedServer.Request] = [:]
    var resultCount = 0
    var lieCount = 0
  }

  private let state = Mutex(State())
  private let key: SigningKeyFile
  private let masterPort: Int
  private let honestCount: Int
  private let offset: Float
  private let server = Mutex<ScriptedServer?>(nil)

  /// - Parameters:
  ///   - key: The agent's.
  ///   - honestCount: So many results are let through as they are.
  ///   - offset: Added to a value. Cheats with one offset would confirm each other.
  init(masterPort: Int, key: SigningKeyFile, honestCount: Int, offset: Float) {
    self.offset = offset
    self.masterPort = masterPort
    self.key = key
    self.honestCount = honestCount
    let server = ScriptedServer { [unowned self] request, _ in answer(request) }
    self.server.withLock { $0 = server }
  }

  deinit { stop() }

  var url: URL { server.withLock { $0!.url } }
  /// Results that were changed.
  var lieCount: Int { state.withLock { $0.lieCount } }

  func stop() { server.withLock { $0?.stop() } }

  private func answer(_ request: ScriptedServer.Request) -> [UInt8]? {
    let path = request.target.split(separator: "/").map(String.init)
    guard path.count == 4, path[1] == "leases" else {
      let response = forward(request)
      if request.method == "POST", path == ["v1", "leases"], let response { remember(response) }
      return response
    }
    switch path[3] {
    case "result":
      let isLie = state.withLock { state in
        state.resultCount += 1
        guard state.resultCount > honestCount, state.units[path[2]] != nil else { return false }
        state.held[path[2]] = request
        return true
      }
      return isLie ? ScriptedServer.response(204, []) : forward(request)
    case "planes":
      guard let commitment = state.withLock({ $0.held[path[2]] }), let lie = falsified(request, commitment, path[2])
      else { return forward(request) }
      guard let response = forward(lie.commitment), response.starts(with: Array("HTTP/1.1 204".utf8)) else {
        return forward(lie.commitment)
      }
      state.withLock { $0.lieCount += 1 }
      return forward(lie.planes)
    default: return forward(request)
    }
  }

  private func remember(_ response: [UInt8]) {
    guard let end = response.indices.first(where: { response[$0...].starts(with: Array("\r\n\r\n".utf8)) }),
      let list = try? WireCoding.decoder.decode(LeaseList.self, from: Data(response[(end + 4)...]))
    else { return }
    state.withLock { state in for lease in list.leases { state.units[lease.id.description] = lease } }
  }

  private func falsified(
    _ planes: ScriptedServer.Request, _ commitment: ScriptedServer.Request, _ id: String
  ) -> (commitment: ScriptedServer.Request, planes: ScriptedServer.Request)? {
    guard let unit = state.withLock({ $0.units[id] }),
      let honest = try? ResultPayload.decode(
        planes.body, tile: TileRectangle(x: unit.x, y: unit.y, width: unit.width, height: unit.height),
        samples: unit.firstSample..<unit.firstSample + unit.sampleCount)
    else { return nil }
    honest.planes.values.pointer[honest.planes.values.count / 2] += offset
    let digest = ResultPayload.digest(honest.planes, honest.counters)
    let statement = Statements.result(lease: unit.id, spec: unit.spec.hash, frame: unit.frame, digest: digest)
    guard let signature = try? key.key.signature(for: statement),
      let message = try? WireCoding.encoder.encode(
        CommitMessage(digest: digest, counters: honest.counters, signature: Hex.text(signature)))
    else { return nil }
    var lie = (commitment: commitment, planes: planes)
    lie.commitment.body = [UInt8](message)
    lie.planes.body = ResultPayload.encode(honest.planes, honest.counters)
    return lie
  }

  /// Asks the master on a connection of its own, and gives all that it says; nil if it says nothing.
  private func forward(_ request: ScriptedServer.Request) -> [UInt8]? {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(masterPort).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { return nil }
    var lines = ["\(request.method) \(request.target) HTTP/1.1", "host: 127.0.0.1:\(masterPort)", "connection: close"]
    for (name, value) in request.headers.sorted(by: { $0.key < $1.key })
    where !["host", "connection", "content-length", "transfer-encoding"].contains(name) {
      lines.append("\(name): \(value)")
    }
    if !request.body.isEmpty || request.method != "GET" { lines.append("content-length: \(request.body.count)") }
    var rest = (Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + request.body)[...]
    while !rest.isEmpty {
      let sent = Array(rest).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard sent > 0 else { return nil }
      rest = rest.dropFirst(sent)
    }
    var response: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count <= 0 { break }
      response += chunk.prefix(count)
    }
    return response.isEmpty ? nil : response
  }
}
