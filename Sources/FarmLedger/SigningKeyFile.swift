import Crypto
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An Ed25519 key in a file that only its owner can read: PKCS #8 in PEM (RFC 8410), as `openssl genpkey` writes it.
public struct SigningKeyFile: Sendable {
  public let url: URL
  public let key: Curve25519.Signing.PrivateKey

  /// DER of RFC 8410, section 7, up to the 32 bytes of the seed.
  private static let derPrefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
  private static let header = "-----BEGIN PRIVATE KEY-----"
  private static let footer = "-----END PRIVATE KEY-----"
  /// A key file has some 120 bytes; whatever is much longer is none.
  private static let byteLimit = 4096

  /// Reads a key.
  public init(reading url: URL) throws(KeyFileError) {
    self.url = url
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      data = try handle.read(upToCount: SigningKeyFile.byteLimit + 1) ?? Data()
    } catch {
      throw KeyFileError("key file \(url.path): cannot be read (\(SystemText.reason(error)))")
    }
    let text = String(decoding: data, as: UTF8.self)
    let body = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    guard data.count <= SigningKeyFile.byteLimit, let start = body.firstIndex(of: SigningKeyFile.header),
      let end = body.firstIndex(of: SigningKeyFile.footer), start < end,
      let der = Data(base64Encoded: body[(start + 1)..<end].joined()).map(Array.init),
      der.count == SigningKeyFile.derPrefix.count + 32, der.starts(with: SigningKeyFile.derPrefix),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: der.suffix(32))
    else {
      throw KeyFileError(
        "key file \(url.path): no Ed25519 private key in PEM (PKCS #8); `glint key new` makes one")
    }
    self.key = key
  }

  /// Makes a key and writes it, unless the file exists already.
  public init(creating url: URL) throws(KeyFileError) {
    self.url = url
    key = Curve25519.Signing.PrivateKey()
    let der = SigningKeyFile.derPrefix + Array(key.rawRepresentation)
    let text = "\(SigningKeyFile.header)\n\(Data(der).base64EncodedString())\n\(SigningKeyFile.footer)\n"
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw KeyFileError("folder \(url.deletingLastPathComponent().path): \(SystemText.reason(error))")
    }
    // Whole and on disk before it has its name, so that no half of a key is ever found there. A link, unlike a renaming, fails
    // where the name exists: of two processes that start at once, one makes the key and the other is told so.
    let draft = url.path + ".\(UInt64.random(in: 0 ... .max)).new"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { throw KeyFileError("key file \(draft): \(SystemText.reason(errno: errno))") }
    defer {
      close(descriptor)
      unlink(draft)
    }
    let bytes = Array(text.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      throw KeyFileError("key file \(url.path): not written (\(SystemText.reason(errno: errno)))")
    }
    guard link(draft, url.path) == 0 else {
      throw KeyFileError(
        "key file \(url.path): \(SystemText.reason(errno: errno))", isExisting: errno == EEXIST)
    }
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Reads the key, or makes it on first use.
  public static func readOrCreate(_ url: URL) throws(KeyFileError) -> (file: SigningKeyFile, isNew: Bool) {
    if !FileManager.default.fileExists(atPath: url.path) {
      do {
        return (try SigningKeyFile(creating: url), true)
      } catch {
        guard error.isExisting else { throw error }
      }
    }
    return (try SigningKeyFile(reading: url), false)
  }

  public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  /// 64 hexadecimal digits.
  public var publicKeyText: String { publicKey.map { String(format: "%02x", $0) }.joined() }
}

public struct KeyFileError: Error, CustomStringConvertible {
  public var description: String
  /// The file that should be made is there already.
  public var isExisting = false

  init(_ description: String, isExisting: Bool = false) {
    self.description = description
    self.isExisting = isExisting
  }
}

/// Why the system refused, in its own words.
package enum SystemText {
  package static func reason(errno code: Int32) -> String { String(cString: strerror(code)) }

  package static func reason(_ error: any Error) -> String {
    if let posix = error as? POSIXError { return reason(errno: posix.code.rawValue) }
    let cocoa = error as NSError
    if let inner = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError, inner.domain == NSPOSIXErrorDomain {
      return reason(errno: Int32(inner.code))
    }
    if cocoa.domain == NSPOSIXErrorDomain { return reason(errno: Int32(cocoa.code)) }
    return cocoa.localizedDescription
  }
}
