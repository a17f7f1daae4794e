import LaneMath

// Contract of the kernel's entry. A prepared frame is immutable and shared by threads.
//
//   final class PreparedMesh: Sendable   — MeshArrays + its acceleration structure; cached across frames
//   final class PreparedFrame: Sendable  — FrameDescription + structures + light tables
//   func renderUnit(_:settings:frameNumber:tile:samples:options:isCancelled:) throws(Cancelled) -> (UnitPlanes, WorkCounters)
