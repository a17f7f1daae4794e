import LaneMath

/// Keyframes of one property of one node.
struct AnimationChannel: Sendable {
  enum Property: String, Sendable { case translation, rotation, scale, weights }
  enum Interpolation: String, Sendable { case linear = "LINEAR", step = "STEP", cubicSpline = "CUBICSPLINE" }

  var node: Int
  var property: Property
  var interpolation: Interpolation
  /// Seconds, not descending, at least one.
  var times: [Float]
  /// Numbers of one value.
  var width: Int
  /// One value a keyframe; for cubic splines three: incoming tangent, value, outgoing tangent.
  var values: [Float]

  /// The value at a moment; before the first and after the last keyframe those hold.
  ///
  /// - Parameter tolerance: A keyframe no further away than this is met exactly, in seconds.
  func value(at seconds: Double, tolerance: Double = 0) -> [Float] {
    let isCubic = interpolation == .cubicSpline
    func key(_ index: Int) -> ArraySlice<Float> {
      let start = isCubic ? (index * 3 + 1) * width : index * width
      return values[start..<start + width]
    }
    // The last keyframe not after the moment.
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if Double(times[middle]) <= seconds + tolerance { low = middle + 1 } else { high = middle }
    }
    let index = low - 1
    guard index >= 0 else { return Array(key(0)) }
    guard index + 1 < times.count, interpolation != .step else { return Array(key(index)) }
    let start = Double(times[index])
    guard seconds - start > tolerance else { return Array(key(index)) }
    let length = Double(times[index + 1]) - start
    let t = Float((seconds - start) / length)
    let (from, to) = (Array(key(index)), Array(key(index + 1)))
    if isCubic { return cubic(index, from, to, t: t, length: Float(length)) }
    if property == .rotation {
      let q = Rotation.slerp(
        SIMD4(from[0], from[1], from[2], from[3]), SIMD4(to[0], to[1], to[2], to[3]), t)
      return [q.x, q.y, q.z, q.w]
    }
    return (0..<width).map { from[$0] + (to[$0] - from[$0]) * t }
  }

  /// Hermite spline; appendix C of the glTF 2.0 specification.
  private func cubic(_ index: Int, _ from: [Float], _ to: [Float], t: Float, length: Float) -> [Float] {
    let outgoing = (index * 3 + 2) * width
    let incoming = (index + 1) * 3 * width
    let t2 = t * t
    let t3 = t2 * t
    let a = 2 * t3 - 3 * t2 + 1
    let b = length * (t3 - 2 * t2 + t)
    let c = -2 * t3 + 3 * t2
    let d = length * (t3 - t2)
    return (0..<width).map { i in
      let start = a * from[i] + b * values[outgoing + i]
      return start + c * to[i] + d * values[incoming + i]
    }
  }
}

/// The animations that are played, together.
struct AnimationSet: Sendable {
  private(set) var channels: [AnimationChannel] = []
  /// Times of the keys of the played animations, seconds; each accessor's once.
  private(set) var keys: [Float] = []
  /// Seconds until the last keyframe.
  var duration: Double { Double(keys.max() ?? 0) }

  /// - Parameters:
  ///   - choice: See `ImportOptions.animations`.
  ///   - moving: Nodes whose animation can change the picture. Channels of others are not looked at.
  ///   - weightCount: Morph targets of a node's mesh.
  init(
    _ document: GLTFDocument, choice: [String], moving: Set<Int>, weightCount: (Int) throws(ImportError) -> Int
  ) throws(ImportError) {
    let animations = try document.root["animations"].array()
    var timesRead: Set<Int> = []
    // Who drives what: of animations that drive the same, the first that was named does.
    var drivers: [Driven: Int] = [:]
    for index in try AnimationSet.played(document, animations, choice, moving) {
      let animation = animations[index]
      let samplers = try animation["samplers"].array()
      for node in try animation["channels"].array() {
        let target = (try? node["target"]["node"].index()) ?? nil
        if let target, !moving.contains(target) { continue }
        let driven = Driven(node: target, path: ((try? node["target"]["path"].string()) ?? nil) ?? "")
        if target != nil, let driver = drivers[driven], driver != index {
          document.warn(
            .choice,
            "animations: '\(Choice.name(animations[driver], driver))' and '\(Choice.name(animation, index))' drive the same objects; where they do, the first is played"
          )
          continue
        }
        drivers[driven] = index
        if let sampler = try? node["sampler"].index(), samplers.indices.contains(sampler),
          let input = try? samplers[sampler]["input"].index(), timesRead.insert(input).inserted,
          let times = try? document.floats(input, components: [1], for: samplers[sampler]["input"])
        {
          keys += times.filter(\.isFinite)
        }
        if let channel = try AnimationSet.channel(document, node, samplers, weightCount) { channels.append(channel) }
      }
    }
  }

