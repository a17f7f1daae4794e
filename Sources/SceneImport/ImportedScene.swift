import Foundation
import LaneMath
import KernelScene
import SceneModel

/// A scene out of a file, ready for any of its frames. Frames can be asked for by several threads at once.
public final class ImportedScene: Sendable {
  public let scene: Scene
  /// Those that change the picture first.
  public let warnings: [ImportWarning]
  /// The frames that were asked for, or those of the whole animation; at least one.
  public let frameNumbers: FrameNumbers
  /// The smallest of `frameNumbers`.
  public var firstFrame: Int { frameNumbers.first ?? 1 }
  /// Which moment each frame shows.
  public let times: FrameTimes
  public var framesPerSecond: Double { times.rate }
  /// Seconds until the last keyframe.
  public let animationDuration: Double
  /// Index of the chosen camera into `scene.cameraNames`.
  public let camera: Int
  /// Width over height of the picture that each camera was made for, in the order of `scene.cameraNames`; nil where the file
  /// does not say.
  public let cameraAspects: [Float?]
  public let summary: SceneSummary
  private let rig: Rig

  init(
    scene: Scene, warnings: [ImportWarning], frameNumbers: FrameNumbers, times: FrameTimes, camera: Int, rig: Rig,
    summary: SceneSummary
  ) {
    self.scene = scene
    self.warnings = warnings
    self.frameNumbers = frameNumbers
    self.times = times
    self.camera = camera
    cameraAspects = rig.standardCamera == nil ? rig.cameras.map(\.aspect) : [nil]
    animationDuration = rig.animation.duration
    self.rig = rig
    self.summary = summary
  }

  /// What moves at a frame.
  public func state(frame: Int) throws(ImportError) -> FrameState {
    try rig.state(seconds: times.seconds(frame), tolerance: times.tolerance(frame), place: "frame \(frame)")
  }
}

/// Reads glTF 2.0 files: `.gltf` with its files beside it, or `.glb`, told apart by content.
public enum GLTFImporter {
  public static func load(_ url: URL, options: ImportOptions) throws(ImportError) -> ImportedScene {
    try check(options)
    let document = try GLTFDocument(url, assetRoot: options.assetRoot)
    let scene: ImportedScene
    do throws(ImportError) {
      scene = try load(document, options)
    } catch {
      throw ImportError(document.names.naming(error.description))
    }
    if options.isStrict { try refuseFaults(scene.warnings) }
    return scene
  }

