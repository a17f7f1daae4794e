import FarmLedger
import Foundation
import Testing

@testable import FarmAgent

@Suite("Key files")
struct SigningKeyFileTests {
  @Test("A key comes back from its file, which only its owner can read")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("deep/contributor.key")
    let made = try SigningKeyFile(creating: url)
    #expect(try SigningKeyFile(reading: url).publicKey == made.publicKey)
    let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("An existing key is never overwritten")
  func existing() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("contributor.key")
    let made = try SigningKeyFile(creating: url)
    #expect(throws: KeyFileError.self) { try SigningKeyFile(creating: url) }
    let (read, isNew) = try SigningKeyFile.readOrCreate(url)
    #expect(!isNew && read.publicKey == made.publicKey)
  }

  @Test(
    "What is no key is refused with the file's name",
    arguments: ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
  func damaged(text: String) throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("contributor.key")
    try Data(text.utf8).write(to: url)
    let error = #expect(throws: KeyFileError.self) { try SigningKeyFile(reading: url) }
    #expect(error?.description.contains(url.path) == true)
  }

  @Test("A key that OpenSSL wrote is read")
  func openSSL() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("contributor.key")
    // RFC 8410, section 10.3.
    let text = """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
      -----END PRIVATE KEY-----
      """
    try Data(text.utf8).write(to: url)
    #expect(
      try SigningKeyFile(reading: url).publicKeyText
        == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
  }
}
