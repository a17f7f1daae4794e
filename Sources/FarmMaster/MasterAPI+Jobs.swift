import FarmModel
import FarmWire
import Foundation
import HTTPTypes
import Hummingbird
import KernelScene
import SceneModel

/// What people and scripts ask and tell.
extension MasterAPI {
  func addJobRoutes(to router: Router<Context>) {
    router.get("/v1/status") { _, _ in
      try answer(
        await keeper.read { farm in
          let jobs = farm.jobViews
          let now = FarmKeeper.now
          return StatusAnswer(
            version: MasterService.version, kernelRevision: kernelRevision, jobCount: jobs.count,
            activeJobCount: jobs.count { $0.record.state == .active },
            agentCount: farm.agentViews(now: now).count { $0.isPresent })
        })
    }
    router.post("/v1/login") { request, _ in try await logIn(request) }
    router.get("/v1/jobs") { _, _ in
      try await answer(keeper.readDurable { JobList(jobs: $0.jobViews.map { JobSummary($0) }) })
    }
    router.post("/v1/jobs") { request, _ in try await createJob(request) }
    router.get("/v1/jobs/:job") { _, context in
      let id = jobID(context)
      let detail = try await keeper.readDurable { farm -> JobDetail? in
        guard let job = farm.jobView(id), let frames = farm.frameViews(id) else { return nil }
        return JobDetail(job: JobSummary(job), frames: frames.map { FrameSummary($0) })
      }
      guard let detail else { throw noJob(id) }
      return try answer(detail)
    }
    for action in JobAction.allCases {
      router.post("/v1/jobs/:job/\(action.rawValue)") { _, context in
        let id = jobID(context)
        return try await changed(id) { farm in
          switch action {
          case .pause: try farm.pause(id)
          case .resume: try farm.resume(id)
          case .cancel: try farm.cancel(id, now: FarmKeeper.now)
          case .retry: try farm.retry(id)
          }
        }
      }
    }
    router.post("/v1/jobs/:job/priority") { request, context in
      let id = jobID(context)
      let priority = try await message(request, PriorityMessage.self).priority
      return try await changed(id) { try $0.setPriority(id, priority) }
    }
    router.post("/v1/jobs/:job/budget") { request, context in
      let id = jobID(context)
      let credit = try await message(request, BudgetMessage.self).credit
      return try await changed(id) { try $0.setBudget(id, credit) }
    }
    router.get("/v1/specs/:hash") { _, context in
      let hash = try hash(context)
      guard let spec = await keeper.read({ $0.publicSpec(hash) }) else {
        throw APIFault(
          .notFound, "no_spec", "spec \(hash.short): no public job here has it; specs of private jobs are not shown")
      }
      return try answer(SpecAnswer(spec: spec))
    }
    router.get("/v1/agents") { _, _ in
      try answer(
        await keeper.read { AgentList(agents: $0.agentViews(now: FarmKeeper.now).map { AgentSummary($0) }) })
    }
    router.get("/v1/credits") { request, _ in
      let job = request.uri.queryParameters.get("job").map { JobID(String($0.prefix(64))) }
      if let job, await keeper.read({ $0.jobView(job) }) == nil { throw noJob(job) }
      return try await answer(
        keeper.readDurable { farm in
          CreditList(
            credits: farm.credits(of: job).map { CreditSummary(contributor: $0.key, $0.value) }
              .sorted { ($1.credit, $0.contributor) < ($0.credit, $1.contributor) })
        })
    }
  }

  private func changed(
    _ id: JobID, _ change: @escaping @Sendable (inout Farm) throws -> JobRecord
  ) async throws -> Response {
    let view = try await keeper.perform { farm in
      _ = try change(&farm)
      return farm.jobView(id)
    }
    guard let view else { throw noJob(id) }
    return try answer(JobSummary(view))
  }

