import FarmLedger
import FarmModel
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix

/// The public log (`c2sp.org/tlog-tiles`), as it lies on disk, for everybody.
extension MasterAPI {
  func addLedgerRoutes(to router: Router<Context>) {
    router.get("/ledger/**") { request, _ in try await ledgerFile(request) }
    router.get("/v1/agents/:key/entries") { request, context in
      guard let key = KeyBytes(KeyID(String((context.parameters.get("key") ?? "").prefix(80)))) else {
        throw APIFault(.badRequest, "malformed", "the agent's key is none; expected 64 lower-case hexadecimal digits")
      }
      let first = request.uri.queryParameters.get("from").flatMap { UInt64($0) } ?? 0
      let found = await entries.entries(of: key, from: first, limit: MasterLimits.entriesInAnswer)
      return try answer(EntryList(entries: found.entries, knownFrom: found.knownFrom))
    }
  }

  private func ledgerFile(_ request: Request) async throws -> Response {
    let path = request.uri.path.split(separator: "/").dropFirst().joined(separator: "/")
    let limit: Int
    let isText: Bool
    switch path {
    case "checkpoint", "key": (limit, isText) = (LedgerLimits.noteByteCount, true)
    default:
      guard let tile = TilePath(path) else { throw noResource(path) }
      limit = tile.kind == .entries ? MasterLimits.entryBundleByteCount : LedgerLimits.tileByteCount
      isText = false
    }
    let folder = ledger.folder
    // A few threads for all: a reader of the whole log asks for thousands of files.
    let bytes = try await NIOThreadPool.singleton.runIfActive { try folder.read(path, limit: limit) }
    guard let bytes else { throw noResource(path) }
    return Response(
      status: .ok,
      headers: [
        .contentType: isText ? "text/plain; charset=utf-8" : "application/octet-stream",
        // Tiles never change; partial ones only go.
        .cacheControl: isText ? "no-cache" : "public, max-age=31536000, immutable",
      ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private func noResource(_ path: String) -> APIFault {
    APIFault(
      .notFound, "no_tile",
      "ledger: there is no '\(path.prefix(80))'; `checkpoint`, `key` and the tiles of the checkpoint's size are there")
  }
}
