import CImageCodecs
import COpenEXR

/// An OpenEXR file that is being read from memory: OpenEXRCore's context and its stream.
struct EXRInput: ~Copyable {
  private let context: OpaquePointer
  private let stream: UnsafeMutablePointer<glint_exr_stream>

  /// Pixels from `minX` to `maxX` and rows from `minY` to `maxY`, both included. Coordinates may be negative.
  struct Window: Equatable {
    var minX: Int
    var minY: Int
    var maxX: Int
    var maxY: Int

    var width: Int { maxX - minX + 1 }
    var height: Int { maxY - minY + 1 }
  }

  struct Channel {
    enum Kind { case half, float, unsigned }

    var name: String
    var kind: Kind
    var isSubsampled: Bool

    var byteCount: Int { kind == .half ? 2 : 4 }
  }

  /// Pixels that the file packs together: some rows or a tile.
  struct Chunk {
    /// Position of the first pixel, from the data window's upper left corner.
    var x: Int
    var y: Int
    var width: Int
    var height: Int
    fileprivate var info: exr_chunk_info_t

    var packedByteCount: Int { Int(clamping: info.packed_size) }
    var unpackedByteCount: Int { Int(clamping: info.unpacked_size) }
    var place: String { "pixels (\(x), \(y)) to (\(x + width - 1), \(y + height - 1))" }
  }

  /// - Parameter bytes: Must outlive the input.
  /// - Parameter maxSide: Larger pictures and tiles are refused before anything is made of them.
  init(_ bytes: UnsafeRawBufferPointer, maxSide: Int) throws(ImageError) {
    let stream = UnsafeMutablePointer<glint_exr_stream>.allocate(capacity: 1)
    var content = glint_exr_stream()
    content.input = bytes.bindMemory(to: UInt8.self).baseAddress
    content.inputCount = bytes.count
    stream.initialize(to: content)
    var context: OpaquePointer?
    let code = glint_exr_start_read(stream, Int32(clamping: maxSide), Int32(clamping: maxSide), &context)
    guard code == 0, let context else {
      defer { stream.deallocate() }
      throw EXRFault.error(.malformed, code: code, stream: stream, place: "header")
    }
    // Faults that the library let pass must not be told as the cause of later ones.
    stream.pointee.message.0 = 0
    self.context = context
    self.stream = stream
  }

  deinit {
    var ended: OpaquePointer? = context
    exr_finish(&ended)
    stream.deallocate()
  }

  func partCount() throws(ImageError) -> Int {
    var count: Int32 = 0
    try check(exr_get_count(context, &count))
    return Int(count)
  }

  func storage(ofPart part: Int) throws(ImageError) -> exr_storage_t {
    var storage = EXR_STORAGE_SCANLINE
    try check(exr_get_storage(context, Int32(part), &storage))
    return storage
  }

  func compression(ofPart part: Int) throws(ImageError) -> exr_compression_t {
    var compression = EXR_COMPRESSION_NONE
    try check(exr_get_compression(context, Int32(part), &compression))
    return compression
  }

  /// Sorted by name.
  func channels(ofPart part: Int) throws(ImageError) -> [Channel] {
    var list: UnsafePointer<exr_attr_chlist_t>?
    try check(exr_get_channels(context, Int32(part), &list))
    guard let list, let entries = list.pointee.entries else { return [] }
    return try (0..<max(0, Int(list.pointee.num_channels))).map { index throws(ImageError) in
      let entry = entries[index]
      let name = entry.name.str.map { String(cString: $0) } ?? ""
      let kind: Channel.Kind
      switch entry.pixel_type {
      case EXR_PIXEL_HALF: kind = .half
      case EXR_PIXEL_FLOAT: kind = .float
      case EXR_PIXEL_UINT: kind = .unsigned
      default: throw ImageError(.malformed, "EXR: channel \(name) is of an unknown type")
      }
      return Channel(name: name, kind: kind, isSubsampled: entry.x_sampling != 1 || entry.y_sampling != 1)
    }
  }

  func dataWindow(ofPart part: Int) throws(ImageError) -> Window {
    var box = exr_attr_box2i_t()
    try check(exr_get_data_window(context, Int32(part), &box))
    return Window(minX: Int(box.min.x), minY: Int(box.min.y), maxX: Int(box.max.x), maxY: Int(box.max.y))
  }

