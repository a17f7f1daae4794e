import FarmModel
import Foundation
import FrameRenderer
import ImageFiles
import LaneMath
import KernelScene

/// Unfinished frames as pictures: every pixel the mean of the samples that are here.
actor Previews {
  private struct Key: Hashable {
    var job: JobID
    var frame: Int
  }

  private struct Entry {
    var unitCount: Int
    var png: [UInt8]
    var use: Int
  }

  private let keeper: FarmKeeper
  private let files: MasterFiles
  private let cache: PlaneCache
  private var entries: [Key: Entry] = [:]
  private var work: [Key: Task<[UInt8]?, any Error>] = [:]
  private var clock = 0

  private static let entryLimit = 16

  init(keeper: FarmKeeper, files: MasterFiles, cache: PlaneCache) {
    self.keeper = keeper
    self.files = files
    self.cache = cache
  }

  /// Nil before the first unit.
  func picture(_ job: JobID, frame: Int) async throws -> [UInt8]? {
    let key = Key(job: job, frame: frame)
    clock += 1
    let units = await keeper.read { $0.receivedUnits(job, frame: frame) }
    guard !units.isEmpty, let view = await keeper.read({ $0.jobView(job) }) else { return nil }
    if let entry = entries[key], entry.unitCount == units.count {
      entries[key]?.use = clock
      return entry.png
    }
    if let work = work[key] { return try await work.value }
    let (files, cache) = (files, cache)
    let task = Task<[UInt8]?, any Error> {
      try await onThread { try Previews.make(units, view.record, files, cache) }
    }
    work[key] = task
    defer { work[key] = nil }
    guard let png = try await task.value else { return nil }
    entries[key] = Entry(unitCount: units.count, png: png, use: clock)
    if entries.count > Previews.entryLimit, let oldest = entries.min(by: { $0.value.use < $1.value.use }) {
      entries[oldest.key] = nil
    }
    return png
  }

  private static func make(
    _ units: [ReceivedUnit], _ job: JobRecord, _ files: MasterFiles, _ cache: PlaneCache
  ) throws -> [UInt8]? {
    let (width, height) = (job.spec.width, job.spec.height)
    var counts = [Float](repeating: 0, count: width * height)
    let sums = FlatBuffer<Float>(count: 3 * width * height)
    for received in units {
      let (tile, samples) = (received.unit.tile, received.unit.samples)
      let lease = received.result.lease
      guard
        let planes = cache.planes(lease: lease)
          ?? files.result(received.ref, lease: lease).flatMap({
            try? ResultPayload.decode($0, tile: tile, samples: samples).planes
          })
      else { continue }
      for row in 0..<tile.height {
        for column in 0..<tile.width {
          let pixel = (tile.y + row) * width + tile.x + column
          let source = row * tile.width + column
          counts[pixel] += Float(samples.count)
          for channel in 0..<3 {
            sums.pointer[channel * width * height + pixel] += planes.values[channel * tile.pixelCount + source]
          }
        }
      }
    }
    for pixel in 0..<width * height where counts[pixel] > 0 {
      for channel in 0..<3 { sums.pointer[channel * width * height + pixel] /= counts[pixel] }
    }
    let rgb = withExtendedLifetime(sums) {
      Develop.developed8(
        sums: sums.pointer, width: width, height: height, sampleCount: 1, view: ViewSettings(job.picture))
    }
    return try PNGWriter.encode8(rgb: rgb, width: width, height: height)
  }
}
