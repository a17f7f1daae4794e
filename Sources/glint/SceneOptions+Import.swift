import SceneImport

extension SceneOptions {
  /// What the importer is asked for.
  var importOptions: ImportOptions {
    var options = ImportOptions()
    options.scene = sceneName
    options.animation = animation
    options.framesPerSecond = fps
    options.frames = frames
    options.environment = environmentURL
    if let envScale { options.environmentScale = Float(envScale) }
    if let envRotation { options.environmentDegrees = Float(envRotation) }
    return options
  }
}