  /// What a channel drives.
  private struct Driven: Hashable {
    var node: Int?
    var path: String
  }

  /// Indices of the animations that are played.
  private static func played(
    _ document: GLTFDocument, _ animations: [JSONNode], _ choice: [String], _ moving: Set<Int>
  ) throws(ImportError) -> [Int] {
    if choice.contains("all") { return Array(animations.indices) }
    guard choice.isEmpty else {
      var chosen: [Int] = []
      for name in choice {
        let index = try Choice.index(name, among: animations, of: "animation")
        if !chosen.contains(index) { chosen.append(index) }
      }
      return chosen
    }
    // One animation at a time moves a node; those of other nodes play beside it.
    var driven: Set<Int> = []
    var (chosen, left): ([Int], [String]) = ([], [])
    for (index, animation) in animations.enumerated() {
      let targets = targets(animation).intersection(moving)
      if driven.isDisjoint(with: targets) {
        driven.formUnion(targets)
        chosen.append(index)
      } else {
        left.append(Choice.name(animation, index))
      }
    }
    if !left.isEmpty {
      let shown = left.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
      let rest = left.count > 10 ? " and \(left.count - 10) more" : ""
      document.warn(
        .choice,
        "animations: several drive the same objects; '\(Choice.name(animations[chosen[0]], chosen[0]))' is played, without \(shown)\(rest); choose with --animation NAME"
      )
    }
    return chosen
  }

  /// Nodes that an animation drives, as far as that can be read.
  private static func targets(_ animation: JSONNode) -> Set<Int> {
    var result: Set<Int> = []
    for channel in (try? animation["channels"].array()) ?? [] {
      if let node = try? channel["target"]["node"].index() { result.insert(node) }
    }
    return result
  }

  private static func channel(
    _ document: GLTFDocument, _ node: JSONNode, _ samplers: [JSONNode],
    _ weightCount: (Int) throws(ImportError) -> Int
  ) throws(ImportError) -> AnimationChannel? {
    let path = node["target"]["path"]
    guard let pathName = try path.string() else {
      document.warn(.leftOut, "\(path.path): is missing; the channel is left out")
      return nil
    }
    guard let property = AnimationChannel.Property(rawValue: pathName) else {
      let pointer = (try? node["target"]["extensions"]["KHR_animation_pointer"]["pointer"].string()) ?? nil
      document.warn(.picture, "\(path.path): '\(pointer ?? pathName)' cannot be animated; it keeps its value")
      return nil
    }
    // glTF: without a node the channel is to be ignored.
    guard let target = try node["target"]["node"].index(below: document.nodes.count, of: "nodes") else { return nil }
    guard let samplerIndex = try node["sampler"].index(below: samplers.count, of: "samplers") else {
      throw node["sampler"].fault("is missing")
    }
    let sampler = samplers[samplerIndex]
    let name = try sampler["interpolation"].string() ?? "LINEAR"
    guard let interpolation = AnimationChannel.Interpolation(rawValue: name) else {
      throw sampler["interpolation"].fault("'\(name)' is none of LINEAR, STEP, CUBICSPLINE")
    }
    let input = sampler["input"]
    guard let inputIndex = try input.index() else { throw input.fault("is missing") }
    guard !document.isEmpty(inputIndex) else {
      document.warn(.leftOut, "\(node.path): has no keyframes; the channel is left out")
      return nil
    }
    let times = try document.floats(inputIndex, components: [1], for: input)
    var last: Float = -.infinity
    for (i, time) in times.enumerated() {
      guard time.isFinite, time >= last else {
        throw input.fault("accessor \(inputIndex), element \(i): time \(time) after \(last), expected ascending times")
      }
      last = time
    }

    let width: Int
    switch property {
    case .translation, .scale: width = 3
    case .rotation: width = 4
    case .weights: width = try weightCount(target)
    }
    guard width > 0 else {
      document.warn(.leftOut, "\(path.path): node \(target) has no morph targets; the channel is left out")
      return nil
    }
    let output = sampler["output"]
    guard let outputIndex = try output.index() else { throw output.fault("is missing") }
    let values = try document.floats(outputIndex, components: property == .weights ? [1] : [width], for: output)
    let expected = times.count * width * (interpolation == .cubicSpline ? 3 : 1)
    guard values.count == expected else {
      throw output.fault(
        "accessor \(outputIndex) has \(values.count) numbers, expected \(expected) for \(times.count) keyframes")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw output.fault("accessor \(outputIndex), element \(bad / width) is not finite")
    }
    return AnimationChannel(
      node: target, property: property, interpolation: interpolation, times: times, width: width, values: values)
  }
}
