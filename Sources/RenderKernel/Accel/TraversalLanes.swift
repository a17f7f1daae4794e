/// How many lanes test boxes and triangles of the wide structure at once; the bits are the same.
protocol TraversalLanes {
  static var areScalar: Bool { get }
}

/// Eight boxes, eight triangles at once.
enum EightLanes: TraversalLanes {
  @inline(__always) static var areScalar: Bool { false }
}

/// One box, one triangle after the other.
enum OneLane: TraversalLanes {
  @inline(__always) static var areScalar: Bool { true }
}
