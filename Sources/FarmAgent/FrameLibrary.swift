import FrameRenderer
import KernelScene
import SceneModel
import Synchronization

/// Frames that are ready to render, and what they were made from.
///
/// A bundle's renderer keeps meshes, textures and structures for its next frame; renderers of bundles that no prepared frame
/// belongs to any more go, but for the one used last.
final class FrameLibrary: Sendable {
  private struct State {
    var frames: [FrameKey: PreparedJobFrame] = [:]
    var pinned: [FrameKey: [BundleManifest.Part]] = [:]
    var renderers: [ContentHash: BundleRenderer] = [:]
    var lastBundle: ContentHash?
  }

  private let fetcher: PartFetcher
  private let loadManifest: @Sendable (ContentHash) async throws -> BundleManifest
  private let kernel: any KernelBuild
  private let threadCount: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - kernel: The build that frames are made ready for.
  ///   - threadCount: Threads that build structures, besides those that render.
  init(
    fetcher: PartFetcher, kernel: any KernelBuild, threadCount: Int,
    loadManifest: @escaping @Sendable (ContentHash) async throws -> BundleManifest
  ) {
    self.fetcher = fetcher
    self.kernel = kernel
    self.threadCount = threadCount
    self.loadManifest = loadManifest
  }

  func frame(_ key: FrameKey) -> PreparedJobFrame? { state.withLock { $0.frames[key] } }

  /// Fetches what is missing and makes the frame ready. One call at a time.
  func prepare(_ key: FrameKey) async throws {
    let renderer = try await renderer(of: key.bundle)
    guard let parts = renderer.manifest.parts(frame: key.number) else {
      throw BundleError(.missing, "bundle \(key.bundle.short) has no frame \(key.number)")
    }
    try await fetcher.fetch(parts)
    do {
      let frame = try await onOwnThread(named: "glint-prepare") {
        try renderer.prepare(frame: key.number, camera: key.camera)
      }
      state.withLock { state in
        state.frames[key] = frame
        state.pinned[key] = parts
        state.lastBundle = key.bundle
      }
    } catch {
      fetcher.store.unpin(parts)
      throw error
    }
  }

  func forget(_ key: FrameKey) {
    let parts = state.withLock { state in
      state.frames[key] = nil
      let used = Set(state.frames.keys.map(\.bundle))
      state.renderers = state.renderers.filter { used.contains($0.key) || $0.key == state.lastBundle }
      return state.pinned.removeValue(forKey: key)
    }
    if let parts { fetcher.store.unpin(parts) }
  }

  private func renderer(of bundle: ContentHash) async throws -> BundleRenderer {
    if let renderer = state.withLock({ $0.renderers[bundle] }) { return renderer }
    let manifest = try await loadManifest(bundle)
    guard manifest.id == bundle else {
      throw BundleError(.wrongHash, "bundle \(bundle.short): the manifest that came hashes to \(manifest.id.short)")
    }
    let renderer = BundleRenderer(manifest: manifest, source: fetcher.store, kernel: kernel, threadCount: threadCount)
    state.withLock { $0.renderers[bundle] = renderer }
    return renderer
  }
}
