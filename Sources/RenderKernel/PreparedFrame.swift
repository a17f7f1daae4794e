import CLaneIntrinsics
import LaneMath

/// A frame with everything that rays need. Immutable; shared by threads.
public final class PreparedFrame: @unchecked Sendable {
  // Sendable because everything is written in `init` only.

  public let description: FrameDescription
  let structure: SceneStructure
  let materials: FlatBuffer<MaterialView>
  let instances: FlatBuffer<InstanceGeometry>
  let lights: LightTables
  let environmentTables: EnvironmentTables?
  let hasTextureLevels: Bool
  private let textures: TexturePyramids
  private let meshes: [PreparedMesh]

  /// - Parameters:
  ///   - meshes: One for each of the description's meshes, of structure `kind`.
  ///   - textures: Of the description's textures and materials; made here if nil.
  ///   - environmentTables: Of the description's environment; made here if nil.
  public init(
    _ description: FrameDescription, meshes: [PreparedMesh], kind: AccelerationKind = .wide,
    textures: TexturePyramids? = nil, environmentTables: EnvironmentTables? = nil
  ) {
    precondition(meshes.count == description.meshes.count)
    glint_set_float_environment()
    self.description = description
    self.meshes = meshes
    structure = SceneStructure(meshes: meshes, instances: description.instances, kind: kind)
    let texelTables = TexelTables.shared.values
    let textures =
      textures ?? TexturePyramids(description.textures, for: description.materials, threadCount: 1)
    self.textures = textures
    hasTextureLevels = textures.hasLevels
    materials = FlatBuffer(count: description.materials.count) { views in
      for (i, material) in description.materials.enumerated() {
        views[i] = MaterialView(material, textures, texelTables.pointer)
      }
    }
    instances = FlatBuffer(count: description.instances.count) { views in
      for (i, instance) in description.instances.enumerated() {
        views[i] = InstanceGeometry(meshes[instance.mesh].mesh, instance)
      }
    }
    self.environmentTables = description.environment.map { environmentTables ?? EnvironmentTables($0) }
    lights = LightTables(
      description, materials: materials, instances: instances, hasEnvironment: self.environmentTables != nil)
  }

  /// For each material, whether rays can pass through parts of it.
  public static func alphaTested(_ materials: [Material]) -> [Bool] { materials.map { $0.alphaMode != .opaque } }

  var environment: EnvironmentView? {
    guard let tables = environmentTables else { return nil }
    let r = description.worldToEnvironment
    return EnvironmentView(
      texels: tables.environment.texels.pointer, rows: tables.rows.pointer, columns: tables.columns.pointer,
      coarseColumns: tables.coarseColumns.pointer,
      rowDensity: tables.rowDensity.pointer, width: tables.environment.width, height: tables.environment.height,
      scale: description.environmentScale, worldToEnvironment: r,
      environmentToWorld: Affine(
        x: SIMD4(r.x.x, r.y.x, r.z.x, 0), y: SIMD4(r.x.y, r.y.y, r.z.y, 0), z: SIMD4(r.x.z, r.y.z, r.z.z, 0)))
  }
}
