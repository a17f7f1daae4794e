import FarmModel

extension Assembler {
  /// Looks for units that disagree with what other owners made of the same pixels, and has them checked. Done before the
  /// picture is there, so that no frame becomes final without it.
  func screen(_ screening: FrameScreening, _ job: JobID, frame: Int, attempt: Int) async throws {
    let suspects = screening.suspects
    guard !suspects.isEmpty else { return }
    let asked = try await keeper.perform { $0.screened(job, frame: frame, attempt: attempt, suspects: suspects) }
    logger.debug(
      "Frame \(frame) of job \(job): \(suspects.count) units disagree with passes of other owners, \(asked) of them are checked"
    )
  }
}
