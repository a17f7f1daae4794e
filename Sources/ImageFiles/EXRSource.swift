import COpenEXR

/// The channels of an OpenEXR file that are its picture.
struct EXRSource: Equatable {
  var part: Int
  /// R, G and B, or Y alone, with the layer's name before them.
  var channels: [String]

  /// Files have some tens of channels; each costs a look at every chunk.
  private static let maxChannelCount = 1024

  /// Chooses the channels as `EXRReader.decode` says.
  ///
  /// - Throws: If no part has such channels, or the part that has them cannot be read.
  static func find(in input: borrowing EXRInput) throws(ImageError) -> EXRSource {
    let partCount = try input.partCount()
    var (names, gray): ([String], EXRSource?) = ([], nil)
    var isDeep = false
    for part in 0..<partCount {
      let storage = try input.storage(ofPart: part)
      guard storage == EXR_STORAGE_SCANLINE || storage == EXR_STORAGE_TILED else {
        isDeep = true
        continue
      }
      let channels = try input.channels(ofPart: part)
      guard channels.count <= maxChannelCount else {
        throw ImageError(.tooLarge, "EXR: \(channels.count) channels in a part; at most \(maxChannelCount) are read")
      }
      names += channels.map(\.name)
      if let prefix = prefix(ofLayerIn: channels.map(\.name)) {
        let source = EXRSource(part: part, channels: ["R", "G", "B"].map { prefix + $0 })
        try source.check(in: input, channels)
        return source
      }
      if gray == nil, channels.contains(where: { $0.name == "Y" }) { gray = EXRSource(part: part, channels: ["Y"]) }
    }
    if let gray {
      try gray.check(in: input, try input.channels(ofPart: gray.part))
      return gray
    }
    if isDeep && names.isEmpty {
      throw ImageError(
        .unsupported, "EXR: the picture is deep; flatten it to one value for each pixel and save it again")
    }
    let found = names.isEmpty ? "no channels" : "channels " + names.prefix(20).joined(separator: ", ")
    throw ImageError(
      .unsupported, "EXR: \(found) found; R, G and B, or Y expected, with or without a layer's name before them")
  }

  /// What stands before R, G and B: nothing, or a layer's name and a dot.
  private static func prefix(ofLayerIn names: [String]) -> String? {
    let known = Set(names)
    let prefixes = names.compactMap { name -> String? in
      guard name == "R" || name.hasSuffix(".R") else { return nil }
      let prefix = String(name.dropLast())
      return known.contains(prefix + "G") && known.contains(prefix + "B") ? prefix : nil
    }
    return prefixes.first { $0.isEmpty } ?? prefixes.first { $0 == "Combined." || $0.hasSuffix(".Combined.") }
      ?? prefixes.first
  }

  private func check(
    in input: borrowing EXRInput, _ channels: [EXRInput.Channel]
  ) throws(ImageError) {
    switch try input.compression(ofPart: part) {
    case EXR_COMPRESSION_NONE, EXR_COMPRESSION_RLE, EXR_COMPRESSION_ZIPS, EXR_COMPRESSION_ZIP, EXR_COMPRESSION_PIZ,
      EXR_COMPRESSION_PXR24, EXR_COMPRESSION_B44, EXR_COMPRESSION_B44A:
      break
    case EXR_COMPRESSION_DWAA, EXR_COMPRESSION_DWAB:
      throw ImageError(
        .unsupported,
        "EXR: the picture has DWAA or DWAB compression, which is not read; save it with ZIP or PIZ instead")
    default:
      throw ImageError(.unsupported, "EXR: the picture has an unknown compression; save it with ZIP or PIZ instead")
    }
    guard let subsampled = channels.first(where: \.isSubsampled) else { return }
    let isLuminanceChroma = ["Y", "RY", "BY"].contains(subsampled.name)
    throw ImageError(
      .unsupported,
      isLuminanceChroma
        ? "EXR: the picture holds luminance and chroma (Y, RY, BY), which is not read; save it as RGB instead"
        : "EXR: channel \(subsampled.name) is subsampled, which is not read; save all channels in full size")
  }
}
