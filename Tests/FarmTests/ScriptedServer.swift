import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An HTTP/1.1 server on loopback that answers by script, also wrongly: it may break off, lie about lengths, or hang up.
/// One thread a connection; each connection takes one request.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method: String
    /// With the query.
    var target: String
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]
  }

  /// What is written to the connection before it is closed; nil: nothing at all.
  typealias Script = @Sendable (Request, _ number: Int) -> [UInt8]?

  let port: Int
  private let listener: Int32
  private let script: Script
  private let log = Mutex<[Request]>([])

  var url: URL { URL(string: "http://127.0.0.1:\(port)")! }
  /// In order of arrival.
  var requests: [Request] { log.withLock { $0 } }

  init(_ script: @escaping Script) {
    self.script = script
    (listener, port) = ScriptedServer.listen()
    let thread = Thread { [self] in acceptLoop() }
    thread.start()
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// A port on which nobody listens.
  static func unusedPort() -> Int {
    let (descriptor, port) = listen()
    close(descriptor)
    return port
  }

  static func response(
    _ status: Int, _ body: some Collection<UInt8>, headers: [String] = ["content-type: application/json"],
    declaredLength: Int? = nil
  ) -> [UInt8] {
    let lines = ["HTTP/1.1 \(status) Scripted", "content-length: \(declaredLength ?? body.count)", "connection: close"]
    return Array(((lines + headers).joined(separator: "\r\n") + "\r\n\r\n").utf8) + Array(body)
  }

  static func response(_ status: Int, json: String) -> [UInt8] { response(status, Array(json.utf8)) }

  private static func listen() -> (descriptor: Int32, port: Int) {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        precondition(bind(descriptor, pointer, length) == 0)
        #if canImport(Glibc)
          precondition(Glibc.listen(descriptor, 16) == 0)
        #else
          precondition(Darwin.listen(descriptor, 16) == 0)
        #endif
        precondition(getsockname(descriptor, pointer, &length) == 0)
      }
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  private func acceptLoop() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      let thread = Thread { [self] in
        defer { close(connection) }
        serve(connection)
      }
      thread.start()
    }
    close(listener)
  }

  private func serve(_ connection: Int32) {
    var bytes: [UInt8] = []
    func readMore() -> Bool {
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return false }
      bytes += chunk.prefix(count)
      return true
    }
    let separator = Array("\r\n\r\n".utf8)
    var headEnd: Int?
    while headEnd == nil {
      headEnd = bytes.indices.first { bytes[$0...].starts(with: separator) }
      if headEnd == nil, !readMore() { return }
    }
    let lines = String(decoding: bytes[..<headEnd!], as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let fields = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if fields.count == 2 { headers[fields[0].lowercased()] = fields[1] }
    }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while bytes.count < headEnd! + 4 + length { if !readMore() { return } }
    let request = Request(
      method: words[0], target: words[1], headers: headers, body: Array(bytes[(headEnd! + 4)...].prefix(length)))
    let number = log.withLock { log in
      log.append(request)
      return log.count
    }
    guard let answer = script(request, number) else { return }
    var rest = answer[...]
    while !rest.isEmpty {
      let sent = Array(rest).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
    shutdown(connection, Int32(SHUT_WR))
    // Until the other side has closed too, so that nothing sent is lost to a reset.
    _ = readMore()
  }
}
