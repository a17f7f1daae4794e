import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import HTTPTypes
import Hummingbird
import KernelScene
import SceneModel

/// What agents ask and tell.
extension MasterAPI {
  func addAgentRoutes(to router: Router<Context>) {
    router.post("/v1/agents") { request, _ in try await register(request) }
    router.delete("/v1/agents/session") { request, _ in
      let agent = try await session(request)
      await sessions.close(agent)
      try await keeper.perform { $0.leave(agent) }
      return done
    }
    router.post("/v1/leases") { request, _ in try await lease(request) }
    router.post("/v1/leases/renew") { request, _ in
      let agent = try await session(request)
      let ids = try await message(request, LeaseIDs.self).leases
      let (held, seconds) = try await keeper.perform { farm in
        (try farm.renew(ids, of: agent, now: FarmKeeper.now), farm.policy.leaseSeconds)
      }
      return try answer(RenewAnswer(held: held, seconds: seconds))
    }
    router.post("/v1/leases/return") { request, _ in
      let agent = try await session(request)
      let ids = try await message(request, LeaseIDs.self).leases
      try await keeper.perform { try $0.giveBack(ids, of: agent, now: FarmKeeper.now) }
      return done
    }
    router.post("/v1/leases/:lease/failure") { request, context in
      let agent = try await session(request)
      let id = leaseID(context)
      let reason = try await message(request, FailureMessage.self).reason
      try await keeper.perform { try $0.fail(id, of: agent, reason: reason, now: FarmKeeper.now) }
      return done
    }
    router.post("/v1/leases/:lease/result") { request, context in try await commit(request, leaseID(context)) }
    router.put("/v1/leases/:lease/planes") { request, context in try await deliver(request, leaseID(context)) }
  }

  private func session(_ request: Request) async throws -> KeyID {
    try await sessions.agent(request.headers[MasterAPI.sessionHeader])
  }

  private func register(_ request: Request) async throws -> Response {
    let message = try await message(request, RegisterAgent.self)
    func refuse(_ text: String) -> APIFault { APIFault(.badRequest, "bad_agent", "agent: " + text) }
    guard let agentKey = Statements.bytes(hexadecimal: message.agentKey, count: 32) else {
      throw refuse("agentKey is no Ed25519 public key; expected 64 lower-case hexadecimal digits")
    }
    guard Statements.bytes(hexadecimal: message.contributorKey, count: 32) != nil else {
      throw refuse("contributorKey is no Ed25519 public key; expected 64 lower-case hexadecimal digits")
    }
    guard !message.name.isEmpty, message.name.count <= MasterLimits.nameLength,
      !message.name.unicodeScalars.contains(where: { $0.value < 32 })
    else { throw refuse("name must have 1 to \(MasterLimits.nameLength) visible characters") }
    guard (1...4096).contains(message.threadCount) else { throw refuse("threadCount must be from 1 to 4096") }
    guard !message.instance.isEmpty, message.instance.count <= 64, !message.instance.contains("\0") else {
      throw refuse("instance must have 1 to 64 characters")
    }
    let statement = Statements.agentKey(agentKey)
    guard Statements.isValid(signature: message.signature, of: statement, by: KeyID(message.contributorKey)) else {
      throw refuse("signature is not the contributor key's over the agent's key")
    }
    guard Statements.isValid(signature: message.proof, of: statement, by: KeyID(message.agentKey)) else {
      throw refuse("proof is not the agent key's over itself")
    }
    let record = AgentRecord(
      key: KeyID(message.agentKey), contributor: KeyID(message.contributorKey),
      contributorSignature: message.signature, name: message.name,
      threadCount: message.threadCount, kernelRevision: message.kernelRevision, instance: message.instance)
    guard message.selfTest.digests.count <= 64, message.selfTest.pathsPerSecond.isFinite,
      message.selfTest.pathsPerSecond >= 0
    else { throw refuse("selfTest must have at most 64 digests, and a speed of at least 0") }
    let hasPassed = message.selfTest.digests == SelfTest.golden
    let speed = message.selfTest.pathsPerSecond
    try await keeper.perform { farm in
      // Another revision has other bits, and is told so.
      guard hasPassed || record.kernelRevision != farm.kernelRevision else { throw farm.brokenMachine(record.key) }
      try farm.register(record, now: FarmKeeper.now)
      farm.noteSpeed(record.key, pathsPerSecond: speed)
    }
    return try answer(AgentRegistration(session: await sessions.open(record.key)))
  }

