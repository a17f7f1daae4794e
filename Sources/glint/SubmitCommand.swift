import ArgumentParser
import FarmAgent
import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import KernelScene
import SceneImport
import SceneModel
import Synchronization

/// `glint submit`
struct SubmitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Gives a scene to the farm.",
    discussion: """
      Takes the options of `glint render` and gives the same bytes. Only what the master lacks is sent. Prints the job's id;
      with --wait it stays, downloads frames as they finish and ends with 0, or with 70 if the job fails. Ctrl-C leaves the
      job to the farm.

        glint submit scene.glb --frames 1-48 --size 1920x1080 --samples 256
        glint submit scene.glb --frames 1-48 --wait -o out/frame.####.png
        glint submit scene.glb --frames 1-48 --dry-run              # what it will cost
        glint submit scene.glb --frames 1-48 --estimate --budget 5e9

      Cost is credit: rays and shading evaluations. --estimate renders a few frames small and with few samples, here, prints
      what the whole will cost, and keeps that with the job, where `glint job` shows it beside the actual cost. Checks come on
      top, some 5 to 10 %. The ledger shows hashes of every job; who may fetch spec and scene to render its entries again is
      up to you: --public or --private. Without either, a job is private where the master has a token.
      """)

  @OptionGroup(title: "Scene") var scene: SceneOptions
  @OptionGroup(title: "Picture") var picture: PictureOptions
  @OptionGroup(title: "Master") var connection: ConnectionOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The highest goes first, from -100 to 100. Default: 0.", valueName: "number"),
    transform: Quantity.parseInteger(-100...100))
  var priority = 0

  @Option(help: ArgumentHelp("What people call the job. Default: the file's name.", valueName: "name"))
  var name: String?

  @Flag(help: "Predict the cost first, and keep the prediction with the job.")
  var estimate = false

  @Flag(help: "Predict the cost and end, without a master.")
  var dryRun = false

  @Option(
    help: ArgumentHelp("Pause the job when it has cost so much credit. Default: none.", valueName: "credit"),
    transform: Quantity.parseCredit)
  var budget: UInt64?

  @Option(
    help: ArgumentHelp(
      "Largest share of wrong units, 0 to 1, with which one settles; below about 1e-5 the master checks every unit.",
      valueName: "share"))
  var trust = JobRecord.defaultTrust

  @Flag(help: "Whether everybody may fetch the job's spec and scene.")
  var visibility: Visibility?

  @Flag(help: "Stay until the job ends; with --final until all its frames are final.")
  var wait = false

  @OptionGroup var finality: FinalityOption

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "With --wait: where frames go, as \(FramePattern.standardName), which is the default, or a folder. The farm makes PNG files.",
      valueName: "pattern"),
    completion: .file(), transform: OutputOption.parseForFarm)
  var output: FramePattern?

  @Flag(help: "With --wait: leave frames whose files are there and not empty.")
  var skipExisting = false

  @Flag(help: "Go on though textures are missing; without it that ends with 65.")
  var allowMissing = false

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    if output != nil, !wait {
      throw ValidationError("--output goes with --wait; without it, `glint fetch` downloads the frames")
    }
    if finality.onlyFinal, !wait {
      throw ValidationError("--final goes with --wait; without it, `glint fetch --final` takes final frames")
    }
    if skipExisting, !wait {
      throw ValidationError("--skip-existing goes with --wait; without it no files are looked at")
    }
    guard trust >= 0, trust <= 1 else { throw ValidationError("--trust is \(trust), expected a share from 0 to 1") }
  }

  func run() async throws {
    try scene.checkFiles()
    if dryRun { return try await predict() }
    let watched = Watched()
    Interruption.leave {
      guard let job = watched.job?.short else { return [] }
      return ["job \(job) goes on without you: `glint watch \(job)`, or `glint cancel \(job)`"]
    }
    try await connection.withClient { client in
      // A master that is not there is found before minutes of importing.
      let status = try await client.status()
      let imported = try load()
      if trust != JobRecord.defaultTrust {
        let frameCount = imported.frameNumbers.count
        Terminal.note(try trustText(frameCount: frameCount, agentCount: status.agentCount, settings(imported)))
      }
      let files = FrameFiles(pattern: output ?? .standard, isOnlyFrame: imported.frameNumbers.count == 1)
      guard let frames = try jobFrames(imported, files) else {
        if json {
          try Output.json(SubmitDocument(warnings: warnings(imported), skippedFrames: Array(imported.frameNumbers)))
        }
        return
      }
      let cost = estimate ? try await predictedCost(imported, frames) : nil
      if let cost { Terminal.note(SubmitCommand.text(cost)) }
      let (manifest, store) = try bundle(imported, frames)
      let missing = try await client.announce(manifest)
      try await upload(missing, from: store, client)
      let job = try await client.createJob(request(for: manifest, camera: imported.camera, settings(imported), cost))
      watched.job = job.id
      SubmittedJobs.remember(job.id)
      guard wait else {
        if json {
          try Output.json(
            SubmitDocument(
              job: job.id, bundle: manifest.id, estimatedCredit: cost?.credit, warnings: warnings(imported)))
        } else {
          Output.line(job.id.description)
        }
        return
      }
      Terminal.note("job \(job.id)")
      let collector = FrameCollector(client: client, files: files, finality: finality, skipsExisting: skipExisting)
      let progress = JobProgress()
      let end = try await JobFollower(client: client, job: job.id).follow(untilFinal: finality.onlyFinal) { detail in
        progress.show(detail)
        try await collector.fetchFinished(of: detail)
      }
      progress.finish()
      if json {
        try Output.json(
          SubmitDocument(
            job: job.id, bundle: manifest.id, state: end.job.stateText, estimatedCredit: cost?.credit,
            credit: end.job.credit, frames: collector.files.sorted { $0.number < $1.number },
            warnings: warnings(imported),
            skippedFrames: imported.frameNumbers.filter { !frames.contains($0) || collector.skipped.contains($0) }))
      } else {
        for file in collector.files { Output.path(file.file) }
        collector.tell()
        Terminal.note(JobText.cost(end.job))
      }
      finality.tell(collector.files)
      try JobText.finish(end)
    }
  }

  // MARK: - Steps

  private func load() throws -> ImportedScene {
    let imported = try GLTFImporter.load(scene.sceneURL, options: scene.importOptions())
    Terminal.tell(imported.warnings)
    let missing = imported.warnings.count { $0.kind == .missingTexture }
    if missing > 0, !allowMissing, !dryRun {
      throw CommandFailure(
        .badInput,
        "\(scene.scene): \(missing == 1 ? "a texture is" : "\(missing) textures are") missing, as the warnings say; put them in place, or render without them: --allow-missing"
      )
    }
    return imported
  }

  private func warnings(_ imported: ImportedScene) -> [String] { imported.warnings.map(\.description) }

  private func settings(_ imported: ImportedScene) throws -> RenderSettings {
    try picture.renderSettings(aspect: imported.aspect)
  }

  /// The frames of the job, with folders for their files; nil if all files are there.
  private func jobFrames(_ imported: ImportedScene, _ files: FrameFiles) throws -> FrameNumbers? {
    let all = imported.frameNumbers
    guard wait else { return all }
    let missing = skipExisting ? files.missing(of: all) : all
    try files.prepare(missing)
    if missing.count == 0 { SkippedFrames.tell(all.count, of: all.count) }
    return missing.count == 0 ? nil : missing
  }

  /// What the threshold costs, with the default rates and the agents that are there now.
  private func trustText(frameCount: Int, agentCount: Int, _ settings: RenderSettings) -> String {
    let plan = FramePlan(
      width: settings.width, height: settings.height, samples: picture.samples, tile: picture.tile)
    let policy = FarmPolicy()
    let cost = policy.trust.cost(
      threshold: trust, unitCount: plan.units.count * frameCount, agentCount: agentCount, rate: policy.checkRate)
    func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
    let who = cost.needsTrustedVerifier ? ", most of it by the master's verifier" : ""
    return
      "trust \(trust): \(percent(cost.runningShare)) of the units are rendered again while the job runs, \(percent(cost.finalShare)) until all is final\(who)"
  }

  private func predictedCost(_ imported: ImportedScene, _ frames: FrameNumbers) async throws -> CostEstimate {
    try await CostEstimate.make(
      imported, frames: Array(frames), camera: imported.camera,
      settings: settings(imported), kernel: KernelChoice.fastest)
  }

  private func predict() async throws {
    Interruption.leave()
    let imported = try load()
    let cost = try await predictedCost(imported, imported.frameNumbers)
    if json {
      return try Output.json(
        CostDocument(estimatedCredit: cost.credit, frames: cost.frames, warnings: warnings(imported)))
    }
    Output.line(SubmitCommand.text(cost))
  }

  static func text(_ cost: CostEstimate) -> String {
    "predicted cost \(CountText.short(cost.credit)) credit (\(cost.credit)), checks not counted; from \(cost.frames.count == 1 ? "frame \(cost.frames[0])" : "frames \(cost.frames.map(String.init).joined(separator: ", "))")"
  }

  /// Writes the scene's parts into the cache, where the next submission finds them again.
  private func bundle(_ imported: ImportedScene, _ frames: FrameNumbers) throws -> (BundleManifest, PartStore) {
    let store = try PartStore(
      directory: GlintFolders.cache.appendingPathComponent("bundles", isDirectory: true),
      byteLimit: Limits.partCacheByteCount)
    let bar = ProgressBar("Packing", total: 1)
    defer { bar.finish() }
    let manifest = try BundleWriter.write(
      imported.scene, frames: Array(frames), state: { try imported.state(frame: $0) }, into: store
    ) { done, total in bar.update(Double(done), total: Double(total)) }
    return (manifest, store)
  }

  private func request(
    for manifest: BundleManifest, camera: Int, _ settings: RenderSettings, _ cost: CostEstimate?
  ) throws -> CreateJob {
    let spec = JobSpec(
      bundle: manifest.id, camera: camera, width: settings.width,
      height: settings.height, samples: picture.samples, bounces: settings.bounces, seed: settings.seed,
      filter: picture.filter.rawValue, kernelRevision: kernelRevision)
    var message = CreateJob(
      name: name ?? scene.sceneURL.deletingPathExtension().lastPathComponent, spec: spec,
      frames: FrameNumbers(manifest.frames.map(\.number)), priority: priority, tile: picture.tile,
      view: picture.viewSettings.name, exposure: picture.exposure, depth: picture.depth.bits)
    message.isPrivate = visibility.map { $0 == .private }
    message.budget = budget
    message.trust = trust
    message.estimatedCredit = cost?.credit
    return message
  }

  /// Sends the parts that the master lacks, a few at a time.
  private func upload(_ parts: [BundleManifest.Part], from store: PartStore, _ client: MasterClient) async throws {
    guard !parts.isEmpty else { return }
    let files = try parts.map { part in
      let file = store.fileURL(part.hash)
      let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
      return UploadFile(part: part, url: file, byteCount: size)
    }
    let total = files.reduce(0) { $0 + $1.byteCount }
    let bar = ProgressBar("Sending", total: Double(total))
    defer { bar.finish() }
    @Sendable func send(_ file: UploadFile) async throws {
      try await client.uploadPart(file.part, file: file.url, byteCount: file.byteCount) { sent in
        bar.advance(by: Double(sent), detail: ByteText.short(Double(total)))
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, file) in files.enumerated() {
        if index >= Limits.concurrentTransfers { try await group.next() }
        group.addTask { try await send(file) }
      }
      try await group.waitForAll()
    }
  }
}

/// A part's compressed file on its way.
private struct UploadFile: Sendable {
  var part: BundleManifest.Part
  var url: URL
  var byteCount: Int
}

/// The job that Ctrl-C speaks of.
private final class Watched: Sendable {
  private let state = Mutex<JobID?>(nil)

  var job: JobID? {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}

private struct SubmitDocument: Encodable {
  /// Nil: all files are there, and nothing was submitted.
  var job: JobID?
  var bundle: ContentHash?
  var state: String?
  var estimatedCredit: UInt64?
  var credit: UInt64?
  var frames: [FetchedFrame]?
  /// What was found while importing.
  var warnings: [String]
  /// Numbers of the frames that `--skip-existing` left.
  var skippedFrames: [Int]?
}

private struct CostDocument: Encodable {
  var estimatedCredit: UInt64
  /// Those that were looked at.
  var frames: [Int]
  /// What was found while importing.
  var warnings: [String]
}

/// Who may fetch what a job's ledger entries can be rendered again from.
enum Visibility: String, EnumerableFlag {
  case `public`, `private`
}
