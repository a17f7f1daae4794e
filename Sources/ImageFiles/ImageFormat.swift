/// What a file is, by its first bytes. Names and media types in scenes are often wrong; signatures are not.
enum ImageFormat: Equatable {
  case png
  case jpeg
  case radiance
  case openEXR
  /// Known by name, not read here.
  case other(String)
  case unknown

  init(signatureOf bytes: UnsafeRawBufferPointer) {
    func has(_ signature: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + signature.count
        && zip(bytes[offset..<offset + signature.count], signature).allSatisfy { $0 == $1 }
    }
    func has(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), at: offset) }

    if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if has([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if has("#?RADIANCE") || has("#?RGBE") {
      self = .radiance
    } else if has([0x76, 0x2F, 0x31, 0x01]) {
      self = .openEXR
    } else if let name = ImageFormat.others.first(where: { has($0.signature, at: $0.offset) })?.name {
      self = .other(name)
    } else {
      self = .unknown
    }
  }

  private static let others: [(name: String, signature: [UInt8], offset: Int)] = [
    ("WebP", Array("WEBP".utf8), 8),
    ("KTX 2", [0xAB, 0x4B, 0x54, 0x58, 0x20, 0x32, 0x30, 0xBB], 0),
    ("KTX", [0xAB, 0x4B, 0x54, 0x58, 0x20, 0x31, 0x31, 0xBB], 0),
    ("Basis Universal", [0x73, 0x42, 0x13, 0x00], 0),
    ("AVIF", Array("ftypavif".utf8), 4),
    ("AVIF sequence", Array("ftypavis".utf8), 4),
    ("HEIF", Array("ftyphei".utf8), 4),
    ("HEIF", Array("ftypmif1".utf8), 4),
    ("DDS", Array("DDS ".utf8), 0),
    ("GIF", Array("GIF8".utf8), 0),
    ("TIFF", [0x49, 0x49, 0x2A, 0x00], 0),
    ("TIFF", [0x4D, 0x4D, 0x00, 0x2A], 0),
    ("JPEG 2000", [0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20], 0),
    ("JPEG XL", [0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], 0),
    ("JPEG XL", [0xFF, 0x0A], 0),
    ("Photoshop", Array("8BPS".utf8), 0),
    ("Git LFS pointer", Array("version https://git-lfs".utf8), 0),
    ("SVG or XML", Array("<svg".utf8), 0),
    ("SVG or XML", Array("<?xml".utf8), 0),
    ("HTML", Array("<!DOCTYPE".utf8), 0),
    ("BMP", Array("BM".utf8), 0),
  ]
}
