import SceneModel

/// Jobs: made and changed by people.
extension Farm {
  /// Most frames × units that a job may have: its state is held in memory.
  public static let unitLimit = 20_000_000
  /// Most bytes that a job's frame numbers may take as text: lists of jobs repeat it.
  public static let frameTextByteLimit = 16 << 10

  /// - Parameter draft: Its id is ignored.
  /// - Returns: The new job; the one that an earlier request of the same id made, if there is one.
  public mutating func createJob(_ draft: JobRecord, now: FarmTime) throws(FarmFault) -> JobRecord {
    if let known = jobs.values.first(where: { $0.record.requestID == draft.requestID }) { return known.record }
    func refuse(_ text: String) -> FarmFault { FarmFault(.refused, "bad_job", "job: " + text) }
    if let fault = draft.spec.fault ?? draft.picture.fault { throw refuse(fault) }
    guard draft.spec.kernelRevision == kernelRevision else {
      throw refuse(
        "kernel revision \(draft.spec.kernelRevision), this master has \(kernelRevision); use the same version of glint"
      )
    }
    guard draft.tile >= 16, draft.tile <= 1024, draft.tile % 16 == 0 else {
      throw refuse("tile is \(draft.tile), expected a multiple of 16 from 16 to 1024")
    }
    guard (-100...100).contains(draft.priority) else {
      throw refuse("priority is \(draft.priority), expected -100 to 100")
    }
    guard draft.trust >= 0, draft.trust <= 1 else {
      throw refuse("trust is \(draft.trust), expected a share of wrong units from 0 to 1, such as 0.001")
    }
    if let fault = Farm.fault(of: draft.frames) { throw refuse(fault) }
    // Before the plan itself is made, which takes memory.
    let tiles = ((draft.spec.width - 1) / draft.tile + 1) * ((draft.spec.height - 1) / draft.tile + 1)
    guard tiles * FramePlan.passes(samples: draft.spec.samples, tile: draft.tile).count <= Farm.unitLimit else {
      throw refuse("more than \(Farm.unitLimit) units in a frame; take larger tiles (--tile)")
    }
    let plan = FramePlan(
      width: draft.spec.width, height: draft.spec.height, samples: draft.spec.samples, tile: draft.tile)
    let unitCount = plan.units.count * draft.frames.count
    guard unitCount <= Farm.unitLimit else {
      throw refuse(
        "\(unitCount) units, at most \(Farm.unitLimit); submit fewer frames at a time, or larger tiles (--tile)")
    }
    var record = draft
    repeat { record.id = JobID(random: random()) } while jobs[record.id] != nil
    record.createdAt = now
    record.state = .active
    jobs[record.id] = Boxed(JobState(record))
    write(.job(record))
    sortJobs()
    tell(.jobChanged(record.id))
    tell(.workAvailable)
    reviewBudget(record.id)
    return jobs[record.id]?.record ?? record
  }

  /// What is wrong with the frame numbers of a new job, for a person; nil if nothing is.
  private static func fault(of frames: FrameNumbers) -> String? {
    let limits = FrameNumbers.limits
    guard let first = frames.first, let last = frames.last else { return "frames: none, expected at least one" }
    guard limits.contains(first), limits.contains(last) else {
      return "frames \(first) to \(last), expected numbers from \(limits.lowerBound) to \(limits.upperBound)"
    }
    let byteCount = frames.description.utf8.count
    return byteCount <= frameTextByteLimit
      ? nil
      : "frames: a list of \(byteCount) characters, at most \(frameTextByteLimit); submit fewer frames at a time, or more regular ones"
  }

  private func job(_ id: JobID) throws(FarmFault) -> Boxed<JobState> {
    guard let job = jobs[id] else {
      throw FarmFault(.notFound, "no_job", "job \(id): there is none; `glint jobs` lists them")
    }
    return job
  }

  private func conflict(_ record: JobRecord, _ action: String) -> FarmFault {
    FarmFault(.conflict, "wrong_state", "job \(record.id): is \(record.state.rawValue), so it cannot be \(action)")
  }

  mutating func keep(_ record: JobRecord) -> JobRecord {
    var record = record
    if record.state != .paused { record.pauseCause = nil }
    jobs[record.id]?.value.record = record
    write(.job(record))
    tell(.jobChanged(record.id))
    tell(.workAvailable)
    return record
  }

