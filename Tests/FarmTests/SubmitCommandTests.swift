import FarmModel
import FarmStore
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneImport
import SceneModel
import Testing

@testable import FarmAgent

@Suite("What `glint submit` predicts and promises", .timeLimit(.minutes(2)))
struct SubmitCommandTests {
  private struct Cost: Decodable { var estimatedCredit: UInt64 }

  private struct Answer: Decodable {
    var job: JobID
    var estimatedCredit: UInt64?
  }

  private let picture = Picture(scene: "interior", size: "256x144", frames: "1-3", samples: 16)

  @Test("--dry-run needs no master, and says within a twentieth what rendering then costs")
  func dryRun() async throws {
    let folder = try TemporaryFolder()
    // Nobody listens there.
    let nowhere = "http://127.0.0.1:\(ScriptedServer.unusedPort())"
    let text = try await GlintProcess.run(
      ["submit", "--dry-run", "--json", "--master", nowhere] + picture.options.filter { $0 != "--json" },
      home: folder.url)
    let predicted = Double(try JSONDecoder().decode(Cost.self, from: Data(text.utf8)).estimatedCredit)
    let imported = try GLTFImporter.load(URL(fileURLWithPath: picture.options[0]), options: ImportOptions())
    var settings = RenderSettings(width: 256, height: 144, sampleCount: 16)
    settings.bounces = 4
    let renderer = LocalRenderer(
      scene: imported.scene, settings: settings, tile: 64, threadCount: 2)
    var work = WorkCounters()
    try await renderer.render(frames: [1, 2, 3], state: { try imported.state(frame: $0) }, camera: 0) {
      work = work + $0.counters
    }
    let actual = Double(CreditWeights.current.credit(work))
    #expect(abs(predicted / actual - 1) < 0.05, "predicted \(predicted), actual \(actual)")
  }

  @Test("--estimate keeps the prediction with the job; --trust and --budget reach it")
  func estimate() async throws {
    let folder = try TemporaryFolder()
    let (master, url) = try await GlintProcess.master(in: folder, listen: "127.0.0.1:0")
    let owned = OwnedClient(try MasterClient(url: url, token: nil, policy: .command))
    let submit = try GlintProcess(
      ["submit", "--master", url.absoluteString, "--estimate", "--trust", "1e-6", "--budget", "5e9"] + picture.options,
      home: folder.url)
    #expect(await submit.end() == 0)
    // What the threshold costs is said before.
    #expect(submit.errors.contains("trust 1e-06: ") && submit.errors.contains("by the master's verifier"))
    #expect(submit.errors.contains("predicted cost"))
    let answer = try JSONDecoder().decode(Answer.self, from: Data(submit.output.utf8))
    let job = try await owned.client.job(answer.job).job
    #expect(answer.estimatedCredit ?? 0 > 0 && job.estimatedCredit == answer.estimatedCredit)
    #expect(job.trust == 1e-6 && job.budget == 5_000_000_000)
    master.signal(SIGINT)
    #expect(await master.end() == 0)
  }

