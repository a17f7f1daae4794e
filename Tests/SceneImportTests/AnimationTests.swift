import LaneMath
import SceneImport
import SceneModel
import Testing

@Suite struct AnimationTests {
  /// One triangle whose node is animated.
  private func file(_ path: String, _ interpolation: String, _ times: [Float], _ values: [Float], _ type: String)
    -> SmallFile
  {
    var file = SmallFile()
    let position = file.triangle()
    let (input, output) = (file.floats(times, "SCALAR"), file.floats(values, type))
    file.members += [
      "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":\(position)}}]}]", "\"nodes\":[{\"mesh\":0}]",
      """
      "animations":[{"name":"move","channels":[{"sampler":0,"target":{"node":0,"path":"\(path)"}}],\
      "samplers":[{"input":\(input),"output":\(output),"interpolation":"\(interpolation)"}]}]
      """,
    ]
    return file
  }

  private func load(_ file: SmallFile, framesPerSecond: Double = 1) throws -> ImportedScene {
    var options = ImportOptions()
    options.framesPerSecond = framesPerSecond
    return try file.load(options)
  }

  private func transform(_ scene: ImportedScene, _ frame: Int) throws -> Affine {
    try #require(try scene.state(frame: frame).instances.first).transform
  }

  @Test func linearTranslationClampedAtItsEnds() throws {
    let scene = try load(file("translation", "LINEAR", [1, 3], [0, 0, 0, 4, 0, -2], "VEC3"))
    #expect(scene.frameNumbers == FrameNumbers(1...3))
    #expect(scene.animationDuration == 3)
    let places = try (1...6).map { try transform(scene, $0) }
    #expect(places.map(\.x.w) == [0, 2, 4, 4, 4, 4])
    #expect(places.map(\.z.w) == [0, -1, -2, -2, -2, -2])
  }

  @Test func stepHoldsUntilTheNextKeyframe() throws {
    let scene = try load(file("scale", "STEP", [0, 1], [1, 1, 1, 3, 3, 3], "VEC3"), framesPerSecond: 2)
    #expect(try (1...3).map { try transform(scene, $0).x.x } == [1, 1, 3])
  }

  @Test func cubicSplineFollowsTheHermitePolynomial() throws {
    // In tangent, value, out tangent of each keyframe.
    let values: [Float] = [9, 9, 9, 1, 0, 0, 2, 0, 0, -1, 0, 0, 5, 0, 0, 9, 9, 9]
    let scene = try load(file("translation", "CUBICSPLINE", [0, 2], values, "VEC3"), framesPerSecond: 2)
    // t = ¼: (27/32)·1 + 2·(9/64)·2 + (5/32)·5 + 2·(−3/64)·(−1)
    let expected: Float = 27.0 / 32 + 36.0 / 64 + 25.0 / 32 + 6.0 / 64
    #expect(try transform(scene, 2).x.w == expected)
    #expect(try transform(scene, 1).x.w == 1)
    #expect(try transform(scene, 5).x.w == 5)
  }

  @Test func slerpMidpointIsHalfTheTurn() throws {
    let half = Float(0.5).squareRoot()
    // A quarter turn about z, once with the quaternion's sign the long way round.
    for sign: Float in [1, -1] {
      let values: [Float] = [0, 0, 0, 1, 0, 0, half * sign, half * sign]
      let place = try transform(try load(file("rotation", "LINEAR", [0, 2], values, "VEC4")), 2)
      #expect(near(place.x.x, half, 1e-6) && near(place.y.x, half, 1e-6) && near(place.x.y, -half, 1e-6))
    }
  }

  @Test func framesAreEqualHoweverOftenAskedFor() throws {
    let scene = try load(file("rotation", "LINEAR", [0, 9], [0, 0, 0, 1, 1, 2, 3, 4], "VEC4"))
    for frame in scene.frameNumbers { #expect(try scene.state(frame: frame) == scene.state(frame: frame)) }
  }

  @Test func animationsAreChosenByNameOrNumber() throws {
    let moving = file("translation", "LINEAR", [0, 1], [0, 0, 0, 1, 0, 0], "VEC3")
    var options = ImportOptions()
    for name in ["move", "1", "all"] {
      options.animations = [name]
      #expect(try moving.load(options).animationDuration == 1)
    }
    options.animations = ["other"]
    #expect(refusal(moving, options) == "there is no animation 'other'; the file has 'move'")
  }

  @Test func badChannelsAreRefusedWithTheirPlace() {
    let descending = file("translation", "LINEAR", [1, 0], [0, 0, 0, 1, 0, 0], "VEC3")
    #expect(
      refusal(descending)?.hasPrefix("animations[0].samplers[0].input (animation 'move'): accessor 1, element 1")
        == true)
    let short = file("translation", "LINEAR", [0, 1], [0, 0, 0], "VEC3")
    #expect(
      refusal(short)?.hasPrefix("animations[0].samplers[0].output (animation 'move'): accessor 2 has 3 numbers") == true
    )
    let notFinite = file("scale", "LINEAR", [0], [0, .nan, 0], "VEC3")
    #expect(refusal(notFinite)?.contains("not finite") == true)
  }

  @Test func skinPosesLeadToWorldSpace() throws {
    var file = SmallFile()
    let position = file.triangle()
    let joints = file.accessor(
      view: file.view([0, 1, 0, 0, 1, 0, 0, 0, 7, 7, 7, 7] as [UInt8]), type: "VEC4", component: 5121, count: 3)
    // Summing to 2; to 1; to nothing.
    let weights = file.floats([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], "VEC4")
    let binds = file.floats(
      [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, -3, 0, 0, 1], "MAT4")
    file.members += [
      """
      "meshes":[{"primitives":[{"attributes":{"POSITION":\(position),"JOINTS_0":\(joints),"WEIGHTS_0":\(weights)}}]}]
      """,
      "\"skins\":[{\"joints\":[1,2],\"inverseBindMatrices\":\(binds)}]",
      """
      "nodes":[{"mesh":0,"skin":0,"translation":[100,0,0]},{"children":[2],"translation":[0,5,0]},\
      {"translation":[3,0,1]}]
      """,
    ]
    let imported = try file.load()
    let deformation = try #require(imported.scene.meshes[0].deformation)
    #expect(deformation.influencesPerVertex == 4 && deformation.jointCount == 2)
    #expect(Array(deformation.weights.elements) == [0.5, 0.5, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    #expect(Array(deformation.joints.elements) == [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    let state = try imported.state(frame: 1)
    #expect(state.instances == [FrameState.Instance(mesh: 0, transform: .identity, pose: 0)])
    var (first, second) = (Affine.identity, Affine.identity)
    first.y.w = 5
    (second.y.w, second.z.w) = (5, 1)
    #expect(state.poses[0].jointMatrices == [first, second])
  }

  @Test func morphWeightsComeFromAnimationNodeOrMesh() throws {
    func scene(node: String, mesh: String, animated: Bool) throws -> ImportedScene {
      var file = SmallFile()
      let position = file.triangle()
      let delta = file.floats([0, 0, 1, 0, 0, 1, 0, 0, 1], "VEC3")
      let target = "{\"POSITION\":\(delta)}"
      file.members += [
        """
        "meshes":[{"primitives":[{"attributes":{"POSITION":\(position)},"targets":[\(target),\(target)]}]\(mesh)}]
        """, "\"nodes\":[{\"mesh\":0\(node)}]",
      ]
      if animated {
        let (input, output) = (file.floats([0, 2], "SCALAR"), file.floats([0, 1, 1, 0], "SCALAR"))
        file.members.append(
          """
          "animations":[{"channels":[{"sampler":0,"target":{"node":0,"path":"weights"}}],\
          "samplers":[{"input":\(input),"output":\(output)}]}]
          """)
      }
      return try load(file)
    }
    func weights(_ scene: ImportedScene) throws -> [Float] { try scene.state(frame: 2).poses[0].morphWeights }
    let given = ",\"weights\":[0.25,0.75]"
    #expect(try weights(scene(node: "", mesh: "", animated: false)) == [0, 0])
    #expect(try weights(scene(node: "", mesh: given, animated: false)) == [0.25, 0.75])
    #expect(try weights(scene(node: ",\"weights\":[1,0]", mesh: given, animated: false)) == [1, 0])
    #expect(try weights(scene(node: given, mesh: "", animated: true)) == [0.5, 0.5])
  }
}
