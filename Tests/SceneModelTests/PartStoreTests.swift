import Foundation
import Testing

@testable import SceneModel

@Suite("Part store")
struct PartStoreTests {
  let folder: TemporaryFolder
  let url: URL

  init() throws {
    folder = try TemporaryFolder()
    url = folder.folder("parts")
  }

  /// Bytes that hardly compress.
  private func noise(_ seed: UInt64, count: Int = 4000) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// Whether the store gives these bytes.
  private func holds(_ store: PartStore, _ part: BundleManifest.Part, _ bytes: [UInt8]) throws -> Bool {
    let buffer = try store.bytes(of: part)
    return withExtendedLifetime(buffer) { buffer.elements.elementsEqual(bytes) }
  }

  private func part(of bytes: [UInt8]) -> BundleManifest.Part {
    BundleManifest.Part(hash: ContentHash(hashing: bytes), byteCount: bytes.count)
  }

  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
  }

  private func kind(_ body: () throws -> Void) -> BundleError.Kind? {
    do {
      try body()
      return nil
    } catch {
      return (error as? BundleError)?.kind
    }
  }

  @Test("What is stored is read again, also by the next process; equal bytes are stored once")
  func storing() throws {
    let bytes = noise(1)
    let store = try PartStore(directory: url)
    let stored = try store.store(bytes)
    #expect(stored == part(of: bytes))
    try store.store(bytes)
    #expect(try files() == [stored.hash.hex + ".zst"])
    let next = try PartStore(directory: url)
    #expect(next.contains(stored.hash))
    #expect(try holds(next, stored, bytes))
    let empty = try store.store([])
    #expect(try store.bytes(of: empty).isEmpty)
  }

  @Test("A part that is not here is missing")
  func missing() throws {
    let store = try PartStore(directory: url)
    let (here, absent) = (try store.store(noise(1)), part(of: noise(2)))
    #expect(store.missing(of: [here, absent]) == [absent])
    #expect(kind { _ = try store.bytes(of: absent) } == .missing)
    store.remove(here.hash)
    #expect(!store.contains(here.hash))
    #expect(try files().isEmpty)
  }

  @Test("A file from elsewhere is admitted only if it holds exactly the part's bytes, and is gone in any case")
  func admitting() throws {
    let store = try PartStore(directory: url)
    let bytes = noise(3)
    let compressed = Zstd.compress(bytes)
    func admit(_ file: [UInt8], as part: BundleManifest.Part) -> BundleError.Kind? {
      let url = store.temporaryFileURL()
      defer { #expect(!FileManager.default.fileExists(atPath: url.path)) }
      return kind {
        try Data(file).write(to: url)
        try store.admit(compressedFile: url, as: part)
      }
    }
    let right = part(of: bytes)
    for count in stride(from: 0, to: compressed.count, by: 37) {
      #expect(admit(Array(compressed.prefix(count)), as: right) == .malformed, "\(count) bytes")
    }
    #expect(admit(Array(compressed.dropLast()), as: right) == .malformed)
    #expect(admit(bytes, as: right) == .malformed)
    var other = bytes
    other[7] ^= 1
    #expect(admit(Zstd.compress(other), as: right) == .wrongHash)
    #expect(admit(Zstd.compress(bytes + [0]), as: right) == .tooLarge)
    #expect(admit(Zstd.compress(Array(bytes.dropLast())), as: right) == .malformed)
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<300 {
      var file = compressed
      let index = Int.random(in: file.indices, using: &generator)
      file[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      // A flipped bit of a frame's header may change nothing of its content.
      let found = admit(file, as: right)
      #expect(found != nil || store.contains(right.hash))
      store.remove(right.hash)
    }
    #expect(try files().isEmpty)
    #expect(admit(compressed, as: right) == nil)
    #expect(try holds(store, right, bytes))
    let nowhere = folder.url.appendingPathComponent("nothing")
    guard case .storage = kind({ try store.admit(compressedFile: nowhere, as: right) }) else {
      Issue.record("a file that is not there was admitted")
      return
    }
  }

  @Test("A part that was damaged on disk is refused, removed, and can be stored anew")
  func damage() throws {
    let store = try PartStore(directory: url)
    let bytes = noise(5)
    let stored = try store.store(bytes)
    var other = bytes
    other[100] ^= 4
    try Data(Zstd.compress(other)).write(to: store.fileURL(stored.hash))
    #expect(kind { _ = try store.bytes(of: stored) } == .wrongHash)
    #expect(!store.contains(stored.hash))
    try store.store(bytes)
    #expect(try holds(store, stored, bytes))
  }

  @Test("A part whose file was cut on disk is refused, removed, and can be stored anew")
  func cutFile() throws {
    let store = try PartStore(directory: url)
    let bytes = noise(6)
    let stored = try store.store(bytes)
    try Data(Zstd.compress(bytes).prefix(1000)).write(to: store.fileURL(stored.hash))
    #expect(kind { _ = try store.bytes(of: stored) } != nil)
    #expect(!store.contains(stored.hash))
    try store.store(bytes)
    #expect(try holds(store, stored, bytes))
  }

  @Test("What a crash left half-written is swept away at the next start; foreign files stay")
  func sweeping() throws {
    let stored = try PartStore(directory: url).store(noise(7))
    let half = url.appendingPathComponent("half.tmp")
    try Data([1, 2, 3]).write(to: half)
    let foreign = url.appendingPathComponent("readme.txt")
    try Data([1]).write(to: foreign)
    let store = try PartStore(directory: url)
    #expect(try files() == [stored.hash.hex + ".zst", "readme.txt"].sorted())
    #expect(store.contains(stored.hash))
  }

  @Test("Beyond the limit the parts used longest ago go; pinned ones stay")
  func eviction() throws {
    let size = Zstd.compress(noise(10)).count
    let store = try PartStore(directory: url, byteLimit: 3 * size + size / 2)
    let parts = try (10..<13).map { try store.store(noise($0)) }
    #expect(store.missing(of: parts).isEmpty)
    _ = try store.bytes(of: parts[0])
    let fourth = try store.store(noise(13))
    #expect(store.missing(of: parts) == [parts[1]])
    #expect(!FileManager.default.fileExists(atPath: store.fileURL(parts[1].hash).path))
    // Twice pinned, once released: still pinned.
    store.pin([parts[2], parts[0]])
    store.pin([parts[2]])
    store.unpin([parts[2]])
    let fifth = try store.store(noise(14))
    #expect(store.missing(of: [parts[0], parts[2], fourth, fifth]) == [fourth])
    let more = try (15..<20).map { try store.store(noise($0)) }
    #expect(store.missing(of: [parts[0], parts[2]]).isEmpty)
    // The newest is never evicted for its own sake.
    #expect(store.contains(more.last!.hash))
    store.unpin([parts[2], parts[0]])
    store.unpin([parts[2], parts[0]])
    try store.store(noise(20))
    try store.store(noise(21))
    #expect(store.missing(of: [parts[0], parts[2]]).count == 2)
  }

  @Test("Many threads at once store, read and evict without harm")
  func concurrency() async throws {
    let size = Zstd.compress(noise(30)).count
    let store = try PartStore(directory: url, byteLimit: 8 * size)
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<4 as Range<UInt64> {
        group.addTask {
          var generator = SeededGenerator(seed: worker)
          for _ in 0..<25 {
            let bytes = noise(UInt64.random(in: 30..<45, using: &generator))
            do {
              let stored = try store.store(bytes)
              #expect(try holds(store, stored, bytes))
            } catch let error as BundleError {
              // Evicted in between.
              #expect(error.kind == .missing)
            } catch {
              // Evicted between the look-up and the opening of the file.
              #expect((error as NSError).domain == NSCocoaErrorDomain)
            }
          }
        }
      }
    }
  }
}
