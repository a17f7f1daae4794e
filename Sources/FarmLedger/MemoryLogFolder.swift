import Synchronization

/// A log's folder in memory, for simulations and tests: it can fail, and be what a crash leaves of it.
///
/// Bytes survive a crash once their file was synced, names once their folder and all folders above were. Of everything else
/// a crash keeps what `Loss` says.
public final class MemoryLogFolder: LogFolder {
  /// What happens to one operation.
  public struct Fault: Sendable, Hashable {
    public enum Moment: Sendable, CaseIterable {
      case before
      /// Of an operation on many files, on the first half of them.
      case halfway
      case after
    }

    /// Operations that went well before; reading is none.
    public var operation: Int
    public var moment: Moment
    /// All operations fail from then on, until `restart`. Otherwise only this one does.
    public var isCrash: Bool

    public init(operation: Int, moment: Moment, isCrash: Bool) {
      self.operation = operation
      self.moment = moment
      self.isCrash = isCrash
    }
  }

  /// What a crash leaves of what was not synced.
  public enum Loss: Sendable, Hashable {
    case everything
    case nothing
    /// Each name and each file for itself, by this seed; bytes may be torn.
    case some(seed: UInt64)
  }

  fileprivate struct State {
    /// Names to files, as a process sees them, and as a crash leaves them for certain.
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var folders: Set<String> = [""]
    var durableFolders: Set<String> = [""]
    var bytes: [Int: [UInt8]] = [:]
    var durableBytes: [Int: [UInt8]] = [:]
    var fileCount = 0
    var operationCount = 0
    var fault: Fault?
    var isDead = false
  }

  private let state = Mutex(State())

  public init() {}

  /// Operations so far.
  public var operationCount: Int { state.withLock { $0.operationCount } }

  /// - Parameter fault: Nil: nothing fails.
  public func plan(_ fault: Fault?) { state.withLock { $0.fault = fault } }

  /// The machine starts again after losing power.
  public func restart(_ loss: Loss) { state.withLock { $0.crash(loss) } }

  /// All files and their bytes, as a process sees them.
  public var files: [String: [UInt8]] {
    state.withLock { state in state.names.mapValues { state.bytes[$0]! } }
  }

  /// Changes a file behind the log's back.
  public func tamper(_ path: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      guard let bytes else {
        state.names[path] = nil
        return
      }
      state.put(path, bytes)
    }
  }

  // MARK: - Operations

  public func read(_ path: String, limit: Int) throws -> [UInt8]? {
    try state.withLock { state in
      try state.checkAlive()
      guard let file = state.names[path], let bytes = state.bytes[file] else { return nil }
      guard bytes.count <= limit else {
        throw LedgerError(.malformed, "\(path): \(bytes.count) bytes, expected at most \(limit)")
      }
      return bytes
    }
  }

  public func exists(_ path: String) throws -> Bool {
    try state.withLock { state in
      try state.checkAlive()
      return state.names[path] != nil || state.folders.contains(path)
    }
  }

  public func write(_ path: String, _ bytes: [UInt8]) throws {
    try state.withLock { state in
      try state.perform { state, part in
        // A write that fails halfway leaves half a file.
        state.put(path, part == .halfway ? Array(bytes.prefix(bytes.count / 2)) : bytes)
      }
    }
  }

  public func sync(_ paths: [String]) throws {
    try state.withLock { state in
      try state.perform { state, part in
        for path in part == .halfway ? paths.prefix(paths.count / 2) : paths[...] {
          guard let file = state.names[path] else { continue }
          state.durableBytes[file] = state.bytes[file]
        }
      }
    }
  }

  public func rename(_ path: String, to destination: String) throws {
    try state.withLock { state in
      try state.perform { state, part in
        // There is no half of it.
        guard part != .halfway, let file = state.names[path] else { return }
        state.makeFolders(for: destination)
        state.names[path] = nil
        state.names[destination] = file
      }
    }
  }

  public func syncFolders(_ paths: [String]) throws {
    try state.withLock { state in
      try state.perform { state, part in
        for path in part == .halfway ? paths.prefix(paths.count / 2) : paths[...] { state.syncFolder(path) }
      }
    }
  }

  public func removeFolder(_ path: String) throws {
    try state.withLock { state in
      try state.perform { state, part in
        let inside = state.names.keys.filter { $0.hasPrefix(path + "/") }.sorted()
        for name in part == .halfway ? inside.prefix(inside.count / 2) : inside[...] { state.names[name] = nil }
        if part != .halfway { state.folders = state.folders.filter { $0 != path && !$0.hasPrefix(path + "/") } }
      }
    }
  }

  /// There is one process.
  public func exclusively(_ body: () throws -> Void) throws { try body() }
}