  private func createJob(_ request: Request) async throws -> Response {
    let message = try await message(request, CreateJob.self)
    func refuse(_ text: String) -> APIFault { APIFault(.badRequest, "bad_job", "job: " + text) }
    guard !message.name.isEmpty, message.name.count <= MasterLimits.nameLength, !message.name.contains("\0") else {
      throw refuse("name must have 1 to \(MasterLimits.nameLength) characters")
    }
    guard !message.requestID.isEmpty, message.requestID.count <= 100, !message.requestID.contains("\0") else {
      throw refuse("requestID must have 1 to 100 characters")
    }
    guard let manifest = try files.manifest(message.spec.bundle) else {
      throw APIFault(
        .badRequest, "no_bundle",
        "job: bundle \(message.spec.bundle.short) is not here; send it first (PUT /v1/bundles/\(message.spec.bundle.hex))"
      )
    }
    let missing = files.parts.missing(of: manifest.allParts)
    guard missing.isEmpty else {
      throw APIFault(
        .badRequest, "missing_parts",
        "job: \(missing.count) parts of bundle \(message.spec.bundle.short) are not here, such as \(missing[0].hash.short); send them first"
      )
    }
    guard manifest.cameraNames.indices.contains(message.spec.camera) else {
      throw refuse("camera is \(message.spec.camera), the bundle has \(manifest.cameraNames.count)")
    }
    let frames = try frames(of: message)
    if let missing = frames.first(where: { manifest.framePart($0) == nil }) {
      throw refuse(
        "frames: the bundle has no frame \(missing); it has \(manifest.frames.count), from \(manifest.frames.first?.number ?? 0) to \(manifest.frames.last?.number ?? 0)"
      )
    }
    var record = JobRecord(
      id: JobID(""), name: message.name, spec: message.spec,
      picture: PictureSpec(view: message.view, exposure: message.exposure, depth: message.depth),
      frames: frames, tile: message.tile, priority: message.priority, trust: message.trust ?? JobRecord.defaultTrust,
      createdAt: 0, requestID: message.requestID)
    record.isPrivate = message.isPrivate ?? (token != nil)
    record.budget = message.budget
    record.estimatedCredit = message.estimatedCredit
    let draft = record
    let view = try await keeper.perform { farm in
      guard farm.jobViews.count < MasterLimits.jobCount else {
        throw APIFault(
          .conflict, "too_many_jobs", "job: this master holds \(MasterLimits.jobCount) jobs and takes no more")
      }
      let id = try farm.createJob(draft, now: FarmKeeper.now).id
      return farm.jobView(id)
    }
    guard let view else { throw refuse("was not made") }
    return try answer(JobSummary(view), status: .created)
  }

  /// The frames of a new job: a list, or a range from clients that know no other.
  private func frames(of message: CreateJob) throws -> FrameNumbers {
    let limits = FrameNumbers.limits
    switch (message.frames, message.firstFrame, message.lastFrame) {
    case (let frames?, nil, nil): return frames
    case (nil, let first?, let last?) where first <= last && limits.contains(first) && limits.contains(last):
      return FrameNumbers(first...last)
    case (nil, let first?, let last?):
      throw APIFault(
        .badRequest, "bad_job",
        "job: frames \(first) to \(last), expected an ascending range from \(limits.lowerBound) to \(limits.upperBound)"
      )
    default:
      throw APIFault(
        .badRequest, "bad_job",
        "job: frames: expected either 'frames', such as \"1-48,60\", or both 'firstFrame' and 'lastFrame'")
    }
  }

  private struct Login: Decodable { var token: String }

  /// Gives a browser the token as a cookie.
  private func logIn(_ request: Request) async throws -> Response {
    let shown = try await message(request, Login.self, limit: MasterLimits.loginByteCount).token
    guard let token, TokenMiddleware<Context>.isEqual(shown, token) else {
      throw APIFault(.unauthorized, "no_token", "that is not this master's token")
    }
    var response = done
    response.setCookie(
      Cookie(
        name: TokenMiddleware<Context>.cookie, value: token, path: "/", secure: usesTLS, httpOnly: true,
        sameSite: .strict))
    return response
  }
}
