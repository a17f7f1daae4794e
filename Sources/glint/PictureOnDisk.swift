import FarmWire
import Foundation
import FrameRenderer
import ImageFiles
import KernelScene

/// What a PNG file on disk says about itself, read from its first and last bytes.
struct PictureOnDisk {
  private let depth: Int
  private let texts: [String: String]

  /// Length, type and checksum of the chunk with which every whole PNG file ends.
  private static let end: [UInt8] = [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]

  /// Nil: the file is missing, no PNG file, or not whole.
  init?(path: String) {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let head = try? handle.read(upToCount: PNGText.prefixByteCount), let size = try? handle.seekToEnd(),
      size >= 45, (try? handle.seek(toOffset: size - UInt64(Self.end.count))) != nil,
      let tail = try? handle.read(upToCount: Self.end.count), tail.elementsEqual(Self.end)
    else { return nil }
    texts = PNGText.read([UInt8](head))
    // The header comes first: signature, length and type, width and height.
    depth = Int(head[head.startIndex + 24])
  }

  /// Whether the file holds the picture that the master has for a frame: made the same way from the same film.
  func shows(_ frame: FrameSummary, of job: JobSummary) -> Bool {
    guard let digest = frame.digest, depth == job.depth,
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
