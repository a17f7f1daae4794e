import ArgumentParser
import Foundation
import ImageFiles
import SceneImport
import SceneModel

/// `glint bundle`
struct BundleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract: "Writes a scene as the bundle that agents would get.",
    discussion: """
      The folder gets the file MANIFEST and the parts that it names (docs/bundle.md). Prints the bundle's identity.

        glint bundle scene.glb -o out/scene
      """)

  @OptionGroup(title: "Scene") var scene: SceneOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Made if it is not there.", valueName: "folder"), completion: .directory)
  var output: String

  func run() async throws {
    try scene.checkFiles()
    Interruption.leave()
    let imported = try GLTFImporter.load(scene.sceneURL, options: scene.importOptions())
    Terminal.tell(imported.warnings)
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    let manifest = try BundleWriter.write(
      imported.scene, frames: Array(imported.frameNumbers), state: { try imported.state(frame: $0) },
      into: try PartStore(directory: folder))
    do {
      try AtomicFile.write(manifest.encoded(), to: folder.appendingPathComponent("MANIFEST"))
    } catch {
      throw CommandFailure(.failedWork, "--output: \(error)")
    }
    Output.line(manifest.id.hex)
  }
}
