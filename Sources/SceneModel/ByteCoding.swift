import LaneMath

/// Builds the bytes of a part: little-endian numbers, arrays led by their count.
public struct ByteWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func reserve(_ byteCount: Int) { bytes.reserveCapacity(bytes.count + byteCount) }

  public mutating func integer<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func float(_ value: Float) { integer(value.bitPattern) }

  public mutating func floats(_ values: Float...) { for value in values { float(value) } }

  public mutating func vector(_ v: SIMD3<Float>) { floats(v.x, v.y, v.z) }

  public mutating func vector(_ v: SIMD4<Float>) { floats(v.x, v.y, v.z, v.w) }

  public mutating func affine(_ a: Affine) {
    vector(a.x)
    vector(a.y)
    vector(a.z)
  }

  public mutating func flag(_ value: Bool) { integer(UInt8(value ? 1 : 0)) }

  public mutating func hash(_ hash: ContentHash) { bytes.append(contentsOf: hash.bytes) }

  public mutating func string(_ text: String) {
    let utf8 = Array(text.utf8)
    integer(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  public mutating func tag(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// As they are: for fields whose length the format fixes.
  public mutating func raw(_ fixed: [UInt8]) { bytes.append(contentsOf: fixed) }

  /// Element count as 64 bits, then the elements. The machine is little-endian, as all that Glint supports are.
  public mutating func buffer<T: BitwiseCopyable>(_ buffer: FlatBuffer<T>) {
    integer(UInt64(buffer.count))
    bytes.append(contentsOf: buffer.bytes)
  }
}

/// Reads what `ByteWriter` wrote, from bytes that may come from anybody: every count is compared with the bytes that are
/// there before anything is allocated.
public struct ByteReader {
  private let base: UnsafeRawBufferPointer
  private var position = 0
  /// Named in errors: which part this is.
  private let what: String

  public init(_ bytes: UnsafeRawBufferPointer, what: String) {
    base = bytes
    self.what = what
  }

  public var remaining: Int { base.count - position }

  public func fault(_ text: String) -> BundleError {
    BundleError(.malformed, "\(what), byte \(position): \(text)")
  }

  private mutating func take(_ byteCount: Int) throws(BundleError) -> UnsafeRawBufferPointer {
    guard byteCount <= remaining else {
      throw fault("ends early: expected \(byteCount) more bytes, found \(remaining)")
    }
    let slice = UnsafeRawBufferPointer(rebasing: base[position..<position + byteCount])
    position += byteCount
    return slice
  }

  public mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(BundleError) -> T {
    T(littleEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
  }

  /// A count of things that take at least `minimumByteCount` bytes each.
  public mutating func count(limit: Int, minimumByteCount: Int, of name: String) throws(BundleError) -> Int {
    let value = Int(try integer(UInt32.self))
    guard value <= limit else { throw fault("\(value) \(name); at most \(limit) are allowed") }
    guard value <= remaining / max(1, minimumByteCount) else {
      throw fault("\(value) \(name) cannot be in the \(remaining) bytes that are left")
    }
    return value
  }

  public mutating func float() throws(BundleError) -> Float { Float(bitPattern: try integer()) }

  /// A float that is neither infinite nor NaN.
  public mutating func finite() throws(BundleError) -> Float {
    let value = try float()
    guard value.isFinite else { throw fault("found \(value), expected a finite number") }
    return value
  }

  public mutating func vector3() throws(BundleError) -> SIMD3<Float> {
    let (x, y, z) = (try finite(), try finite(), try finite())
    return SIMD3(x, y, z)
  }

  public mutating func vector4() throws(BundleError) -> SIMD4<Float> {
    let (x, y, z, w) = (try finite(), try finite(), try finite(), try finite())
    return SIMD4(x, y, z, w)
  }

  public mutating func affine() throws(BundleError) -> Affine {
    let (x, y, z) = (try vector4(), try vector4(), try vector4())
    return Affine(x: x, y: y, z: z)
  }

  public mutating func flag() throws(BundleError) -> Bool {
    let value = try integer(UInt8.self)
    guard value <= 1 else { throw fault("found \(value), expected 0 or 1") }
    return value == 1
  }

  public mutating func choice<T: RawRepresentable>(_ type: T.Type) throws(BundleError) -> T where T.RawValue == UInt8 {
    let value = try integer(UInt8.self)
    guard let choice = T(rawValue: value) else { throw fault("found \(value), which is no \(T.self)") }
    return choice
  }

  public mutating func hash() throws(BundleError) -> ContentHash {
    ContentHash(bytes: try take(ContentHash.byteCount))!
  }

  public mutating func string(limit: Int) throws(BundleError) -> String {
    let length = try count(limit: limit, minimumByteCount: 1, of: "bytes of text")
    let slice = try take(length)
    guard let text = String(validating: slice, as: UTF8.self) else { throw fault("text is not UTF-8") }
    return text
  }

  public mutating func expect(tag: StaticString) throws(BundleError) {
    let found = try take(tag.utf8CodeUnitCount)
    guard tag.withUTF8Buffer({ found.elementsEqual($0) }) else {
      throw fault("expected '\(tag)'; this is not a part of that kind, or of another version of Glint")
    }
  }

  /// A run of elements of the stated count, or empty where `isOptional` allows.
  public mutating func buffer<T: BitwiseCopyable>(
    of type: T.Type = T.self, count: Int, isOptional: Bool = false, _ name: String
  ) throws(BundleError) -> FlatBuffer<T> {
    let found = try integer(UInt64.self)
    guard found == UInt64(count) || (isOptional && found == 0) else {
      throw fault("\(name): \(found) elements, expected \(count)")
    }
    let slice = try take(checked(Int(found), MemoryLayout<T>.stride))
    return FlatBuffer(count: Int(found)) { target in
      UnsafeMutableRawBufferPointer(target).copyMemory(from: slice)
    }
  }

  private func checked(_ count: Int, _ stride: Int) throws(BundleError) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: stride)
    guard !overflow else { throw fault("\(count) elements are too many") }
    return product
  }

  public func expectEnd() throws(BundleError) {
    guard remaining == 0 else { throw fault("\(remaining) bytes too many") }
  }
}

extension Array where Element == UInt8 {
  /// As `withUnsafeBytes`, which does not carry typed errors.
  public func withRawBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(BundleError) -> Result
  ) throws(BundleError) -> Result {
    try withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(BundleError) -> Result in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}
