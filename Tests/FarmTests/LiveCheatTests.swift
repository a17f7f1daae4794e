import FarmLedger
import FarmModel
import FarmWire
import Foundation
import Testing

@testable import FarmAgent

@Suite("Cheats among processes", .timeLimit(.minutes(3)))
struct LiveCheatTests {
  private struct Contributor {
    var name: String
    var key: SigningKeyFile
    var agentKey: SigningKeyFile
    var data: URL

    init(_ name: String, in folder: TemporaryFolder) throws {
      self.name = name
      data = folder.folder(name)
      key = try SigningKeyFile.readOrCreate(data.appendingPathComponent("contributor.key")).file
      agentKey = try SigningKeyFile.readOrCreate(data.appendingPathComponent("agent.key")).file
    }

    func start(_ master: URL, home: URL) throws -> GlintProcess {
      try GlintProcess(
        [
          "agent", "--master", master.absoluteString, "--name", name, "--threads", "1", "--contributor", key.url.path,
          "--data", data.path,
        ], home: home)
    }
  }

  @Test("Of six agents two cheat: both are banned and paid for no lie, and every frame has a local render's bits")
  func twoOfSix() async throws {
    let folder = try TemporaryFolder()
    let home = folder.url
    let picture = Picture(scene: "interior", size: "48x27", frames: "1-48", samples: 4)
    let (master, url) = try await GlintProcess.master(in: folder, listen: "127.0.0.1:0")
    let owned = OwnedClient(try MasterClient(url: url, token: nil, policy: .command))
    let client = owned.client
    let text = try await GlintProcess.run(
      ["submit", "--master", url.absoluteString, "--tile", "16"] + picture.options, home: home)
    let job = try JSONDecoder().decode(Submitted.self, from: Data(text.utf8)).job

    // One lies from the start, one after some honest work. Their first lies are in before anybody else comes.
    let cheats = try ["liar", "turncoat"].map { try Contributor($0, in: folder) }
    let honestCounts = [0, 3]
    let proxies = zip(cheats, honestCounts).map {
      CheatingProxy(masterPort: url.port!, key: $0.agentKey, honestCount: $1, offset: $1 == 0 ? 0.5 : 0.25)
    }
    let cheating = try zip(cheats, proxies).map { try $0.start($1.url, home: home) }
    for (cheat, proxy) in zip(cheats, proxies) {
      _ = try await eventually("a lie of \(cheat.name)") { proxy.lieCount > 0 ? true : nil }
    }
    let honest = try ["ada", "bela", "cleo", "dora"].map { try Contributor($0, in: folder) }
    let working = try honest.map { try $0.start(url, home: home) }

    let detail = try await eventually("the job finished", within: .seconds(100)) { () -> JobDetail? in
      let detail = try await client.job(job)
      if ["failed", "paused"].contains(detail.job.state) {
        throw Overdue(description: "the job is \(detail.job.state): \(detail.job.reason ?? "")")
      }
      // Pictures are there before all of their units are proven.
      return detail.job.state == "finished" && detail.job.finishedUnitCount == detail.job.unitCount ? detail : nil
    }
    for (cheat, process) in zip(cheats, cheating) {
      #expect(await process.end() == 69, "\(process.errors)")
      #expect(process.errors.contains("gets no more work"), "\(cheat.name): \(process.errors)")
    }
    let agents = Dictionary(uniqueKeysWithValues: try await client.agents().agents.map { ($0.name, $0) })
    for cheat in cheats { #expect(agents[cheat.name]?.state == "banned") }
    for agent in honest { #expect(agents[agent.name]?.reason == nil) }

    // Every unit is paid once, and a cheat at most for what it did before it lied.
    let credits = Dictionary(uniqueKeysWithValues: try await client.credits().credits.map { ($0.contributor, $0) })
    #expect(credits.values.map(\.unitCount).reduce(0, +) == detail.job.unitCount)
    for (cheat, honestCount) in zip(cheats, honestCounts) {
      #expect(credits[cheat.key.publicKeyText]?.unitCount ?? 0 <= honestCount)
      #expect(credits[cheat.key.publicKeyText]?.pendingUnitCount ?? 0 == 0)
    }

    let found = Dictionary(uniqueKeysWithValues: detail.frames.map { ($0.number, $0.digest?.hex ?? "") })
    let rendered = try await GlintProcess.run(
      ["render", "-o", folder.folder("out").path + "/####.png"] + picture.options, home: home)
    #expect(try JSONDecoder().decode(Rendered.self, from: Data(rendered.utf8)).digests == found)
    #expect(found.count == 48)

    try await verifyLog(folder.folder("master"), url, client)
    // What anybody can run.
    let key = try String(contentsOf: folder.folder("master").appendingPathComponent("ledger/key"), encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    _ = try await GlintProcess.run(["ledger", "verify", url.absoluteString, "--key", key, "--signatures"], home: home)
    let replayed = try await GlintProcess.run(
      ["ledger", "replay", url.absoluteString, "--sample", "8", "--seed", "1", "--threads", "1", "--json"], home: home)
    #expect(replayed.contains("\"equal\" : 8"), "\(replayed)")
    for process in working { process.signal(SIGTERM) }
    for process in working { #expect(await process.end() == 0, "\(process.errors)") }
    for proxy in proxies { proxy.stop() }
    await owned.client.shutdown()
    master.signal(SIGTERM)
    #expect(await master.end() == 0, "\(master.errors)")
  }

  /// What the master serves is the log in its folder, stands every audit, and gives the credits that it tells.
  private func verifyLog(_ data: URL, _ url: URL, _ client: MasterClient) async throws {
    let folder = DiskLogFolder(data.appendingPathComponent("ledger"))
    let report = try await eventually("all credit in the log") { () -> LedgerAudit.Report? in
      let key = try VerifierKey(
        String(decoding: try await get(url, "key"), as: UTF8.self).trimmingCharacters(in: .newlines))
      let signed = try SignedCheckpoint(try await get(url, "checkpoint"), key: key)
      var audit = LedgerAudit(folder)
      audit.checksSignatures = true
      let report = try await audit.run(signed.checkpoint)
      let isAll = try await client.credits().credits.allSatisfy { credit in
        report.balances.contributors[KeyBytes(KeyID(credit.contributor))!]?.credit ?? 0 == UInt128(credit.credit)
      }
      return isAll ? report : nil
    }
    #expect(report.findings.isEmpty && report.balances.credit > 0)
  }

  private func get(_ url: URL, _ path: String) async throws -> [UInt8] {
    let owned = OwnedClient(try MasterClient(url: url, token: nil, policy: .once))
    return try await owned.client.bytes(of: MasterClient.Call(.GET, "/ledger/" + path), limit: 1 << 20)
  }
}