  public mutating func pause(_ id: JobID) throws(FarmFault) -> JobRecord {
    var record = try job(id).record
    if record.state == .paused, record.pauseCause != .budget { return record }
    guard record.state == .active || record.state == .paused else { throw conflict(record, "paused") }
    // A job that waits for room in its budget does not go on by itself any more.
    record.state = .paused
    record.pauseCause = .owner
    record.reason = nil
    return keep(record)
  }

  /// A paused job goes on. Where its budget is used up it pauses for that at once.
  public mutating func resume(_ id: JobID) throws(FarmFault) -> JobRecord {
    var record = try job(id).record
    if record.state == .active { return record }
    guard let job = jobs[id], record.state == .paused else { throw conflict(record, "resumed") }
    record.state = job.completeCount == job.frameCount ? .finished : .active
    record.reason = nil
    let wasInDoubt = record.pauseCause == .doubt
    let kept = keep(record)
    // Who resumes has looked: what the master's kernel says holds.
    if wasInDoubt { for ref in disputes where ref.job == id { decide(ref, isConfirmed: true) } }
    reviewBudget(id)
    tell(.verificationWanted)
    // What could not be put together is tried again.
    for frame in jobs[id]?.value.assembling.keys.sorted() ?? [] { tell(.assemble(id, frame: frame)) }
    return jobs[id]?.record ?? kept
  }

  public mutating func cancel(_ id: JobID, now: FarmTime) throws(FarmFault) -> JobRecord {
    var record = try job(id).record
    if record.state == .cancelled { return record }
    guard record.state != .finished else { throw conflict(record, "cancelled") }
    record.state = .cancelled
    record.endedAt = now
    dropLeases(of: id)
    return keep(record)
  }

  /// A failed or cancelled job goes on with what is unfinished; earlier failures are forgotten.
  public mutating func retry(_ id: JobID) throws(FarmFault) -> JobRecord {
    let job = try job(id)
    var record = job.record
    if record.state == .active { return record }
    guard record.state == .failed || record.state == .cancelled else { throw conflict(record, "retried") }
    guard hasOwnBits(id) else {
      throw FarmFault(.conflict, "wrong_state", "job \(id): \(otherBits(record))")
    }
    for (_, frame) in job.frames {
      for unit in frame.value.touchedUnits where !unit.record.failures.isEmpty {
        var unit = unit
        unit.record.failures = []
        keep(unit)
      }
    }
    // What was delivered before a job was cancelled may have made it whole since.
    let isWhole = jobs[id]?.value.completeCount == job.frameCount
    record.state = isWhole ? .finished : .active
    record.reason = nil
    if !isWhole { record.endedAt = nil }
    let kept = keep(record)
    // What two owners contradicted meanwhile needs a third, or pauses the job now.
    for ref in disputes where ref.job == id && wantedChecks[ref] == nil { decide(ref) }
    reviewBudget(id)
    return jobs[id]?.record ?? kept
  }

  public mutating func setPriority(_ id: JobID, _ priority: Int) throws(FarmFault) -> JobRecord {
    var record = try job(id).record
    guard (-100...100).contains(priority) else {
      throw FarmFault(.refused, "bad_priority", "priority is \(priority), expected -100 to 100")
    }
    record.priority = priority
    let kept = keep(record)
    sortJobs()
    return kept
  }

  mutating func fail(_ id: JobID, reason: String, now: FarmTime) {
    guard var record = jobs[id]?.value.record, record.state == .active || record.state == .paused else { return }
    record.state = .failed
    record.reason = reason
    record.endedAt = now
    dropLeases(of: id)
    _ = keep(record)
  }

  /// The master cannot go on with a job by itself: a person must look.
  public mutating func pause(_ id: JobID, reason: String, cause: JobRecord.PauseCause = .picture) {
    guard let job = jobs[id] else { return }
    var record = job.record
    switch record.state {
    case .active: break
    // A job whose pictures are all there may still have units that are not final.
    case .finished where !job.frames.isEmpty: break
    // What needs a person comes before what ends by itself, and doubts before all.
    case .paused where cause == .doubt || [.owner, .budget, nil].contains(record.pauseCause): break
    default: return
    }
    record.state = .paused
    record.pauseCause = cause
    record.reason = reason
    _ = keep(record)
  }

  private mutating func dropLeases(of id: JobID) {
    for lease in leases.values.filter({ $0.ref.job == id }).sorted(by: { $0.id < $1.id }) { end(lease) }
  }