  /// Answers when there is work, or when the agent's patience ends.
  private func lease(_ request: Request) async throws -> Response {
    let agent = try await session(request)
    let ask = try await message(request, AskForWork.self)
    guard ask.unitCount > 0, ask.prepared.count <= 1000, ask.waitSeconds >= 0 else {
      throw APIFault(
        .badRequest, "malformed",
        "leases: unitCount must be at least 1, prepared at most 1000 frames, waitSeconds at least 0")
    }
    let prepared = Set(
      ask.prepared.map {
        Farm.PreparedFrameRef(
          job: Farm.JobSpecKey(bundle: $0.bundle, camera: $0.camera), frame: $0.frame)
      })
    let end = FarmKeeper.now + min(ask.waitSeconds, MasterLimits.longPollSeconds)
    while true {
      let generation = await keeper.workGeneration(agent)
      // It may have left, or come anew by another connection, while this one waited.
      guard try await session(request) == agent else { return try answer(LeaseList(leases: [])) }
      let leases = try await keeper.perform { farm in
        try farm.lease(to: agent, count: ask.unitCount, prepared: prepared, now: FarmKeeper.now).compactMap { lease in
          farm.message(for: lease)
        }
      }
      let rest = end - FarmKeeper.now
      if !leases.isEmpty || rest <= 0 { return try answer(LeaseList(leases: leases)) }
      // Not longer than an agent may be silent.
      await keeper.waitForWork(agent, seconds: min(rest, 10), since: generation)
      try Task.checkCancellation()
      if await sessions.isStopping { return try answer(LeaseList(leases: [])) }
    }
  }

  private func commit(_ request: Request, _ id: LeaseID) async throws -> Response {
    let agent = try await session(request)
    let message = try await message(request, CommitMessage.self)
    if await sessions.hasDelivered(id, agent) { return done }
    let order = try await keeper.read { try $0.workOrder(id, of: agent) }
    let statement = Statements.result(
      lease: id, spec: order.job.spec.hash, frame: order.lease.ref.frame, digest: message.digest)
    guard Statements.isValid(signature: message.signature, of: statement, by: agent) else {
      throw APIFault(.badRequest, "bad_signature", "lease \(id): the signature is not the agent key's over this result")
    }
    let paths = UInt64(order.unit.tile.pixelCount * order.unit.samples.count)
    guard message.counters.paths == paths else {
      throw APIFault(
        .badRequest, "bad_counters", "lease \(id): \(message.counters.paths) paths were counted, the unit has \(paths)")
    }
    let counters = message.counters
    let most = 4 * paths * UInt64(order.job.spec.bounces + 2)
    guard counters.rays <= most, counters.shadowRays <= most, counters.shadingEvaluations <= most,
      counters.nonFiniteSamples <= paths
    else {
      throw APIFault(.badRequest, "bad_counters", "lease \(id): more work was counted than \(paths) paths can take")
    }
    try await keeper.perform {
      try $0.commit(
        id, of: agent,
        LeaseRecord.Commitment(digest: message.digest, counters: message.counters, signature: message.signature),
        now: FarmKeeper.now)
    }
    return done
  }

  private func deliver(_ request: Request, _ id: LeaseID) async throws -> Response {
    let agent = try await session(request)
    if await sessions.hasDelivered(id, agent) { return done }
    let order = try await keeper.read { try $0.workOrder(id, of: agent) }
    guard let commitment = order.lease.commitment else {
      throw APIFault(
        .conflict, "no_commitment", "lease \(id): commit the result first (POST /v1/leases/\(id)/result)")
    }
    guard request.headers[.contentEncoding]?.lowercased() == "zstd" else {
      throw APIFault(.unsupportedMediaType, "not_zstd", "lease \(id): planes come with Content-Encoding: zstd")
    }
    let size = ResultPayload.byteCount(pixelCount: order.unit.tile.pixelCount)
    try await withBody(request, limit: size + size / 128 + 4096) { payload in
      try await ResultIntake(keeper: keeper, planes: files, cache: planes).take(
        id, of: agent, commitment, payload: payload)
    }
    await sessions.noteDelivery(id, agent)
    return done
  }
}

extension Farm {
  /// A lease as the agent gets it.
  func message(for lease: LeaseRecord) -> LeaseMessage? {
    guard let order = try? workOrder(lease.id, of: lease.agent) else { return nil }
    return LeaseMessage(lease, spec: order.job.spec, unit: order.unit, seconds: policy.leaseSeconds)
  }
}
