import FarmModel
import SceneModel

/// What is shown without a token: specs, manifests and parts of jobs that are not private, so that anybody can render their
/// units again (`glint ledger replay`).
actor PublicParts {
  private let keeper: FarmKeeper
  private let files: MasterFiles
  /// Parts of bundles, by the bundle.
  private var parts: [ContentHash: Set<ContentHash>] = [:]

  init(keeper: FarmKeeper, files: MasterFiles) {
    self.keeper = keeper
    self.files = files
  }

  /// - Parameter kind: `specs`, `bundles` or `parts`, as in paths.
  func contains(_ kind: String, _ hash: ContentHash) async -> Bool {
    if kind == "specs" { return await keeper.read { $0.publicSpec(hash) } != nil }
    let bundles = await keeper.read { $0.publicBundles }
    if kind == "bundles" { return bundles.contains(hash) }
    for bundle in bundles where parts[bundle] == nil {
      guard let manifest = try? files.manifest(bundle) else { continue }
      parts[bundle] = Set(manifest.allParts.map(\.hash))
    }
    return bundles.contains { parts[$0]?.contains(hash) == true }
  }
}
