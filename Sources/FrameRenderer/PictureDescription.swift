import ImageFiles
import KernelScene
import SceneModel

/// What decides a picture's pixels: what picture files say about themselves.
///
/// Nothing in it differs between equal renders: no times, jobs or machines. So equal renders are equal files, whoever made
/// them.
public struct PictureDescription: Sendable {
  public var settings: RenderSettings
  /// Index of the camera.
  public var camera: Int
  public var frame: Int
  /// Id of the bundle that holds the scene and this frame alone (`BundleManifest.id(ofFrame:)`). Nil: not known.
  public var bundle: ContentHash?
  /// The part of the frame that the picture shows. Nil: all of it.
  public var crop: TileRectangle?

  public init(
    settings: RenderSettings, camera: Int, frame: Int, bundle: ContentHash? = nil, crop: TileRectangle? = nil
  ) {
    self.settings = settings
    self.camera = camera
    self.frame = frame
    self.bundle = bundle
    self.crop = crop
  }

  /// The entries of a picture's file, always in the same order.
  ///
  /// Cameras are counted from 1, among those of the bundle.
  ///
  /// - Parameters:
  ///   - digest: That of the picture's film.
  ///   - view: How the picture was developed. Nil: it is linear.
  public func metadata(digest: ContentHash, view: ViewSettings?) -> PictureMetadata {
    var metadata = PictureMetadata([
      ("Software", "Glint"),
      ("glint.camera", "\(camera + 1)"),
      ("glint.frame", "\(frame)"),
      ("glint.size", "\(settings.width)x\(settings.height)"),
      ("glint.samples", "\(settings.sampleCount)"),
      ("glint.bounces", "\(settings.bounces)"),
      ("glint.seed", "\(settings.seed)"),
      ("glint.filter", settings.filter.name),
      ("glint.kernel_revision", "\(kernelRevision)"),
    ])
    if let bundle { metadata.append("glint.bundle", bundle.hex) }
    if let crop { metadata.append("glint.crop", "\(crop.x),\(crop.y),\(crop.width),\(crop.height)") }
    if let view {
      metadata.append("glint.view", view.name)
      metadata.append("glint.exposure", "\(view.exposure)")
    }
    metadata.append("glint.digest", digest.hex)
    return metadata
  }
}

extension RenderSettings.Filter {
  /// As `--filter` and job specs have it.
  fileprivate var name: String {
    switch self {
    case .box: "box"
    case .blackmanHarris: "blackman-harris"
    }
  }
}
