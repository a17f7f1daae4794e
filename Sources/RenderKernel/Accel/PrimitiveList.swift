import LaneMath

/// Something to put into a tree: its box, and its number in the unused lane of `upper`.
struct BoxedPrimitive: BitwiseCopyable {
  var lower: SIMD4<Float>
  var upper: SIMD4<Float>

  @inline(__always) init(_ box: Box, number: UInt32) {
    lower = box.lower
    upper = box.upper
    upper.w = Float(bitPattern: number)
  }

  @inline(__always) var number: UInt32 { upper.w.bitPattern }
  @inline(__always) var box: Box {
    var u = upper
    u.w = 0
    return Box(lower: lower, upper: u)
  }
  /// Twice the centre.
  @inline(__always) var center: SIMD4<Float> {
    var c = lower + upper
    c.w = 0
    return c
  }
}

/// What a tree is built from; the builder reorders it.
final class PrimitiveList: @unchecked Sendable {
  // Sendable because tasks work on ranges of their own.
  let pointer: UnsafeMutablePointer<BoxedPrimitive>
  let count: Int
  /// With places that are free behind the primitives.
  let capacity: Int
  let bounds: Box
  /// Of doubled centres.
  let centers: Box

  /// Candidates looked at by one task.
  private static let taskCount = 1 << 16

  /// Takes the boxes of those candidates that have one, in their order, whatever the number of threads.
  ///
  /// - Parameters:
  ///   - spareCount: Places that are free behind the candidates'.
  ///   - box: Of a candidate; nil where there is nothing to hit.
  init(candidateCount: Int, spareCount: Int, threadCount: Int, box: @escaping @Sendable (Int) -> Box?) {
    let capacity = candidateCount + spareCount
    let pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(64, capacity * MemoryLayout<BoxedPrimitive>.stride), alignment: 64
    ).bindMemory(to: BoxedPrimitive.self, capacity: max(1, capacity))
    self.capacity = capacity
    self.pointer = pointer
    let taskCount = (candidateCount + PrimitiveList.taskCount - 1) / PrimitiveList.taskCount
    let parts = Parts(count: taskCount, pointer: pointer)
    ParallelTasks.run(count: taskCount, threadCount: threadCount) { task in
      let first = task * PrimitiveList.taskCount
      var part = Part(end: first, bounds: .empty, centers: .empty)
      for candidate in first..<min(candidateCount, first + PrimitiveList.taskCount) {
        guard let box = box(candidate) else { continue }
        let primitive = BoxedPrimitive(box, number: UInt32(truncatingIfNeeded: candidate))
        part.bounds.formUnion(box)
        part.centers.include(primitive.center)
        (parts.primitives + part.end).initialize(to: primitive)
        part.end += 1
      }
      parts.parts[task] = part
    }
    var (count, bounds, centers) = (0, Box.empty, Box.empty)
    for task in 0..<taskCount {
      let part = parts.parts[task]
      let first = task * PrimitiveList.taskCount
      if first != count { (pointer + count).update(from: pointer + first, count: part.end - first) }
      count += part.end - first
      bounds.formUnion(part.bounds)
      centers.formUnion(part.centers)
    }
    (self.count, self.bounds, self.centers) = (count, bounds, centers)
  }

  /// The triangles of a mesh that can be hit, large ones with `TriangleBlock.largeFlag`, and room for parts of these.
  static func triangles(of mesh: MeshArrays, threadCount: Int) -> PrimitiveList {
    let list = PrimitiveList(
      candidateCount: mesh.triangleCount, spareCount: mesh.triangleCount / WideBuilder.partShare + 64,
      threadCount: threadCount
    ) {
      mesh.hittableBox($0)
    }
    let surface = list.bounds.halfArea
    let taskCount = (list.count + PrimitiveList.taskCount - 1) / PrimitiveList.taskCount
    ParallelTasks.run(count: taskCount, threadCount: threadCount) { task in
      let first = task * PrimitiveList.taskCount
      for i in first..<min(list.count, first + PrimitiveList.taskCount) {
        let extent = list.pointer[i].upper - list.pointer[i].lower
        let sum = (extent.x + extent.y) + extent.z
        // Own boxes are larger than their triangles.
        guard sum * sum * 0x1p13 >= surface else { continue }
        let number = list.pointer[i].number
        let (v0, v1, v2) = mesh.corners(Int(number))
        if TriangleTest.isLarge(v0, v1, v2, surface: surface) {
          list.pointer[i].upper.w = Float(bitPattern: number | TriangleBlock.largeFlag)
        }
      }
    }
    return list
  }

  deinit { pointer.deallocate() }

  private struct Part: BitwiseCopyable {
    /// Behind its last primitive.
    var end: Int
    var bounds: Box
    var centers: Box
  }

  private final class Parts: @unchecked Sendable {
    // Sendable because each task writes an entry, and primitives, of its own.
    let parts: UnsafeMutablePointer<Part>
    let primitives: UnsafeMutablePointer<BoxedPrimitive>

    init(count: Int, pointer: UnsafeMutablePointer<BoxedPrimitive>) {
      parts = .allocate(capacity: max(1, count))
      primitives = pointer
    }

    deinit { parts.deallocate() }
  }
}
