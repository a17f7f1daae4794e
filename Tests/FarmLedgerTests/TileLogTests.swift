import Foundation
import SceneModel
import Testing

@testable import FarmLedger

@Suite("Writing a log")
struct TileLogTests {
  @Test("What is appended in pieces is the log of all of it; stale partial tiles are gone")
  func pieces() async throws {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    let entries = shortEntries(0..<1500)
    var sizes: [Int] = [0]
    for count in [1, 1, 254, 1, 300, 211, 500] {
      let start = sizes.last!
      try log.append(Array(entries[start..<start + count]), at: UInt64(start))
      sizes.append(start + count)
      #expect(try log.checkpoint().checkpoint.root == referenceRoot(entries[..<(start + count)]))
      // Another writer that starts now finds the same.
      var other = TileLog(folder, signer: logSigner)
      #expect(try other.checkpoint() == log.checkpoint())
    }
    let names = Set(folder.files.keys)
    #expect(names.contains("tile/0/004.p/244") && names.contains("tile/entries/004.p/244"))
    #expect(names.contains("tile/1/000.p/4") && !names.contains { $0.hasPrefix("tile/0/000.p/") })
    #expect(!names.contains { $0.hasPrefix("staging/") })
    let reader = TileReader(folder, size: 1268)
    for index in [0, 1, 255, 256, 511, 767, 1266, 1267] {
      #expect(try await reader.entry(UInt64(index)) == entries[index])
    }
    await #expect(throws: LedgerError.self) { try await reader.entry(1268) }
  }

  @Test("The same entries again change nothing; others in their places are refused")
  func idempotence() throws {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    let entries = shortEntries(0..<600)
    let first = try log.append(Array(entries[..<300]), at: 0)
    let files = folder.files
    #expect(try log.append(Array(entries[..<300]), at: 0) == first)
    #expect(try log.append(Array(entries[100..<200]), at: 100) == first)
    #expect(try log.append([], at: 300) == first)
    #expect(folder.files == files)
    let second = try log.append(Array(entries[200..<600]), at: 200)
    #expect(second.checkpoint.size == 600 && second.checkpoint.root == referenceRoot(entries[...]))
    for wrong in [(entries[..<2], 1), (entries[299..<301], 298), (entries[..<1], 601)]
      as [(ArraySlice<[UInt8]>, UInt64)]
    {
      #expect(throws: LedgerError.self) { try log.append(Array(wrong.0), at: wrong.1) }
    }
    #expect(try log.checkpoint() == second)
  }

  @Test("Two writers do not overwrite each other")
  func exchange() throws {
    let folder = MemoryLogFolder()
    var one = TileLog(folder, signer: logSigner)
    var two = TileLog(folder, signer: logSigner)
    try one.append(shortEntries(0..<5), at: 0)
    try two.append(shortEntries(0..<7), at: 0)
    // The first one does not know of the last two entries yet.
    #expect(throws: LedgerError.self) { try one.append(shortEntries(5..<9), at: 5) }
    #expect(try one.append(shortEntries(5..<9), at: 5).checkpoint.size == 9)
    #expect(try one.checkpoint().checkpoint.root == referenceRoot(shortEntries(0..<9)[...]))
  }

  @Test("A log that was damaged is not built upon")
  func damage() throws {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    try log.append(shortEntries(0..<300), at: 0)
    let files = folder.files
    for path in ["checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
      for bytes in [nil, [], Array(files[path]!.dropLast()), files[path]!.map { $0 ^ 1 }] as [[UInt8]?] {
        folder.tamper(path, bytes)
        var other = TileLog(folder, signer: logSigner)
        #expect(throws: LedgerError.self, "\(path)") { try other.append(shortEntries(300..<301), at: 300) }
        folder.tamper(path, files[path]!)
      }
    }
    var other = TileLog(folder, signer: NoteSigner(name: "farm.example/ledger", key: privateKey(2))!)
    #expect(throws: LedgerError.self) { try other.checkpoint() }
    #expect(folder.files == files)
  }

  @Test("Proofs from tiles hold for every entry, and for every older head")
  func proofs() async throws {
    let folder = MemoryLogFolder()
    var log = TileLog(folder, signer: logSigner)
    let entries = shortEntries(0..<700)
    try log.append(Array(entries[..<650]), at: 0)
    let signed = try log.append(Array(entries[650...]), at: 650)
    let reader = TileReader(folder, size: 700)
    for index in stride(from: 0, to: 700, by: 13) {
      let receipt = try await reader.receipt(of: UInt64(index), in: signed)
      let read = try Receipt(Array(receipt.encoded.utf8))
      #expect(read == receipt)
      #expect(try read.verify(entry: entries[index], key: logSigner.verifier).checkpoint == signed.checkpoint)
      #expect(throws: LedgerError.self) { try read.verify(entry: entries[(index + 1) % 700], key: logSigner.verifier) }
    }
    for old in [0, 1, 2, 255, 256, 257, 512, 650, 699, 700] {
      let proof = try await reader.consistencyProof(from: UInt64(old))
      let oldRoot = referenceRoot(entries[..<old])
      #expect(try await reader.root(count: UInt64(old)) == oldRoot)
      #expect(
        TreeProof.isConsistent(
          old: UInt64(old), oldRoot: oldRoot, size: 700, root: signed.checkpoint.root, proof: proof))
    }
  }

  @Test("On disk as in memory")
  func disk() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("glint-log-\(UUID())", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: url) }
    let memory = MemoryLogFolder()
    var inMemory = TileLog(memory, signer: logSigner)
    for (start, end) in [(0, 255), (255, 256), (256, 900)] {
      var onDisk = TileLog(DiskLogFolder(url), signer: logSigner)
      try onDisk.append(shortEntries(start..<end), at: UInt64(start))
      try inMemory.append(shortEntries(start..<end), at: UInt64(start))
    }
    let disk = DiskLogFolder(url)
    let files = memory.files
    for (path, bytes) in files where path != "checkpoint" {
      #expect(try disk.read(path, limit: 1 << 20) == bytes, "\(path)")
    }
    #expect(throws: LedgerError.self) { try disk.read("checkpoint", limit: 4) }
    #expect(try disk.read("tile/7/000", limit: 4) == nil)
  }
}
