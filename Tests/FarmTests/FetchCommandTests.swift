import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import ImageFiles
import KernelScene
import Testing

@testable import FarmAgent
@testable import glint

@Suite("glint fetch and glint jobs", .timeLimit(.minutes(3)))
struct FetchCommandTests {
  private struct Document: Decodable {
    struct Frame: Decodable {
      var number: Int
      var file: String
      var wasThere: Bool
    }

    var frames: [Frame]
    var skippedFrames: [Int]
  }

  private struct Jobs: Decodable {
    struct Job: Decodable { var id: JobID }
    var jobs: [Job]
  }

  @Test("fetch takes only what differs from what lies there, and asks for nothing that says it is the same")
  func differences() async throws {
    let folder = try TemporaryFolder()
    let data = folder.folder("master")
    let master = try await RunningMaster(in: data)
    let agent = try RunningAgent("agent", of: master, in: folder)
    let address = ["--master", master.url.absoluteString]
    func run(_ arguments: String...) async throws -> (status: Int32, process: GlintProcess) {
      let process = try GlintProcess(arguments + address, home: folder.url)
      return (await process.end(), process)
    }
    func document(_ process: GlintProcess) throws -> Document {
      try JSONDecoder().decode(Document.self, from: Data(process.output.utf8))
    }
    func file(_ number: Int) -> URL { folder.url.appendingPathComponent("out/frame.000\(number).png") }

    let scene = Picture(scene: "cornell", size: "48x40", frames: "1-3", samples: 2).options
    let submit = try GlintProcess(["submit", "--wait", "-o", "out/"] + scene + address, home: folder.url)
    #expect(await submit.end() == 0, "\(submit.errors)")
    let job = try #require(try await master.client.jobs().jobs.first).id

    // The farm's files and a local render's are the same, texts included.
    _ = try await GlintProcess.run(["render", "-o", "local/"] + scene, home: folder.url)
    for number in 1...3 {
      let local = folder.url.appendingPathComponent("local/frame.000\(number).png")
      #expect(try Data(contentsOf: file(number)) == Data(contentsOf: local), "frame \(number)")
    }

    // One file damaged, one of another view: both differ. The third is not asked for: the master could not give it.
    try Data(contentsOf: file(1)).dropLast(20).write(to: file(1))
    _ = try await GlintProcess.run(
      ["render", "-o", "out/frame.####.png", "--exposure", "1", "--frames", "2"]
        + scene.filter { $0 != "1-3" && $0 != "--frames" },
      home: folder.url)
    let pictures = FileManager.default.enumerator(at: data, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
    let third = try #require(pictures?.first { $0.lastPathComponent == "3.png" })
    try FileManager.default.removeItem(at: third)
    let (status, fetch) = try await run("fetch", job.description, "-o", "out", "--json")
    #expect(status == 0 && fetch.errors.contains("1 of 3 frames were there already"), "\(fetch.errors)")
    #expect(try document(fetch).frames.map(\.wasThere) == [false, false, true])
    for number in 1...2 {
      let local = folder.url.appendingPathComponent("local/frame.000\(number).png")
      #expect(try Data(contentsOf: file(number)) == Data(contentsOf: local), "frame \(number)")
    }

    // A file without texts is compared by its bytes, and whatever is there is left with --skip-existing.
    try Data("mine".utf8).write(to: file(2))
    let (skipped, left) = try await run("fetch", job.description, "-o", "out", "--json", "--skip-existing")
    #expect(skipped == 0)
    #expect(try document(left).skippedFrames == [1, 2, 3])
    #expect(try Data(contentsOf: file(2)) == Data("mine".utf8))

    let (none, refusal) = try await run("fetch", job.description, "--frames", "9")
    #expect(none == 65 && refusal.errors.contains("no such frames"), "\(refusal.errors)")
    for (arguments, count) in [(["--state", "finished"], 1), (["--state", "paused"], 0), (["--mine"], 1)] {
      let text = try await GlintProcess.run(["jobs", "--json"] + arguments + address, home: folder.url)
      #expect(try JSONDecoder().decode(Jobs.self, from: Data(text.utf8)).jobs.count == count, "\(arguments)")
    }
    let other = try TemporaryFolder()
    let text = try await GlintProcess.run(["jobs", "--json", "--mine"] + address, home: other.url)
    #expect(try JSONDecoder().decode(Jobs.self, from: Data(text.utf8)).jobs.isEmpty)
    try await agent.service.stop()
    try await master.stop()
  }

  @Test("fetch of a job that has no finished frame yet ends with 75; names of jobs move no cursor")
  func notYet() async throws {
    let folder = try TemporaryFolder()
    let master = try await RunningMaster(in: folder.folder("master"))
    let address = ["--master", master.url.absoluteString]
    let scene = Picture(scene: "cornell", size: "48x40", frames: "1", samples: 2).options
    let submit = try GlintProcess(
      ["submit", "--name", "shot\u{1B}[2J"] + scene + address, home: folder.url)
    #expect(await submit.end() == 0, "\(submit.errors)")
    let job = try #require(try await master.client.jobs().jobs.first)
    #expect(job.name == "shot\u{1B}[2J")
    let fetch = try GlintProcess(["fetch", job.id.description] + address, home: folder.url)
    #expect(await fetch.end() == 75 && fetch.errors.contains("is finished yet"), "\(fetch.errors)")
    let jobs = try await GlintProcess.run(["jobs"] + address, home: folder.url)
    #expect(jobs.contains("shot\\u{1b}[2J") && !jobs.contains("\u{1B}"), "\(jobs)")
    #expect(jobs.contains(" AGE ") && jobs.contains(" LEFT "))
    try await master.stop()
  }

  @Test("submit stops where a texture is missing, unless it is allowed; a prediction only warns")
  func missingTexture() async throws {
    let folder = try TemporaryFolder()
    let json = """
      {"asset": {"version": "2.0"}, "images": [{"uri": "gone.png"}], "textures": [{"source": 0}],
       "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
       "buffers": [{"byteLength": 36, "uri": "data:application/octet-stream;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAA"}],
       "bufferViews": [{"buffer": 0, "byteLength": 36}],
       "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}],
       "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
       "nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}], "scene": 0}
      """
    let file = folder.url.appendingPathComponent("scene.gltf")
    try Data(json.utf8).write(to: file)
    let master = try await RunningMaster(in: folder.folder("master"))
    func run(_ arguments: String...) async throws -> (Int32, GlintProcess) {
      let process = try GlintProcess(
        ["submit", file.path, "--size", "16x16", "--samples", "1", "--json", "--master", master.url.absoluteString]
          + arguments, home: folder.url)
      return (await process.end(), process)
    }
    let (refused, refusal) = try await run()
    #expect(refused == 65 && refusal.errors.contains("--allow-missing"), "\(refusal.errors)")
    #expect(try await master.client.jobs().jobs.isEmpty)
    struct Document: Decodable { var warnings: [String] }
    for option in ["--allow-missing", "--dry-run"] {
      let (status, process) = try await run(option)
      #expect(status == 0, "\(process.errors)")
      let warnings = try JSONDecoder().decode(Document.self, from: Data(process.output.utf8)).warnings
      #expect(warnings.contains { $0.contains("gone.png") }, "\(warnings)")
    }
    #expect(try await master.client.jobs().jobs.count == 1)
    try await master.stop()
  }

  @Test("A PNG file tells its texts again; cut or foreign bytes are no error")
  func texts() throws {
    let texts = [("glint.view", "agx"), ("glint.frame", "-5"), ("Software", "Glint")]
    let png = try PNGWriter.encode8(rgb: [1, 2, 3], width: 1, height: 1, text: texts)
    #expect(PNGText.read(png) == Dictionary(uniqueKeysWithValues: texts))
    for count in 0..<png.count {
      let found = PNGText.read(Array(png.prefix(count)))
      #expect(found.allSatisfy { text in texts.contains { $0 == (text.key, text.value) } })
    }
    #expect(
      PNGText.read([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x74, 0x45, 0x58, 0x74])
        .isEmpty)
  }

  @Test("Files say what decides their pixels, in the same words every time")
  func description() {
    var settings = RenderSettings(width: 70, height: 50, sampleCount: 3)
    settings.seed = 9
    let digest = FinishedFrame(width: 1, height: 1, sampleCount: 1, sums: .init(count: 6)).digest
    let part = TileRectangle(x: 1, y: 2, width: 3, height: 4)
    let description = PictureDescription(settings: settings, camera: 1, frame: -5, crop: part)
    let view = ViewSettings(transform: .agx, exposure: 0.5)
    let entries = description.metadata(digest: digest, view: view).entries.map { "\($0.key)=\($0.value)" }
    #expect(
      entries == [
        "Software=Glint", "glint.camera=2", "glint.frame=-5", "glint.size=70x50", "glint.samples=3", "glint.bounces=8",
        "glint.seed=9", "glint.filter=blackman-harris", "glint.kernel_revision=\(kernelRevision)",
        "glint.crop=1,2,3,4", "glint.view=agx", "glint.exposure=0.5", "glint.digest=\(digest.hex)",
      ])
    let linear = description.metadata(digest: digest, view: nil).entries.map(\.key)
    #expect(!linear.contains("glint.view") && !linear.contains("glint.exposure"))
  }
}
