import FarmModel
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Pictures, and what happens to them.
extension MasterAPI {
  func addPictureRoutes(to router: Router<Context>) {
    router.get("/v1/jobs/:job/frames/:frame") { _, context in
      let id = jobID(context)
      let text = context.parameters.get("frame") ?? ""
      guard text.hasSuffix(".png"), let number = Int(text.dropLast(4)) else {
        throw APIFault(
          .notFound, "no_frame", "frame '\(text.prefix(40))': expected a number and .png, such as 12.png")
      }
      return try await finished(id, number)
    }
    router.get("/v1/jobs/:job/frames/:frame/preview.png") { _, context in
      let (id, number) = (jobID(context), try frameNumber(context))
      if await keeper.read({ $0.isDelivered(id, frame: number) }) { return try await finished(id, number) }
      guard let png = try await previews.picture(id, frame: number) else {
        throw APIFault(.notFound, "no_picture", "frame \(number): nothing of it has been rendered yet")
      }
      return Response(
        status: .ok, headers: [.contentType: "image/png", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: png)))
    }
    router.get("/v1/jobs/:job/frames/:frame/tiles") { _, context in
      let (id, number) = (jobID(context), try frameNumber(context))
      return try answer(
        await keeper.read { farm in
          let names = Dictionary(
            farm.agentViews(now: FarmKeeper.now).map { ($0.record.key, $0.record.name) },
            uniquingKeysWith: { a, _ in a })
          return TileList(
            tiles: farm.heldTiles(id, frame: number).map {
              TileList.Tile(
                x: $0.unit.tile.x, y: $0.unit.tile.y, width: $0.unit.tile.width, height: $0.unit.tile.height,
                agent: names[$0.agent] ?? "")
            })
        })
    }
  }

  private func frameNumber(_ context: Context) throws -> Int {
    let text = context.parameters.get("frame") ?? ""
    guard let number = Int(text) else {
      throw APIFault(.notFound, "no_frame", "frame '\(text.prefix(40))': expected a number")
    }
    return number
  }

  private func finished(_ id: JobID, _ number: Int) async throws -> Response {
    guard await keeper.read({ $0.jobView(id) }) != nil else { throw noJob(id) }
    guard await keeper.read({ $0.isDelivered(id, frame: number) }) else {
      throw APIFault(.notFound, "no_picture", "frame \(number) of job \(id): is not finished, or not of this job")
    }
    let isFinal = await keeper.read { $0.isFinal(id, frame: number) }
    let url = files.pictureURL(id, frame: number)
    guard let handle = try? FileHandle(forReadingFrom: url),
      let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int
    else {
      throw APIFault(
        .internalServerError, "storage",
        "frame \(number) of job \(id): its picture is gone from the master's data folder")
    }
    return Response(
      status: .ok,
      headers: [
        .contentType: "image/png",
        // A provisional picture may be made anew.
        .cacheControl: isFinal ? "private, max-age=31536000, immutable" : "no-store",
      ],
      body: MasterAPI.fileBody(handle, byteCount: size))
  }

  private struct TileList: Encodable {
    struct Tile: Encodable {
      var x: Int
      var y: Int
      var width: Int
      var height: Int
      var agent: String
    }

    var tiles: [Tile]
  }

  // MARK: - Events

  func addEventRoutes(to router: Router<Context>) {
    router.get("/v1/events") { _, _ in try events(of: nil) }
    router.get("/v1/jobs/:job/events") { _, context in
      let id = jobID(context)
      guard await keeper.read({ $0.jobView(id) }) != nil else { throw noJob(id) }
      return try events(of: id)
    }
  }

  /// Server-sent events: they say only what to fetch again.
  private func events(of job: JobID?) throws -> Response {
    guard let stream = hub.listen() else {
      throw APIFault(.serviceUnavailable, "too_many_listeners", "too many event streams are open; try again later")
    }
    let body = ResponseBody { writer in
      let (merged, continuation) = AsyncStream.makeStream(
        of: String.self, bufferingPolicy: .bufferingNewest(MasterLimits.listenerBacklog))
      let listening = Task {
        for await event in stream { if let text = MasterAPI.text(event, of: job) { continuation.yield(text) } }
        continuation.finish()
      }
      let pinging = Task {
        while !Task.isCancelled {
          continuation.yield("event: ping\ndata: {}\n\n")
          try await Task.sleep(for: MasterLimits.pingInterval)
        }
      }
      defer {
        listening.cancel()
        pinging.cancel()
      }
      for await text in merged { try await writer.write(ByteBuffer(string: text)) }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
  }

  private static func text(_ event: FarmEvent, of job: JobID?) -> String? {
    func line(_ name: String, _ id: JobID, _ frame: Int? = nil) -> String? {
      guard job == nil || job == id else { return nil }
      let rest = frame.map { ",\"frame\":\($0)" } ?? ""
      return "event: \(name)\ndata: {\"job\":\"\(id)\"\(rest)}\n\n"
    }
    switch event {
    case .jobChanged(let id): return line("job", id)
    case .unitChanged(let ref): return line("unit", ref.job, ref.frame)
    case .frameFinished(let id, let frame), .frameReopened(let id, let frame), .frameFinal(let id, let frame):
      return line("frame", id, frame)
    case .agentsChanged: return job == nil ? "event: agents\ndata: {}\n\n" : nil
    case .assemble, .workAvailable, .workAvailableTo, .verificationWanted, .ledgerGrew, .planesVoid: return nil
    }
  }
}
