import CImageCodecs
import COpenEXR

/// An OpenEXR file that is being written to memory: OpenEXRCore's context and its stream.
struct EXROutput: ~Copyable {
  private let context: OpaquePointer
  private let stream: UnsafeMutablePointer<glint_exr_stream>

  init(zipLevel: Int32) throws(ImageError) {
    let stream = UnsafeMutablePointer<glint_exr_stream>.allocate(capacity: 1)
    stream.initialize(to: glint_exr_stream())
    var context: OpaquePointer?
    let code = glint_exr_start_write(stream, zipLevel, &context)
    guard code == 0, let context else {
      glint_codec_free(stream.pointee.output)
      stream.deallocate()
      throw ImageError(.unwritable, "EXR: cannot start a file: \(String(cString: exr_get_default_error_message(code)))")
    }
    self.context = context
    self.stream = stream
  }

  deinit {
    var ended: OpaquePointer? = context
    exr_finish(&ended)
    glint_codec_free(stream.pointee.output)
    stream.deallocate()
  }

  /// Names must be valid; see `EXRWriter`.
  func addPart(
    displayWindow: exr_attr_box2i_t, dataWindow: exr_attr_box2i_t, compression: EXRCompression, layers: [EXRLayer],
    attributes: [EXRAttribute]
  ) throws(ImageError) {
    var (display, data) = (displayWindow, dataWindow)
    var center = exr_attr_v2f_t()
    var part: Int32 = 0
    try check(exr_add_part(context, nil, EXR_STORAGE_SCANLINE, &part))
    try check(
      exr_initialize_required_attr(
        context, part, &display, &data, 1, &center, 1, EXR_LINEORDER_INCREASING_Y, compression.code))
    for layer in layers {
      for index in layer.channels.indices {
        try check(
          exr_add_channel(
            context, part, layer.channelName(index), layer.pixelType.code, EXR_PERCEPTUALLY_LOGARITHMIC, 1, 1))
      }
    }
    // Rec. ITU-R BT.709: red, green, blue, and the white point D65.
    var primaries = exr_attr_chromaticities_t(
      red_x: 0.64, red_y: 0.33, green_x: 0.3, green_y: 0.6, blue_x: 0.15, blue_y: 0.06, white_x: 0.3127,
      white_y: 0.329)
    try check(exr_attr_set_chromaticities(context, part, "chromaticities", &primaries))
    for attribute in attributes {
      switch attribute.value {
      case .string(let text): try check(exr_attr_set_string(context, part, attribute.name, text))
      case .float(let value): try check(exr_attr_set_float(context, part, attribute.name, value))
      case .int(let value): try check(exr_attr_set_int(context, part, attribute.name, value))
      }
    }
    try check(exr_write_header(context))
  }

  /// - Parameter firstRow: The data window's first row.
  func writePixels(_ layers: [EXRLayer], width: Int, height: Int, firstRow: Int) throws(ImageError) {
    var rowsPerChunk: Int32 = 0
    try check(exr_get_scanlines_per_chunk(context, 0, &rowsPerChunk))
    let rowCount = max(1, Int(rowsPerChunk))

    var sources: [String: (layer: Int, channel: Int)] = [:]
    for (layer, content) in layers.enumerated() {
      for channel in content.channels.indices { sources[content.channelName(channel)] = (layer, channel) }
    }
    let rowByteCount = layers.reduce(0) { $0 + $1.channels.count * $1.pixelType.byteCount } * width
    // One channel after the other, each with the chunk's rows. Channels of 4 bytes may lie behind an odd number of halves.
    let planes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: rowByteCount * min(rowCount, height) + 4 * sources.count, alignment: 16)
    // The pipeline points into itself, so it stays where it is.
    let pipeline = UnsafeMutablePointer<exr_encode_pipeline_t>.allocate(capacity: 1)
    pipeline.initialize(to: exr_encode_pipeline_t())
    defer {
      exr_encoding_destroy(context, pipeline)
      pipeline.deallocate()
      planes.deallocate()
    }

