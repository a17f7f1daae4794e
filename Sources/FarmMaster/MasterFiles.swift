import FarmModel
import FarmStore
import Foundation
import SceneModel

/// The data folder:
///
///     farm.sqlite                        jobs, units, agents, leases
///     parts/HASH.zst                     bundle parts
///     bundles/HASH                       manifests
///     results/JOB/FRAME/UNIT.LEASE.zst   planes of frames that are not final
///     frames/JOB/FRAME.png               finished pictures
///     ledger/                            the public log (docs/ledger.md)
///     ledger.key                         the log's private key
struct MasterFiles: Sendable {
  let root: URL
  let parts: PartStore

  init(_ root: URL) throws {
    self.root = root
    for folder in ["bundles", "results", "frames", "ledger"] {
      let url = root.appendingPathComponent(folder, isDirectory: true)
      do {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      } catch {
        throw MasterFault(.system, "--data: folder \(url.path) cannot be made (\(error.localizedDescription))")
      }
    }
    parts = try PartStore(directory: root.appendingPathComponent("parts", isDirectory: true))
  }

  var database: URL { root.appendingPathComponent("farm.sqlite") }
  var ledger: URL { root.appendingPathComponent("ledger", isDirectory: true) }
  var ledgerKey: URL { root.appendingPathComponent("ledger.key") }

  // MARK: - Bundles

  private func manifestURL(_ hash: ContentHash) -> URL {
    root.appendingPathComponent("bundles", isDirectory: true).appendingPathComponent(hash.hex)
  }

  func manifestBytes(_ hash: ContentHash) -> [UInt8]? {
    (try? Data(contentsOf: manifestURL(hash))).map { [UInt8]($0) }
  }

  func manifest(_ hash: ContentHash) throws -> BundleManifest? {
    try manifestBytes(hash).map { try BundleManifest(decoding: $0) }
  }

  func keep(_ manifest: BundleManifest, bytes: [UInt8]) throws {
    let url = manifestURL(manifest.id)
    guard !FileManager.default.fileExists(atPath: url.path) else { return }
    try DurableFile.replace(url, with: bytes)
  }

  // MARK: - Results

  private func resultFolder(_ job: JobID, frame: Int) -> URL {
    root.appendingPathComponent("results/\(job)/\(frame)", isDirectory: true)
  }

  private func resultURL(_ ref: UnitRef, lease: LeaseID) -> URL {
    resultFolder(ref.job, frame: ref.frame).appendingPathComponent("\(ref.unit).\(lease).zst")
  }

  /// Returns when the bytes survive a crash.
  func keepResult(_ ref: UnitRef, lease: LeaseID, payload: [UInt8]) throws {
    let folder = resultFolder(ref.job, frame: ref.frame)
    if !FileManager.default.fileExists(atPath: folder.path) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // The new folders must survive as well.
      try DurableFile.sync(folder.deletingLastPathComponent())
      try DurableFile.sync(folder.deletingLastPathComponent().deletingLastPathComponent())
    }
    try DurableFile.replace(resultURL(ref, lease: lease), with: payload)
  }

  func result(_ ref: UnitRef, lease: LeaseID) -> [UInt8]? {
    (try? Data(contentsOf: resultURL(ref, lease: lease))).map { [UInt8]($0) }
  }

  func removeResult(_ ref: UnitRef, lease: LeaseID) {
    try? FileManager.default.removeItem(at: resultURL(ref, lease: lease))
  }

  func removeResults(_ job: JobID, frame: Int) {
    try? FileManager.default.removeItem(at: resultFolder(job, frame: frame))
  }

  /// Removes planes that a crash left behind after their frame was final.
  func sweepResults(where isFinal: (JobID, Int) -> Bool) {
    let manager = FileManager.default
    let folder = root.appendingPathComponent("results", isDirectory: true)
    for job in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? [] {
      let frames = (try? manager.contentsOfDirectory(atPath: folder.appendingPathComponent(job).path)) ?? []
      for frame in frames.compactMap({ Int($0) }) where isFinal(JobID(job), frame) {
        removeResults(JobID(job), frame: frame)
      }
    }
  }

  // MARK: - Pictures

  func pictureURL(_ job: JobID, frame: Int) -> URL {
    root.appendingPathComponent("frames/\(job)/\(frame).png")
  }

  func keepPicture(_ job: JobID, frame: Int, png: [UInt8]) throws {
    let url = pictureURL(job, frame: frame)
    let folder = url.deletingLastPathComponent()
    if !FileManager.default.fileExists(atPath: folder.path) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try DurableFile.sync(folder.deletingLastPathComponent())
    }
    try DurableFile.replace(url, with: png)
  }
}
