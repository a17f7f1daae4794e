import ArgumentParser
import Foundation
import SceneImport

extension LightUnit: ExpressibleByArgument {}

extension SceneOptions {
  /// What the importer is asked for.
  func importOptions() throws -> ImportOptions {
    var options = ImportOptions()
    options.scene = sceneName
    options.camera = camera
    options.animations = animation
    options.framesPerSecond = fps
    options.frames = frames
    options.firstFrame = firstFrame
    options.environment = try environment()
    options.lightUnit = lightUnit
    options.isDoubleSided = doubleSided
    options.assetRoot = assetRoot.map { URL(fileURLWithPath: $0, isDirectory: true) }
    options.isStrict = strict
    if let envScale { options.environmentScale = Float(envScale) }
    if let envRotation { options.environmentDegrees = Float(envRotation) }
    return options
  }
}
