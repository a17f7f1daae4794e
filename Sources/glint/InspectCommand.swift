import ArgumentParser
import Foundation
import SceneImport

/// `glint inspect`
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in a scene, and what would be ignored.",
    discussion: """
        glint inspect scene.glb
        glint inspect scene.glb --json
      """)

  @OptionGroup(title: "Scene") var scene: SceneOptions

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    try scene.checkFiles()
    Interruption.leave()
    let imported = try GLTFImporter.load(scene.sceneURL, options: scene.importOptions())
    if json {
      return try Output.json(
        InspectDocument(
          summary: imported.summary, firstFrame: imported.firstFrame,
          lastFrame: imported.frameNumbers.last ?? imported.firstFrame, framesPerSecond: imported.framesPerSecond,
          seconds: imported.animationDuration, warnings: imported.warnings.map(\.description)))
    }
    let summary = imported.summary
    func row(_ name: String, _ text: String) {
      let title = name.padding(toLength: 12, withPad: " ", startingAt: 0)
      Output.line(text, label: Terminal.Label(text: title, colour: .bold))
    }
    func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
    if let generator = summary.generator { row("made with", generator) }
    if let copyright = summary.copyright { row("copyright", copyright) }
    row(
      "geometry",
      "\(CountText.short(UInt64(summary.triangles))) triangles in \(summary.meshes) meshes, \(summary.instances) instances, \(CountText.short(UInt64(summary.vertices))) vertices"
    )
    row("deforming", "\(summary.skins) skins, \(summary.morphTargets) morph targets")
    row(
      "materials",
      "\(summary.materials), \(summary.emissiveMaterials) of them emit light; \(summary.textures) textures, \(CountText.short(UInt64(summary.texels))) texels"
    )
    row("lights", "\(summary.lights)" + (summary.lightUnit.map { "; \($0.text)" } ?? ""))
    row("cameras", list(summary.cameras))
    if summary.scenes.count > 1 { row("scenes", list(summary.scenes)) }
    row(
      "animations",
      list(summary.animations.map(InspectCommand.text)))
    row(
      "frames",
      "\(imported.frameNumbers) at \(String(format: "%g", imported.framesPerSecond)) a second"
    )
    if !summary.extensionsUsed.isEmpty { row("extensions", list(summary.extensionsUsed)) }
    if !summary.extensionsIgnored.isEmpty { row("ignored", list(summary.extensionsIgnored)) }
    for warning in imported.warnings { row(warning.kind.isFault ? "warning" : "note", warning.description) }
  }

  /// Length, keys and rate of an animation.
  private static func text(_ animation: SceneSummary.Animation) -> String {
    let rate = animation.framesPerSecond.map { " at \(String(format: "%.6g", $0)) a second" } ?? ""
    let start = animation.firstKeySeconds == 0 ? "" : "from \(String(format: "%.3f", animation.firstKeySeconds)) s "
    return
      "\(animation.name) (\(start)to \(String(format: "%.3f", animation.seconds)) s, \(animation.keys) \(animation.keys == 1 ? "key" : "keys")\(rate))"
  }
}

private struct InspectDocument: Encodable {
  var summary: SceneSummary
  var firstFrame: Int
  var lastFrame: Int
  var framesPerSecond: Double
  /// Of the animation.
  var seconds: Double
  var warnings: [String]
}
