import Foundation
import LaneMath
import KernelScene
import SceneModel

/// A scene out of a file, ready for any of its frames. Frames can be asked for by several threads at once.
public final class ImportedScene: Sendable {
  public let scene: Scene
  public let warnings: [ImportWarning]
  /// The frames that were asked for, or those of the whole animation; at least one.
  public let frameNumbers: FrameNumbers
  /// The smallest of `frameNumbers`.
  public var firstFrame: Int { frameNumbers.first ?? 1 }
  public let framesPerSecond: Double
  /// Seconds.
  public let animationDuration: Double
  public let summary: SceneSummary
  private let rig: Rig

  init(
    scene: Scene, warnings: [ImportWarning], frameNumbers: FrameNumbers, framesPerSecond: Double, rig: Rig,
    summary: SceneSummary
  ) {
    self.scene = scene
    self.warnings = warnings
    self.frameNumbers = frameNumbers
    self.framesPerSecond = framesPerSecond
    animationDuration = rig.animation.duration
    self.rig = rig
    self.summary = summary
  }

  /// What moves at frame `frame`, which is (frame − 1) / framesPerSecond seconds into the animation.
  public func state(frame: Int) throws(ImportError) -> FrameState {
    try rig.state(seconds: (Double(frame) - 1) / framesPerSecond, place: "frame \(frame)")
  }
}

/// Reads glTF 2.0 files: `.gltf` with its files beside it, or `.glb`, told apart by content.
public enum GLTFImporter {
  public static func load(_ url: URL, options: ImportOptions) throws(ImportError) -> ImportedScene {
    try check(options)
    let document = try GLTFDocument(url)
    let extensions = try Extensions.check(document)
    let tree = try NodeTree(document)
    let nodes = tree.nodes(below: try SceneChoice.roots(document, tree, name: options.scene))
    let animation = try AnimationSet(document, choice: options.animation) { node throws(ImportError) in
      guard let mesh = try document.nodes[node]["mesh"].index(below: document.meshes.count, of: "meshes") else {
        return 0
      }
      return try MeshImport.targetCount(document.meshes[mesh])
    }
    let motion = Rig.Motion(tree, animation)
    var skins: [Skin] = []
    for node in try document.root["skins"].array() { skins.append(try Skin(document, node)) }
    let textures = try TextureTable(document)

    var scene = Scene()
    scene.materials = try MaterialImport.materials(document, textures)
    scene.textures = textures.result
    guard scene.textures.count <= BundleLimits.textureCount else {
      throw document.root["textures"].fault("\(scene.textures.count) textures are too many")
    }
    let geometry = try MeshImport(document, materials: scene.materials, nodes: nodes, skins: skins, motion: motion)
    scene.meshes = geometry.meshes
    if scene.meshes.isEmpty { document.warn("the scene has nothing that can be seen") }
    let lights = try PlacedLight.all(document, nodes: nodes)
    let cameras = try PlacedCamera.all(document, nodes: nodes)
    try addEnvironment(to: &scene, options, hasLights: !lights.isEmpty, document)

    var rig = Rig(
      tree: tree, animation: animation, motion: motion, skins: skins, placements: geometry.placements,
      bakedMesh: geometry.bakedMesh, lights: lights, cameras: cameras)
    scene.cameraNames = cameras.map(\.name)
    let numbers = try frameNumbers(options, duration: animation.duration, document)
    let first = try rig.state(seconds: 0, place: "frame 1")
    if cameras.isEmpty {
      scene.cameraNames = ["default"]
      var bounds = SceneBounds.bounds(of: scene, first)
      // One camera for all frames: it must also see where things go. What cannot be posed is told when it is rendered.
      for quarter in 1...4 where animation.duration > 0 {
        let seconds = animation.duration * Double(quarter) / 4
        guard let state = try? rig.state(seconds: seconds, place: "\(seconds) s") else { continue }
        bounds.add(SceneBounds.bounds(of: scene, state), .identity)
      }
      rig.standardCamera = PlacedCamera.standard(bounds)
    }
    let summary = try SceneSummary(
      document, scene: scene, geometry: geometry, lightCount: lights.count, skinCount: skins.count,
      extensions: extensions)
    return ImportedScene(
      scene: scene, warnings: document.warnings, frameNumbers: numbers, framesPerSecond: options.framesPerSecond,
      rig: rig, summary: summary)
  }