  /// The picture of a frame is on disk.
  ///
  /// - Parameter attempt: What `assembly` said before the units were read; if units turned out void meanwhile, or the
  ///   picture is there already, nothing happens. Nil: whatever is asked for now.
  public mutating func frameAssembled(
    _ id: JobID, frame: Int, attempt: Int? = nil, digest: ContentHash, now: FarmTime
  ) {
    guard let (record, isFinal) = assembledFrame(id, frame, attempt: attempt, digest: digest) else { return }
    jobs[id]?.value.delivered[frame] = record
    jobs[id]?.value.completeCount += 1
    jobs[id]?.value.assembling[frame] = nil
    if isFinal { makeFinal(id, frame) } else { write(.frame(record)) }
    tell(.frameFinished(id, frame: frame))
    if let job = jobs[id], job.completeCount == job.frameCount,
      job.record.state == .active || job.record.state == .paused
    {
      var finished = job.record
      finished.state = .finished
      finished.endedAt = now
      finished.reason = nil
      _ = keep(finished)
    } else {
      tell(.jobChanged(id))
    }
  }

  /// The record of a frame whose picture was awaited, and whether all its units have settled.
  ///
  /// A function of its own, so that nothing refers to the job while the record is put into it: every record of the job
  /// would be copied.
  private func assembledFrame(
    _ id: JobID, _ frame: Int, attempt: Int?, digest: ContentHash
  ) -> (FrameRecord, isFinal: Bool)? {
    guard let job = jobs[id], let state = job.frames[frame], let asked = job.assembling[frame],
      attempt == nil || attempt == asked
    else { return nil }
    var rays: UInt64 = 0
    var seconds = 0.0
    for unit in state.value.touchedUnits {
      guard let result = unit.record.result else { continue }
      rays += result.counters.rays + result.counters.shadowRays
      seconds += result.seconds
    }
    let record = FrameRecord(
      job: id, number: frame, state: .provisional, revision: (job.delivered[frame]?.revision ?? 0) + 1, digest: digest,
      rays: rays, seconds: seconds)
    return (record, state.settledCount == job.plan.units.count)
  }

  /// All units of a delivered frame have settled.
  private mutating func makeFinal(_ id: JobID, _ number: Int) {
    guard var record = jobs[id]?.value.delivered[number], record.state == .provisional else { return }
    record.state = .final
    jobs[id]?.value.delivered[number] = record
    jobs[id]?.value.frames[number] = nil
    write(.frame(record))
    tell(.frameFinal(id, frame: number))
    if jobs[id]?.value.frames.isEmpty == true {
      for agent in jobs[id]?.value.removeAuthors() ?? [] { agents[agent]?.value.jobs.remove(id) }
    }
  }

  /// A unit of a delivered frame is void.
  private mutating func reopen(_ id: JobID, _ number: Int) {
    guard var record = jobs[id]?.value.delivered[number], record.state == .provisional else { return }
    record.state = .reopened
    jobs[id]?.value.delivered[number] = record
    jobs[id]?.value.completeCount -= 1
    write(.frame(record))
    tell(.frameReopened(id, frame: number))
    if var job = jobs[id]?.value.record, job.state == .finished {
      job.state = .active
      job.endedAt = nil
      _ = keep(job)
      reviewBudget(id)
    } else {
      tell(.jobChanged(id))
    }
  }

  /// What a change of a frame's units means for its picture: it is made when all units are here and none is suspect, made
  /// again when one turned out void, and final when all have settled.
  mutating func review(_ id: JobID, _ number: Int) {
    guard let unitCount = jobs[id]?.value.plan.units.count, let frame = jobs[id]?.value.frames[number] else { return }
    let (receivedCount, settledCount) = (frame.receivedCount, frame.settledCount)
    let isWhole = receivedCount == unitCount
    if !isWhole { reopen(id, number) }
    let isDelivered = jobs[id]?.value.delivered[number]?.state == .provisional
    let isAssembling = jobs[id]?.value.assembling[number] != nil
    if !isWhole || (!isDelivered && frame.heldBackCount > 0) {
      if isAssembling { jobs[id]?.value.assembling[number] = nil }
    } else if isDelivered {
      if settledCount == unitCount { makeFinal(id, number) }
    } else if !isAssembling {
      let attempt = (jobs[id]?.value.attemptCount ?? 0) + 1
      jobs[id]?.value.attemptCount = attempt
      jobs[id]?.value.assembling[number] = attempt
      tell(.assemble(id, frame: number))
    }
  }
}