  private static func load(_ document: GLTFDocument, _ options: ImportOptions) throws(ImportError) -> ImportedScene {
    var tree = try NodeTree(document)
    let nodes = tree.nodes(below: try SceneChoice.roots(document, tree, name: options.scene))
    try tree.check(nodes)
    let visible = try tree.visible(nodes, document)
    let reachable = Reachable(document, nodes: nodes, visible: Set(visible))
    let extensions = try Extensions.check(document, reachable)
    let animation = try AnimationSet(document, choice: options.animations, moving: reachable.moving) {
      node throws(ImportError) in
      guard let mesh = try document.nodes[node]["mesh"].index(below: document.meshes.count, of: "meshes") else {
        return 0
      }
      return try MeshImport.targetCount(document.meshes[mesh])
    }
    for channel in animation.channels where channel.property != .weights && tree.placements[channel.node].matrix != nil
    {
      let path = document.nodes[channel.node].path
      let isWhole = tree.decompose(channel.node)
      document.warn(
        isWhole ? .choice : .picture,
        "\(path).matrix: the node is animated, so its matrix is taken apart"
          + (isWhole ? "" : "; it shears, and that is lost"))
    }
    let motion = Rig.Motion(tree, animation)
    var skins: [Skin] = []
    for (index, node) in try document.root["skins"].array().enumerated() {
      skins.append(reachable.skins.contains(index) ? try Skin(document, node) : .unused)
    }
    let textures = try TextureTable(document, reachable)

    var scene = Scene()
    var materials = try MaterialTable(document, textures, reachable, isDoubleSided: options.isDoubleSided)
    scene.textures = textures.result
    guard scene.textures.count <= BundleLimits.textureCount else {
      throw document.root["textures"].fault("\(scene.textures.count) textures are too many")
    }
    let geometry = try MeshImport(document, materials: materials, nodes: visible, skins: skins, motion: motion)
    scene.meshes = geometry.meshes
    materials.simplify(for: scene.meshes)
    scene.materials = materials.materials
    if scene.meshes.isEmpty { document.warn(.picture, "the scene has nothing that can be seen") }
    let generator = try document.root["asset"]["generator"].string()
    let unit = options.lightUnit ?? LightUnit.written(by: generator)
    let lights = try PlacedLight.all(document, nodes: visible, unit: unit)
    if !lights.isEmpty, options.lightUnit == nil, unit != .gltf {
      let hint =
        unit == .standard && lights.allSatisfy(\.isDim)
        ? "; all are so dim that the file was probably exported in another mode: try --light-unit unitless" : ""
      document.warn(.choice, "lights: the file was made by Blender's exporter; intensities are \(unit.text)\(hint)")
    }
    let (cameras, chosen) = try PlacedCamera.all(document, nodes: nodes, choice: options.camera)
    try addEnvironment(to: &scene, options, hasLights: !lights.isEmpty, document)

    var rig = Rig(
      tree: tree, animation: animation, motion: motion, skins: skins, placements: geometry.placements,
      bakedMesh: geometry.bakedMesh, lights: lights, cameras: cameras)
    scene.cameraNames = cameras.map(\.name)
    let (times, remark) = try FrameTimes.decide(
      keys: animation.keys, rate: options.framesPerSecond, firstFrame: options.firstFrame)
    if let remark { document.warn(.choice, "animations: \(remark)") }
    let numbers = try frameNumbers(options, times)
    if cameras.isEmpty {
      scene.cameraNames = [PlacedCamera.standardName]
      let first = try rig.state(seconds: 0, place: "the first key")
      var bounds = SceneBounds.bounds(of: scene, first)
      // One camera for all frames: it must also see where things go. What cannot be posed is told when it is rendered.
      for quarter in 1...4 where animation.duration > 0 {
        let seconds = animation.duration * Double(quarter) / 4
        guard let state = try? rig.state(seconds: seconds, place: "\(seconds) s") else { continue }
        bounds.add(SceneBounds.bounds(of: scene, state), .identity)
      }
      rig.standardCamera = PlacedCamera.standard(bounds)
    }
    var summary = try SceneSummary(
      document, scene: scene, geometry: geometry, lightCount: lights.count, skinCount: skins.count,
      extensions: extensions)
    if !lights.isEmpty { summary.lightUnit = unit }
    return ImportedScene(
      scene: scene, warnings: document.warnings, frameNumbers: numbers, times: times, camera: chosen, rig: rig,
      summary: summary)
  }

  /// Makes an error of the warnings that tell of faults.
  private static func refuseFaults(_ warnings: [ImportWarning]) throws(ImportError) {
    let faults = warnings.filter(\.kind.isFault)
    guard let first = faults.first else { return }
    let rest = faults.count > 1 ? " (and \(faults.count - 1) more; without --strict they are warnings)" : ""
    throw ImportError("\(first.description)\(rest)")
  }

