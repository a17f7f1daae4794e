import ArgumentParser
import Foundation
import ImageFiles
import KernelScene
import SceneImport
import SceneModel

/// What is rendered: the scene's file, and which part of it. Shared by `render` and `submit`.
struct SceneOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The scene: a glTF 2.0 file.", valueName: "scene"),
    completion: .file(extensions: ["glb", "gltf"]))
  var scene: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Frames: 12, 1-48, 1..48, 1,4,9, -5--1, or every second of some: 1-48x2. Default: all of the animation, or frame 1.",
      valueName: "frames"),
    transform: FrameOption.parse)
  var frames: FrameNumbers?

  @Option(
    help: ArgumentHelp(
      "Frames a second. Default: the standard rate on whose grid the keys are, else 24.", valueName: "rate"),
    transform: Quantity.parse(above: 0, through: 1000))
  var fps: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Number of the frame that shows the earliest key. Default: 1 where that key is at 0, else its time × fps.",
      valueName: "number"),
    transform: Quantity.parseInteger(FrameNumbers.limits))
  var firstFrame: Int?

  @Option(help: ArgumentHelp("The camera, by name or number from 1. Default: the first.", valueName: "name"))
  var camera: String?

  @Option(
    name: .customLong("scene"),
    help: ArgumentHelp(
      "The glTF scene of the file, by name or number from 1. Default: the one that the file names, or the first.",
      valueName: "name"))
  var sceneName: String?

  @Option(
    help: ArgumentHelp(
      "An animation, by name or number from 1, or \"all\"; may be given several times. Default: the first, and others that drive other objects.",
      valueName: "name"))
  var animation: [String] = []

  @Option(
    help: ArgumentHelp(
      "Light from all around: an equirectangular picture (.hdr, .exr), a colour ('#404050', sRGB) or black. Default: none.",
      valueName: "file | colour"),
    completion: .file(extensions: ["hdr", "exr"]))
  var env: String?

  @Flag(help: "No sky for a scene without any light.")
  var noSky = false

  @Option(
    help: ArgumentHelp("Multiplies the light of the environment. Default: 1.", valueName: "factor"),
    transform: Quantity.parse(from: 0, through: 1e6))
  var envScale: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Turns the environment about the vertical axis as Blender's Mapping node does: positive is clockwise seen from above. Default: 0.",
      valueName: "degrees"),
    transform: Quantity.parse(from: -3600, through: 3600))
  var envRotation: Double?

  @Option(
    help: ArgumentHelp(
      "What lamps' intensities are: gltf, or a lighting mode of Blender's exporter: standard, unitless, raw. Default: what the file's generator writes.",
      valueName: "unit"))
  var lightUnit: LightUnit?

  @Flag(help: "The camera sees both sides of single-sided surfaces, as in Cycles.")
  var doubleSided = false

  @Option(
    help: ArgumentHelp("Also read textures and buffers below this folder. Default: none.", valueName: "folder"),
    completion: .directory)
  var assetRoot: String?

  @Flag(help: "Faults that a picture can do without are errors.")
  var strict = false

  var sceneURL: URL { URL(fileURLWithPath: scene) }

  /// Where light from all around comes from. A colour is `#rgb` or `#rrggbb` in sRGB.
  func environment() throws -> EnvironmentChoice {
    guard let env else { return noSky ? .none : .automatic }
    if env.lowercased() == "black" { return .none }
    guard env.hasPrefix("#"), !FileManager.default.fileExists(atPath: env) else {
      return .file(URL(fileURLWithPath: env))
    }
    guard let color = HexColor.linear(env) else {
      throw CommandFailure(.badUsage, "--env: found '\(env)', expected a file, or a colour such as '#404050'")
    }
    return .color(color)
  }

  /// Checks that the named files exist, so that the error names the option and not some reader's inner state. Commands call
  /// it first in `run()`: thrown from `validate()`, a `CommandFailure` would lose its exit code.
  func checkFiles() throws {
    var files: [(name: String, path: String)] = [("scene", scene)]
    if case .file = try environment(), let env { files.append(("--env", env)) }
    for (name, path) in files {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        let hint = name == "--env" ? "; a colour is written '#404050', in quotes" : ""
        throw CommandFailure(
          .badInput, "\(name): no file '\(path)' in \(FileManager.default.currentDirectoryPath)\(hint)")
      }
      if isFolder.boolValue {
        throw CommandFailure(.badInput, "\(name): '\(path)' is a folder; name the file in it")
      }
    }
    if let assetRoot {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: assetRoot, isDirectory: &isFolder), isFolder.boolValue else {
        throw CommandFailure(.badInput, "--asset-root: '\(assetRoot)' is not a folder")
      }
    }
  }
}