    for row in stride(from: 0, to: height, by: rowCount) {
      var chunk = exr_chunk_info_t()
      try check(exr_write_scanline_chunk_info(context, 0, Int32(firstRow + row), &chunk))
      if row == 0 {
        try check(exr_encoding_initialize(context, 0, &chunk, pipeline))
      } else {
        try check(exr_encoding_update(context, 0, &chunk, pipeline))
      }
      var offset = 0
      for index in 0..<Int(pipeline.pointee.channel_count) {
        let channel = pipeline.pointee.channels + index
        guard let source = sources[String(cString: channel.pointee.channel_name)] else {
          throw ImageError(.unwritable, "EXR: the library lost a channel")
        }
        let layer = layers[source.layer]
        offset = (offset + 3) & ~3
        let plane = UnsafeMutableRawBufferPointer(rebasing: planes[offset...])
        let rows = row..<min(row + rowCount, height)
        let byteCount = layer.fill(plane, channel: source.channel, rows: rows, width: width)
        channel.pointee.user_data_type = UInt16(layer.pixelType.code.rawValue)
        channel.pointee.user_bytes_per_element = Int16(layer.pixelType.byteCount)
        channel.pointee.user_pixel_stride = Int32(layer.pixelType.byteCount)
        channel.pointee.user_line_stride = Int32(layer.pixelType.byteCount * width)
        channel.pointee.encode_from_ptr = UnsafePointer(plane.baseAddress!.assumingMemoryBound(to: UInt8.self))
        offset += byteCount
      }
      if row == 0 { try check(exr_encoding_choose_default_routines(context, 0, pipeline)) }
      try check(exr_encoding_run(context, 0, pipeline))
    }
  }

  /// Ends the file and gives its bytes.
  consuming func finish() throws(ImageError) -> [UInt8] {
    // The library completes the file when its context ends, which then must not happen again.
    let (context, stream) = (context, stream)
    discard self
    var ended: OpaquePointer? = context
    let code = exr_finish(&ended)
    defer {
      glint_codec_free(stream.pointee.output)
      stream.deallocate()
    }
    guard code == 0 else { throw EXRFault.error(.unwritable, code: code, stream: stream) }
    return [UInt8](UnsafeBufferPointer(start: stream.pointee.output, count: stream.pointee.outputCount))
  }

  private func check(_ code: Int32) throws(ImageError) {
    guard code == 0 else { throw EXRFault.error(.unwritable, code: code, stream: stream) }
  }
}

extension EXRLayer {
  /// Converts rows of a channel to the file's type, in native byte order.
  ///
  /// - Returns: The number of bytes written.
  fileprivate func fill(
    _ target: UnsafeMutableRawBufferPointer, channel: Int, rows: Range<Int>, width: Int
  ) -> Int {
    let pixels = rows.lowerBound * width..<rows.upperBound * width
    let channelCount = channels.count
    return values.withUnsafeBufferPointer { values in
      switch pixelType {
      case .half:
        let halves = target.bindMemory(to: UInt16.self)
        for (i, pixel) in pixels.enumerated() {
          halves[i] = HalfFloat.bits(nearest: values[pixel * channelCount + channel])
        }
      case .float:
        let floats = target.bindMemory(to: Float.self)
        for (i, pixel) in pixels.enumerated() { floats[i] = values[pixel * channelCount + channel] }
      }
      return pixels.count * pixelType.byteCount
    }
  }
}

extension EXRPixelType {
  var code: exr_pixel_type_t {
    switch self {
    case .half: EXR_PIXEL_HALF
    case .float: EXR_PIXEL_FLOAT
    }
  }
}

extension EXRCompression {
  fileprivate var code: exr_compression_t {
    switch self {
    case .none: EXR_COMPRESSION_NONE
    case .rle: EXR_COMPRESSION_RLE
    case .zips: EXR_COMPRESSION_ZIPS
    case .zip: EXR_COMPRESSION_ZIP
    case .piz: EXR_COMPRESSION_PIZ
    }
  }
}

/// Faults of OpenEXRCore as errors.
enum EXRFault {
  /// - Parameter place: Where in the file; empty for the file as a whole.
  static func error(
    _ kind: ImageError.Kind, code: Int32, stream: UnsafeMutablePointer<glint_exr_stream>, place: String = ""
  ) -> ImageError {
    var text = withUnsafeBytes(of: &stream.pointee.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if text.isEmpty { text = String(cString: exr_get_default_error_message(code)) }
    return ImageError(kind, place.isEmpty ? "EXR: \(text)" : "EXR: \(place): \(text)")
  }
}
