import Foundation
import LaneMath
import KernelScene
import Testing

@testable import SceneModel

@Suite("Bundles")
struct BundleTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("A scene comes back from its bundle as it was, to the bit")
  func roundTrip() throws {
    let store = try PartStore(directory: folder.folder("a"))
    let scene = FullScene.make()
    let manifest = try FullScene.write(scene, into: store)
    let read = try BundleReader.scene(of: manifest, from: store)
    #expect(read.materials == scene.materials)
    #expect(read.cameraNames == scene.cameraNames)
    #expect(read.environmentScale == scene.environmentScale)
    #expect(read.worldToEnvironment == scene.worldToEnvironment)
    #expect(read.meshes.map(MeshPart.encoded) == scene.meshes.map(MeshPart.encoded))
    for (mesh, original) in zip(read.meshes, scene.meshes) {
      #expect(mesh.arrays.positions.elements.elementsEqual(original.arrays.positions.elements))
      #expect(mesh.arrays.tangents.elements.elementsEqual(original.arrays.tangents.elements))
      #expect(mesh.deformation?.morphTargets.count == original.deformation?.morphTargets.count)
    }
    #expect(read.textures.map(TexturePart.encoded) == scene.textures.map(TexturePart.encoded))
    #expect(read.environment!.texels.elements.elementsEqual(scene.environment!.texels.elements))
    for frame in FullScene.frames {
      #expect(try BundleReader.state(frame: frame, of: manifest, scene: read, from: store) == FullScene.state(frame))
    }
  }

  @Test("Equal scenes have equal bundles, wherever they were written; another scene has another")
  func identity() throws {
    let first = try FullScene.write(into: PartStore(directory: folder.folder("a")))
    let store = try PartStore(directory: folder.folder("b"))
    #expect(try FullScene.write(into: store) == first)
    #expect(try FullScene.write(into: store).id == first.id)
    // Read and written again.
    let read = try BundleReader.scene(of: first, from: store)
    #expect(try FullScene.write(read, into: PartStore(directory: folder.folder("c"))).id == first.id)
    #expect(try FullScene.write(FullScene.make(seed: 2), into: store).id != first.id)
  }

  @Test("A manifest has one encoding: decoding and encoding gives the same bytes")
  func canonicalManifest() throws {
    let manifest = PartSample.manifest
    let bytes = manifest.encoded()
    let decoded = try BundleManifest(decoding: bytes)
    #expect(decoded == manifest)
    #expect(decoded.encoded() == bytes)
    #expect(decoded.id == ContentHash(hashing: bytes))
    #expect(throws: BundleError.self) { try BundleManifest(decoding: bytes + [0]) }
  }

  @Test("Frames that are out of order or repeated, and manifests without frames or cameras, are refused")
  func refusedManifests() throws {
    let changes: [(inout BundleManifest) -> Void] = [
      { $0.frames.swapAt(0, 1) }, { $0.frames[1].number = $0.frames[0].number }, { $0.frames = [] },
      { $0.cameraNames = [] }, { $0.meshes[0].byteCount = BundleLimits.partByteCount + 1 },
      { $0.cameraNames = [String(repeating: "x", count: BundleLimits.cameraNameByteCount + 1)] },
      {
        // Each part is allowed, all together are not.
        $0.meshes = (0..<9).map {
          BundleManifest.Part(hash: ContentHash(hashing: [UInt8($0)]), byteCount: BundleLimits.partByteCount)
        }
      },
    ]
    for change in changes {
      var manifest = PartSample.manifest
      change(&manifest)
      #expect(throws: BundleError.self) { try BundleManifest(decoding: manifest.encoded()) }
    }
  }

  @Test("Negative frames come back from a manifest; numbers from 0 on have the bytes that they always had")
  func negativeFrames() throws {
    var manifest = PartSample.manifest
    let part = manifest.frames[0].part
    manifest.frames = [-1_000_000, -1, 0, 7, 1_000_000].map { BundleManifest.FramePart(number: $0, part: part) }
    let bytes = manifest.encoded()
    #expect(try BundleManifest(decoding: bytes) == manifest)
    #expect(manifest.framePart(-1) == part && manifest.framePart(-2) == nil)
    // The frames lie before the count of cameras and their names.
    let names = 4 + manifest.cameraNames.reduce(0) { $0 + 4 + $1.utf8.count }
    let frames = bytes.dropLast(names).suffix(5 * 44)
    let numbers = (0..<5).map { Array(frames.dropFirst(44 * $0).prefix(4)) }
    #expect(numbers[2] == [0, 0, 0, 0] && numbers[3] == [7, 0, 0, 0] && numbers[4] == [0x40, 0x42, 0x0F, 0])
    #expect(numbers[0] == [0xC0, 0xBD, 0xF0, 0xFF] && numbers[1] == [255, 255, 255, 255])
    for number in [1_000_001, -1_000_001] {
      manifest.frames = [BundleManifest.FramePart(number: number, part: part)]
      #expect(throws: BundleError.self) { try BundleManifest(decoding: manifest.encoded()) }
    }
  }

  @Test("Parts are listed once each, and those of a frame are the shared ones and its own")
  func partLists() {
    let manifest = PartSample.manifest
    #expect(manifest.sharedParts.count == 5)
    #expect(manifest.allParts.count == 8)
    #expect(manifest.parts(frame: 4) == manifest.sharedParts + [manifest.frames[1].part])
    #expect(manifest.parts(frame: 5) == nil)
    #expect([0, 3, 4, 8, 9, 10].map { manifest.framePart($0) != nil } == [false, true, true, false, true, false])
  }

  @Test("Every part that ends early is refused, wherever it ends", arguments: PartSample.all)
  func truncation(sample: PartSample) throws {
    try sample.decode(sample.bytes)
    for count in 0..<sample.bytes.count {
      #expect(throws: BundleError.self, "\(count) bytes") { try sample.decode(Array(sample.bytes.prefix(count))) }
    }
    #expect(throws: BundleError.self) { try sample.decode(sample.bytes + [0]) }
  }

  @Test("Parts with random changes are read or refused, and never crash", arguments: PartSample.all)
  func randomChanges(sample: PartSample) throws {
    var generator = SeededGenerator(seed: 11)
    var refusedCount = 0
    for _ in 0..<4000 {
      var bytes = sample.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        if Bool.random(using: &generator) {
          bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        } else {
          bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
        }
      }
      do {
        try sample.decode(bytes)
      } catch is BundleError {
        refusedCount += 1
      }
    }
    #expect(refusedCount > 0)
  }

  @Test("Random bytes after a right tag are refused", arguments: PartSample.all)
  func randomBytes(sample: PartSample) {
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<500 {
      let noise = (0..<Int.random(in: 0..<300, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      #expect(throws: BundleError.self) { try sample.decode(Array(sample.bytes.prefix(18)) + noise) }
    }
  }

  @Test("A frame that does not fit its scene is refused")
  func unfittingFrames() throws {
    let scene = FullScene.make()
    let changes: [(inout FrameState) -> Void] = [
      { $0.instances[0].mesh = 3 }, { $0.instances[2].pose = nil }, { $0.instances[0].pose = 0 },
      { $0.poses[0].jointMatrices.removeLast() }, { $0.poses[0].morphWeights.append(1) },
      { $0.cameras.removeLast() }, { $0.cameras = [] },
    ]
    try BundleReader.check(FullScene.state(3), fits: scene, name: "frame")
    for change in changes {
      var state = FullScene.state(3)
      change(&state)
      #expect(throws: BundleError.self) { try BundleReader.check(state, fits: scene, name: "frame") }
    }
  }

  @Test("A frame that the bundle has not is missing, by number")
  func missingFrame() throws {
    let store = try PartStore(directory: folder.folder("a"))
    let manifest = try FullScene.write(into: store)
    #expect {
      _ = try BundleReader.state(frame: 5, of: manifest, scene: FullScene.make(), from: store)
    } throws: { ($0 as? BundleError)?.kind == .missing && "\($0)".contains("frame 5") }
  }
}