  @Test(
    "The farm's files of a list of frames and of negative frames are render's, byte for byte",
    arguments: ["1,4", "1-5x2", "-3--2"])
  func frameLists(frames: String) async throws {
    let folder = try TemporaryFolder()
    let master = try await RunningMaster(in: folder.folder("master"))
    let agent = try RunningAgent("agent", of: master, in: folder)
    let scene = Picture(scene: "interior", size: "64x36", frames: "", samples: 3).options[0]
    let options = [scene, "--frames=\(frames)", "--size", "64x36", "--samples", "3", "--bounces", "2"]
    for (name, command) in [
      ("farm", ["submit", "--wait", "--master", master.url.absoluteString]), ("local", ["render"]),
    ] {
      let out = folder.folder(name)
      try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
      _ = try await GlintProcess.run(command + options + ["-o", out.path + "/f.####.png"], home: folder.url)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.folder("local").path).sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.folder("farm").path).sorted() == names)
    #expect(names.count == (try FrameNumbers(parsing: frames).count))
    for name in names {
      let files = try ["farm", "local"].map {
        try Data(contentsOf: folder.folder($0).appendingPathComponent(name))
      }
      #expect(files[0] == files[1], "\(name)")
    }
    #expect(try await master.client.jobs().jobs.first?.frames == frames)
    try await agent.service.stop()
    try await master.stop()
  }

  @Test("Whoever waits for final pictures of a job of another kernel revision hears that there will be none, and why")
  func neverFinal() async throws {
    let folder = try TemporaryFolder()
    let data = folder.folder("master")
    // Nothing is checked: the picture stays provisional.
    var master = try await RunningMaster(in: data) {
      ($0.policy.probationCount, $0.policy.checkRate, $0.policy.checksWhenIdle) = (0, 1e-12, false)
    }
    let agent = try RunningAgent("agent", of: master, in: folder)
    let job = try await master.submit(frames: 1...1, .tiny(), samples: 2, folder: folder.folder("bundle"))
    _ = try await eventually("the job is finished") {
      try await master.client.job(job).job.state == "finished" ? true : nil
    }
    try await agent.service.stop()
    try await master.stop()
    // As the version before this one would have left it.
    let store = try SQLiteStore(path: data.appendingPathComponent("farm.sqlite").path)
    var record = try #require(try await store.load().jobs.first)
    record.spec.kernelRevision -= 1
    try await store.write([.job(record)])
    try store.close()
    master = try await RunningMaster(in: data)
    let watch = try GlintProcess(
      ["watch", job.description, "--final", "--master", master.url.absoluteString], home: folder.url)
    #expect(await watch.end() == 70)
    for text in ["cannot become final", "kernel revision \(kernelRevision - 1)", "submit it again", "glint fetch"] {
      #expect(watch.errors.contains(text), "\(watch.errors)")
    }
    try await master.stop()
  }

  @Test(
    "Whoever waits for a job that pauses for its budget hears why and what to do, and gets its frames once it may go on"
  )
  func waitingForBudget() async throws {
    let folder = try TemporaryFolder()
    let master = try await RunningMaster(in: folder.folder("master"))
    let agent = try RunningAgent("agent", of: master, in: folder)
    let address = ["--master", master.url.absoluteString]
    let submit = try GlintProcess(
      ["submit", "--wait", "--budget", "1", "-o", "out.##.png"] + address + picture.options, home: folder.url)
    let job = try await eventually("the command says why the job stands") { () -> JobSummary? in
      guard submit.errors.contains("paused: its budget of 1 credit is used up") else { return nil }
      return try await master.client.jobs().jobs.first
    }
    #expect(job.state == "paused" && submit.status == nil)
    #expect(submit.errors.contains("glint budget \(job.id) CREDIT"))
    _ = try await GlintProcess.run(["budget", job.id.description, "none"] + address, home: folder.url)
    #expect(await submit.end() == 0, "\(submit.errors)")
    for number in 1...3 {
      #expect(FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("out.0\(number).png").path))
    }
    try await agent.service.stop()
    try await master.stop()
  }

  private struct Fetched: Decodable {
    struct Frame: Decodable {
      var number: Int
      var digest: String
      var isFinal: Bool
    }

    var frames: [Frame]
  }

  @Test("fetch takes provisional frames and says so; fetch --final takes none before all their units have settled")
  func finality() async throws {
    let folder = try TemporaryFolder()
    let data = folder.folder("master")
    func run(_ master: RunningMaster, _ arguments: String...) async throws -> (Int32, GlintProcess) {
      let process = try GlintProcess(arguments + ["--master", master.url.absoluteString], home: folder.url)
      return (await process.end(), process)
    }
    // Nothing is checked: the pictures stay provisional.
    var master = try await RunningMaster(in: data) {
      ($0.policy.probationCount, $0.policy.checkRate, $0.policy.checksWhenIdle) = (0, 1e-12, false)
    }
    let agent = try RunningAgent("agent", of: master, in: folder)
    let job = try await master.submit(frames: 1...2, .tiny(), samples: 2, folder: folder.folder("bundle"))
    _ = try await eventually("the job is finished") {
      try await master.client.job(job).job.state == "finished" ? true : nil
    }
    let (_, before) = try await run(master, "fetch", job.description, "--json", "-o", "early.##.png")
    let early = try JSONDecoder().decode(Fetched.self, from: Data(before.output.utf8)).frames
    #expect(early.map(\.isFinal) == [false, false])
    #expect(before.errors.contains("2 of 2 frames are provisional"), "\(before.errors)")
    let (refusal, none) = try await run(master, "fetch", job.description, "--final", "-o", "none.##.png")
    #expect(refusal == 75 && none.errors.contains("frames is final yet"), "\(none.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("none.01.png").path))
    try await agent.service.stop()
    try await master.stop()

    // The same farm, whose verifier has time now.
    master = try await RunningMaster(in: data)
    let (watched, watch) = try await run(master, "watch", job.description, "--final")
    #expect(watched == 0, "\(watch.errors)")
    let (taken, after) = try await run(master, "fetch", job.description, "--final", "--json", "-o", "late.##.png")
    #expect(taken == 0, "\(after.errors)")
    let late = try JSONDecoder().decode(Fetched.self, from: Data(after.output.utf8)).frames
    #expect(late.map(\.isFinal) == [true, true] && late.map(\.digest) == early.map(\.digest))
    #expect(!after.errors.contains("provisional"))
    try await master.stop()
  }
}
