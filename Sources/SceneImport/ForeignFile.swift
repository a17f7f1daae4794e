import Foundation

/// Files that people hand over in place of glTF, told apart by their first bytes.
enum ForeignFile {
  private static let signatures: [(bytes: [UInt8], text: String)] = [
    (Array("BLENDER".utf8), blender), (Array("Kaydara FBX Binary".utf8), "an FBX file; \(convert)"),
    (Array("; FBX".utf8), "an FBX file; \(convert)"), (Array("PXR-USDC".utf8), "a USD file; \(convert)"),
    (Array("#usda".utf8), "a USD file; \(convert)"), (Array("Ogawa".utf8), "an Alembic file; \(convert)"),
    (Array("ply\n".utf8), "a PLY file; \(convert)"), (Array("ply\r".utf8), "a PLY file; \(convert)"),
    (Array("solid ".utf8), "an STL file; \(convert)"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer, not the file itself; run `git lfs pull`"),
    (Array("PK\u{3}\u{4}".utf8), "a ZIP archive; unpack it and give the .glb or .gltf in it"),
    ([0x1F, 0x8B], "a gzip file; unpack it first"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture; \(picture)"), ([0xFF, 0xD8, 0xFF], "a JPEG picture; \(picture)"),
    (Array("#?RADIANCE".utf8), "a Radiance HDR picture; light a scene with it: --env"),
    (Array("#?RGBE".utf8), "a Radiance HDR picture; light a scene with it: --env"),
    ([0x76, 0x2F, 0x31, 0x01], "an OpenEXR picture; light a scene with it: --env"),
  ]

  private static let blender =
    "a Blender file; export it from Blender (File > Export > glTF 2.0) and give the .glb"
  private static let convert = "open it in Blender and export it as glTF 2.0 (.glb)"
  private static let picture = "expected a glTF file (.glb or .gltf)"

  /// What a file is that is neither GLB nor JSON, and what to do; nil if it may be JSON.
  static func description(of data: Data, name: String) -> String? {
    if data.isEmpty { return "empty; expected a glTF file (.glb or .gltf)" }
    for (bytes, text) in signatures where data.starts(with: bytes) { return text }
    let suffix = URL(fileURLWithPath: name).pathExtension.lowercased()
    // Blender compresses its files by zstd.
    if data.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
      return suffix == "blend" ? blender : "a zstd file; unpack it first"
    }
    let start = String(decoding: data.prefix(400), as: UTF8.self)
      .trimmingCharacters(in: CharacterSet(charactersIn: "\u{FEFF}").union(.whitespacesAndNewlines)).lowercased()
    if start.hasPrefix("{") { return nil }
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return "a web page; what was downloaded is not the scene"
    }
    if start.contains("<collada") { return "a COLLADA file; \(convert)" }
    if suffix == "obj" || suffix == "mtl" || isWavefront(start) { return "a Wavefront OBJ file; \(convert)" }
    switch suffix {
    case "blend", "blend1": return blender
    case "fbx", "usd", "usda", "usdc", "usdz", "abc", "dae", "ply", "stl", "3ds", "max", "c4d", "ma", "mb":
      return "a .\(suffix) file; \(convert)"
    default: return nil
    }
  }

  /// Comments, then statements such as `v 0 0 1` or `mtllib a.mtl`.
  private static func isWavefront(_ text: String) -> Bool {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
    guard let first = lines.first?.split(separator: " ").first else { return false }
    return ["v", "vn", "vt", "o", "g", "mtllib", "f"].contains(first)
  }
}