extension MemoryLogFolder.State {
  func checkAlive() throws {
    if isDead { throw LedgerError(.storage, "the machine is down") }
  }

  /// Does an operation, or as much of it as the planned fault lets happen.
  mutating func perform(_ body: (inout Self, MemoryLogFolder.Fault.Moment) -> Void) throws {
    try checkAlive()
    guard let fault, fault.operation == operationCount else {
      operationCount += 1
      return body(&self, .after)
    }
    operationCount += 1
    self.fault = nil
    if fault.moment != .before { body(&self, fault.moment) }
    isDead = fault.isCrash
    throw LedgerError(.storage, "operation \(fault.operation) fails, \(fault.moment)")
  }

  mutating func put(_ path: String, _ content: [UInt8]) {
    makeFolders(for: path)
    let file = names[path] ?? fileCount
    if names[path] == nil { fileCount += 1 }
    names[path] = file
    bytes[file] = content
  }

  mutating func makeFolders(for path: String) { folders.formUnion(MemoryLogFolder.folders(above: path)) }

  private static func parent(_ path: String) -> String { MemoryLogFolder.folders(above: path).last ?? "" }

  mutating func syncFolder(_ folder: String) {
    func isIn(_ path: String) -> Bool { !path.isEmpty && Self.parent(path) == folder }
    durableNames = durableNames.filter { !isIn($0.key) }
    for (name, file) in names where isIn(name) { durableNames[name] = file }
    durableFolders = durableFolders.filter { !isIn($0) }
    durableFolders.formUnion(folders.filter(isIn))
  }

  mutating func crash(_ loss: MemoryLogFolder.Loss) {
    var seed: UInt64 = 0
    if case .some(let given) = loss { seed = given }
    /// SplitMix64.
    func draw() -> UInt64 {
      seed &+= 0x9E37_79B9_7F4A_7C15
      var z = seed
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    func isKept() -> Bool {
      switch loss {
      case .everything: false
      case .nothing: true
      case .some: draw() & 1 == 1
      }
    }
    var keptFolders: Set<String> = []
    for folder in folders.union(durableFolders).sorted() {
      let isSure = folders.contains(folder) == durableFolders.contains(folder)
      let isThere = isSure ? folders.contains(folder) : isKept() == folders.contains(folder)
      if isThere, folder.isEmpty || keptFolders.contains(Self.parent(folder)) { keptFolders.insert(folder) }
    }
    var keptNames: [String: Int] = [:]
    for name in Set(names.keys).union(durableNames.keys).sorted() {
      let (now, durable) = (names[name], durableNames[name])
      let file = now == durable ? now : (isKept() ? now : durable)
      if let file, keptFolders.contains(Self.parent(name)) { keptNames[name] = file }
    }
    var keptBytes: [Int: [UInt8]] = [:]
    for file in Set(keptNames.values).sorted() {
      let (now, durable) = (bytes[file]!, durableBytes[file])
      if now == durable || isKept() {
        keptBytes[file] = now
      } else if case .some = loss, draw() & 1 == 1 {
        keptBytes[file] = Array(now.prefix(Int(draw() % UInt64(now.count + 1))))
      } else {
        keptBytes[file] = durable ?? []
      }
    }
    names = keptNames
    durableNames = keptNames
    folders = keptFolders
    durableFolders = keptFolders
    bytes = keptBytes
    durableBytes = keptBytes
    isDead = false
    fault = nil
  }
}
