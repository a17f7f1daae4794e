/// View transform, look and exposure of a picture.
public struct ViewSettings: Sendable, Equatable {
  public var transform = ViewTransform.neutral
  /// The variant of `.agx`; other transforms ignore it.
  public var look = ViewLook.none
  /// Stops: light is multiplied by 2^exposure first.
  public var exposure: Float = 0

  public init(transform: ViewTransform = .neutral, exposure: Float = 0, look: ViewLook = .none) {
    self.transform = transform
    self.exposure = exposure
    self.look = look
  }

  /// Reads a view's name as jobs carry it: a transform, or `agx+LOOK`, such as `agx+punchy`.
  ///
  /// - Returns: nil for a name that is not in `names`.
  public init?(name: String, exposure: Float = 0) {
    guard ViewSettings.names.contains(name) else { return nil }
    let parts = name.split(separator: "+")
    guard let transform = ViewTransform(rawValue: String(parts[0])) else { return nil }
    self.init(transform: transform, exposure: exposure)
    if parts.count == 2, let look = ViewLook(rawValue: String(parts[1])) { self.look = look }
  }

  /// Name of transform and look, which `init(name:exposure:)` reads.
  public var name: String {
    transform == .agx && look != .none ? "\(transform.rawValue)+\(look.rawValue)" : transform.rawValue
  }

  /// Each view's one name: the transforms, then AgX with each look.
  public static let names =
    ViewTransform.allCases.map(\.rawValue)
    + ViewLook.allCases.filter { $0 != .none }.map { "agx+\($0.rawValue)" }

  /// The factor of `exposure`, which is held within ±100 stops.
  var exposureScale: Float {
    guard exposure != 0, !exposure.isNaN else { return 1 }
    return Float(ExactMath.exp2(Double(min(max(exposure, -100), 100))))
  }
}
