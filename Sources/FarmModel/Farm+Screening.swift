import SceneModel

/// Exact checks that statistics ask for (`Screening`, docs/verification.md).
///
/// A suspect gets the same check as a unit that was drawn: by an agent of another owner, drawn at random, or by the master's
/// verifier; where it disagrees, the referee decides. It does not settle before, so its frame is not final before. It is no
/// evidence for other units of its agent: those must be drawn at random.
extension Farm {
  /// The passes of a frame were compared.
  ///
  /// - Parameters:
  ///   - attempt: What `assembly` said before the units were read; if units turned out void meanwhile, nothing happens.
  ///   - suspects: Numbers of units in the frame's plan, the worst first.
  /// - Returns: How many checks were asked for. What has settled, has a check of its own, or is beyond the policy's share gets
  ///   none.
  @discardableResult
  public mutating func screened(_ id: JobID, frame: Int, attempt: Int, suspects: [Int]) -> Int {
    // No state is kept here across changes: it would be copied.
    guard jobs[id]?.value.assembling[frame] == attempt, policy.checkRate > 0 else { return 0 }
    let received = jobs[id]?.value.receivedUnitCount ?? 0
    let limit = policy.screeningAllowance + Int(policy.screeningShare * Double(received)) - screenedCount(id)
    let unitCount = jobs[id]?.value.plan.units.count ?? 0
    var asked = 0
    for index in suspects where index >= 0 && index < unitCount {
      guard asked < limit else { break }
      let ref = UnitRef(job: id, frame: frame, unit: index)
      guard var unit = unit(ref), unit.record.state == .received, unit.record.check == .none,
        let result = unit.record.result
      else { continue }
      unit.record.draw = .screened
      unit.record.check = .wanted
      keep(unit)
      jobs[id]?.value.evidence[result.agent]?.revoke(result.sequence, isOutstanding: true, wasPeer: false)
      want(ref)
      asked += 1
    }
    jobs[id]?.value.screenedCount += asked
    return asked
  }

  /// Checks that screening has asked for in a job.
  public func screenedCount(_ id: JobID) -> Int { jobs[id]?.value.screenedCount ?? 0 }
}

extension FramePlan {
  /// For each unit the preview that covers its first pixel.
  var previewOfUnits: [Int] {
    // Previews lie in a grid, row by row; its columns are not all as wide.
    let previews = units[..<previewCount].map(\.tile)
    let (columns, rows) = (Set(previews.map(\.x)).sorted(), Set(previews.map(\.y)).sorted())
    func last(_ starts: [Int], _ place: Int) -> Int { (starts.firstIndex { $0 > place } ?? starts.count) - 1 }
    return units.map { last(rows, $0.tile.y) * columns.count + last(columns, $0.tile.x) }
  }
}
