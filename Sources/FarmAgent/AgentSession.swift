import FarmModel
import FarmWire
import Foundation
import FrameRenderer
import RenderKernel
import SceneModel

/// A unit in this agent's hands.
struct LeasedUnit: Sendable {
  var id: LeaseID
  var frame: FrameKey
  var settings: RenderSettings
  var tile: TileRectangle
  var samples: Range<Int>
  /// Until the master may give it to somebody else.
  var lifetime: Duration
}

actor AgentSession {
  let client: MasterClient
  init(
    client: MasterClient, configuration: AgentConfiguration, agentKey: SigningKeyFile,
    report: @escaping @Sendable (AgentReport) -> Void
  ) { self.client = client }
  func register() async throws {}
  func ask(unitCount: Int, preparedFrames: [FrameKey]) async throws -> [LeasedUnit] { [] }
  func renew(_ ids: [LeaseID]) async throws -> (held: [LeaseID], lifetime: Duration) { (ids, .seconds(1)) }
  func giveBack(_ ids: [LeaseID]) async throws {}
  func reportFailure(_ id: LeaseID, reason: String) async throws {}
  func deliver(_ unit: LeasedUnit, _ outcome: UnitOutcome) async throws {}
  func downloadPart(_ hash: ContentHash, to file: URL, limit: Int) async throws {}
  func manifest(of hash: ContentHash) async throws -> BundleManifest { fatalError() }
}
