import FarmModel
import Foundation
import FrameRenderer
import SceneModel

/// What an agent's driver needs of a master. `AgentSession` is the real one; tests have others.
protocol MasterLink: Sendable {
  /// Tries until the master answers.
  func register() async throws
  /// One try; perhaps an empty answer after a while.
  func ask(unitCount: Int, preparedFrames: [FrameKey]) async throws -> [LeasedUnit]
  /// One try. `held` are those that are still this agent's.
  func renew(_ ids: [LeaseID]) async throws -> (held: [LeaseID], lifetime: Duration)
  func giveBack(_ ids: [LeaseID]) async throws
  func reportFailure(_ id: LeaseID, reason: String) async throws
  /// Tries until the result is taken or refused.
  func deliver(_ unit: LeasedUnit, _ outcome: UnitOutcome) async throws
  /// One try: this process asks for nothing any more.
  func leave() async throws
  func downloadPart(_ hash: ContentHash, to file: URL, limit: Int) async throws
  func manifest(of bundle: ContentHash) async throws -> BundleManifest
}

extension MasterLink {
  func leave() async throws {}
}
