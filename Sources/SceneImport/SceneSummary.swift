import KernelScene
import SceneModel

/// What is in a file, for people.
public struct SceneSummary: Sendable, Codable {
  public struct Animation: Sendable, Codable {
    public var name: String
    /// Time of the last key.
    public var seconds: Double
    /// Time of the first key.
    public var firstKeySeconds: Double
    /// Distinct key times.
    public var keys: Int
    /// Standard rate on whose grid all keys are.
    public var framesPerSecond: Double?
  }

  public var meshes = 0
  public var instances = 0
  /// As rendered, every instance counted.
  public var triangles = 0
  public var vertices = 0
  public var textures = 0
  public var texels = 0
  public var materials = 0
  public var emissiveMaterials = 0
  public var lights = 0
  /// What the lights' intensities were taken for; nil without lights.
  public var lightUnit: LightUnit?
  public var skins = 0
  public var morphTargets = 0
  public var cameras: [String] = []
  public var scenes: [String] = []
  public var animations: [Animation] = []
  public var extensionsUsed: [String] = []
  public var extensionsRequired: [String] = []
  public var extensionsIgnored: [String] = []
  public var generator: String?
  public var copyright: String?
}

extension SceneSummary {
  init(
    _ document: GLTFDocument, scene: Scene, geometry: MeshImport, lightCount: Int, skinCount: Int,
    extensions: Extensions.Use
  ) throws(ImportError) {
    func names(_ nodes: [JSONNode], _ kind: String) throws(ImportError) -> [String] {
      var result: [String] = []
      for (index, node) in nodes.enumerated() {
        let name = ((try? node["name"].string()) ?? nil) ?? ""
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
      var times: Set<Float> = []
      var seen: Set<Int> = []
      for sampler in (try? node["samplers"].array()) ?? [] {
        guard let input = try? sampler["input"].index(), seen.insert(input).inserted,
          let read = try? document.floats(input, components: [1], for: sampler["input"])
        else { continue }
        times.formUnion(read.filter(\.isFinite))
      }
      animations.append(
        Animation(
          name: name, seconds: Double(times.max() ?? 0), firstKeySeconds: Double(times.min() ?? 0), keys: times.count,
          framesPerSecond: FrameTimes.inferredRate(Array(times))))
    }
    extensionsUsed = extensions.used
    extensionsRequired = extensions.required
    extensionsIgnored = extensions.ignored
    generator = try document.root["asset"]["generator"].string()
    copyright = try document.root["asset"]["copyright"].string()
  }
}
