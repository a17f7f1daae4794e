/// Keccak-256 as Ethereum uses it: Keccak-f[1600] with rate 1088 and the padding of the submission, 0x01, not SHA-3's.
///
/// Source: Bertoni, Daemen, Peeters, Van Assche, "The Keccak reference", version 3.0, sections 1.2 and 1.1.2.
enum Keccak256 {
  private static let rate = 136

  static func hash(_ message: [UInt8]) -> [UInt8] {
    var padded = message
    padded.append(0x01)
    padded += [UInt8](repeating: 0, count: (rate - padded.count % rate) % rate)
    padded[padded.count - 1] |= 0x80
    var state = [UInt64](repeating: 0, count: 25)
    for start in stride(from: 0, to: padded.count, by: rate) {
      for lane in 0..<rate / 8 {
        var word: UInt64 = 0
        for byte in (0..<8).reversed() { word = word << 8 | UInt64(padded[start + 8 * lane + byte]) }
        state[lane] ^= word
      }
      permute(&state)
    }
    return (0..<32).map { UInt8(truncatingIfNeeded: state[$0 / 8] >> UInt64(8 * ($0 % 8))) }
  }

  /// Lane (x, y) is at x + 5 y.
  private static func permute(_ a: inout [UInt64]) {
    for constant in roundConstants {
      // θ
      var parity: [UInt64] = [0, 0, 0, 0, 0]
      for lane in 0..<25 { parity[lane % 5] ^= a[lane] }
      for x in 0..<5 {
        let change = parity[(x + 4) % 5] ^ rotated(parity[(x + 1) % 5], 1)
        for y in 0..<5 { a[x + 5 * y] ^= change }
      }
      // ρ and π: the lane that is met at step t turns by (t + 1)(t + 2) / 2.
      var (x, y, lane) = (1, 0, a[1])
      for t in 0..<24 {
        (x, y) = (y, (2 * x + 3 * y) % 5)
        let next = a[x + 5 * y]
        a[x + 5 * y] = rotated(lane, (t + 1) * (t + 2) / 2 % 64)
        lane = next
      }
      // χ
      for y in 0..<5 {
        let row = Array(a[5 * y..<5 * y + 5])
        for x in 0..<5 { a[x + 5 * y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) }
      }
      // ι
      a[0] ^= constant
    }
  }

  private static func rotated(_ word: UInt64, _ count: Int) -> UInt64 {
    count == 0 ? word : word << UInt64(count) | word >> UInt64(64 - count)
  }

  /// Bit 2ʲ − 1 of round i is bit j + 7 i of the sequence of a linear feedback shift register.
  private static let roundConstants: [UInt64] = {
    var register: UInt8 = 1
    return (0..<24).map { _ in
      var constant: UInt64 = 0
      for j in 0..<7 {
        if register & 1 == 1 { constant |= 1 << UInt64((1 << j) - 1) }
        // x⁸ + x⁶ + x⁵ + x⁴ + 1
        register = register & 0x80 == 0 ? register << 1 : register << 1 ^ 0x71
      }
      return constant
    }
  }()
}
