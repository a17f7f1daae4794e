import FarmWire
import Foundation
import FrameRenderer
import ImageFiles
import KernelScene

/// What an undamaged PNG file on disk says about itself.
///
/// The texts are taken at their word: a file that somebody has painted over with a tool that keeps them looks the same.
struct PictureOnDisk {
  private let width: Int
  private let height: Int
  private let depth: Int
  private let texts: [String: String]

  /// Larger files are downloaded rather than looked at.
  private static let byteLimit = 1 << 30

  /// Nil: the file is missing, no PNG file, or damaged.
  init?(path: String) {
    let url = URL(fileURLWithPath: path)
    guard let size = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize, (45...Self.byteLimit).contains(size),
      let data = try? Data(contentsOf: url)
    else { return nil }
    let bytes = [UInt8](data)
    guard PNGIntegrity.isWhole(bytes) else { return nil }
    texts = PNGText.read(bytes)
    // The header comes first: signature, length and type, width and height, depth.
    func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
    (width, height, depth) = (word(16), word(20), Int(bytes[24]))
  }

  /// Whether the file holds the picture that the master has for a frame: made the same way from the same film.
  func shows(_ frame: FrameSummary, of job: JobSummary) -> Bool {
    guard let digest = frame.digest, depth == job.depth, width == job.spec.width, height == job.spec.height,
      let view = ViewSettings(name: job.view, exposure: Float(job.exposure))
    else {
      return false
    }
    let description = PictureDescription(
      settings: RenderSettings(job.spec), camera: job.spec.camera, frame: frame.number)
    let entries = description.metadata(digest: digest, view: view).entries
    return texts["glint.crop"] == nil && entries.allSatisfy { texts[$0.key] == $0.value }
  }
}