/// How the picture is made. Shared by `render` and `submit`; equal options give equal bytes.
struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Width and height in pixels. Default: the largest inside 1280x720 with the camera's aspect ratio.",
      valueName: "width x height"), transform: PictureSize.parse)
  var size: PictureSize?

  @Option(
    help: ArgumentHelp("Multiplies the size: 50%, 0.5 or 2. Default: 100%.", valueName: "factor"),
    transform: PictureSize.parseScale)
  var scale = PictureScale(factor: 1)

  @Option(
    help: ArgumentHelp("Samples a pixel. Default: 64.", valueName: "count"),
    transform: Quantity.parseInteger(1...65_536))
  var samples = 64

  @Option(
    help: ArgumentHelp("Most reflections of a path. Default: 8.", valueName: "count"),
    transform: Quantity.parseInteger(0...255))
  var bounces = 8

  @Option(help: ArgumentHelp("Chooses the noise pattern.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: "Pixel filter.")
  var filter: FilterName = .blackmanHarris

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Brightens (+) or darkens (−), in stops. Default: 0.", valueName: "stops"),
    transform: Quantity.parse(from: -32, through: 32))
  var exposure: Double = 0

  @Option(help: "View transform.")
  var view: ViewName = .neutral

  @Option(help: "Look of --view agx, as in Blender.")
  var look = LookName(look: .none)

  @Option(help: "Bits a channel of the PNG files.")
  var depth: DepthName = .eight

  @Option(
    help: ArgumentHelp(
      "Edge of a tile in pixels, a multiple of 16. Changes no pixel. Default: 64.", valueName: "pixels"),
    transform: Quantity.parseTile)
  var tile = 64

  /// The settings that the kernel takes.
  ///
  /// - Parameter aspect: Width / height of what the camera sees. Nil: the camera leaves it open.
  func renderSettings(aspect: Float?) throws -> RenderSettings {
    let size = try (size ?? PictureSize.fitting(aspect: aspect)).scaled(by: scale)
    var settings = RenderSettings(width: size.width, height: size.height, sampleCount: samples)
    settings.bounces = bounces
    settings.seed = seed
    settings.filter = filter.kernelFilter
    return settings
  }

  var viewSettings: ViewSettings {
    ViewSettings(transform: view.transform, exposure: Float(exposure), look: look.look)
  }

  func validate() throws {
    guard look.look == .none || view == .agx else {
      throw ValidationError(
        "--look: \(look.look.rawValue) is a look of AgX, and the view is \(view.rawValue); add --view agx, or leave --look out"
      )
    }
  }
}

/// `--frames 1-48`
enum FrameOption {
  static func parse(_ text: String) throws -> FrameNumbers {
    do {
      return try FrameNumbers(parsing: text)
    } catch {
      throw OptionError(error.description)
    }
  }
}

/// Numbers with a stated range.
enum Quantity {
  static func parse(
    from lower: Double? = nil, above: Double? = nil, through upper: Double
  ) -> @Sendable (String) throws -> Double {
    { text in
      guard let value = Double(text), value.isFinite else { throw OptionError("expected a number") }
      if let lower, value < lower { throw OptionError("must be at least \(plain(lower))") }
      if let above, value <= above { throw OptionError("must be above \(plain(above))") }
      if value > upper { throw OptionError("must be at most \(plain(upper))") }
      return value
    }
  }

  static func parseInteger(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let value = Int(text) else { throw OptionError("expected a whole number") }
      guard range.contains(value) else {
        throw OptionError("must be from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
  }

  /// A count that may be written as 5e9.
  static func parseCredit(_ text: String) throws -> UInt64 {
    guard let value = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0.rounded()) }), value > 0 else {
      throw OptionError("expected a count of credit, such as 2500000 or 5e9")
    }
    return value
  }

  static func parseTile(_ text: String) throws -> Int {
    let value = try parseInteger(16...1024)(text)
    guard value % 16 == 0 else { throw OptionError("must be a multiple of 16") }
    return value
  }

  private static func plain(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }
}

/// What is wrong with an option's value; the parser puts option and value before it.
struct OptionError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

enum FilterName: String, ExpressibleByArgument, CaseIterable {
  case box
  case blackmanHarris = "blackman-harris"

  var kernelFilter: RenderSettings.Filter {
    switch self {
    case .box: .box
    case .blackmanHarris: .blackmanHarris
    }
  }
}

enum ViewName: String, ExpressibleByArgument, CaseIterable {
  case neutral, agx, standard

  /// Any case: Blender writes `AgX`.
  init?(argument: String) { self.init(rawValue: argument.lowercased()) }

  var transform: ViewTransform {
    switch self {
    case .neutral: .neutral
    case .agx: .agx
    case .standard: .standard
    }
  }
}

/// `--look very-high-contrast`
struct LookName: ExpressibleByArgument {
  var look: ViewLook

  init(look: ViewLook) { self.look = look }

  init?(argument: String) {
    guard let look = ViewLook(rawValue: argument.lowercased().replacing(" ", with: "-")) else { return nil }
    self.look = look
  }

  var defaultValueDescription: String { look.rawValue }

  static var allValueStrings: [String] { ViewLook.allCases.map(\.rawValue) }
}

enum DepthName: String, ExpressibleByArgument, CaseIterable {
  case eight = "8"
  case sixteen = "16"

  var bits: Int { self == .eight ? 8 : 16 }
}