  private static func check(_ options: ImportOptions) throws(ImportError) {
    if let rate = options.framesPerSecond {
      guard rate > 0, rate.isFinite else { throw ImportError("frames per second: found \(rate), expected more than 0") }
    }
    if let first = options.firstFrame {
      guard FrameNumbers.limits.contains(first) else {
        throw ImportError(
          "first frame: found \(first), expected \(FrameNumbers.limits.lowerBound) to \(FrameNumbers.limits.upperBound)"
        )
      }
    }
    if case .color(let color) = options.environment {
      guard Vector.isFinite(color), color.min() >= 0 else {
        throw ImportError("environment: the colour is not finite, or below 0")
      }
    }
    guard options.environmentScale >= 0, options.environmentScale.isFinite else {
      throw ImportError("environment scale: found \(options.environmentScale), expected 0 or more")
    }
    guard options.environmentDegrees.isFinite else {
      throw ImportError("environment rotation: found \(options.environmentDegrees), expected degrees")
    }
    if let frames = options.frames {
      guard let first = frames.first, let last = frames.last, FrameNumbers.limits.contains(first),
        FrameNumbers.limits.contains(last), frames.count <= ImportLimits.frameCount
      else {
        throw ImportError(
          "frames \(frames): expected 1 to \(ImportLimits.frameCount) frames, each from \(FrameNumbers.limits.lowerBound) to \(FrameNumbers.limits.upperBound)"
        )
      }
    }
  }

  private static func frameNumbers(
    _ options: ImportOptions, _ times: FrameTimes
  ) throws(ImportError) -> FrameNumbers {
    if let frames = options.frames { return frames }
    guard times.keyed.count <= ImportLimits.frameCount else {
      throw ImportError(
        "the animation has \(times.keyed.count) frames at \(FrameTimes.text(times.rate)) a second, more than \(ImportLimits.frameCount); choose some with --frames"
      )
    }
    guard FrameNumbers.limits.contains(times.keyed.lowerBound), FrameNumbers.limits.contains(times.keyed.upperBound)
    else {
      throw ImportError(
        "the animation's frames are \(times.keyed.lowerBound) to \(times.keyed.upperBound); numbers go from \(FrameNumbers.limits.lowerBound) to \(FrameNumbers.limits.upperBound)"
      )
    }
    return FrameNumbers(times.keyed)
  }

  private static func addEnvironment(
    to scene: inout Scene, _ options: ImportOptions, hasLights: Bool, _ document: GLTFDocument
  ) throws(ImportError) {
    switch options.environment {
    case .none: return
    case .color(let color):
      guard color.max() > 0, options.environmentScale > 0 else { return }
      scene.environment = EnvironmentImport.constant(color)
      scene.environmentScale = options.environmentScale
    case .file(let url):
      scene.environment = try EnvironmentImport.load(url)
      scene.environmentScale = options.environmentScale
      scene.worldToEnvironment = EnvironmentImport.worldToEnvironment(degrees: options.environmentDegrees)
    case .automatic:
      // Labels and displays glow with at most 1, which hardly lights anything else; lamps have an emissive strength.
      let isLight = scene.materials.map { !$0.isUnlit && $0.emissive.max() > 1 }
      let hasLamps =
        isLight.contains(true)
        && scene.meshes.contains { mesh in mesh.arrays.materials.elements.contains { isLight[Int($0)] } }
      guard !hasLights, !hasLamps else { return }
      scene.environment = EnvironmentImport.plainSky()
      document.warn(.choice, "the scene has no light; it is lit by a plain sky (--no-sky: by none)")
    }
  }
}

/// Where everything is.
enum SceneBounds {
  /// Vertices that are looked at one by one; beyond, boxes of meshes stand for them.
  private static let exactVertexCount = 50_000_000

  static func bounds(of scene: Scene, _ state: FrameState) -> Bounds {
    var total = 0
    for instance in state.instances { total += scene.meshes[instance.mesh].arrays.vertexCount }
    var boxes: [Int: Bounds] = [:]
    var result = Bounds()
    for instance in state.instances {
      let mesh = scene.meshes[instance.mesh]
      if let deformation = mesh.deformation, let pose = instance.pose {
        result.add(deformation.bounds(mesh.arrays.positions, state.poses[pose]), instance.transform)
      } else if total <= exactVertexCount {
        result.add(mesh.arrays.positions, instance.transform)
      } else {
        var box = boxes[instance.mesh] ?? Bounds()
        if boxes[instance.mesh] == nil { box.add(mesh.arrays.positions, .identity) }
        boxes[instance.mesh] = box
        result.add(box, instance.transform)
      }
    }
    return result
  }
}
