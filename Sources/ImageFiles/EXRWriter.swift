import CImageCodecs
import COpenEXR
import Foundation

/// OpenEXR pictures: one part, scanlines, linear colour with Rec. 709 primaries and white point D65.
///
/// Equal input gives equal bytes. The header has no date, owner or version of a library.
///
/// Halves are rounded to nearest, ties to even. Finite values beyond ±65,504 become ±65,504, infinities and NaN stay.
public enum EXRWriter {
  /// OpenEXR's own default: deflate gains little beyond it and takes longer.
  private static let zipLevel: Int32 = 4
  /// Longer names need a flag that old readers do not know.
  private static let maxNameByteCount = 31
  private static let maxStringByteCount = 1 << 20
  private static let maxSide = 1 << 24

  /// Attributes that the format or this writer gives a meaning of their own.
  private static let reservedNames: Set<String> = [
    "channels", "chromaticities", "chunkCount", "compression", "dataWindow", "displayWindow", "envmap", "lineOrder",
    "maxSamplesPerPixel", "multiView", "name", "pixelAspectRatio", "preview", "screenWindowCenter", "screenWindowWidth",
    "tiles", "type", "version", "view",
  ]

  /// - Parameters:
  ///   - layers: At least one, each with `height × width` pixels. Their channels are stored sorted by name.
  ///   - placement: Where the picture lies in a larger one, which becomes the display window; nil: it is whole.
  ///   - attributes: Written in this order, after the required ones.
  /// - Returns: The file's bytes.
  public static func encode(
    layers: [EXRLayer], width: Int, height: Int, placement: CropPlacement? = nil, compression: EXRCompression = .zip,
    attributes: [EXRAttribute] = []
  ) throws(ImageError) -> [UInt8] {
    try check(layers, width: width, height: height)
    try check(attributes)
    let windows = try windows(width: width, height: height, placement: placement)
    let output = try EXROutput(zipLevel: zipLevel)
    try output.addPart(
      displayWindow: windows.display, dataWindow: windows.data, compression: compression, layers: layers,
      attributes: attributes)
    try output.writePixels(layers, width: width, height: height, firstRow: Int(windows.data.min.y))
    return try output.finish()
  }

  /// Writes the file whole or not at all; see `AtomicFile`.
  public static func write(_ bytes: [UInt8], to url: URL) throws {
    try AtomicFile.write(bytes, to: url)
  }

  private static func check(_ layers: [EXRLayer], width: Int, height: Int) throws(ImageError) {
    guard width > 0, height > 0, width <= maxSide, height <= maxSide else {
      throw ImageError(
        .unwritable, "EXR: the picture is \(width)×\(height) pixels; both sides must be from 1 to \(maxSide)")
    }
    var names: Set<String> = []
    for layer in layers {
      guard layer.values.count == width * height * layer.channels.count else {
        throw ImageError(
          .unwritable,
          "EXR: \(layer.values.count) values given for \(width)×\(height) pixels of \(layer.channels.count) channels")
      }
      for index in layer.channels.indices {
        let name = layer.channelName(index)
        guard isName(name), !layer.channels[index].isEmpty else {
          throw ImageError(
            .unwritable,
            "EXR: channel name \"\(name)\" found; 1 to \(maxNameByteCount) printable ASCII characters expected")
        }
        guard names.insert(name).inserted else {
          throw ImageError(.unwritable, "EXR: channel \"\(name)\" is given twice; each name may appear once")
        }
      }
    }
    guard !names.isEmpty else { throw ImageError(.unwritable, "EXR: no channels given; at least one expected") }
  }

  private static func check(_ attributes: [EXRAttribute]) throws(ImageError) {
    var names: Set<String> = []
    for attribute in attributes {
      let name = attribute.name
      guard isName(name) else {
        throw ImageError(
          .unwritable,
          "EXR: attribute name \"\(name)\" found; 1 to \(maxNameByteCount) printable ASCII characters expected")
      }
      guard !reservedNames.contains(name) else {
        throw ImageError(.unwritable, "EXR: attribute name \"\(name)\" belongs to the format; choose another")
      }
      guard names.insert(name).inserted else {
        throw ImageError(.unwritable, "EXR: attribute \"\(name)\" is given twice; each name may appear once")
      }
      if case .string(let text) = attribute.value {
        guard !text.utf8.contains(0), text.utf8.count <= maxStringByteCount else {
          throw ImageError(
            .unwritable,
            "EXR: attribute \"\(name)\" must be text of at most \(maxStringByteCount) bytes without NUL")
        }
      }
    }
  }

  private static func isName(_ name: String) -> Bool {
    (1...maxNameByteCount).contains(name.utf8.count) && name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  private static func windows(
    width: Int, height: Int, placement: CropPlacement?
  ) throws(ImageError) -> (display: exr_attr_box2i_t, data: exr_attr_box2i_t) {
    let place = placement ?? CropPlacement(x: 0, y: 0, wholeWidth: width, wholeHeight: height)
    guard (1...maxSide).contains(place.wholeWidth), (1...maxSide).contains(place.wholeHeight), place.x >= 0,
      place.y >= 0, place.x <= place.wholeWidth - width, place.y <= place.wholeHeight - height
    else {
      throw ImageError(
        .unwritable,
        "EXR: a crop of \(width)×\(height) pixels at (\(place.x), \(place.y)) does not lie within "
          + "\(place.wholeWidth)×\(place.wholeHeight) pixels")
    }
    return (
      box(x: 0, y: 0, width: place.wholeWidth, height: place.wholeHeight),
      box(x: place.x, y: place.y, width: width, height: height)
    )
  }

  private static func box(x: Int, y: Int, width: Int, height: Int) -> exr_attr_box2i_t {
    var box = exr_attr_box2i_t()
    box.min.x = Int32(x)
    box.min.y = Int32(y)
    box.max.x = Int32(x + width - 1)
    box.max.y = Int32(y + height - 1)
    return box
  }
}
