import SceneModel
import Testing

@testable import FarmLedger

/// The crash table of the ledger's commit, generated: a run is made once to count its file operations, then again with each
/// of them failing, in each way, and the machine losing whatever it may lose.
@Suite("Crashes while a log is written")
struct CrashTests {
  /// What a farm's outbox does: hands over what it has, and remembers what was acknowledged.
  struct Outbox {
    static let entries = shortEntries(0..<300)
    /// How far the farm has settled, and when witnesses' signatures are published.
    static let steps = [1, 3, 255, 256, 257, 300]

    var acknowledged: UInt64 = 0
    /// Every checkpoint that anybody can have seen.
    var seen: [Checkpoint] = []

    /// Hands over from the last acknowledged entry, until all steps are done or something fails.
    mutating func run(_ log: inout TileLog, _ folder: MemoryLogFolder) throws {
      let witness = NoteSigner(name: "witness.example", key: privateKey(9), algorithm: .cosignature)!
      for step in Outbox.steps where UInt64(step) > acknowledged {
        defer { look(folder) }
        let from = acknowledged - min(acknowledged, 2)
        let signed = try log.append(Array(Outbox.entries[Int(from)..<step]), at: from)
        acknowledged = UInt64(step)
        if step % 2 == 1 {
          try log.add([try witness.sign(signed.checkpoint.text, at: 7)], to: signed.checkpoint)
        }
      }
    }

    mutating func look(_ folder: MemoryLogFolder) {
      guard let bytes = folder.files["checkpoint"], let note = try? SignedNote(bytes),
        let checkpoint = try? Checkpoint(text: note.text)
      else { return }
      if seen.last != checkpoint { seen.append(checkpoint) }
    }
  }

  /// Everything that the checkpoint promises is there, and is what the farm settled.
  static func check(_ folder: MemoryLogFolder, _ outbox: Outbox, _ place: String) {
    let files = folder.files
    guard let bytes = files["checkpoint"], let signed = try? SignedCheckpoint(bytes, key: logSigner.verifier) else {
      #expect(outbox.acknowledged == 0, "\(place): no checkpoint")
      return
    }
    let size = signed.checkpoint.size
    #expect(size >= outbox.acknowledged, "\(place): acknowledged entries are lost")
    #expect(size <= Outbox.entries.count)
    #expect(signed.checkpoint.root == roots[Int(size)], "\(place): other entries than were settled, or some twice")
    for index in stride(from: 0, to: size, by: 256) {
      let bundle = TilePath.bundle(holding: index, size: size)!
      let (start, end) = (Int(index), Int(index) + bundle.width)
      let isBundle = files[bundle.text].map { $0[...] == bytesOfEntries[offsets[start]..<offsets[end]] } ?? false
      #expect(isBundle, "\(place): \(bundle.text)")
      let tile = TilePath.tile(level: 0, holding: index, size: size)!
      let isTile = files[tile.text].map { $0[...] == bytesOfHashes[32 * start..<32 * end] } ?? false
      #expect(isTile, "\(place): \(tile.text)")
    }
    for seen in outbox.seen {
      #expect(seen.root == roots[Int(seen.size)], "\(place): checkpoints of two histories were published")
    }
  }

  static let roots: [ContentHash] = {
    var edge = TreeEdge()
    return [edge.root]
      + Outbox.entries.map { entry in
        edge.append(TreeHash.leaf(entry)) { _, _, _ in }
        return edge.root
      }
  }()

  static let offsets = Outbox.entries.reduce(into: [0]) { $0.append($0.last! + 2 + $1.count) }
  static let bytesOfEntries: [UInt8] = Outbox.entries.flatMap { [0, UInt8($0.count)] + $0 }
  static let bytesOfHashes: [UInt8] = Outbox.entries.flatMap { TreeHash.leaf($0).bytes }

  static let operationCount: Int = {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    var outbox = Outbox()
    try! outbox.run(&log, folder)
    return folder.operationCount
  }()

  @Test(
    "Whatever fails once, the same process goes on and loses nothing", arguments: MemoryLogFolder.Fault.Moment.allCases)
  func failures(moment: MemoryLogFolder.Fault.Moment) throws {
    #expect(CrashTests.operationCount > 60)
    for operation in 0..<CrashTests.operationCount {
      // Acknowledged is what survives the worst.
      for loss in [MemoryLogFolder.Loss.everything] {
        let place = "operation \(operation) fails, \(moment), then a crash that loses \(loss)"
        let folder = MemoryLogFolder()
        var log = TileLog(folder, signer: logSigner)
        var outbox = Outbox()
        folder.plan(.init(operation: operation, moment: moment, isCrash: false))
        // A failure of what need not succeed is not even noticed.
        do { try outbox.run(&log, folder) } catch { outbox.look(folder) }
        try outbox.run(&log, folder)
        CrashTests.check(folder, outbox, place)
        folder.restart(loss)
        CrashTests.check(folder, outbox, place)
      }
    }
  }

  @Test(
    "Whenever the machine dies, it starts again and loses nothing", arguments: MemoryLogFolder.Fault.Moment.allCases)
  func crashes(moment: MemoryLogFolder.Fault.Moment) throws {
    for operation in 0..<CrashTests.operationCount {
      for loss in [MemoryLogFolder.Loss.everything, .some(seed: UInt64(operation))] {
        let place = "crash at operation \(operation), \(moment), that loses \(loss)"
        let folder = MemoryLogFolder()
        var outbox = Outbox()
        do {
          var log = TileLog(folder, signer: logSigner)
          folder.plan(.init(operation: operation, moment: moment, isCrash: true))
          try? outbox.run(&log, folder)
          outbox.look(folder)
        }
        folder.restart(loss)
        CrashTests.check(folder, outbox, place)
        var log = TileLog(folder, signer: logSigner)
        try outbox.run(&log, folder)
        #expect(outbox.acknowledged == UInt64(Outbox.entries.count))
        CrashTests.check(folder, outbox, place)
      }
    }
  }

  @Test("Two failures in a row, the second while recovering from the first")
  func twice() throws {
    var random = SeededGenerator(seed: 11)
    for round in 0..<100 {
      let folder = MemoryLogFolder()
      var outbox = Outbox()
      for _ in 0..<3 {
        var log = TileLog(folder, signer: logSigner)
        let operation = folder.operationCount + Int.random(in: 0..<60, using: &random)
        let moment = MemoryLogFolder.Fault.Moment.allCases.randomElement(using: &random)!
        folder.plan(.init(operation: operation, moment: moment, isCrash: Bool.random(using: &random)))
        try? outbox.run(&log, folder)
        outbox.look(folder)
        if Bool.random(using: &random) { try? outbox.run(&log, folder) }
        outbox.look(folder)
        folder.restart(.some(seed: random.next()))
        CrashTests.check(folder, outbox, "seed 11, round \(round)")
      }
      var log = TileLog(folder, signer: logSigner)
      try outbox.run(&log, folder)
      CrashTests.check(folder, outbox, "seed 11, round \(round)")
    }
  }
}