  private static func check(_ options: ImportOptions) throws(ImportError) {
    guard options.framesPerSecond > 0, options.framesPerSecond.isFinite else {
      throw ImportError("frames per second: found \(options.framesPerSecond), expected more than 0")
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
    _ options: ImportOptions, duration: Double, _ document: GLTFDocument
  ) throws(ImportError) -> FrameNumbers {
    if let frames = options.frames { return frames }
    let count = (duration * options.framesPerSecond).rounded()
    guard count <= Double(ImportLimits.frameCount) else {
      throw ImportError(
        "the animation of \(duration) seconds has \(count) frames, more than \(ImportLimits.frameCount); choose some")
    }
    return FrameNumbers(1...max(1, Int(count)))
  }

  private static func addEnvironment(
    to scene: inout Scene, _ options: ImportOptions, hasLights: Bool, _ document: GLTFDocument
  ) throws(ImportError) {
    if let url = options.environment {
      scene.environment = try EnvironmentImport.load(url)
      scene.environmentScale = options.environmentScale
      scene.worldToEnvironment = EnvironmentImport.worldToEnvironment(degrees: options.environmentDegrees)
      return
    }
    // Labels and displays glow with at most 1, which hardly lights anything else; lamps have an emissive strength.
    let isLight = scene.materials.map { !$0.isUnlit && $0.emissive.max() > 1 }
    let hasLamps =
      isLight.contains(true)
      && scene.meshes.contains { mesh in mesh.arrays.materials.elements.contains { isLight[Int($0)] } }
    guard !hasLights, !hasLamps else { return }
    scene.environment = EnvironmentImport.plainSky()
    document.warn("the scene has no light; it is lit by a plain sky")
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

extension SceneSummary {
  init(
    _ document: GLTFDocument, scene: Scene, geometry: MeshImport, lightCount: Int, skinCount: Int,
    extensions: (used: [String], required: [String], ignored: [String])
  ) throws(ImportError) {
    func names(_ nodes: [JSONNode], _ kind: String) throws(ImportError) -> [String] {
      var result: [String] = []
      for (index, node) in nodes.enumerated() {
        let name = try node["name"].string() ?? ""
        result.append(name.isEmpty ? "\(kind) \(index + 1)" : name)
      }
      return result
    }
    self.init()
    meshes = document.meshes.count
    instances = geometry.instanceCount
    triangles = geometry.triangleCount
    vertices = scene.meshes.reduce(0) { $0 + $1.arrays.vertexCount }
    textures = scene.textures.count
    texels = scene.textures.reduce(0) { $0 + $1.width * $1.height }
    materials = scene.materials.count - 1
    emissiveMaterials = scene.materials.count { !$0.isUnlit && $0.emissive != .zero }
    lights = lightCount
    skins = skinCount
    morphTargets = scene.meshes.reduce(0) { $0 + ($1.deformation?.morphTargets.count ?? 0) }
    cameras = scene.cameraNames
    scenes = try names(document.root["scenes"].array(), "scene")
    let nodes = try document.root["animations"].array()
    for (node, name) in zip(nodes, try names(nodes, "animation")) {
      var seconds: Double = 0
      for sampler in try node["samplers"].array() {
        guard let input = try sampler["input"].index(),
          let last = try document.floats(input, components: [1], for: sampler["input"]).last, last.isFinite
        else { continue }
        seconds = max(seconds, Double(last))
      }
      animations.append(Animation(name: name, seconds: seconds))
    }
    extensionsUsed = extensions.used
    extensionsRequired = extensions.required
    extensionsIgnored = extensions.ignored
    generator = try document.root["asset"]["generator"].string()
    copyright = try document.root["asset"]["copyright"].string()
  }
}
