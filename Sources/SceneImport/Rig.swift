import LaneMath
import KernelScene
import SceneModel

/// A use of a mesh of the scene by a node.
struct MeshPlacement: Sendable {
  var node: Int
  /// Index into the scene's meshes.
  var mesh: Int
  /// Inside the node's space; nil: once, at its origin.
  var copies: [Affine]?
  var skin: Int?
  /// Weights of the morph targets where nothing animates them.
  var weights: [Float]
  var isDeforming: Bool
}

/// All that is needed to say what moves where at any moment.
struct Rig: Sendable {
  let tree: NodeTree
  let animation: AnimationSet
  let skins: [Skin]
  let placements: [MeshPlacement]
  /// The mesh of the static geometry, in world space.
  let bakedMesh: Int?
  let lights: [PlacedLight]
  let cameras: [PlacedCamera]
  /// Where no node has one.
  var standardCamera: Camera?
  private let restWorld: [Affine]
  /// Nodes that animations move, themselves or by an ancestor, each after its parent.
  private let moving: [Int]

  init(
    tree: NodeTree, animation: AnimationSet, motion: Motion, skins: [Skin], placements: [MeshPlacement],
    bakedMesh: Int?, lights: [PlacedLight], cameras: [PlacedCamera]
  ) {
    self.tree = tree
    self.animation = animation
    self.skins = skins
    self.placements = placements
    self.bakedMesh = bakedMesh
    self.lights = lights
    self.cameras = cameras
    restWorld = motion.restWorld
    moving = tree.order.filter { motion.isMoving[$0] }
  }

  /// Which nodes stand still, and where.
  struct Motion {
    var restWorld: [Affine]
    var isMoving: [Bool]

    init(_ tree: NodeTree, _ animation: AnimationSet) {
      restWorld = tree.worldTransforms(tree.placements)
      isMoving = [Bool](repeating: false, count: tree.parents.count)
      for channel in animation.channels where channel.property != .weights { isMoving[channel.node] = true }
      for node in tree.order where tree.parents[node] >= 0 && isMoving[tree.parents[node]] { isMoving[node] = true }
    }
  }

  /// What moves, at a moment.
  ///
  /// - Parameters:
  ///   - tolerance: Keyframes no further away than this are met exactly, in seconds.
  ///   - place: Named in errors.
  func state(seconds: Double, tolerance: Double = 0, place: String) throws(ImportError) -> FrameState {
    var pose: [Int: NodeTree.Placement] = [:]
    var weights: [Int: [Float]] = [:]
    for channel in animation.channels {
      let value = channel.value(at: seconds, tolerance: tolerance)
      if channel.property == .weights {
        weights[channel.node] = value
        continue
      }
      var own = pose[channel.node] ?? tree.placements[channel.node]
      switch channel.property {
      case .translation: own.translation = value.vector(0, 3)
      case .scale: own.scale = value.vector(0, 3)
      case .rotation: own.rotation = SIMD4(value[0], value[1], value[2], value[3])
      case .weights: break
      }
      pose[channel.node] = own
    }
    var world = restWorld
    for node in moving {
      let own = (pose[node] ?? tree.placements[node]).transform
      world[node] = tree.parents[node] < 0 ? own : world[tree.parents[node]].concatenating(own)
    }

    var state = FrameState()
    if let bakedMesh { state.instances.append(FrameState.Instance(mesh: bakedMesh, transform: .identity)) }
    for placement in placements {
      try add(placement, world, weights[placement.node], to: &state, place: place)
    }
    for light in lights {
      try check(world[light.node], node: light.node, place: place)
      state.lights.append(light.light(world[light.node]))
    }
    for camera in cameras {
      try check(world[camera.node], node: camera.node, place: place)
      state.cameras.append(camera.camera(world[camera.node]))
    }
    if let standardCamera { state.cameras.append(standardCamera) }
    return state
  }

  private func check(_ transform: Affine, node: Int, place: String) throws(ImportError) {
    guard transform.isFinite else {
      throw ImportError("\(place): nodes[\(node)]: its place in the world is not finite")
    }
  }

  private func add(
    _ placement: MeshPlacement, _ world: [Affine], _ weights: [Float]?, to state: inout FrameState, place: String
  ) throws(ImportError) {
    var pose: Int?
    if placement.isDeforming {
      let joints = placement.skin.map { skins[$0].jointMatrices(world) } ?? []
      for (index, matrix) in joints.enumerated() {
        try check(matrix, node: placement.skin.map { skins[$0].joints[index] } ?? placement.node, place: place)
      }
      // As many as the mesh has targets, whatever the file gives.
      let given = weights ?? placement.weights
      let fitting = placement.weights.indices.map { given.indices.contains($0) ? given[$0] : 0 }
      guard fitting.allSatisfy(\.isFinite) else {
        throw ImportError("\(place): nodes[\(placement.node)]: a morph weight is not finite")
      }
      pose = state.poses.count
      state.poses.append(FrameState.Pose(jointMatrices: joints, morphWeights: fitting))
    }
    guard placement.skin == nil else {
      state.instances.append(FrameState.Instance(mesh: placement.mesh, transform: .identity, pose: pose))
      return
    }
    let node = world[placement.node]
    guard let copies = placement.copies else {
      try check(node, node: placement.node, place: place)
      state.instances.append(FrameState.Instance(mesh: placement.mesh, transform: node, pose: pose))
      return
    }
    state.instances.reserveCapacity(state.instances.count + copies.count)
    for copy in copies {
      let transform = node.concatenating(copy)
      try check(transform, node: placement.node, place: place)
      state.instances.append(FrameState.Instance(mesh: placement.mesh, transform: transform, pose: pose))
    }
  }
}
