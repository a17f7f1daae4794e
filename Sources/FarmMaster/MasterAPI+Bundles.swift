import FarmModel
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SceneModel

/// Bundles and their parts, by hash.
extension MasterAPI {
  func addBundleRoutes(to router: Router<Context>) {
    router.put("/v1/bundles/:hash") { request, context in
      let hash = try hash(context)
      return try await withBody(request, limit: BundleLimits.manifestByteCount) { bytes in
        let manifest = try BundleManifest(decoding: bytes)
        guard manifest.id == hash else {
          throw APIFault(
            .badRequest, "wrong_hash", "bundle \(hash.short): the manifest that came hashes to \(manifest.id.short)")
        }
        try files.keep(manifest, bytes: bytes)
        return try answer(MissingParts(missing: files.parts.missing(of: manifest.allParts)))
      }
    }
    router.get("/v1/bundles/:hash") { _, context in
      let hash = try hash(context)
      guard let bytes = files.manifestBytes(hash) else {
        throw APIFault(.notFound, "no_bundle", "bundle \(hash.short): is not here; submit the scene again")
      }
      return Response(status: .ok, headers: immutable(hash), body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    router.put("/v1/parts/:hash") { request, context in try await takePart(request, hash(context)) }
    router.get("/v1/parts/:hash") { request, context in try sendPart(hash(context)) }
  }

  private func immutable(_ hash: ContentHash) -> HTTPFields {
    [
      .contentType: "application/octet-stream", .cacheControl: "private, max-age=31536000, immutable",
      .eTag: "\"\(hash.hex)\"",
    ]
  }

  /// Streams a part to disk; it counts only when it expands to the bytes that its hash names.
  private func takePart(_ request: Request, _ hash: ContentHash) async throws -> Response {
    guard let text = request.uri.queryParameters.get("size"), let size = Int(text), size >= 0 else {
      throw APIFault(
        .badRequest, "malformed", "part \(hash.short): say its uncompressed size in bytes with ?size=")
    }
    guard size <= BundleLimits.partByteCount else {
      throw APIFault(
        .contentTooLarge, "too_large",
        "part \(hash.short): \(size) bytes; at most \(BundleLimits.partByteCount) are allowed")
    }
    guard request.headers[.contentEncoding]?.lowercased() == "zstd" else {
      throw APIFault(.unsupportedMediaType, "not_zstd", "part \(hash.short): parts come with Content-Encoding: zstd")
    }
    if files.parts.contains(hash) {
      for try await _ in request.body {}
      return done
    }
    // zstd's bound for bytes that do not compress, generously.
    let limit = size + size / 128 + 4096
    let file = files.parts.temporaryFileURL()
    var isWhole = false
    defer { if !isWhole { try? FileManager.default.removeItem(at: file) } }
    guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
      throw BundleError(.storage(errno: errno), "part \(hash.short): \(file.path) cannot be written")
    }
    do {
      let handle = try FileHandle(forWritingTo: file)
      defer { try? handle.close() }
      var count = 0
      for try await buffer in request.body {
        count += buffer.readableBytes
        guard count <= limit else { throw MasterAPI.tooLong(request, limit) }
        do {
          try handle.write(contentsOf: Data(buffer.readableBytesView))
        } catch {
          throw BundleError(
            .storage(errno: errno), "part \(hash.short): cannot be written (\(error.localizedDescription))")
        }
      }
    }
    isWhole = true
    let files = files
    try await onThread {
      try files.parts.admit(compressedFile: file, as: BundleManifest.Part(hash: hash, byteCount: size))
    }
    return done
  }

  private func sendPart(_ hash: ContentHash) throws -> Response {
    let url = files.parts.fileURL(hash)
    guard files.parts.contains(hash), let handle = try? FileHandle(forReadingFrom: url),
      let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int
    else { throw APIFault(.notFound, "no_part", "part \(hash.short): is not here; submit the scene again") }
    var headers = immutable(hash)
    headers[.contentEncoding] = "zstd"
    return Response(status: .ok, headers: headers, body: MasterAPI.fileBody(handle, byteCount: size))
  }

  static func fileBody(_ handle: FileHandle, byteCount: Int) -> ResponseBody {
    ResponseBody(contentLength: byteCount) { writer in
      defer { try? handle.close() }
      while let data = try handle.read(upToCount: 256 << 10), !data.isEmpty {
        try await writer.write(ByteBuffer(bytes: data))
      }
      try await writer.finish(nil)
    }
  }
}
