/// A set of frame numbers, ascending, kept as runs without gaps.
///
/// Frame numbers are signed: Blender and others count from any number, below zero too.
public struct FrameNumbers: Sendable, Hashable {
  /// The smallest and the largest number that a frame can have.
  public static let limits = -1_000_000...1_000_000
  /// The largest count of frames in a set that is parsed or decoded.
  public static let countLimit = 100_000

  /// Runs of consecutive numbers, ascending, with at least one missing number between two of them.
  public private(set) var runs: [ClosedRange<Int>] = []
  /// Count of all numbers.
  public private(set) var count = 0

  public init() {}

  public init(_ run: ClosedRange<Int>) {
    runs = [run]
    count = run.count
  }

  /// - Parameter numbers: In any order; repeated numbers count once.
  public init(_ numbers: some Sequence<Int>) { self.init(merging: numbers.map { $0...$0 }) }

  /// - Parameter parts: In any order; they may overlap.
  private init(merging parts: [ClosedRange<Int>]) {
    for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = runs.last, part.lowerBound <= last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...Swift.max(last.upperBound, part.upperBound)
      } else {
        runs.append(part)
      }
    }
    count = runs.reduce(0) { $0 + $1.count }
  }

  /// The smallest number.
  public var first: Int? { runs.first?.lowerBound }
  /// The largest number.
  public var last: Int? { runs.last?.upperBound }
  /// True if no number between the first and the last is missing.
  public var isOneRun: Bool { runs.count == 1 }

  /// Index of the run that holds `number`, or of the first run after it.
  private func runIndex(_ number: Int) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].upperBound < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  public func contains(_ number: Int) -> Bool {
    let index = runIndex(number)
    return index < runs.count && runs[index].contains(number)
  }
}

extension FrameNumbers: Sequence {
  public func makeIterator() -> some IteratorProtocol<Int> { runs.joined().makeIterator() }
  public var underestimatedCount: Int { count }
}

// MARK: - Text

/// What is wrong with the text of a set of frame numbers.
public struct FrameNumbersError: Error, Sendable, Equatable, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }

  static let tooMany = FrameNumbersError("more than \(FrameNumbers.countLimit) frames")
}

extension FrameNumbers: CustomStringConvertible {
  /// `1-48,60`, or `1-9x2` for three and more single numbers at equal distances; what `init(parsing:)` reads.
  public var description: String {
    var items: [String] = []
    var index = 0
    while index < runs.count {
      let end = endOfSteps(from: index)
      let (first, last) = (runs[index].lowerBound, runs[end - 1].upperBound)
      if end - index > 1 {
        items.append("\(first)-\(last)x\(runs[index + 1].lowerBound - first)")
      } else {
        items.append(first == last ? "\(first)" : "\(first)-\(last)")
      }
      index = end
    }
    return items.joined(separator: ",")
  }

  /// End of the longest row of single numbers at equal distances that begins with a run; one run where there are fewer than
  /// three.
  private func endOfSteps(from index: Int) -> Int {
    func number(_ index: Int) -> Int? {
      runs.indices.contains(index) && runs[index].count == 1 ? runs[index].lowerBound : nil
    }
    guard let first = number(index), let second = number(index + 1) else { return index + 1 }
    var end = index + 2
    while number(end) == first + (end - index) * (second - first) { end += 1 }
    return end - index < 3 ? index + 1 : end
  }

  /// Reads frame numbers as users of Blender, Flamenco and OpenCue write them.
  ///
  /// Items are separated by commas, semicolons or spaces. An item is a number, a range (`1-10`, `1..10`, `-5--1`), a range
  /// with a step (`1-10x3`), or a range without the numbers of a step (`1-10y3`).
  public init(parsing text: String) throws(FrameNumbersError) {
    let items = text.split { $0 == "," || $0 == ";" || $0.isWhitespace }
    guard !items.isEmpty else { throw FrameNumbersError("expected frames, such as 12, 1-48, 1,4,9 or 1-10x2") }
    var parts: [ClosedRange<Int>] = []
    // What steps name, repeated numbers counted each time: bounds the work, whatever the text.
    var stepCount = 0
    for item in items {
      let (found, steps) = try FrameNumbers.parts(item)
      stepCount += steps
      guard stepCount <= FrameNumbers.countLimit else { throw FrameNumbersError.tooMany }
      parts += found
    }
    self.init(merging: parts)
    guard count <= FrameNumbers.countLimit else { throw FrameNumbersError.tooMany }
    guard count > 0 else { throw FrameNumbersError("'\(text.prefix(40))': no frame is left") }
  }

  /// - Returns: The runs that an item names, and how many numbers its step visits.
  private static func parts(
    _ item: Substring
  ) throws(FrameNumbersError) -> (parts: [ClosedRange<Int>], stepCount: Int) {
    var rest = item
    func fault(_ reason: String) -> FrameNumbersError { FrameNumbersError("'\(item.prefix(40))': \(reason)") }
    func number() throws(FrameNumbersError) -> Int {
      let sign = rest.first == "-" || rest.first == "+" ? String(rest.removeFirst()) : ""
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard !digits.isEmpty else { throw fault("expected a frame or a range, such as 12, 1-48 or 1-10x2") }
      guard let value = Int(sign + digits), limits.contains(value) else {
        throw fault("frames go from \(limits.lowerBound) to \(limits.upperBound)")
      }
      return value
    }
    let first = try number()
    if rest.isEmpty { return ([first...first], 0) }
    if rest.hasPrefix("..") {
      rest = rest.dropFirst(2)
    } else if rest.hasPrefix("-") {
      rest = rest.dropFirst()
    } else {
      throw fault("expected a frame or a range, such as 12, 1-48 or 1-10x2")
    }
    let last = try number()
    var (step, isInverse) = (last < first ? -1 : 1, false)
    if let sign = rest.first {
      guard sign == "x" || sign == "y" else { throw fault("expected a step after the range, such as 1-10x2") }
      isInverse = sign == "y"
      rest = rest.dropFirst()
      step = try number()
      guard rest.isEmpty else { throw fault("expected nothing after the step") }
      guard step != 0 else { throw fault("the step is 0, expected 1 or more") }
    } else if last < first {
      throw fault("the first frame comes after the last")
    }
    guard (step > 0) == (first <= last) || first == last else { throw fault("the step leads away from the last frame") }
    guard abs(last - first) / (isInverse ? 1 : abs(step)) < countLimit else {
      throw fault("more than \(countLimit) frames")
    }
    if !isInverse, step == 1 { return ([first...last], 0) }
    var chosen = Array(stride(from: first, through: last, by: first == last ? 1 : step))
    guard isInverse else { return (chosen.map { $0...$0 }, chosen.count) }
    if step < 0 { chosen.reverse() }
    // What lies before the first number of the step, between one and the next, and behind the last.
    let starts = [Swift.min(first, last) - 1] + chosen
    let ends = chosen + [Swift.max(first, last) + 1]
    return (zip(starts, ends).compactMap { $0 + 1 < $1 ? $0 + 1...$1 - 1 : nil }, chosen.count)
  }
}

extension FrameNumbers: Codable {
  /// As text, `1-48,60`.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    do {
      self = try FrameNumbers(parsing: text)
    } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