  func displayWindow(ofPart part: Int) throws(ImageError) -> Window {
    var box = exr_attr_box2i_t()
    try check(exr_get_display_window(context, Int32(part), &box))
    return Window(minX: Int(box.min.x), minY: Int(box.min.y), maxX: Int(box.max.x), maxY: Int(box.max.y))
  }

  /// Calls `body` with each chunk of a part's full size, from the top down.
  ///
  /// The chunks together cover the data window once.
  func forEachChunk(
    ofPart part: Int, _ body: (Chunk) throws(ImageError) -> Void
  ) throws(ImageError) {
    let window = try dataWindow(ofPart: part)
    let isTiled = try storage(ofPart: part) == EXR_STORAGE_TILED
    var (width, height): (Int32, Int32) = (0, 0)
    if isTiled {
      try check(exr_get_tile_sizes(context, Int32(part), 0, 0, &width, &height))
    } else {
      try check(exr_get_scanlines_per_chunk(context, Int32(part), &height))
      width = Int32(clamping: window.width)
    }
    guard width > 0, height > 0 else {
      throw ImageError(.malformed, "EXR: chunks of \(width)×\(height) pixels; both sides must be at least 1")
    }
    for y in stride(from: 0, to: window.height, by: Int(height)) {
      for x in stride(from: 0, to: window.width, by: Int(width)) {
        var info = exr_chunk_info_t()
        let (column, row) = (Int32(x / Int(width)), Int32(y / Int(height)))
        let code =
          isTiled
          ? exr_read_tile_chunk_info(context, Int32(part), column, row, 0, 0, &info)
          : exr_read_scanline_chunk_info(context, Int32(part), Int32(clamping: window.minY + y), &info)
        let chunk = Chunk(
          x: x, y: y, width: min(Int(width), window.width - x), height: min(Int(height), window.height - y), info: info)
        try check(code, place: chunk.place)
        guard Int(info.width) == chunk.width, Int(info.height) == chunk.height else {
          throw ImageError(.malformed, "EXR: \(chunk.place): the file holds \(info.width)×\(info.height) pixels there")
        }
        try body(chunk)
      }
    }
  }

  /// Unpacks a part's chunks, one after the other.
  ///
  /// The part's channels must not be subsampled, and each chunk must be as long unpacked as its pixels are.
  ///
  /// - Parameter body: Gets the chunk's bytes: row by row, in each row the part's channels in their order, in each channel
  ///   the row's values, little-endian.
  func decodeChunks(
    ofPart part: Int, _ body: (Chunk, UnsafeRawBufferPointer) throws(ImageError) -> Void
  ) throws(ImageError) {
    // The pipeline points into itself, so it stays where it is. Its zeros are a valid, empty state.
    let pipeline = UnsafeMutablePointer<exr_decode_pipeline_t>.allocate(capacity: 1)
    pipeline.initialize(to: exr_decode_pipeline_t())
    defer {
      exr_decoding_destroy(context, pipeline)
      pipeline.deallocate()
    }
    var isFirst = true
    try forEachChunk(ofPart: part) { chunk throws(ImageError) in
      var info = chunk.info
      if isFirst {
        try check(exr_decoding_initialize(context, Int32(part), &info, pipeline), place: chunk.place)
        try check(exr_decoding_choose_default_routines(context, Int32(part), pipeline), place: chunk.place)
        // OpenEXR 3.1.5 chooses code for some pictures that writes to channels which were not asked for.
        pipeline.pointee.unpack_and_convert_fn = nil
      } else {
        try check(exr_decoding_update(context, Int32(part), &info, pipeline), place: chunk.place)
      }
      // What does not get smaller is stored as it is, in all compressions. OpenEXR 3.1.5 unpacks B44 all the same.
      let decompress = pipeline.pointee.decompress_fn
      if chunk.packedByteCount == chunk.unpackedByteCount { pipeline.pointee.decompress_fn = nil }
      isFirst = false
      try check(exr_decoding_run(context, Int32(part), pipeline), place: chunk.place)
      pipeline.pointee.decompress_fn = decompress
      guard let bytes = pipeline.pointee.unpacked_buffer else {
        throw ImageError(.malformed, "EXR: \(chunk.place): no pixels there")
      }
      try body(chunk, UnsafeRawBufferPointer(start: bytes, count: chunk.unpackedByteCount))
    }
  }

  private func check(_ code: Int32, place: String = "") throws(ImageError) {
    guard code == 0 else { throw EXRFault.error(.malformed, code: code, stream: stream, place: place) }
  }
}
