/// How an OpenEXR channel holds its values.
public enum EXRPixelType: Sendable, Equatable, CaseIterable {
  /// 16-bit floats: 11 significant bits, at most 65,504.
  case half
  /// 32-bit floats.
  case float

  var byteCount: Int {
    switch self {
    case .half: 2
    case .float: 4
    }
  }
}

/// How OpenEXR chunks are packed. All of these are lossless.
public enum EXRCompression: Sendable, Equatable, CaseIterable {
  case none
  /// Run lengths.
  case rle
  /// Deflate, one row at a time.
  case zips
  /// Deflate, 16 rows at a time.
  case zip
  /// Wavelet and Huffman codes, 32 rows at a time.
  case piz
}

/// A value that an OpenEXR header holds under a name.
public struct EXRAttribute: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    /// UTF-8, without NUL.
    case string(String)
    case float(Float)
    case int(Int32)
  }

  /// 1 to 31 printable ASCII characters.
  public var name: String
  public var value: Value

  public init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}

/// Where a cropped picture lies in the whole one.
public struct CropPlacement: Sendable, Equatable {
  /// Column of the crop's first pixel in the whole picture.
  public var x: Int
  /// Row of the crop's first pixel in the whole picture, from the top.
  public var y: Int
  public var wholeWidth: Int
  public var wholeHeight: Int

  public init(x: Int, y: Int, wholeWidth: Int, wholeHeight: Int) {
    self.x = x
    self.y = y
    self.wholeWidth = wholeWidth
    self.wholeHeight = wholeHeight
  }
}

/// Channels of a picture that belong together: the picture itself, or a pass beside it.
public struct EXRLayer: Sendable {
  /// Empty for the picture itself. Otherwise channels are stored as `name.channel`, as Blender and Nuke do.
  public var name: String
  /// Names of the channels, in the order of `values`: `["R", "G", "B"]`.
  public var channels: [String]
  public var pixelType: EXRPixelType
  /// Row-major, `height × width × channels.count`, linear, top row first.
  public var values: [Float]

  public init(name: String = "", channels: [String], pixelType: EXRPixelType, values: [Float]) {
    self.name = name
    self.channels = channels
    self.pixelType = pixelType
    self.values = values
  }

  /// - Parameter values: `height × width × 3`.
  public static func rgb(_ values: [Float], pixelType: EXRPixelType) -> EXRLayer {
    EXRLayer(channels: ["R", "G", "B"], pixelType: pixelType, values: values)
  }

  /// - Parameter values: `height × width × 4`. OpenEXR's colours are premultiplied by alpha.
  public static func rgba(_ values: [Float], pixelType: EXRPixelType) -> EXRLayer {
    EXRLayer(channels: ["R", "G", "B", "A"], pixelType: pixelType, values: values)
  }

  func channelName(_ index: Int) -> String { name.isEmpty ? channels[index] : "\(name).\(channels[index])" }
}
