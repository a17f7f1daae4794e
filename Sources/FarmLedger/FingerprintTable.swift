/// From 64-bit fingerprints to entries, with 12 bytes a place: ten million entries take 200 MB.
struct FingerprintTable {
  /// 0: empty.
  private var prints: [UInt64]
  private var values: [UInt32]
  private var count = 0

  init() {
    prints = [UInt64](repeating: 0, count: 1 << 10)
    values = [UInt32](repeating: 0, count: 1 << 10)
  }

  /// What is kept for a fingerprint, which is not 0.
  subscript(print: UInt64) -> UInt32? {
    let place = place(of: print)
    return prints[place] == print ? values[place] : nil
  }

  mutating func set(_ print: UInt64, _ value: UInt32) {
    var place = place(of: print)
    if prints[place] == 0 {
      if count >= prints.count / 4 * 3 {
        grow()
        place = self.place(of: print)
      }
      prints[place] = print
      count += 1
    }
    values[place] = value
  }

  private func place(of print: UInt64) -> Int {
    let mask = prints.count - 1
    var place = Int(truncatingIfNeeded: print) & mask
    while prints[place] != 0, prints[place] != print { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let (oldPrints, oldValues) = (prints, values)
    prints = [UInt64](repeating: 0, count: 2 * oldPrints.count)
    values = [UInt32](repeating: 0, count: 2 * oldPrints.count)
    for (print, value) in zip(oldPrints, oldValues) where print != 0 {
      let place = place(of: print)
      prints[place] = print
      values[place] = value
    }
  }
}
