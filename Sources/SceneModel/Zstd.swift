import CZstd
import Foundation
import LaneMath

/// Zstandard frames (RFC 8878), with every size bounded before it is believed.
public enum Zstd {
  /// Level of parts and results: beyond 3, time grows faster than geometry shrinks.
  public static let defaultLevel: Int32 = 3
  /// Frames that need a larger window are refused; 2^27 bytes is what RFC 8878 asks decoders at most to take.
  static let windowLogLimit: Int32 = 27

  /// Bytes from which several threads compress one part, each some megabytes of it.
  private static let parallelByteCount = 8 << 20

  public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int32 = defaultLevel) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
      guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory for zstd") }
      defer { ZSTD_freeCCtx(context) }
      _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
      if bytes.count >= parallelByteCount {
        // Refused by a library built without threads, which then compresses on this one.
        let threads = Int32(min(8, ProcessInfo.processInfo.activeProcessorCount))
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, threads)
      }
      let size = ZSTD_compress2(context, target.baseAddress, bound, bytes.baseAddress, bytes.count)
      // Fails only for lack of memory.
      precondition(ZSTD_isError(size) == 0, "zstd cannot compress \(bytes.count) bytes")
      count = size
    }
  }

  public static func compress(_ bytes: [UInt8], level: Int32 = defaultLevel) -> [UInt8] {
    bytes.withUnsafeBytes { compress($0, level: level) }
  }

  /// Exactly `byteCount` bytes out of one frame.
  public static func decompress(
    _ bytes: UnsafeRawBufferPointer, exactly byteCount: Int
  ) throws(BundleError) -> FlatBuffer<UInt8> {
    let output = FlatBuffer<UInt8>(count: byteCount)
    let size = ZSTD_decompress(output.pointer, byteCount, bytes.baseAddress, bytes.count)
    guard ZSTD_isError(size) == 0 else {
      throw BundleError(.malformed, "zstd data is damaged (\(String(cString: ZSTD_getErrorName(size))))")
    }
    guard size == byteCount else {
      throw BundleError(.malformed, "zstd data holds \(size) bytes, expected \(byteCount)")
    }
    return output
  }
}

/// Decompresses bytes that arrive in pieces.
public struct ZstdReader: ~Copyable {
  private let context: OpaquePointer
  private let limit: Int
  private var produced = 0
  private var isAtFrameEnd = true
  private var hasBegun = false
  private let scratch: UnsafeMutableRawBufferPointer

  /// - Parameter limit: Most bytes that may come out, of all frames together.
  public init(limit: Int) throws(BundleError) {
    guard let context = ZSTD_createDCtx() else { throw BundleError(.storage(errno: 12), "no memory for zstd") }
    self.context = context
    self.limit = limit
    scratch = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
    _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Zstd.windowLogLimit)
  }

  deinit {
    ZSTD_freeDCtx(context)
    scratch.deallocate()
  }

  /// Hands what `bytes` decompress to on to `sink`, in pieces.
  public mutating func read(
    _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(BundleError) -> Void
  ) throws(BundleError) {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    if bytes.count > 0 { hasBegun = true }
    while true {
      var output = ZSTD_outBuffer(dst: scratch.baseAddress, size: scratch.count, pos: 0)
      if input.pos == input.size, isAtFrameEnd { return }
      let before = input.pos
      let hint = ZSTD_decompressStream(context, &output, &input)
      guard ZSTD_isError(hint) == 0 else {
        throw BundleError(.malformed, "zstd data is damaged (\(String(cString: ZSTD_getErrorName(hint))))")
      }
      isAtFrameEnd = hint == 0
      produced += output.pos
      guard produced <= limit else {
        throw BundleError(.tooLarge, "zstd data expands to more than the \(limit) bytes that are allowed")
      }
      if output.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: scratch[0..<output.pos])) }
      if input.pos == input.size, output.pos < output.size { return }
      if input.pos == before, output.pos == 0 { return }
    }
  }

  /// To be called after the last piece.
  public func finish() throws(BundleError) {
    guard isAtFrameEnd, hasBegun else { throw BundleError(.malformed, "zstd data ends early") }
  }
}
