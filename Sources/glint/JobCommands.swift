import ArgumentParser
import FarmAgent
import FarmModel
import FarmWire
import Foundation

/// Which job. Shared by the commands that take one.
struct JobArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The job's id; its first digits will do.", valueName: "id"))
  var id: String

  /// The full id.
  func resolve(_ client: MasterClient) async throws -> JobID { try await client.jobID(beginning: id) }
}

/// `glint jobs`
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs",
    abstract: "Lists the master's jobs, newest first.",
    discussion: """
      Age is the time since the job was made; the time left is a guess from that and from what is done.

        glint jobs
        glint jobs --state active --state paused
        glint jobs --mine --json
      """)

  @OptionGroup var connection: ConnectionOptions

  @Option(help: "Only jobs in this state; may be given several times. Default: all.")
  var state: [JobStateName] = []

  @Flag(help: "Only jobs that were submitted from here, by this user.")
  var mine = false

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    var jobs = try await connection.withClient { try await $0.jobs() }.jobs
    let isEmpty = jobs.isEmpty
    if mine {
      let known = SubmittedJobs.known()
      jobs.removeAll { !known.contains($0.id) }
    }
    if !state.isEmpty { jobs.removeAll { job in !state.contains { $0.rawValue == job.state } } }
    if json { return try Output.json(JobList(jobs: jobs)) }
    if jobs.isEmpty {
      return Terminal.note(isEmpty ? "No jobs. `glint submit SCENE` makes one." : "No such jobs.")
    }
    let now = Date().timeIntervalSince1970
    Output.table(
      ["JOB", "STATE", "DONE", "FRAMES", "AGE", "LEFT", "PRIORITY", "SIZE", "SAMPLES", "NAME"],
      jobs.map { job in
        [
          job.id.short, job.stateText, "\(Int(job.completedFraction * 100)) %",
          "\(job.finishedFrameCount)/\(job.frameCount)", DurationText.coarse(seconds: job.age(at: now)),
          job.secondsLeft(at: now).map { DurationText.coarse(seconds: $0) } ?? "–", "\(job.priority)", job.sizeText,
          "\(job.sampleCount)", job.name,
        ]
      }, rightAligned: [2, 3, 4, 5, 6, 7, 8])
  }
}

/// The states of jobs, as the master calls them.
enum JobStateName: String, ExpressibleByArgument, CaseIterable {
  case active, paused, finished, failed, cancelled
}

/// `glint job`
struct JobCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "job",
    abstract: "Shows one job and its frames.",
    discussion: """
        glint job 5f0c
        glint job 5f0c --json
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var job: JobArgument

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() async throws {
    let detail = try await connection.withClient { try await $0.job(job.resolve($0)) }
    if json { return try Output.json(detail) }
    JobText.show(detail)
  }
}

/// `glint watch`
struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows a job's progress until it ends.",
    discussion: """
      Ends with exit code 0 if the job finished, 70 if it failed or was cancelled. Ctrl-C leaves the job alone.

        glint watch 5f0c && glint fetch 5f0c -o out/frame.####.png
        glint watch 5f0c --final && glint fetch 5f0c --final -o out/frame.####.png
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var job: JobArgument

  @Flag(name: .customLong("final"), help: "Go on until all units of all frames have settled.")
  var untilFinal = false

  @Flag(help: "Print one JSON document at the end.")
  var json = false

  func run() async throws {
    Interruption.leave()
    let detail = try await connection.withClient { client in
      let follower = JobFollower(client: client, job: try await job.resolve(client))
      let progress = JobProgress()
      let detail = try await follower.follow(untilFinal: untilFinal) { progress.show($0) }
      progress.finish()
      return detail
    }
    if json { try Output.json(detail) }
    try JobText.finish(detail)
  }
}

/// What people read about a job.
enum JobText {
  static func show(_ detail: JobDetail) {
    let job = detail.job
    Output.line("  " + job.name, label: Terminal.Label(text: job.id.description, colour: .bold))
    Output.line("state     \(job.stateText)" + (job.reason.map { ": " + $0 } ?? ""))
    Output.line("picture   \(job.sizeText), \(job.sampleCount) samples")
    Output.line("frames    \(job.frameText)")
    Output.line(
      "progress  \(Int(job.completedFraction * 100)) %, \(job.finishedFrameCount) of \(job.frameCount) frames, "
        + "\(job.finishedUnitCount) of \(job.unitCount) units")
    let now = Date().timeIntervalSince1970
    let left = job.secondsLeft(at: now).map { ", about \(DurationText.coarse(seconds: $0)) left" } ?? ""
    Output.line("age       \(DurationText.coarse(seconds: job.age(at: now)))\(left)")
    Output.line("priority  \(job.priority)")
    Output.line("cost      \(cost(job))")
    Output.line("")
    Output.table(
      ["FRAME", "STATE", "RAYS", "DIGEST"],
      detail.frames.map { frame in
        ["\(frame.number)", frame.stateText, CountText.short(frame.rays), frame.digest?.short ?? "–"]
      }, rightAligned: [0, 2])
  }

  /// Actual beside predicted.
  static func cost(_ job: JobSummary) -> String {
    var text = "\(CountText.short(job.credit)) credit (\(job.credit)) by the ledger"
    if job.pendingCredit > 0 { text += ", \(CountText.short(job.pendingCredit)) pending" }
    if let predicted = job.estimatedCredit { text += ", predicted \(CountText.short(predicted)) without checks" }
    if let budget = job.budget { text += ", budget \(CountText.short(budget))" }
    return text
  }

  /// Turns the end of a job into the command's end.
  static func finish(_ detail: JobDetail) throws {
    guard !detail.job.isFinished else { return }
    let reason = detail.job.reason.map { ": " + $0 } ?? ""
    throw CommandFailure(.failedWork, "job \(detail.job.id.short) \(detail.job.stateText)\(reason)")
  }
}
