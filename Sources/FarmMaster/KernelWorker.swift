import FarmModel
import FrameRenderer
import KernelScene
import SceneModel

/// The master's own kernel: renders single units of any job, for checks, disputes and repairs.
actor KernelWorker {
  private let files: MasterFiles
  private let kernel: any KernelBuild
  private let threads: RenderThreads
  private var renderer: BundleRenderer?
  private var frame: (bundle: ContentHash, number: Int, camera: Int, frame: PreparedJobFrame)?

  init(files: MasterFiles, kernel: any KernelBuild, threadCount: Int) {
    self.files = files
    self.kernel = kernel
    threads = RenderThreads(count: max(1, threadCount))
  }

  func render(_ spec: JobSpec, frame number: Int, unit: FramePlan.Unit) async throws -> UnitOutcome {
    let prepared = try await prepare(spec, number)
    return try await threads.render(
      prepared, settings: RenderSettings(spec), tile: unit.tile, samples: unit.samples)
  }

  private func prepare(_ spec: JobSpec, _ number: Int) async throws -> PreparedJobFrame {
    if let frame, frame.bundle == spec.bundle, frame.number == number, frame.camera == spec.camera {
      return frame.frame
    }
    if renderer?.manifest.id != spec.bundle {
      guard let manifest = try files.manifest(spec.bundle) else {
        throw BundleError(.missing, "bundle \(spec.bundle.short): its manifest is not in the data folder any more")
      }
      renderer = BundleRenderer(manifest: manifest, source: files.parts, kernel: kernel, threadCount: 1)
    }
    guard let renderer else { throw BundleError(.missing, "bundle \(spec.bundle.short)") }
    let camera = spec.camera
    let made = try await threads.run { _ in try renderer.prepare(frame: number, camera: camera) }
    frame = (spec.bundle, number, camera, made)
    return made
  }
}
