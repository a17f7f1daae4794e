import Foundation

/// A public log, read over HTTP (docs/ledger.md). The client's address is the log's prefix.
extension MasterClient {
  /// - Parameter path: Such as `checkpoint` or `tile/0/000`.
  /// - Returns: Nil if there is none.
  public func logFile(_ path: String, limit: Int) async throws -> [UInt8]? {
    var call = Call(.GET, "/" + path)
    call.timeout = Limits.transferTimeout(byteCount: limit)
    do {
      return try await bytes(of: call, limit: limit)
    } catch let error as MasterError where error.kind == .notFound {
      return nil
    }
  }
}
