import FarmModel
import FarmWire
import Foundation
import Testing

@testable import FarmAgent

@Suite("Processes", .timeLimit(.minutes(3)))
struct ProcessTests {
  @Test("A master killed in the middle of its jobs goes on after a restart, and every frame has a local render's bits")
  func killedMaster() async throws {
    let folder = try TemporaryFolder()
    let home = folder.url
    let pictures = [
      Picture(scene: "cornell", size: "160x160", frames: "1", samples: 24),
      Picture(scene: "gallery", size: "96x54", frames: "1-2", samples: 8),
      Picture(scene: "interior", size: "96x54", frames: "1-3", samples: 8),
    ]
    var (master, url) = try await GlintProcess.master(in: folder, listen: "127.0.0.1:0")
    let owned = OwnedClient(try MasterClient(url: url, token: nil, policy: .command))
    let client = owned.client
    var jobs: [JobID] = []
    for picture in pictures {
      let text = try await GlintProcess.run(
        ["submit", "--master", url.absoluteString, "--tile", "16"] + picture.options, home: home)
      jobs.append(try JSONDecoder().decode(Submitted.self, from: Data(text.utf8)).job)
    }
    let agent = try GlintProcess(
      [
        "agent", "--master", url.absoluteString, "--name", "worker", "--threads", "1", "--data",
        folder.folder("agent").path,
      ], home: home)
    let first = jobs[0]
    let atDeath = try await eventually("a received unit") { () -> JobSummary? in
      let job = try await client.job(first).job
      return job.receivedUnitCount > 0 ? job : nil
    }
    master.signal(SIGKILL)
    #expect(await master.end() == SIGKILL)
    #expect(atDeath.state == "active")

    (master, url) = try await GlintProcess.master(in: folder, listen: "127.0.0.1:\(url.port!)")
    // Nothing that the dead master had acknowledged is lost.
    #expect(try await client.job(first).job.receivedUnitCount >= atDeath.receivedUnitCount)
    for (picture, job) in zip(pictures, jobs) {
      let detail = try await eventually("job \(picture.scene) finished", within: .seconds(80)) { () -> JobDetail? in
        let detail = try await client.job(job)
        return detail.job.state == "finished" ? detail : nil
      }
      let found = Dictionary(uniqueKeysWithValues: detail.frames.map { ($0.number, $0.digest?.hex ?? "") })
      for (threads, tile) in [("1", "16"), ("2", "64")] {
        let text = try await GlintProcess.run(
          [
            "render", "--threads", threads, "--tile", tile, "-o",
            folder.folder("out").path + "/\(picture.scene).####.png",
          ] + picture.options, home: home)
        let rendered = try JSONDecoder().decode(Rendered.self, from: Data(text.utf8))
        #expect(rendered.digests == found, "\(picture.scene), \(threads) threads, tiles of \(tile)")
      }
    }
    let credits = try await client.credits().credits
    let unitCount = try await client.jobs().jobs.map(\.unitCount).reduce(0, +)
    #expect(credits.map(\.unitCount).reduce(0, +) == unitCount)
    agent.signal(SIGTERM)
    #expect(await agent.end() == 0, "\(agent.errors)")
    await owned.client.shutdown()
    master.signal(SIGTERM)
    #expect(await master.end() == 0, "\(master.errors)")
  }
}
