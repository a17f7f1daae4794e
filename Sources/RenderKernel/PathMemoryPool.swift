import Synchronization

/// Memory of tracers between units: as many as have ever rendered at once (a quarter of a mebibyte each), so that a unit
/// allocates nothing but its result.
enum PathMemoryPool {
  private static let free = Mutex<[PathMemory]>([])

  /// - Parameter capacity: The same at every call.
  static func take(capacity: Int) -> PathMemory {
    guard let memory = free.withLock({ $0.popLast() }) else { return PathMemory(capacity: capacity) }
    precondition(memory.capacity == capacity)
    memory.reset()
    return memory
  }

  static func give(_ memory: PathMemory) { free.withLock { $0.append(memory) } }
}
