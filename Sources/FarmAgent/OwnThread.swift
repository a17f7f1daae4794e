import Foundation

/// Runs long synchronous work on a thread of its own, away from the cooperative pool that answers the network.
func onOwnThread<Result: Sendable>(
  named name: String, _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
    thread.name = name
    // Decoding and building recurse a little; the default of secondary threads is small on some systems.
    thread.stackSize = 8 << 20
    thread.start()
  }
}
