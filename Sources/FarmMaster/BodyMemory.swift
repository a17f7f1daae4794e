import HTTPTypes
import Hummingbird
import Synchronization

/// Counts the bytes of large bodies that requests have in hand, all of them together: however many agents deliver at once, and
/// however slowly, there are no more (what is made of them is a few times as much). Who finds no room is told to try again
/// (503 `busy`). What agents say to keep their leases is small, and always heard.
final class BodyMemory: Sendable {
  private let held = Mutex(0)
  private let limit: Int

  /// - Parameter limit: In bytes.
  init(limit: Int) { self.limit = limit }

  /// Bytes that are held now.
  var byteCount: Int { held.withLock { $0 } }

  /// Whether there was as much left: then it is held until it is given back.
  func take(_ count: Int) -> Bool {
    held.withLock { held in
      guard count <= limit - held else { return false }
      held += count
      return true
    }
  }

  func giveBack(_ count: Int) { held.withLock { $0 -= count } }

  /// Whether somebody keeps others from sending: no line that can take part in a farm is as slow.
  static func isTooSlow(_ count: Int, after time: Duration) -> Bool {
    time > MasterLimits.bodyPatience + .seconds(Double(count) / MasterLimits.slowestBodyRate)
  }
}

extension MasterAPI {
  /// Runs `use` with a whole body, which counts as held until it returns.
  ///
  /// - Parameter limit: Bytes of this body.
  func withBody<Result>(
    _ request: Request, limit: Int, _ use: ([UInt8]) async throws -> Result
  ) async throws -> Result {
    var bytes: [UInt8] = []
    if let text = request.headers[.contentLength], let length = Int(text) {
      guard length <= limit else { throw MasterAPI.tooLong(request, limit) }
      bytes.reserveCapacity(max(0, length))
    }
    var held = 0
    defer { bodies.giveBack(held) }
    let start = ContinuousClock.now
    for try await buffer in request.body {
      let count = bytes.count + buffer.readableBytes
      guard count <= limit else { throw MasterAPI.tooLong(request, limit) }
      if count > MasterLimits.smallBodyByteCount {
        guard bodies.take(count - held) else {
          throw APIFault(
            .serviceUnavailable, "busy",
            "\(request.method.rawValue) \(request.uri.path): the master has as many bodies in hand as it may; try again"
          )
        }
        held = count
        guard !BodyMemory.isTooSlow(count, after: ContinuousClock.now - start) else {
          throw APIFault(
            .serviceUnavailable, "too_slow",
            "\(request.method.rawValue) \(request.uri.path): \(count) bytes came in \((ContinuousClock.now - start).components.seconds) s, too slowly to keep room for the rest; try again over a faster line"
          )
        }
      }
      bytes.append(contentsOf: buffer.readableBytesView)
    }
    return try await use(bytes)
  }

  static func tooLong(_ request: Request, _ limit: Int) -> APIFault {
    APIFault(
      .contentTooLarge, "too_large",
      "\(request.method.rawValue) \(request.uri.path): the body is longer than the \(limit) bytes that are allowed")
  }
}
