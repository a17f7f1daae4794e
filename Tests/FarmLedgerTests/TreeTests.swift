import SceneModel
import Testing

@testable import FarmLedger

@Suite("Merkle trees")
struct TreeTests {
  /// The eight entries and the roots of their trees that implementations of RFC 6962 share as test vectors.
  @Test("Known roots of RFC 6962")
  func knownRoots() {
    let entries: [[UInt8]] = [
      [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
      [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
      [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ]
    let roots = [
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    var edge = TreeEdge()
    #expect(edge.root.hex == roots[0])
    for (index, entry) in entries.enumerated() {
      edge.append(TreeHash.leaf(entry)) { _, _, _ in }
      #expect(edge.root.hex == roots[index + 1])
    }
  }

  @Test("The edge's root is the definition's, across tiles")
  func edgeRoot() {
    let entries = shortEntries(0..<1100)
    var edge = TreeEdge()
    for (index, entry) in entries.enumerated() {
      edge.append(TreeHash.leaf(entry)) { _, _, _ in }
      if index < 40 || index % 97 == 0 || (510...514).contains(index) {
        #expect(edge.root == referenceRoot(entries[...index]))
      }
      #expect(edge.isConsistent)
    }
  }

  @Test("A tree of 70,000 entries has the tiles that tlog-tiles counts")
  func tileCounts() {
    #expect(TilePath.hashCount(level: 0, size: 70_000) == 70_000)
    #expect(TilePath.tile(level: 0, holding: 69_999, size: 70_000)?.text == "tile/0/273.p/112")
    #expect(TilePath.tile(level: 1, holding: 255, size: 70_000)?.text == "tile/1/000")
    #expect(TilePath.tile(level: 1, holding: 272, size: 70_000)?.text == "tile/1/001.p/17")
    #expect(TilePath.tile(level: 2, holding: 0, size: 70_000)?.text == "tile/2/000.p/1")
    #expect(TilePath.tile(level: 3, holding: 0, size: 70_000) == nil)
    #expect(TilePath.levelCount(size: 70_000) == 3)
    #expect(TilePath(.tile(level: 1), index: 1_234_067, width: 256).text == "tile/1/x001/x234/067")
    #expect(TilePath(.entries, index: 5, width: 3).text == "tile/entries/005.p/3")
  }

  @Test(
    "Proofs of all small trees hold, and nothing else does", arguments: [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 64, 70])
  func proofs(size: Int) throws {
    let entries = shortEntries(0..<size)
    let root = referenceRoot(entries[...])
    func hashes(_ nodes: [TreeProof.Node]) -> [ContentHash] {
      nodes.map { referenceRoot(entries[Int($0.lowerBound)..<Int($0.upperBound)]) }
    }
    for index in 0..<size {
      let leaf = TreeHash.leaf(entries[index])
      let proof = hashes(TreeProof.inclusionNodes(of: UInt64(index), size: UInt64(size)))
      func holds(_ leaf: ContentHash, _ index: Int, _ size: Int, _ proof: [ContentHash]) -> Bool {
        TreeProof.isIncluded(leaf, index: UInt64(index), size: UInt64(size), proof: proof, root: root)
      }
      #expect(holds(leaf, index, size, proof))
      #expect(!holds(root, index, size, proof) || size == 1)
      #expect(!holds(leaf, index, size, proof + [root]))
      if !proof.isEmpty {
        #expect(!holds(leaf, index, size, proof.dropLast()))
        #expect(!holds(leaf, index, size, Array(proof.dropFirst())))
        var changed = proof
        changed[index % proof.count] = root
        #expect(!holds(leaf, index, size, changed))
      }
      #expect(!(0..<size).contains { $0 != index && holds(leaf, $0, size, proof) })
    }
    for old in 0...size {
      let oldRoot = referenceRoot(entries[..<old])
      let proof = old == 0 ? [] : hashes(TreeProof.consistencyNodes(from: UInt64(old), to: UInt64(size)))
      func holds(_ oldRoot: ContentHash, _ root: ContentHash, _ proof: [ContentHash]) -> Bool {
        TreeProof.isConsistent(
          old: UInt64(old), oldRoot: oldRoot, size: UInt64(size), root: root, proof: proof)
      }
      #expect(holds(oldRoot, root, proof))
      let stranger = TreeHash.leaf([9, 9])
      #expect(!holds(stranger, root, proof))
      #expect(!holds(oldRoot, root, proof + [stranger]))
      if old > 0 { #expect(!holds(oldRoot, stranger, proof)) }
      if !proof.isEmpty { #expect(!holds(oldRoot, root, proof.dropLast())) }
    }
  }

  @Test("A hash over a run of a tile is that of its subtree", arguments: [1, 2, 4, 64, 128, 256])
  func tileRoot(count: Int) {
    let entries = shortEntries(0..<count)
    var tile: [UInt8] = []
    for entry in entries { TreeHash.append(TreeHash.leaf(entry), to: &tile) }
    #expect(TreeHash.root(of: tile[...]) == referenceRoot(entries[...]))
  }

  @Test("Bundles are cut at their lengths, and no length is believed")
  func bundles() {
    func cut(_ bytes: [UInt8], _ width: Int) -> ([[UInt8]], String?) {
      var found: [[UInt8]] = []
      let fault = TreeHash.forEachEntry(ofBundle: bytes, width: width) { found.append(Array($1)) }
      return (found, fault)
    }
    #expect(cut([0, 2, 7, 8, 0, 0, 0, 1, 9], 3) == ([[7, 8], [], [9]], nil))
    #expect(cut([0, 2, 7, 8], 2).1 != nil)
    #expect(cut([0, 2, 7], 1).1 != nil)
    #expect(cut([0], 1).1 != nil)
    #expect(cut([0xFF, 0xFF, 1], 1).1 != nil)
    #expect(cut([0, 0, 0], 1).1 != nil)
  }
}
