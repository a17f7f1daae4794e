/// Which moment each frame shows, and which frames hold the keys.
///
/// Where the earliest key is at 0, frame 1 shows time 0, so frame n shows (n − 1) / rate. Otherwise frame n shows n / rate.
/// Blender's exporter writes frame n at n / rate, or moves everything so that the first key is at 0. So frames get the numbers
/// that they have there.
public struct FrameTimes: Sendable, Equatable {
  /// Frames a second.
  public let rate: Double
  /// Number of the frame that shows time 0.
  public let zeroFrame: Int
  /// Frames from the one that shows the earliest key, or the moment just before it, to the one that shows the last key or the
  /// moment just after it.
  public let keyed: ClosedRange<Int>

  /// Seconds into the animation.
  public func seconds(_ frame: Int) -> Double { Double(frame - zeroFrame) / rate }

  /// Keys this close to a frame's moment are on it, in seconds. File times are single precision, and some exporters add up.
  func tolerance(_ frame: Int) -> Double { FrameTimes.tolerance(seconds(frame), rate: rate) }

  private static func tolerance(_ seconds: Double, rate: Double) -> Double {
    1e-3 / rate + Double(Float(seconds.magnitude).ulp)
  }

  // MARK: - Rates

  /// Rates of film and video, the more usual first; then those of NTSC; then what Blender's exporter makes of NTSC's, since
  /// it multiplies by the frame base where it should divide.
  private static let standardRates: [Double] =
    [24, 25, 30, 60, 50] + [24, 30, 60].map { $0 / 1.001 } + [24, 30, 60].map { $0 * 1.001 } + [
      48, 120, 100, 240, 72, 90, 144,
    ]

  /// 23.976 stands for 24 / 1.001, and so on.
  static func exact(_ rate: Double) -> Double {
    for whole in [24.0, 30, 48, 60, 120] where (rate - whole / 1.001).magnitude < 0.006 { return whole / 1.001 }
    return rate
  }

  /// 29.97 for 30 / 1.001 and for what Blender makes of it.
  static func text(_ rate: Double) -> String {
    func plain(_ value: Double) -> String {
      value == value.rounded() ? String(Int(value)) : String((value * 1000).rounded() / 1000)
    }
    for whole in [24.0, 30, 60] where (rate - whole * 1.001).magnitude < 1e-9 {
      return "\(plain(rate)) (as Blender writes \(plain(whole / 1.001)))"
    }
    return plain(rate)
  }

  /// True if every key is on a frame.
  ///
  /// The bound is closer than `tolerance`: rates differ by a thousandth.
  static func fits(_ rate: Double, _ keys: [Float]) -> Bool {
    keys.allSatisfy { key in
      let frame = Double(key) * rate
      return (frame - frame.rounded()).magnitude <= 2e-4 + Double(key.ulp) * rate
    }
  }

  /// The standard rate on whose grid all keys are; nil without one, and for keys that tell nothing.
  static func inferredRate(_ keys: [Float]) -> Double? {
    guard keys.contains(where: { $0 != 0 }) else { return nil }
    return standardRates.first { fits($0, keys) && ($0 <= 60.1 || isOnOnes($0, keys)) }
  }

  /// True if a key is on each frame from the first key to the last: then even an unusual rate is one, and not by chance.
  private static func isOnOnes(_ rate: Double, _ keys: [Float]) -> Bool {
    let frames = Set(keys.map { (Double($0) * rate).rounded() })
    guard let first = frames.min(), let last = frames.max() else { return false }
    return last - first + 1 == Double(frames.count)
  }

  // MARK: - From keys

  /// - Parameters:
  ///   - keys: Times of all keys, seconds, in any order.
  ///   - rate: Frames a second; nil: inferred.
  ///   - firstFrame: Number of the frame that shows the earliest key; nil: by the rule.
  /// - Returns: Also what was decided for the file, for people.
  static func decide(
    keys: [Float], rate: Double?, firstFrame: Int?
  ) throws(ImportError) -> (times: FrameTimes, remark: String?) {
    var chosen = rate.map(exact) ?? 24
    var remark: String?
    if let rate {
      // Whole again, then multiplied: the grid on which Blender puts the keys of this rate.
      let multiplied = (chosen * 1.001).rounded() * 1.001
      if chosen != chosen.rounded(), !fits(chosen, keys), fits(multiplied, keys) {
        remark =
          "the keys are on the grid of \(text(multiplied)) frames a second; that is taken for \(text(exact(rate)))"
        chosen = multiplied
      }
    } else if let inferred = inferredRate(keys) {
      chosen = inferred
      let others = standardRates.filter { rate in
        fits(rate, keys) && (rate / inferred - (rate / inferred).rounded()).magnitude > 1e-9
      }
      if !others.isEmpty {
        let list = others.sorted().prefix(6).map(text).joined(separator: ", ")
        remark =
          "the keys are on the grid of \(text(inferred)) frames a second, and of \(list); \(text(inferred)) is taken; --fps overrules"
      } else {
        remark =
          "the keys are on the grid of \(text(inferred)) frames a second, which is taken as the rate; --fps overrules"
      }
    } else if keys.contains(where: { $0 != 0 }) {
      remark = "the keys are on the grid of no standard rate; 24 frames a second are taken; --fps overrules"
    }
    let (earliest, last) = (Double(keys.min() ?? 0), Double(keys.max() ?? 0))
    guard let low = frame(earliest, chosen, .down), let high = frame(last, chosen, .up) else {
      throw ImportError(
        "animations: the last key is at \(last) seconds, \(text(chosen)) frames a second: more than \(ImportLimits.frameCount) frames; choose a lower rate with --fps"
      )
    }
    let zero = firstFrame.map { $0 - low } ?? (earliest.magnitude <= tolerance(0, rate: chosen) ? 1 : 0)
    return (FrameTimes(rate: chosen, zeroFrame: zero, keyed: low + zero...high + zero), remark)
  }

  /// A moment in frames from time 0, rounded to whole frames where it is not on one; nil far out of range.
  private static func frame(_ seconds: Double, _ rate: Double, _ rule: FloatingPointRoundingRule) -> Int? {
    let exact = seconds * rate
    guard exact.magnitude < 1e9 else { return nil }
    let nearest = exact.rounded()
    return Int((exact - nearest).magnitude <= tolerance(seconds, rate: rate) * rate ? nearest : exact.rounded(rule))
  }
}
