import FarmModel

extension Change {
  /// Why no store takes it; nil if it does.
  var fault: String? {
    switch self {
    case .job(let job):
      fault(
        "job \(job.id)",
        texts: [job.id.description, job.name, job.spec.filter, job.picture.view, job.reason, job.requestID],
        numbers: [job.createdAt, job.endedAt, job.trust, job.picture.exposure.isFinite ? nil : .nan])
    case .unit(let unit):
      fault(
        "unit \(unit.ref.job)/\(unit.ref.frame)/\(unit.ref.unit)",
        texts: [
          unit.ref.job.description, unit.result?.agent.description, unit.result?.contributor.description,
          unit.result?.signature, unit.result?.lease.description, unit.checker?.agent.description,
          unit.checker?.contributor.description, unit.checker?.lease.description,
          unit.checker?.commitment.signature,
        ] + unit.witnesses.flatMap { [$0.agent.description, $0.lease.description, $0.commitment.signature] }
          + unit.failures.flatMap { [$0.agent.description, $0.reason] }
          + unit.opinions.flatMap { [$0.checker?.agent.description, $0.checker?.contributor.description] },
        numbers: [unit.result?.seconds])
    case .frame(let frame):
      fault("frame \(frame.job)/\(frame.number)", texts: [frame.job.description], numbers: [frame.seconds])
    case .agent(let agent):
      fault(
        "agent \(agent.key)",
        texts: [
          agent.key.description, agent.contributor.description, agent.contributorSignature, agent.name, agent.instance,
          agent.banReason,
        ],
        numbers: [])
    case .lease(let lease):
      fault(
        "lease of \(lease.ref.job)/\(lease.ref.frame)/\(lease.ref.unit)",
        texts: [
          lease.id.description, lease.ref.job.description, lease.agent.description, lease.commitment?.signature,
        ],
        numbers: [lease.grantedAt, lease.deadline])
    case .leaseEnded(let id):
      fault("end of a lease", texts: [id.description], numbers: [])
    case .ledgerEntry(let entry):
      entry.index > Int64.max ? "ledger entry \(entry.index): stores hold indices up to \(Int64.max)" : nil
    case .ledgerPublished(let index):
      index > Int64.max ? "published entries are \(index): stores hold up to \(Int64.max)" : nil
    case .balance(let record):
      fault("balance", texts: [record.job.description, record.contributor.description], numbers: [])
    case .balancesForgotten: nil
    }
  }

  private func fault(_ subject: String, texts: [String?], numbers: [Double?]) -> String? {
    for case let text? in texts where text.utf8.contains(0) {
      return "\(subject): a text contains the character NUL; stores take texts without it"
    }
    for case let number? in numbers where number.isNaN {
      return "\(subject): a time, a duration or the exposure is no number; nothing was written"
    }
    return nil
  }
}

extension [Change] {
  /// Throws if a store must refuse one of them.
  func check() throws(StoreError) {
    for change in self {
      if let fault = change.fault { throw StoreError(.other, fault) }
    }
  }
}
